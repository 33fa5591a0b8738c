"""Files from the network: only when asked for, resumed, and held against their checksums."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import sys
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO

from axonal._base.progress import bar
from axonal.datasets.sets.listed_file import ListedFile

BLOCK = 1 << 20
TIMEOUT = 60.0
"""Seconds without a byte."""
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416
LARGEST = 1 << 38
"""Bytes of a file whose size neither we nor the server know."""
_FAILURES = (OSError, HTTPException, ValueError)


def download_file(file: ListedFile, path: Path, *, timeout: float = TIMEOUT) -> None:
    """Get a file from the first of its addresses that gives it.

    What has come lies in a hidden file beside ``path`` until all is there and has the right
    checksum; a later call goes on behind it (HTTP Range), also from another address. A file with
    another checksum is thrown away.

    Args:
        file: with its addresses and checksum.
        path: where it is put.
        timeout: seconds without a byte after which an address is given up.

    Raises:
        BlockingIOError: another process downloads the same file.
        OSError: no address gave it; one line with what happened at each.
    """
    if file.checksum is None:
        raise ValueError(f"{file.name} has no checksum, so it is not taken from the network.")
    part = path.with_name(f".{path.name}.download")
    failures = []
    with part.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(
                f"another process downloads {path}: wait for it to end."
            ) from None
        for url in file.urls:
            try:
                _get(url, file, stream, timeout)
            except _FAILURES as error:
                failures.append(f"{url}: {_words(error)}")
                if getattr(error, "errno", None) == errno.ENOSPC:
                    break
                continue
            os.fsync(stream.fileno())
            part.replace(path)
            return
        held = os.fstat(stream.fileno()).st_size
        if not held:
            with contextlib.suppress(OSError):
                part.unlink()
    kept = f" {held} bytes are kept, and the next call goes on behind them." if held else ""
    raise OSError(f"cannot download {file.words()}: {'; '.join(failures)}.{kept}")


def _words(error: Exception) -> str:
    wrapped = isinstance(error, urllib.error.URLError) and not hasattr(error, "code")
    text = str(error.reason if wrapped else error)  # type: ignore[attr-defined]
    return " ".join(text.split()) or type(error).__name__


def _get(url: str, file: ListedFile, stream: BinaryIO, timeout: float) -> None:
    """Bring the stream to the whole content, or raise; wrong content is thrown away."""
    resumed = _fetch(url, file, stream, timeout)
    if not _right(file, stream):
        # what was begun may have been the beginning of something else
        if resumed:
            _fetch(url, file, stream, timeout)
        if not resumed or not _right(file, stream):
            raise ValueError("what came has another checksum")


def _right(file: ListedFile, stream: BinaryIO) -> bool:
    """Whether the content has its checksum; without it, it is thrown away."""
    assert file.checksum is not None
    kind, want = file.checksum
    stream.flush()
    with open(stream.name, "rb") as content:
        found = hashlib.file_digest(content, lambda: hashlib.new(kind, usedforsecurity=False))
    if found.hexdigest() != want:
        stream.truncate(0)
        return False
    return True


def _fetch(url: str, file: ListedFile, stream: BinaryIO, timeout: float) -> bool:
    """Append what is missing; returns whether something was there before."""
    if not url.startswith(("https://", "http://")):
        raise ValueError("no address of the web")
    begun = stream.seek(0, os.SEEK_END)
    if file.size is not None and begun >= file.size:
        return True
    answer = _answer(url, begun, timeout)
    if answer is None:
        return True  # all of it may be there; its checksum says so
    if answer.status == PARTIAL_CONTENT and not _goes_on(answer, begun):
        answer.close()
        answer = _answer(url, 0, timeout)
    with answer:
        if answer.status != PARTIAL_CONTENT:
            stream.truncate(0)
            begun = 0
        length = answer.headers.get("Content-Length", "")
        total = begun + int(length) if length.isdecimal() else file.size
        _append(answer, stream, begun, file, total)
    return begun > 0


def _answer(url: str, begun: int, timeout: float) -> Any:
    """A connection that sends a file from a byte on, or None if it is not that long."""
    request = urllib.request.Request(url, headers={"User-Agent": "axonal"})
    if begun:
        request.add_header("Range", f"bytes={begun}-")
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == RANGE_NOT_SATISFIABLE and begun:
            return None
        raise


def _goes_on(answer: Any, begun: int) -> bool:
    """Whether the part of a file that a server sends begins where it was asked to."""
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return found is not None and int(found[1]) == begun


def _append(answer: Any, stream: BinaryIO, begun: int, file: ListedFile, total: int | None) -> None:
    most = file.size if file.size is not None else total if total is not None else LARGEST
    if total is not None and total > most:
        raise ValueError(f"sends {total} bytes, expected {most}")
    done = begun
    with bar(file.name, total or 0, unit="bytes", shown=sys.stderr.isatty()) as step:
        # what has come is written at once, so that a silence loses none of it
        while block := answer.read1(BLOCK):
            if done + len(block) > most:
                raise ValueError(f"sends more than {most} bytes")
            stream.write(block)
            done += len(block)
            step(done)
    stream.flush()
    if total is not None and done < total:
        raise OSError(f"ended after {done} of {total} bytes")
