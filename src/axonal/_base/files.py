"""Files that are written whole or not at all, and folders that one process at a time writes."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from axonal._base.interrupts import interrupts_wait

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PART = re.compile(r"\..+\.[0-9a-f]{16}\.part")
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


@contextlib.contextmanager
def whole_file(path: str | PathLike[str]) -> Iterator[Path]:
    """A file to write in the block, which takes the place of ``path`` when the block is left well.

    It lies in a hidden folder beside ``path`` and carries its name, so that writers which look at
    the suffix see the right one. After the block its bytes are brought to the disk, then it is
    renamed over ``path``: at every moment ``path`` is either what it was or the whole new file.
    When the block raises, or the process dies, ``path`` stays what it was.

    A link is followed, and the file that it names is replaced; a link that leads to nothing yet
    makes that file, as the shell does. An existing file keeps its permissions and, where allowed,
    its owner; other hard links to it keep the old content. The hidden folder is locked while it
    is written. One in the same place whose lock is free was left behind by a writer that is gone,
    and is removed here.

    Raises:
        OSError: one line that names the file and the cause; see `check_target`. A full disk is
            reported likewise, whatever the writing library raised.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(f"{folder}/a.txt") as part:
    ...         _ = part.write_text("whole")
    ...     Path(folder, "a.txt").read_text(), len(os.listdir(folder))
    ('whole', 1)
    """
    goal = check_target(path)
    held: tuple[Path, _Lock] | None = None
    try:
        try:
            # an interrupt in between would leave a folder without a lock
            with interrupts_wait():
                _clean(goal.parent)
                held = _locked_folder(goal)
        except OSError as error:
            raise _unwritable(path, error) from error
        part = held[0] / goal.name
        try:
            yield part
        except Exception as error:
            cause = _full_disk(error)
            if cause is None:
                raise
            raise _unwritable(path, cause) from error
        try:
            check_target(path)
            take_place(part, goal)
        except OSError as error:
            raise error if error.errno is None else _unwritable(path, error) from error
    finally:
        with interrupts_wait():
            if held is not None:
                _remove(held[0])
                held[1].close()


def write_bytes(path: str | PathLike[str], content: bytes) -> None:
    """Write a file as `whole_file` does."""
    with whole_file(path) as part:
        part.write_bytes(content)


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write a text in UTF-8, whatever the language of the shell, as `whole_file` does."""
    write_bytes(path, text.encode())


def check_target(path: str | PathLike[str]) -> Path:
    """The file that writing ``path`` makes or replaces, after links; for use before long work.

    Raises:
        FileNotFoundError: there is no folder for it.
        IsADirectoryError: it is a folder.
        OSError: it exists and is no regular file (a device, a pipe, a socket, an open file of a
            process), its links go in circles, or it may not be written.
    """
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise FileNotFoundError(f"cannot write {os.fspath(path)!r}: it is no file name")
    try:
        found: os.stat_result | None = os.stat(path)
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise _unwritable(path, error) from None
    goal = Path(os.path.realpath(path))
    if found is not None and not stat.S_ISREG(found.st_mode):
        refusal = IsADirectoryError if stat.S_ISDIR(found.st_mode) else OSError
        raise refusal(f"cannot write {path}: it is {_kind(found)}; name a regular file")
    if not goal.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no folder {goal.parent}")
    if _through_process(path) or (found is not None and not _is(goal, found)):
        raise OSError(f"cannot write {path}: it is an open file of a process, not a name on disk")
    if found is not None and not os.access(goal, os.W_OK):
        raise _line(PermissionError, f"cannot write {path}: the file is read-only", errno.EACCES)
    if not os.access(goal.parent, os.W_OK | os.X_OK):
        text = f"cannot write {path}: nothing may be written in {goal.parent}"
        raise _line(PermissionError, text, errno.EACCES)
    return goal


