"""Reservoirs: liquids whose synapses learn, resistive crossbars, echo states, and their measures.

>>> from axonal import reservoirs
>>> reservoirs.series.smape([1.0], [3.0], convention="dysts")
50.0
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from axonal.reservoirs import criticality as criticality
    from axonal.reservoirs import forecasting as forecasting
    from axonal.reservoirs import series as series
    from axonal.reservoirs import topology as topology
    from axonal.reservoirs.echo_state import EchoState, NextGeneration
    from axonal.reservoirs.liquids import (
        NALSM,
        CountReadout,
        Exponential,
        LastSpike,
        Liquid,
        LiquidRun,
        as_network,
    )
    from axonal.reservoirs.plasticity import (
        ActivitySTDP,
        Astrocyte,
        Constant,
        Modulator,
        PairSTDP,
    )
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
    "NALSM",
    "ActivitySTDP",
    "Astrocyte",
    "Constant",
    "CountReadout",
    "Crossbar",
    "EchoState",
    "Exponential",
    "LastSpike",
    "Liquid",
    "LiquidRun",
    "Modulator",
    "NextGeneration",
    "PairSTDP",
    "Projection",
    "ResistiveDevice",
    "ResistiveLiquid",
    "Retrieval",
    "TrainedLiquid",
    "ZeroShot",
    "as_network",
    "info_nce",
    "soft_target_loss",
]

_NAMED = ("liquids", "plasticity", "echo_state", "resistive", "zero_shot")
"""Folders whose names are found here, too."""
_FOLDERS = (*_NAMED, "criticality", "forecasting", "series", "topology")


def __getattr__(name: str) -> Any:
    # each folder is imported when it is used: some need torch, some a compiler
    if name in _FOLDERS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in __all__:
        for folder in _NAMED:
            module = importlib.import_module(f"{__name__}.{folder}")
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"axonal.reservoirs has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_FOLDERS})
