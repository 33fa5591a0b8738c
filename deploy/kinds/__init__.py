"""Kinds of populations: one file each, found by the name of the file."""

import importlib
import pkgutil

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import Kind

__all__ = [
    "FIELDS",
    "GRADED",
    "KINDS",
    "NEURONS",
    "OUTSIDE",
    "READOUTS",
    "RESETS",
    "SPIKING",
    "BrianForm",
    "Kind",
]


def _found() -> dict[str, Kind]:
    names = (m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    kinds = {name: importlib.import_module(f"{__name__}.{name}").KIND for name in names}
    # messages and pages name the simplest neuron first
    return dict(sorted(kinds.items(), key=_simplest_first))


def _simplest_first(item: tuple[str, Kind]) -> tuple[bool, bool, int, str]:
    name, kind = item
    return not kind.spikes, kind.graded, len(kind.fields), name


KINDS = _found()
"""Every kind by its name."""
OUTSIDE = tuple(name for name, kind in KINDS.items() if not kind.fields)
"""Kinds that send what they are given."""
NEURONS = tuple(name for name, kind in KINDS.items() if kind.fields)
"""Kinds whose membranes take part in a run."""
SPIKING = tuple(name for name, kind in KINDS.items() if kind.spikes)
"""Kinds that fire."""
READOUTS = tuple(name for name, kind in KINDS.items() if kind.fields and not kind.spikes)
"""Kinds whose membranes are the result."""
GRADED = tuple(name for name, kind in KINDS.items() if kind.graded)
"""Kinds whose events carry a number."""
RESETS = tuple(dict.fromkeys(reset for kind in KINDS.values() for reset in kind.resets))
"""Every reset that some kind has."""
FIELDS = tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.fields))
"""Every array that some kind has."""
