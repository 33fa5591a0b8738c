"""A local folder held against the manifest of a data set."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from axonal._base.files import check_source
from axonal.datasets._data_dir import VARIABLE
from axonal.datasets.sets.checksums import checksum_of
from axonal.datasets.sets.download import download_file
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.unpack import unpack


@dataclass(frozen=True)
class Verified:
    """A folder in which a data set was found.

    Args:
        folder: that holds it.
        remarks: what is not as published, or could not be checked, a sentence each.

    >>> from pathlib import Path
    >>> from axonal.datasets.sets import Verified
    >>> Verified(Path("data"), ()).remarks
    ()
    """

    folder: Path
    remarks: tuple[str, ...]


def verify(
    manifest: Manifest,
    folder: str | PathLike[str] | None = None,
    *,
    splits: Collection[str] | None = None,
    again: bool = False,
    download: bool = False,
    inside: str | None = None,
) -> Verified:
    """Hold a local folder against a manifest, and say what is missing.

    Sizes are compared at every call, checksums at the first: that a file had the right one is
    remembered with its size and time of change in the cache (AXONAL_CACHE). An archive is unpacked
    beside itself once its checksum is right. What is unpacked already is taken without the archive,
    and a remark says that nothing was there to hold it against. The network is not touched unless
    ``download`` is given.

    Args:
        manifest: of the data set.
        folder: that holds it; by default the first folder of the manifest that there is in the one
            that AXONAL_DATA names.
        splits: those that are needed; by default all.
        again: read the files for their checksums though they are remembered.
        download: get what is missing from the addresses of the manifest, resuming what was begun,
            and refuse what has another checksum.
        inside: a folder that archives make around their content; where there is one, it is used.

    Returns:
        the folder, and remarks.

    Raises:
        FileNotFoundError: no folder, or files that are missing: one line with their names, sizes
            and checksums, and who publishes them.
        ValueError: a file of another size or checksum, or an unknown split.
        OSError: a download that failed at every address; what came of it is kept and goes on.

    >>> from axonal.datasets.sets import ListedFile, Manifest, verify
    >>> made = Manifest("Made", ("made",), "nobody", {"test": (ListedFile("a.h5", size=5),)})
    >>> verify(made, "/nowhere")
    Traceback (most recent call last):
    FileNotFoundError: Made is not whole in /nowhere: a.h5 (5 bytes, no checksum known) is missing:
    get it from nobody.
    """
    needed = manifest.of(tuple(manifest.files) if splits is None else splits)
    where = _folder(manifest, folder)
    if inside is not None and (where / inside).is_dir():
        where /= inside
    remarks: list[str] = []
    missing: list[ListedFile] = []
    for file in needed:
        if (where / file.name).exists():
            _check(where / file.name, file, again)
            _give(where, file)
        elif file.gives and all((where / part).exists() for part in file.gives):
            known = "its archive" if file.checksum else "no file of it"
            remarks.append(
                f"{', '.join(file.gives)} is used as it lies there unpacked: a checksum is known "
                f"of {known}, which is not there"
            )
        else:
            missing.append(file)
    if missing and not download:
        raise FileNotFoundError(_lacking(manifest, where, missing))
    for file in missing:
        if not file.urls:
            raise FileNotFoundError(_lacking(manifest, where, [file], "no address of it is known"))
        where.mkdir(parents=True, exist_ok=True)
        download_file(file, where / file.name)
        _give(where, file)
    return Verified(where, tuple(remarks))


def _folder(manifest: Manifest, folder: str | PathLike[str] | None) -> Path:
    if folder is not None:
        return Path(folder)
    root = os.environ.get(VARIABLE)
    if not root:
        raise FileNotFoundError(
            f"{manifest.name} is not part of axonal: get it from {manifest.source}, put it into a "
            f"folder {manifest.folders[0]}/ and set {VARIABLE} to the folder around it."
        )
    present = [Path(root, one) for one in manifest.folders if Path(root, one).is_dir()]
    return present[0] if present else Path(root, manifest.folders[0])


def _check(path: Path, file: ListedFile, again: bool) -> None:
    check_source(path)
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise ValueError(
            f"{path} has {size} bytes, expected {file.size}: it is not whole or another file. "
            "Remove it and get it again."
        )
    if file.checksum is not None:
        kind, want = file.checksum
        found = checksum_of(path, kind, want, again=again)
        if found != want:
            raise ValueError(
                f"{path} has the {kind.upper()} {found}, expected {want}: it is damaged or another "
                "file. Remove it and get it again."
            )


def _give(where: Path, file: ListedFile) -> None:
    """Unpack an archive of which the content is not all there."""
    if file.gives and not all((where / part).exists() for part in file.gives):
        if file.checksum is None:
            raise ValueError(
                f"{where / file.name} is unpacked only with a checksum to hold it against, and "
                f"none is known: unpack it yourself, so that there is {where / file.gives[0]}."
            )
        unpack(where / file.name, where, file.gives)


def _lacking(
    manifest: Manifest, where: Path, missing: list[ListedFile], remark: str | None = None
) -> str:
    one = len(missing) == 1
    names = ", ".join(file.words() for file in missing)
    gives = [part for file in missing for part in file.gives]
    unpacked = f", or what it holds, {', '.join(gives)}" if gives else ""
    how = remark or ("write download=True" if all(file.urls for file in missing) else "")
    return (
        f"{manifest.name} is not whole in {where.absolute()}: {names} "
        f"{'is' if one else 'are'} missing{unpacked}: get {'it' if one else 'them'} from "
        f"{manifest.source}{f'; {how}' if how else ''}."
    )
