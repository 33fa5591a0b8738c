"""The other end of a workplace: keeps its folder and what runs there while its caller lives.

    python -I -S _guard.py CALLER PARENT PREFIX

makes a folder in PARENT and answers its name. A line `{"command": [...], "environment": {...}}`
starts a command in it, in a session of its own; its number and then its exit code are the answers.
When the pipe that lines come through ends, when the process CALLER has, or at a signal, everything
in that session ends, and the folder is removed. Needs the standard library only.

The caller cannot do this itself if it is killed, and the simulator cannot watch for it: it may
hold Python's lock for minutes. The parent-death signal of Linux will not do, because it comes when
the thread that started a process ends.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

LOOK = 0.25
"""Seconds between two looks at the caller, whose end of the pipe another child of it may hold."""
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Guard:
    """Waits for lines, for the end of what it started, and for that of its caller.

    Args:
        caller: the process that started this one.
    """

    def __init__(self, caller: int) -> None:
        self.caller = caller
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False
        self._lines = b""
        self._woken, wakes = os.pipe()
        for end in (self._woken, wakes):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wakes)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOPS:
            signal.signal(number, self._stop)

    def watch(self, folder: str) -> None:
        """Serve the caller until it ends or has no more to say."""
        while not self.stopped and os.getppid() == self.caller:
            ready = select.select([0, self._woken], [], [], LOOK)[0]
            if self._woken in ready:
                os.read(self._woken, 4096)
            if self.process is not None and self._ended():
                answer({"code": self.end()})
            if 0 in ready:
                read = os.read(0, 1 << 16)
                if not read:
                    return
                *whole, self._lines = (self._lines + read).split(b"\n")
                for line in whole:
                    self._start(folder, **json.loads(line))

    def end(self) -> int:
        """End what runs and all that it has started; the exit code of what was started here."""
        assert self.process is not None
        # before it is waited for: until then nobody else can have its number
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.process = None
        return code

    def _start(self, folder: str, command: list[str], environment: dict[str, str]) -> None:
        try:
            with open(os.path.join(folder, "log.txt"), "wb") as log:
                self.process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            answer({"process": self.process.pid})
        except OSError as error:
            answer({"error": str(error)})

    def _ended(self) -> bool:
        assert self.process is not None
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, how) is not None

    def _stop(self, *_: object) -> None:
        self.stopped = True


def answer(words: dict[str, object]) -> None:
    """Tell the caller, if it still listens."""
    with suppress(OSError):
        os.write(1, json.dumps(words).encode() + b"\n")


def remove(folder: str) -> None:
    """Remove a folder, in which what was just killed may still make files."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.05)


def main(caller: int, parent: str, prefix: str) -> None:
    """Guard one folder."""
    guard = Guard(caller)
    try:
        folder = tempfile.mkdtemp(prefix=prefix, dir=parent)
    except OSError as error:
        answer({"error": str(error)})
        return
    try:
        answer({"folder": os.path.basename(folder)})
        guard.watch(folder)
    finally:
        if guard.process is not None:
            guard.end()
        remove(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
