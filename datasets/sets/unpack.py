"""Archives, unpacked whole or not at all."""

import contextlib
import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from axonal._base.files import locked_folder, whole_file

_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError,
    NotImplementedError,
)  # fmt: skip


def unpack(archive: Path, folder: Path, gives: Sequence[str]) -> None:
    """Unpack an archive whose checksum was found right, so that ``gives`` lie in the folder.

    A ``.zip``, ``.tar.gz`` or ``.tgz`` may hold folders; a ``.gz`` is one file. Everything is
    unpacked into a hidden folder first and then moved, ``gives`` last: where these are, all is. A
    process that dies leaves nothing else that is taken for whole, and the next one begins anew.
    What is there already stays. No member is written outside the folder.

    Raises:
        BlockingIOError: another process unpacks it.
        ValueError: an archive that is damaged, of another kind, or without what it should hold.
        OSError: nothing can be written beside it.
    """
    try:
        if archive.name.endswith((".zip", ".tar.gz", ".tgz")):
            with locked_folder(folder / f".{archive.name}.unpacked") as hidden:
                _clear(hidden)
                try:
                    _extract(archive, hidden)
                    _move(archive, hidden, folder, gives)
                finally:
                    _clear(hidden)
                    with contextlib.suppress(OSError):
                        hidden.rmdir()
        elif archive.suffix == ".gz":
            with (
                gzip.open(archive) as stream,
                whole_file(folder / gives[0]) as part,
                part.open("xb") as target,
            ):
                shutil.copyfileobj(stream, target, 1 << 20)
        else:
            raise ValueError(f"{archive} is no .zip, .tar.gz or .gz: unpack it yourself.")
    except _DAMAGE as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{archive} cannot be unpacked ({why}): get it again.") from error


def _extract(archive: Path, hidden: Path) -> None:
    if archive.name.endswith(".zip"):
        # a name that leads elsewhere is made one that does not
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(hidden)
    else:
        with tarfile.open(archive) as packed_tar:
            packed_tar.extractall(hidden, filter="data")


def _move(archive: Path, hidden: Path, folder: Path, gives: Sequence[str]) -> None:
    lacking = [name for name in gives if not (hidden / name).exists()]
    if lacking:
        raise ValueError(f"{archive} holds no {lacking[0]}: it is another archive of that name.")
    last = {name.partition("/")[0] for name in gives}
    for entry in sorted(hidden.iterdir(), key=lambda one: (one.name in last, one.name)):
        if not (folder / entry.name).exists():
            entry.rename(folder / entry.name)


def _clear(hidden: Path) -> None:
    for entry in hidden.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
