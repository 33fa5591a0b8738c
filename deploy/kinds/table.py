"""The kinds of populations: what numbers each has, and whether it fires."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind; its equations are those of `Population`.

    Args:
        fields: arrays `[N]` that it has, by name of the field of `Population`.
        spikes: whether its neurons fire.
        resets: what may become of a membrane that fired.
        waits: whether its neurons may be refractory.
    """

    fields: tuple[str, ...] = ()
    spikes: bool = False
    resets: tuple[str, ...] = ("zero", "subtract")
    waits: bool = False


_LEAKY = ("decay", "gain", "bias")
_FIRES = (*_LEAKY, "threshold")

KINDS = {
    "input": Kind(),
    "constant": Kind(),
    "lif": Kind(_FIRES, spikes=True, waits=True),
    "cuba": Kind((*_FIRES, "synapse_decay"), spikes=True, waits=True),
    "alif": Kind((*_FIRES, "adaptation_decay", "beta"), spikes=True, waits=True),
    "resonator": Kind((*_FIRES, "rotation"), spikes=True, resets=("zero", "threshold")),
    "graded": Kind(_FIRES, spikes=True, waits=True),
    "integrator": Kind(_LEAKY),
}
OUTSIDE = tuple(name for name, kind in KINDS.items() if not kind.fields)
"""Kinds that send what they are given."""
NEURONS = tuple(name for name, kind in KINDS.items() if kind.fields)
"""Kinds whose membranes take part in a run."""
SPIKING = tuple(name for name, kind in KINDS.items() if kind.spikes)
RESETS = tuple(dict.fromkeys(reset for kind in KINDS.values() for reset in kind.resets))
FIELDS = tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.fields))
"""Every array that some kind has."""
