"""Signals that end a command: Ctrl-C, and those of a shell or a machine that closes."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Python's own handlers, in place unless others were chosen.
_UNCHOSEN = (signal.SIG_DFL, signal.default_int_handler)


class Ending:
    """Handler that ends a command as Ctrl-C does, and remembers the signal.

    Attributes:
        number: the first signal that came, if any did.

    >>> Ending().code
    130
    """

    def __init__(self) -> None:
        self.number: int | None = None

    @property
    def code(self) -> int:
        """Exit code after a stop, as shells have it."""
        return 128 + (signal.SIGINT if self.number is None else self.number)

    def note(self, number: int) -> None:
        """Remember a signal."""
        if self.number is None:
            self.number = number

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Interrupt what runs."""
        self.note(number)
        raise KeyboardInterrupt


@contextlib.contextmanager
def ending() -> Iterator[Ending]:
    """Let TERM and HUP end a block as Ctrl-C does; a signal that is ignored stays ignored.

    Signals with a chosen handler keep it; so do all outside of the main thread.
    """
    ends = Ending()
    with _handled(ends, [n for n in ENDS if signal.getsignal(n) in _UNCHOSEN]):
        yield ends


@contextlib.contextmanager
def held(then: Callable[[], None], numbers: Sequence[int] = ENDS) -> Iterator[None]:
    """Call ``then`` where a signal would end a command; it may raise KeyboardInterrupt itself."""

    def handle(number: int, _: FrameType | None) -> None:
        earlier = before[number]
        if isinstance(earlier, Ending):
            earlier.note(number)
        then()

    before = {n: signal.getsignal(n) for n in numbers}
    with _handled(handle, [n for n in numbers if before[n] != signal.SIG_IGN]):
        yield


@contextlib.contextmanager
def _handled(
    handler: Callable[[int, FrameType | None], None], numbers: Sequence[int]
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        numbers = ()
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
