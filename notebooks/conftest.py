"""A notebook about recordings is skipped, with the reason, where there are none."""

import os
from pathlib import Path

import pytest

NEEDS = {"02_spoken_digits.ipynb": "fsdd"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    data = os.environ.get("AXONAL_DATA", "")
    for item in items:
        folder = NEEDS.get(item.path.name)
        if folder and not (data and Path(data, folder).is_dir()):
            reason = f"AXONAL_DATA names no folder that holds {folder}/"
            item.add_marker(pytest.mark.skip(reason=reason))
