"""Reservoirs: echo states, chaotic series to forecast, and measures of what a reservoir does.

>>> from axonal import reservoirs
>>> reservoirs.series.smape([1.0], [3.0], convention="dysts")
50.0
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from axonal.reservoirs import criticality as criticality
    from axonal.reservoirs import echo_state as echo_state
    from axonal.reservoirs import forecasting as forecasting
    from axonal.reservoirs import series as series

_PACKAGES = ("criticality", "echo_state", "forecasting", "series")


def __getattr__(name: str) -> ModuleType:
    if name in _PACKAGES:
        return importlib.import_module(f"axonal.reservoirs.{name}")
    raise AttributeError(f"module 'axonal.reservoirs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PACKAGES})
