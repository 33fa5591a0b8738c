"""All arms of a recipe and all their seeds in one call, for the command line."""

from concurrent.futures.process import BrokenProcessPool
from os import PathLike
from pathlib import Path
from typing import Any

from axonal.recipes import _train, spoken_digits
from axonal.recipes._errors import RecipeError
from axonal.recipes.experiments import _report, _spoken_digits
from axonal.recipes.experiments._pool import make
from axonal.recipes.experiments._runs import Store, cores


def compare(
    out: str | PathLike[str],
    *,
    split: str | None = None,
    epochs: int | None = None,
    force: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """See :func:`axonal.recipes.compare`."""
    folder = Path(out)
    chosen = {} if split is None else {"splits": (split,)}
    extent = _spoken_digits.Extent(**chosen, epochs=epochs)
    runs = _spoken_digits.plan(extent)
    for name in extent.splits:
        # bad settings and missing recordings are told before any process starts
        spoken_digits.data(spoken_digits.Settings(split=name, epochs=runs[0].settings.epochs))
    if folder.exists() and not folder.is_dir():
        raise RecipeError(f"{folder} is a file; the table needs a folder: write another --out.")
    rows = folder / "runs.jsonl"
    if force:
        rows.unlink(missing_ok=True)
    store = Store(rows)
    try:
        make(runs, store, processes=cores(), commit=_train.commit(), progress=progress)
    except BrokenProcessPool as error:
        raise RecipeError(
            f"a process ended early, perhaps for want of memory: the same command goes on with "
            f"the {len(store.missing(runs))} networks that are missing."
        ) from error
    files = _spoken_digits.write(store, folder, extent)
    return {
        "networks": len(runs),
        "table": "\n".join(_report.aligned(files[0].read_text().splitlines())),
        "files": [str(file) for file in files],
    }
