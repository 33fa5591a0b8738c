"""The zarr store of a phase diagram: one file a cell, so that a cell is whole or not there.

Each cell carries the checksum of zarr's codec crc32c. All other files, which never change once
they are written, are under one SHA-256 in the attributes of the root.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from errno import ENOTDIR
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from axonal._base.files import check_source, locked_folder
from axonal._base.jsontext import parse_json
from axonal.hebbian.phase._extra import extra

if TYPE_CHECKING:
    import xarray as xr

FORMAT = 2
"""Of the store; raised too when a simulation gives other numbers under the same settings.

The first had no checksums.
"""

FILE = "diagram.zarr"
CELLS = "montecarlo"
QUANTITY = "quantity"
CHECKSUM = "checksum"
ROOT = "zarr.json"

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

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing here, and remove what dead ones left half written."""
        with locked_folder(self.path.parent) as folder:
            for draft in folder.glob(f".{FILE}-*"):
                shutil.rmtree(draft, ignore_errors=True)
            for part in self.path.glob(f"{CELLS}/**/*.partial"):
                part.unlink(missing_ok=True)
            yield

    def create(self, diagram: "xr.Dataset") -> None:
        """Write a diagram at once: a stop leaves all of it or nothing."""
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{FILE}-", dir=folder))
        codecs = extra("zarr").codecs
        try:
            cells = diagram.get(CELLS)
            packed = {"compressors": (codecs.ZstdCodec(), codecs.Crc32cCodec())}
            chunks = {} if cells is None else {CELLS: {"chunks": (1, 1, cells.shape[2]), **packed}}
            diagram.to_zarr(draft, mode="w", zarr_format=3, consolidated=False, encoding=chunks)
            root = json.loads((draft / ROOT).read_bytes())
            root["attributes"][CHECKSUM] = _checksum(draft, root)
            (draft / ROOT).write_text(json.dumps(root, indent=2))
            draft.chmod(0o755)
            draft.rename(self.path)
        except OSError as error:
            cause = error.strerror or error
            raise OSError(f"cannot write {self.path}: {cause}") from error
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
            header, whole = self._header()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(error) from error
        self._check_version(header)
        try:
            if not whole:
                raise ValueError("a file beside the cells is not what its checksum was made of")
            diagram: xr.Dataset = extra("xarray").open_zarr(
                self.path, consolidated=False, chunks=None
            )
            _check_sizes(diagram, header)
            diagram.load()
            del diagram.attrs[CHECKSUM]
        # zarr and xarray raise whatever their parsers stumble over.
        except Exception as error:
            raise self._damaged(error) from error
        return diagram

    def _header(self) -> tuple[Header, bool]:
        """The settings, and whether all but the cells is as it was written."""
        root = parse_json((self.path / ROOT).read_bytes())
        header = parse_json(root["attributes"]["settings"])
        if not isinstance(header, dict):
            raise ValueError("its settings are none")
        checksum = root["attributes"].pop(CHECKSUM, None)
        return header, checksum == _checksum(self.path, root)

    def _damaged(self, error: Exception) -> ValueError:
        line = " ".join(str(error).split())[:120] or type(error).__name__
        return ValueError(
            f"{self.path} is no phase diagram of axonal, or a damaged one ({line}): use another"
            " folder, or delete it and start again."
        )

    def _check_version(self, header: Header) -> None:
        ours = written_by()
        theirs = {name: str(header.get(name)) for name in ours}
        if theirs != ours:
            raise ValueError(
                f"{self.path} was written by axonal {theirs['axonal']} (format"
                f" {theirs['format']}), this is {ours['axonal']} (format {ours['format']}):"
                " use another folder, or the version it was started with."
            )

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


def _checksum(store: Path, root: dict[str, Any]) -> str:
    """SHA-256 of a root without its checksum, and of all files but it and the cells."""
    digest = hashlib.sha256(json.dumps(root, sort_keys=True).encode())
    cells = store / CELLS / "c"
    for folder, below, names in os.walk(store):
        below[:] = sorted(name for name in below if Path(folder, name) != cells)
        for name in sorted(names):
            file = Path(folder, name)
            if file != store / ROOT:
                check_source(file)
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"\n{file.relative_to(store)} {content}".encode())
    return digest.hexdigest()


def _check_sizes(diagram: "xr.Dataset", header: Header) -> None:
    """Hold the arrays against the axes in the settings before any is read."""
    axes = [value for value in header.values() if isinstance(value, list)]
    most = 64 * (math.prod(len(axis) for axis in axes) + 20_000)
    for name, array in diagram.variables.items():
        if math.prod(array.shape) > most or array.dtype.itemsize > 1024:
            raise ValueError(f"{name} has the shape {array.shape}, for axes of the settings")


def _short(value: Any) -> str:
    if not isinstance(value, list) or len(value) < 4:
        return str(value)
    return f"{value[0]:g}, {value[1]:g}, ... {value[-1]:g} ({len(value)} values)"


def unfinished(cells: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Cells to do [L, T]: the largest loads first, which take longest and need most memory."""
    missing = np.argwhere(np.isnan(cells[..., -1]))
    return [(int(i), int(j)) for i, j in missing[::-1]]
