"""Signals that wait where an interrupt would be lost or do harm."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_SIGNALS = tuple(signal.valid_signals())


@contextlib.contextmanager
def interrupts_wait() -> Iterator[None]:
    """Let what a signal would raise, such as KeyboardInterrupt, be raised after a block.

    For blocks in which a library calls Python from C: an exception there is lost with whatever it
    interrupted, or ends the process. Outside of the main thread, where Python raises nothing, the
    block runs as it is.

    >>> import os
    >>> try:
    ...     with interrupts_wait():
    ...         os.kill(os.getpid(), signal.SIGINT)
    ...         print("done")
    ... except KeyboardInterrupt:
    ...     print("then stopped")
    done
    then stopped
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: dict[int, FrameType | None] = {}

    def note(number: int, frame: FrameType | None) -> None:
        came.setdefault(number, frame)

    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {number: handler for number, handler in handlers.items() if callable(handler)}
    try:
        for number in before:
            signal.signal(number, note)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for caught, frame in came.items():
            before[signal.Signals(caught)](caught, frame)
