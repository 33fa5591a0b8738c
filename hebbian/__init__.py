"""Associative memories: models, their phase diagrams, and modern Hopfield layers.

>>> import torch
>>> from axonal import hebbian
>>> hebbian.retrieve(torch.tensor([0.9, -0.2]), torch.eye(2), beta=500.0)
tensor([1., 0.])
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from axonal.hebbian.models import (
        DenseHopfield,
        ExponentialMemory,
        ExponentialSolution,
        Hopfield,
        MultitaskingHopfield,
    )
    from axonal.hebbian.modern import (
        BetaRange,
        FixedPoint,
        HopfieldAttention,
        HopfieldLayer,
        HopfieldPooling,
        Regime,
        beta_range,
        energy,
        pattern_count,
        regime,
        retrieve,
        separation,
    )
    from axonal.hebbian.phase import (
        MonteCarlo,
        load_phase_diagram,
        phase_diagram,
        plot_phase_diagram,
    )
    from axonal.hebbian.theory import MultitaskingSolution, Solution

__all__ = [
    "BetaRange",
    "DenseHopfield",
    "ExponentialMemory",
    "ExponentialSolution",
    "FixedPoint",
    "Hopfield",
    "HopfieldAttention",
    "HopfieldLayer",
    "HopfieldPooling",
    "MonteCarlo",
    "MultitaskingHopfield",
    "MultitaskingSolution",
    "Regime",
    "Solution",
    "beta_range",
    "energy",
    "load_phase_diagram",
    "pattern_count",
    "phase_diagram",
    "plot_phase_diagram",
    "regime",
    "retrieve",
    "separation",
]


_FOLDERS = (
    "continual",
    "local",
    "models",
    "modern",
    "montecarlo",
    "phase",
    "plasticity",
    "theory",
)


def __getattr__(name: str) -> Any:
    # each folder is imported when it is used: layers need torch, simulation a compiler
    if name in _FOLDERS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in __all__:
        for folder in ("models", "theory", "phase", "modern"):
            module = importlib.import_module(f"{__name__}.{folder}")
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"axonal.hebbian has no attribute {name!r}")