def check_source(path: str | PathLike[str]) -> None:
    """Refuse to open what is no regular file: a pipe would be waited for without an end.

    Raises:
        FileNotFoundError: there is nothing.
        IsADirectoryError: it is a folder.
        OSError: it is a device, a pipe or a socket, or cannot be reached.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise OSError(f"cannot read {os.fspath(path)!r}: {cause}") from None
    if not stat.S_ISREG(found.st_mode):
        refusal = IsADirectoryError if stat.S_ISDIR(found.st_mode) else OSError
        raise refusal(f"cannot read {path}: it is {_kind(found)}, expected a regular file")


def _kind(found: os.stat_result) -> str:
    return next((words for test, words in _KINDS if test(found.st_mode)), "no regular file")


@contextlib.contextmanager
def locked_folder(path: str | PathLike[str]) -> Iterator[Path]:
    """A folder that this process alone writes until the block is left; made if it is missing.

    A folder that was made for the block and stays empty is removed. The lock is that of the folder
    itself and ends with the process, so that nothing is left of it; on the few network file
    systems that cannot lock a folder there is none.

    Raises:
        BlockingIOError: another process or thread writes there.
        NotADirectoryError: it is a file.
        OSError: it cannot be made.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked_folder(f"{folder}/new") as new:
    ...     new.is_dir()
    True
    """
    folder = Path(path)
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = f"another process writes into {path}: wait for it, or use another folder"
            raise _line(BlockingIOError, text, errno.EAGAIN) from None
        except OSError:
            pass
        yield folder
    finally:
        with contextlib.suppress(OSError):
            for one in made:
                one.rmdir()
        os.close(lock)


class _Lock:
    """A descriptor that holds a lock, closed at the latest when nothing refers to it.

    So a writer that an interrupt ends before it could clean up leaves a folder that the next one
    may remove.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def close(self) -> None:
        """Give the lock back."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    __del__ = close


def _locked_folder(goal: Path) -> tuple[Path, _Lock]:
    """A new folder beside the goal, and its lock."""
    name = goal.name
    if len(os.fsencode(name)) > 200:  # the longest name is 255 bytes
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    while True:
        folder = goal.with_name(f".{name}.{secrets.token_hex(8)}.part")
        folder.mkdir()
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Some network file systems cannot lock a folder; nobody can then take it for left over.
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            # Another writer may have cleaned it before the lock was held.
            if _is(folder, os.fstat(lock)):
                return folder, _Lock(lock)
        except BaseException:
            _remove(folder)
            os.close(lock)
            raise
        os.close(lock)


def _clean(parent: Path) -> None:
    """Remove what writers that are gone left behind: a living one holds the lock of its folder."""
    parts: list[str] = []
    with contextlib.suppress(PermissionError), os.scandir(parent) as entries:
        parts += [entry.path for entry in entries if _PART.fullmatch(entry.name)]
    for part in parts:
        with contextlib.suppress(OSError):
            lock = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(Path(part))
            finally:
                os.close(lock)


def _remove(folder: Path) -> None:
    """Remove a folder of one part; a folder inside it is nobody's part and stays."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            os.unlink(folder / name)
        folder.rmdir()


def take_place(part: Path, goal: Path) -> None:
    """Bring a file to the disk and rename it over another, whose permissions it takes."""
    with open(part, "rb") as written:
        with contextlib.suppress(FileNotFoundError):
            old, new = os.stat(goal), os.fstat(written.fileno())
            if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
                with contextlib.suppress(PermissionError):
                    os.fchown(written.fileno(), old.st_uid, old.st_gid)
            os.fchmod(written.fileno(), stat.S_IMODE(old.st_mode))
        os.fsync(written.fileno())
    os.replace(part, goal)
    folder = os.open(goal.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    except OSError as error:
        # Some file systems cannot bring a folder to the disk by itself.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(folder)


def _is(path: Path, known: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), known)
    except OSError:
        return False


def _through_process(path: str | PathLike[str]) -> bool:
    """Whether a link on the way is a handle of a process, such as /dev/stdout."""
    name = os.path.abspath(path)
    for _ in range(40):
        parent = os.path.realpath(os.path.dirname(name))
        if parent == "/proc" or parent.startswith("/proc/"):
            return True
        try:
            name = os.path.join(parent, os.readlink(os.path.join(parent, os.path.basename(name))))
        except OSError:
            return False
    return False


def _full_disk(error: BaseException) -> OSError | None:
    """The full disk behind an error, which libraries wrap in errors of their own."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        waiting += [one.__cause__, one.__context__]
        for code in _FULL:
            if (isinstance(one, OSError) and one.errno == code) or os.strerror(code) in str(one):
                return OSError(code, os.strerror(code))
    return None


def _unwritable(path: str | PathLike[str], error: OSError) -> OSError:
    return _line(type(error), f"cannot write {path}: {error.strerror or error}", error.errno)


def _line(kind: type[OSError], text: str, code: int | None) -> OSError:
    """An error whose words are one line, with the number that programs look at."""
    error = kind(text)
    error.errno = code
    return error
