"""The zarr store of a phase diagram: one file a cell, so that a cell is whole or not there.

Each cell carries the checksum of zarr's codec crc32c. All other files, which never change once
they are written, are under one SHA-256 in the attributes of the root. `_format.py` says what the
arrays are.
"""

import contextlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from errno import ENOTDIR
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from axonal._base.array_types import Float64Array
from axonal._base.extras import extra
from axonal._base.files import locked_folder
from axonal.hebbian.phase import _format
from axonal.hebbian.phase._format import CELLS, CHECKSUM, METADATA, NAMES, Header

if TYPE_CHECKING:
    import xarray as xr

FILE = "diagram.zarr"


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
        codecs = extra("zarr", "phase", "phase diagrams").codecs
        try:
            coding: dict[Any, Any] = {name: {"compressors": None} for name in diagram.variables}
            if CELLS in diagram:
                one = (1, 1, diagram[CELLS].shape[2])
                coding[CELLS] = {"chunks": one, "compressors": codecs.Crc32cCodec()}
            diagram.to_zarr(draft, mode="w", zarr_format=3, consolidated=False, encoding=coding)
            root = json.loads((draft / METADATA).read_bytes())
            root["attributes"][CHECKSUM] = _format.checksum(draft, root)
            (draft / METADATA).write_text(json.dumps(root, indent=2))
            draft.chmod(0o755)
            draft.rename(self.path)
        except OSError as error:
            cause = error.strerror or error
            raise OSError(f"cannot write {self.path}: {cause}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def cells(self) -> Any:
        """The array into which cells are written; each is a file that appears as a whole."""
        return extra("zarr", "phase", "phase diagrams").open_array(self.path, path=CELLS, mode="r+")

    def read(self) -> "xr.Dataset":
        """The whole diagram, nan where cells are missing.

        Raises:
            ValueError: if it is damaged, foreign or of a format that is not known here.
        """
        zarr, xarray = (
            extra("zarr", "phase", "phase diagrams"),
            extra("xarray", "phase", "phase diagrams"),
        )
        try:
            header, root = _format.read_header(self.path)
        except (OSError, ValueError) as error:
            raise self._damaged(error) from error
        if str(header.get("format")) not in _format.READABLE:
            raise self._other_version(header)
        try:
            _format.check_whole(self.path, root, header["format"])
            arrays = _format.arrays(self.path, header)
            variables = {
                name: (
                    metadata["dimension_names"],
                    zarr.open_array(self.path, path=name, mode="r")[...],
                    {key: x for key, x in metadata["attributes"].items() if key == "long_name"},
                )
                for name, metadata in arrays.items()
            }
            if CELLS in arrays:
                names = _format.quantities(arrays[CELLS], header)
                variables[CELLS] = (*variables[CELLS][:2], {NAMES: names})
            axes = {name: x for name, x in variables.items() if x[0] == [name]}
            values = {name: x for name, x in variables.items() if name not in axes}
            attributes = {"settings": root["attributes"]["settings"]}
            diagram: xr.Dataset = xarray.Dataset(values, axes, attributes)
        # zarr and xarray raise whatever their parsers stumble over.
        except Exception as error:
            raise self._damaged(error) from error
        return diagram

    def _damaged(self, error: Exception) -> ValueError:
        line = " ".join(str(error).split())[:120] or type(error).__name__
        return ValueError(
            f"{self.path} is no phase diagram of axonal, or a damaged one ({line}): use another"
            " folder, or delete it and start again."
        )

    def _other_version(self, header: Header, hint: str = "") -> ValueError:
        ours = _format.written_by()
        theirs = {name: str(header.get(name)) for name in ours}
        return ValueError(
            f"{self.path} was written by axonal {theirs['axonal']} (format {theirs['format']}),"
            f" this is {ours['axonal']} (format {ours['format']}): use another folder, or the"
            f" version it was started with{hint}."
        )

    def resume(self, header: Header) -> "xr.Dataset":
        """The diagram, if it was started with these settings and its missing cells can be added.

        Raises:
            ValueError: if it was not, or cannot be read.

        Warns:
            UserWarning: if it is finished, but of an earlier format, with the numbers of that.
        """
        diagram = self.read()
        started = json.loads(diagram.attrs["settings"])
        earlier = started["format"] != header["format"]
        other = earlier or started["axonal"] != header["axonal"]
        if other and _unfinished(diagram):
            raise self._other_version(started, "; load_phase_diagram reads what there is")
        for name, old in started.items():
            if old != header.get(name) and name not in ("format", "axonal"):
                raise ValueError(
                    f"{self.path} was started with {name} = {_short(old)}, not"
                    f" {_short(header.get(name))}: use another folder, or the same settings."
                )
        if earlier:
            warnings.warn(
                f"{self.path} is a finished diagram of format {started['format']} and is used as"
                f" it is: format {header['format']} has slightly different numbers.",
                stacklevel=3,
            )
        return diagram


def _unfinished(diagram: "xr.Dataset") -> bool:
    return CELLS in diagram and bool(unfinished(diagram[CELLS].values))


def _short(value: Any) -> str:
    if not isinstance(value, list) or len(value) < 4:
        return str(value)
    return f"{value[0]:g}, {value[1]:g}, ... {value[-1]:g} ({len(value)} values)"


def unfinished(cells: Float64Array) -> list[tuple[int, int]]:
    """Cells to do [L, T]: the largest loads first, which take longest and need most memory."""
    missing = np.argwhere(np.isnan(cells[..., -1]))
    return [(int(i), int(j)) for i, j in missing[::-1]]
