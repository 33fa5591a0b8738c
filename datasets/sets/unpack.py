"""Archives, unpacked whole or not at all."""

import gzip
import secrets
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from axonal._base.files import whole_file

_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError,
    NotImplementedError,
)  # fmt: skip


def unpack(archive: Path, folder: Path, gives: Sequence[str]) -> None:
    """Unpack an archive whose checksum was found right, so that ``gives`` lie in the folder.

    A ``.zip``, ``.tar.gz`` or ``.tgz`` may hold folders; a ``.gz`` is one file. Everything is
    unpacked into a hidden folder first and then moved, so that a process that dies leaves no file
    or folder that looks whole and is not. What is there already stays. No member is written outside
    the folder.

    Raises:
        ValueError: an archive that is damaged, of another kind, or without what it should hold.
        OSError: nothing can be written beside it.
    """
    hidden = folder / f".{archive.name}.{secrets.token_hex(8)}.unpacked"
    try:
        if archive.name.endswith(".zip"):
            hidden.mkdir()
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(hidden)
        elif archive.name.endswith((".tar.gz", ".tgz")):
            hidden.mkdir()
            with tarfile.open(archive) as packed_tar:
                packed_tar.extractall(hidden, filter="data")
        elif archive.suffix == ".gz":
            with (
                gzip.open(archive) as stream,
                whole_file(folder / gives[0]) as part,
                part.open("xb") as target,
            ):
                shutil.copyfileobj(stream, target, 1 << 20)
            return
        else:
            raise ValueError(f"{archive} is no .zip, .tar.gz or .gz: unpack it yourself.")
        lacking = [name for name in gives if not (hidden / name).exists()]
        if lacking:
            raise ValueError(
                f"{archive} holds no {lacking[0]}: it is another archive of that name."
            )
        for entry in sorted(hidden.iterdir()):
            if not (folder / entry.name).exists():
                entry.rename(folder / entry.name)
    except _DAMAGE as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{archive} cannot be unpacked ({why}): get it again.") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
