"""Whole experiments, each behind one name: data, network, optimiser and metrics.

A recipe is a module with ``Settings`` (a frozen dataclass), ``data(settings)`` (samples by split)
and ``build(settings)`` (the untrained Network); it may declare a ``COMPARISON``, and how what a
microphone or a sensor gives becomes steps (``feed(settings)``, a `Feed`). One that learns
without the gradients of a network has ``learn(settings, parts)`` in place of these two, see
`Study`. Every module of this folder without an underscore is one; a user's own is a file, named by
its path. Nothing heavy is imported before it is needed.

>>> from axonal import recipes
>>> recipes.find("digits").Settings().epochs
35
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axonal._base.extras import extra
from axonal.recipes._comparison import Arm, Comparison
from axonal.recipes._errors import RecipeError
from axonal.recipes._find import Recipe, Study, comparison, find, names
from axonal.recipes._settings import BaseSettings, Settings

if TYPE_CHECKING:
    from axonal.recipes._compare import compare
    from axonal.recipes._data_module import DataModule
    from axonal.recipes._feed import Feed
    from axonal.recipes._graphs import export_run, graph_accuracy
    from axonal.recipes._language_operations import language_operations
    from axonal.recipes._run_folder import load_run
    from axonal.recipes._samples import Augmented, Padded, Rasters, Samples
    from axonal.recipes._stream import RunStream, stream_run
    from axonal.recipes._study import Learned, Parts
    from axonal.recipes._text_scoring import embeddings, ending_bits, perplexity
    from axonal.recipes._train import train
    from axonal.recipes._writing import load_language_model

__all__ = [
    "Arm",
    "Augmented",
    "BaseSettings",
    "Comparison",
    "DataModule",
    "Feed",
    "Learned",
    "Padded",
    "Parts",
    "Rasters",
    "Recipe",
    "RecipeError",
    "RunStream",
    "Samples",
    "Settings",
    "Study",
    "compare",
    "comparison",
    "embeddings",
    "ending_bits",
    "export_run",
    "find",
    "graph_accuracy",
    "language_operations",
    "load_language_model",
    "load_run",
    "names",
    "perplexity",
    "shipped",
    "stream_run",
    "train",
    "trained",
]

_TRAINED = Path(__file__).with_name("trained")
# imported when they are first used: these need torch, Lightning or numpy
_LATER = {
    "Augmented": "_samples",
    "compare": "_compare",
    "DataModule": "_data_module",
    "embeddings": "_text_scoring",
    "ending_bits": "_text_scoring",
    "export_run": "_graphs",
    "Feed": "_feed",
    "graph_accuracy": "_graphs",
    "language_operations": "_language_operations",
    "load_language_model": "_writing",
    "load_run": "_run_folder",
    "Learned": "_study",
    "Padded": "_samples",
    "Parts": "_study",
    "perplexity": "_text_scoring",
    "Rasters": "_samples",
    "RunStream": "_stream",
    "Samples": "_samples",
    "stream_run": "_stream",
    "train": "_train",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"axonal.recipes has no attribute {name!r}")
    if name == "DataModule":
        extra("lightning", "train", "batches for Lightning")
    return getattr(importlib.import_module(f"axonal.recipes.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def trained(name: str) -> Path:
    """Run folder of the trained network that comes with axonal, for `load_run` and `export_run`.

    Args:
        name: of a recipe that was shipped trained.

    Returns:
        the folder, with config.json, summary.json, model.pt and their checksums; it is not to be
        written to.

    Raises:
        ValueError: no trained network of that name comes with axonal.

    >>> from axonal import recipes
    >>> net, settings = recipes.load_run(trained("digits"))
    >>> settings.seed
    0
    """
    if name not in shipped():
        raise RecipeError(
            f"no trained {name!r} comes with axonal, only {', '.join(shipped())}: make one with "
            "`axonal train`."
        )
    return _TRAINED / name


def shipped() -> tuple[str, ...]:
    """Names of the trained networks that come with axonal.

    >>> "digits" in shipped()
    True
    """
    return tuple(sorted(folder.name for folder in _TRAINED.iterdir() if folder.is_dir()))
