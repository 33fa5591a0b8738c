"""Many runs at once, one process and one torch thread each."""

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from axonal.recipes.experiments._runs import Job, Store


def make(
    runs: Sequence[Job],
    store: Store,
    *,
    processes: int,
    commit: str | None,
    progress: bool = True,
) -> None:
    """Make the runs that the store lacks, and add each as it ends.

    Args:
        runs: all runs that are wanted.
        store: where their rows are and go.
        processes: how many run at once, >= 1.
        commit: written into every row.
        progress: show a progress bar on stderr.
    """
    missing = store.missing(runs)
    if not missing:
        return
    # forked children of a process that used torch may hang
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(processes, len(missing)), context, initializer=_prepare)
    try:
        with _bar(progress) as bar:
            task = bar.add_task("training networks", total=len(missing))
            for future in as_completed([pool.submit(run.make, commit) for run in missing]):
                store.add(future.result())
                bar.advance(task)
    finally:
        # after Ctrl-C what has not begun never does
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare() -> None:
    torch.set_num_threads(1)
    # Ctrl-C reaches every process of the terminal: these end without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _bar(shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not shown,
    )
