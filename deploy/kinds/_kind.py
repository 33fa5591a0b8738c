"""The form of a kind of population: its numbers, equations, layer and mapping onto the executor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from axonal._base.array_types import Float64Array
from axonal.deploy.kinds._brian_form import BrianForm
from axonal.neuro import Layer
from axonal.neuro.ops.event_network import Kind as EventKind

__all__ = ["FIRING", "LEAKY", "EventKind", "Kind", "attributes"]


def no_fields(layer: Layer[Any]) -> dict[str, Tensor]:
    """Fields of a layer that has none beside those of every leaky layer."""
    return {}


def attributes(**fields: str) -> Callable[[Any], dict[str, Tensor]]:
    """Fields that are attributes of a layer under other names.

    Args:
        fields: attribute of the layer, by the field.
    """

    def from_layer(layer: Layer[Any]) -> dict[str, Tensor]:
        return {field: getattr(layer, name) for field, name in fields.items()}

    return from_layer


@dataclass(frozen=True)
class Kind:
    """One kind of population, in one file of this folder, as its constant `KIND`.

    With I = bias + Σ w · x(t - delay) over the synapses that arrive at step t, `equation` says what
    a neuron does in that step.

    Args:
        equation: one step in the words of the documentation.
        sends: content of its events, likewise.
        source: publication of the neuron, if it has one.
        fields: arrays `[N]` of `Population` that it has; empty for a source of given events.
        graded: whether its events carry the potential before the reset.
        linear: whether it has no threshold, and its neurons send whatever is not 0.
        strict: whether a potential at the threshold is silent, as a threshold of 0 at rest is then.
        compartments: neurons per unit that sends; the first of M / compartments send, the others
            only sum.
        resets: values of `reset` that it takes.
        waits: whether its neurons may be refractory.
        since: first version of the file format that has it.
        layer: layer of `axonal.neuro` that it is exported from; subclasses are included. None of a
            kind that is made of several, one behind the other.
        from_layer: fields of such a layer beside threshold, reset and refractory and, where the
            kind has a decay, the layer's decay and the gain that follows from it; a field that it
            returns stands in place of these.
        resting: current that the layer has at rest and the population has not, of its fields: it
            comes from outside, so that a population that starts late rests until then.
        executor: its number in the event-driven executor.
        trace_decay: field that the executor takes for the decay of its second variable.
        coupling: field that the executor takes for the coupling of that variable.
        extra: further fields that the executor takes, in the order of its equations.
        brian: its form in Brian 2.
    """

    equation: str = ""
    sends: str = "its spikes"
    source: str = ""
    fields: tuple[str, ...] = ()
    graded: bool = False
    linear: bool = False
    strict: bool = False
    compartments: int = 1
    resets: tuple[str, ...] = ("zero", "subtract")
    waits: bool = False
    since: int = 1
    layer: type[Layer[Any]] | None = None
    from_layer: Callable[[Any], dict[str, Tensor]] = no_fields
    resting: Callable[[Mapping[str, Float64Array]], Float64Array] | None = None
    executor: EventKind | None = None
    trace_decay: str | None = None
    coupling: str | None = None
    extra: tuple[str, ...] = ()
    brian: BrianForm | None = None

    @property
    def spikes(self) -> bool:
        """Whether its neurons send events: they have a threshold, or need none."""
        return self.linear or "threshold" in self.fields


LEAKY = ("decay", "gain", "bias")
"""Fields of every kind with a membrane."""
FIRING = (*LEAKY, "threshold")
"""Fields of every kind that fires."""
