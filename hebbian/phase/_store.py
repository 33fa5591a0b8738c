"""The zarr store of a phase diagram: one file a cell, so that a cell is whole or not there."""

import importlib.metadata
import json
import os
import shutil
import tempfile
from errno import ENOTDIR
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from axonal.hebbian.phase._extra import extra

if TYPE_CHECKING:
    import xarray as xr

FORMAT = 1
"""Of the store; raised too when a simulation gives other numbers under the same settings."""

FILE = "diagram.zarr"
CELLS = "montecarlo"
QUANTITY = "quantity"

Header = dict[str, Any]


def written_by() -> dict[str, str]:
    """What the numbers of a store depend on beside the settings."""
    try:
        version = importlib.metadata.version("axonal")
    except importlib.metadata.PackageNotFoundError:
        version = "from a checkout"
    return {"format": str(FORMAT), "axonal": version}


class Store:
    """A phase diagram on disk.

    Args:
        folder: holds the store beside figures; made when something is written.

    Raises:
        NotADirectoryError: if the folder is a file.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if Path(folder).exists() and not Path(folder).is_dir():
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(folder))
        self.path = Path(folder) / FILE

    def exists(self) -> bool:
        """Whether there is something to go on with."""
        return self.path.exists()

    def create(self, diagram: "xr.Dataset") -> None:
        """Write a diagram at once: a stop leaves all of it or nothing."""
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{FILE}-", dir=folder))
        try:
            cells = diagram.get(CELLS)
            chunks = {} if cells is None else {CELLS: {"chunks": (1, 1, cells.shape[2])}}
            diagram.to_zarr(draft, mode="w", zarr_format=3, consolidated=False, encoding=chunks)
            draft.chmod(0o755)
            draft.rename(self.path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def cells(self) -> Any:
        """The array into which cells are written; each is a file that appears as a whole."""
        return extra("zarr").open_array(self.path, path=CELLS, mode="r+")

    def read(self) -> "xr.Dataset":
        """The whole diagram, nan where cells are missing.

        Raises:
            ValueError: if it is damaged, foreign or from another version.
        """
        extra("zarr")
        try:
            diagram: xr.Dataset = extra("xarray").open_zarr(
                self.path, consolidated=False, chunks=None
            )
            diagram.load()
            header = json.loads(diagram.attrs["settings"])
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            line = " ".join(str(error).split())[:120]
            raise ValueError(
                f"{self.path} is no phase diagram of axonal, or a damaged one ({line})."
            ) from error
        ours = written_by()
        theirs = {name: str(header.get(name)) for name in ours}
        if theirs != ours:
            raise ValueError(
                f"{self.path} was written by axonal {theirs['axonal']} (format"
                f" {theirs['format']}), this is {ours['axonal']} (format {ours['format']}):"
                " use another folder, or the version it was started with."
            )
        return diagram

    def resume(self, header: Header) -> "xr.Dataset":
        """The diagram, if it was started with these settings.

        Raises:
            ValueError: if it was not, or cannot be read.
        """
        diagram = self.read()
        for name, old in json.loads(diagram.attrs["settings"]).items():
            if old != header.get(name):
                raise ValueError(
                    f"{self.path} was started with {name} = {_short(old)}, not"
                    f" {_short(header.get(name))}: use another folder, or the same settings."
                )
        return diagram


def _short(value: Any) -> str:
    if not isinstance(value, list) or len(value) < 4:
        return str(value)
    return f"{value[0]:g}, {value[1]:g}, ... {value[-1]:g} ({len(value)} values)"


def unfinished(cells: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Cells to do [L, T]: the largest loads first, which take longest and need most memory."""
    missing = np.argwhere(np.isnan(cells[..., -1]))
    return [(int(i), int(j)) for i, j in missing[::-1]]
