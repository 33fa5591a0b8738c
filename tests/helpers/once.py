"""Fixtures that are made once per test run, whatever the number of workers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from xdist import is_xdist_worker


def once(request: pytest.FixtureRequest, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first worker to ask for it fills, and that all may read.

    Args:
        request: of the fixture.
        name: of the folder; it must be the fixture's own.
        make: fills the folder, which exists and is empty.
    """
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    base = factory.getbasetemp()
    # the base of a worker lies in that of the run
    folder = (base.parent if is_xdist_worker(request) else base) / name
    with FileLock(folder.with_name(f"{name}.lock")):
        if not (folder / ".done").exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            (folder / ".done").touch()
    return folder
