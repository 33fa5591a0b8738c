"""Reservoirs: crossbars of resistive memory, liquids on them, and zero-shot learning behind them.

>>> from axonal import reservoirs
>>> reservoirs.Crossbar([[0.5, -1.0]]).product([2.0, 3.0])
array([-2.])
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from axonal.reservoirs.resistive import (
        ADC,
        Crossbar,
        ResistiveDevice,
        ResistiveLiquid,
        TrainedLiquid,
    )
    from axonal.reservoirs.zero_shot import (
        Projection,
        Retrieval,
        ZeroShot,
        info_nce,
        soft_target_loss,
    )

__all__ = [
    "ADC",
    "Crossbar",
    "Projection",
    "ResistiveDevice",
    "ResistiveLiquid",
    "Retrieval",
    "TrainedLiquid",
    "ZeroShot",
    "info_nce",
    "soft_target_loss",
]

_FOLDERS = ("resistive", "zero_shot")


def __getattr__(name: str) -> Any:
    # each folder is imported when it is used: layers need torch and a compiler
    if name in _FOLDERS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in __all__:
        for folder in _FOLDERS:
            module = importlib.import_module(f"{__name__}.{folder}")
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"axonal.reservoirs has no attribute {name!r}")
