"""Adaptive leaky integrate-and-fire: a is a running mean of the spikes and raises the threshold."""

from typing import Any

from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif import reference
from axonal.neuro.ops.neuron_loop.kinds._kind import Kind
from axonal.neuro.ops.neuron_loop.kinds._parameters import Parameters


def step(
    x: Tensor, v: Tensor, a: Tensor, wait: Tensor | None, p: Parameters, convention: Convention
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run one step, A = threshold + gain a and then a = other a + (1 - other) s."""
    level = p.threshold + p.gain * a
    s, v, wait = reference.step(x, v, wait, p.decay, level, convention)
    return s, v, p.other * a + (1 - p.other) * s, wait


def level(threshold: Any, m: Any, gain: Any) -> Any:
    """Threshold in force."""
    return threshold + gain * m


def leave(m: Any, s: Any, other: Any, one: Any) -> Any:
    """Running mean of the spikes."""
    return other * m + (one - other) * s


def of_spike(c: Any, other: Any, one: Any) -> Any:
    """Gradient of a spike through the mean."""
    return (one - other) * c


def of_middle(c: Any, other: Any, g_level: Any, gain: Any) -> Any:
    """Gradient of the mean, through what it becomes and through the threshold."""
    return other * c + gain * g_level


def of_other(c: Any, g_x: Any, g_m: Any, a: Any, s: Any) -> Any:
    """Gradient of the decay of the mean."""
    return c * (a - s)


ALIF = Kind(
    step,
    second=True,
    level=level,
    leave=leave,
    of_spike=of_spike,
    of_middle=of_middle,
    of_other=of_other,
)
