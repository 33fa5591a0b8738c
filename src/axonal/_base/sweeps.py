"""Sweeps that can be stopped and go on: jobs through joblib, a row on the disk as each ends.

A sweep runs in processes of this machine, or on a cluster inside
``joblib.parallel_config(backend="dask")``.
"""

import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from axonal._base.processes import end_with_parent
from axonal._base.progress import bar

Row = dict[str, Any]


class Keyed(Protocol):
    """A job whose result is a row."""

    @property
    def key(self) -> str:
        """Hash of everything that determines the row."""

    def make(self, commit: str | None) -> Row:
        """Do the job; the row holds ``key`` and ``commit``."""


J = TypeVar("J", bound=Keyed)
R = TypeVar("R")


class Store:
    """Rows of finished jobs, one line of JSON each, added as soon as a job ends.

    A line that was cut off by a crash is dropped: its job is done again.

    Args:
        path: JSON-lines file; it need not exist.

    >>> Store(Path("nowhere.jsonl")).missing([])
    []
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, Row] = {}
        text = path.read_text() if path.exists() else ""
        for line in text.splitlines():
            try:
                row = json.loads(line)
                self._rows[row["key"]] = row
            except (json.JSONDecodeError, KeyError, TypeError):
                continue
        # the next line must not be glued to the end of a torn one
        self._torn = bool(text) and not text.endswith("\n")

    def add(self, row: Row) -> None:
        """Keep a row; it is on the disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as stream:
            stream.write(("\n" if self._torn else "") + json.dumps(row) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self._torn = False
        self._rows[row["key"]] = row

    def missing(self, jobs: Iterable[J]) -> list[J]:
        """Jobs that have no row yet, each once."""
        wanted = {job.key: job for job in jobs}
        return [job for key, job in wanted.items() if key not in self._rows]

    def find(self, job: Keyed) -> Row:
        """Return the row of a finished job."""
        return self._rows[job.key]


def fill(
    store: Store,
    jobs: Sequence[Keyed],
    *,
    processes: int = -1,
    commit: str | None,
    progress: bool = True,
) -> None:
    """Do the jobs that a store lacks, and add the row of each as it ends.

    Args:
        store: where rows are and go.
        jobs: all jobs that are wanted.
        processes: jobs at once; -1 for one per core.
        commit: written into every row.
        progress: show a progress bar on stderr.

    Raises:
        BrokenProcessPool: a process ended early, for want of memory perhaps.
    """
    missing = store.missing(jobs)
    if not missing:
        return
    with (
        bar("jobs", len(missing), shown=progress) as step,
        unordered(_make, [(job, commit) for job in missing], processes) as rows,
    ):
        for row in rows:
            store.add(row)
            step()


def _make(job: Keyed, commit: str | None) -> Row:
    return job.make(commit)


@contextmanager
def unordered(
    function: Callable[..., R], arguments: Iterable[tuple[Any, ...]], processes: int = -1
) -> Iterator[Iterator[R]]:
    """Results of calls in other processes, each as it comes; what runs ends with the block.

    Args:
        function: called once per element; it must be known by name.
        arguments: of each call.
        processes: calls at once; -1 for one per core.
    """
    import joblib

    ending = _ending(joblib)
    run = joblib.Parallel(n_jobs=processes, batch_size=1, return_as="generator_unordered", **ending)
    work = joblib.delayed(function)
    results = run(work(*each) for each in arguments)
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            # joblib warns of results that a stop leaves unused
            warnings.filterwarnings("ignore", ".*successfully executed", UserWarning)
            results.close()
        if ending:
            # a later sweep of another number of processes would wait for ever on those of this one
            joblib.externals.loky.get_reusable_executor(reuse=True).shutdown(wait=True)


def _ending(joblib: Any) -> dict[str, Any]:
    """Let processes of this machine end with this one; a cluster looks after its own."""
    backend, _ = joblib.parallel.get_active_backend()
    if not isinstance(backend, joblib.parallel.LokyBackend):
        return {}
    return {"initializer": end_with_parent, "initargs": (os.getpid(),)}
