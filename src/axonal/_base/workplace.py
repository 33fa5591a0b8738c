"""Folders for simulators in processes of their own, which all end with whoever asked for them."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

GUARD = Path(__file__).with_name("_guard.py")
GONE = "the process that looks after a simulator was ended by somebody"


class Workplace:
    """A folder, and what runs there.

    Attributes:
        folder: the folder; it is removed with the workplace.
        log: what a command prints.
    """

    def __init__(self, guard: subprocess.Popen[bytes], parent: str) -> None:
        self._guard = guard
        self._answers = b""
        self._running: int | None = None
        self.folder = Path(parent, str(self._answer(None)["folder"]))
        self.log = self.folder / "log.txt"

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], timeout: float
    ) -> int | None:
        """Run a command in the folder, one at a time, its words going into the log.

        Args:
            command: what to start.
            environment: its environment variables.
            timeout: seconds that it may take, >= 0.

        Returns:
            its exit code, negative for a signal; None if it has not ended in time: it ends with
            the workplace.

        Raises:
            OSError: it cannot be started.
        """
        line = json.dumps({"command": list(command), "environment": dict(environment)})
        assert self._guard.stdin is not None
        try:
            self._guard.stdin.write(line.encode() + b"\n")
            self._guard.stdin.flush()
        except BrokenPipeError:
            raise OSError(GONE) from None
        self._running = int(self._answer(None)["process"])
        found = self._answer(timeout)
        if found is None:
            return None
        self._running = None
        return int(found["code"])

    def clear(self) -> None:
        """End what runs and remove the folder, which the guard has done unless it was killed."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._running, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answer(self, timeout: float | None) -> Any:
        assert self._guard.stdout is not None
        pipe, end = self._guard.stdout.fileno(), time.monotonic() + (timeout or 0.0)
        while b"\n" not in self._answers:
            # in pieces, because a wait cannot take any number of seconds
            left = 60.0 if timeout is None else min(60.0, end - time.monotonic())
            if left < 0:
                return None
            if select.select([pipe], [], [], left)[0]:
                read = os.read(pipe, 1 << 16)
                if not read:
                    raise OSError(GONE)
                self._answers += read
        line, _, self._answers = self._answers.partition(b"\n")
        found = json.loads(line)
        if "error" in found:
            raise OSError(found["error"])
        return found


@contextlib.contextmanager
def workplace(prefix: str) -> Iterator[Workplace]:
    r"""A folder in which a command runs; both end with the block, and with this process.

    A second process guards them, so that they end even if this one is killed. What ends is the
    command with everything that it started, unless that has made a session of its own.

    Args:
        prefix: of the folder's name, which lies where temporary files do.

    Raises:
        OSError: the folder cannot be made.

    >>> with workplace("axonal-example-") as place:
    ...     place.run([sys.executable, "-c", "print('heard')"], os.environ, 60.0)
    ...     place.log.read_text()
    0
    'heard\n'
    >>> place.folder.exists()
    False
    """
    parent = tempfile.gettempdir()
    # the names of files are to mean the same there, though it looks at no environment
    python = [sys.executable, "-I", "-S", f"-Xutf8={sys.flags.utf8_mode}", str(GUARD)]
    guard = subprocess.Popen(
        [*python, str(os.getpid()), parent, prefix],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # what is sent to the group of this process, such as Ctrl-C, is not for the guard
        start_new_session=True,
    )
    place: Workplace | None = None
    try:
        with guard:
            place = Workplace(guard, parent)
            yield place
    finally:
        if place is not None and guard.returncode:
            place.clear()
