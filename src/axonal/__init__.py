"""Spiking networks with learnable delays, trained here and run elsewhere with the same spikes.

The five sub-packages are imported when they are first used, so that ``import axonal`` and
``axonal --help`` do not wait for torch.

>>> import axonal
>>> axonal.datasets.latency([1.0], steps=4).tolist()
[0]
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from axonal import datasets, deploy, hebbian, neuro, reservoirs

__version__ = "0.2.0"

__all__ = ["__version__", "datasets", "deploy", "hebbian", "neuro", "reservoirs"]


def __getattr__(name: str) -> ModuleType:
    if name != "__version__" and name in __all__:
        return importlib.import_module(f"axonal.{name}")
    raise AttributeError(
        f"axonal has no attribute {name!r}; its packages are {', '.join(__all__[1:])}"
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
