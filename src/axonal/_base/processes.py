"""Processes that work for another one, and end when it does."""

import os
import signal
import threading
import time
from collections.abc import Callable

LOOK = 0.5
"""Seconds between two looks at the parent of a process."""


def end_after(wait: Callable[[], object]) -> None:
    """End this process, at once and without a word, when a call in a thread of its own returns.

    For workers of a pool, whose caller may be killed: they would go on working, or wait for ever.

    Args:
        wait: returns when there is nobody left to work for.
    """

    def end() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=end, name="axonal-end-with-caller", daemon=True).start()


def end_with_parent(parent: int) -> None:
    """End this process when the process that started it has ended.

    The parent-death signal of Linux would come when the thread that started it ends.

    Args:
        parent: number of the process that started it.
    """

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)

    end_after(wait)
