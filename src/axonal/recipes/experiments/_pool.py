"""Many runs at once, one process and one torch thread each."""

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing.connection import Connection

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from axonal._base.processes import end_after
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
    ours, theirs = context.Pipe()
    count = min(processes, len(missing))
    pool = ProcessPoolExecutor(count, context, initializer=_prepare, initargs=(theirs,))
    try:
        with _bar(progress) as bar:
            task = bar.add_task("training networks", total=len(missing))
            for future in as_completed([pool.submit(run.make, commit) for run in missing]):
                store.add(future.result())
                bar.advance(task)
    except KeyboardInterrupt:
        # Ctrl-C reaches every process of the terminal, but other signals this one only
        ours.close()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        theirs.close()
        ours.close()


def _prepare(caller: Connection) -> None:
    torch.set_num_threads(1)
    # processes that Ctrl-C reaches as well end without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # nothing is ever sent: this waits for the end of the caller, or of its wish for results
    end_after(partial(caller.poll, None))


def _bar(shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not shown,
    )
