"""Paths of data that are not part of the package."""

import os
from collections.abc import Callable
from pathlib import Path

VARIABLE = "AXONAL_DATA"


def data_file(folder: str | os.PathLike[str] | None, part: str, name: str, source: str) -> Path:
    """Path of a data file, or a FileNotFoundError that says what to get and where to put it.

    Args:
        folder: where the file lies; None for the folder ``part`` in that of `VARIABLE`.
        part: folder of the data set.
        name: of the file.
        source: where it can be had.
    """
    return _find(folder, part, name, source, Path.is_file)


def data_folder(folder: str | os.PathLike[str] | None, part: str, name: str, source: str) -> Path:
    """Path of a folder of data files; arguments and errors are those of `data_file`."""
    return _find(folder, part, name, source, Path.is_dir)


def _find(
    folder: str | os.PathLike[str] | None,
    part: str,
    name: str,
    source: str,
    there: Callable[[Path], bool],
) -> Path:
    root = os.environ.get(VARIABLE)
    if folder is None and not root:
        raise FileNotFoundError(
            f"{name} is not part of axonal: get it from {source}, put it into a folder {part}/ and "
            f"set {VARIABLE} to the folder around it."
        )
    path = (Path(folder) if folder is not None else Path(root or "", part)) / name
    if not there(path):
        from_here = folder is None and not Path(root or "").is_absolute()
        hint = (
            f" {VARIABLE}={root} is relative to the folder that this runs in, {Path.cwd()}: write "
            "the whole path."
        )
        raise FileNotFoundError(
            f"there is no {name} in {path.parent.absolute()}: get it from {source} and put it "
            f"there.{hint if from_here else ''}"
        )
    return path
