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

__all__ = ["ADC", "Crossbar", "ResistiveDevice", "ResistiveLiquid", "TrainedLiquid"]

_FOLDERS = ("resistive",)


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
