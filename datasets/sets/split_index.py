"""Splits of data sets whose authors give none, as files of the package."""

import hashlib
from importlib import resources

from axonal._base.jsontext import parse_json


def split_index(name: str, sha256: str) -> dict[str, frozenset[int]]:
    """Numbers of the recordings for testing, by class.

    Args:
        name: of the file in ``data``.
        sha256: of its content, so that two results with one index are results on one split.

    Raises:
        ValueError: another content: the package is damaged, or was changed.

    >>> from axonal.datasets.sets.cifar10_dvs import INDEX_SHA256
    >>> len(split_index("cifar10_dvs", INDEX_SHA256)["cat"])
    100
    """
    content = resources.files("axonal.datasets.sets").joinpath(f"data/{name}_split.json")
    text = content.read_bytes()
    found = hashlib.sha256(text).hexdigest()
    if found != sha256:
        raise ValueError(
            f"the split of {name} has the SHA256 {found}, expected {sha256}: install axonal again."
        )
    test = parse_json(text)["test"]
    return {kind: frozenset(numbers) for kind, numbers in test.items()}
