"""A progress bar on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(
    name: str, total: int | None, *, unit: str = "", shown: bool = True
) -> Iterator[Callable[..., None]]:
    """Show a bar while a block runs.

    Args:
        name: in front of it.
        total: steps, None if nobody knows.
        unit: of the steps, behind their number.
        shown: False for none.

    Yields:
        a function that takes the number of steps done, by default one more than before, and a
        remark that is shown behind the bar.

    >>> with bar("jobs", 3, shown=False) as step:
    ...     step()
    """
    if not shown:
        yield lambda completed=None, remark="": None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn(name),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn(unit),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[remark]}"),
    )
    with progress.Progress(*columns, console=Console(stderr=True)) as drawn:
        task = drawn.add_task(name, total=total, remark="")

        def step(completed: int | None = None, remark: str = "") -> None:
            done = drawn.tasks[0].completed + 1 if completed is None else completed
            drawn.update(task, completed=done, remark=remark)

        yield step
