"""Leaky integrate-and-fire whose threshold rises with a decaying count of its spikes."""

from typing import Any

from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif import reference
from axonal.neuro.ops.neuron_loop.kinds._kind import Kind
from axonal.neuro.ops.neuron_loop.kinds._parameters import Parameters


def step(
    x: Tensor, v: Tensor, a: Tensor, wait: Tensor | None, p: Parameters, convention: Convention
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run one step, m = other a, A = threshold + gain m and then a = m + s."""
    m = p.other * a
    s, v, wait = reference.step(x, v, wait, p.decay, p.threshold + p.gain * m, convention)
    return s, v, m + s, wait


def enter(a: Any, x: Any, other: Any) -> Any:
    """Count that is left in this step."""
    return other * a


def level(threshold: Any, m: Any, gain: Any) -> Any:
    """Threshold in force."""
    return threshold + gain * m


def leave(m: Any, s: Any, other: Any, one: Any) -> Any:
    """Count of the spikes."""
    return m + s


def entered(before: Any, after: Any, other: Any) -> Any:
    """Count that was left in this step."""
    return other * before


def of_spike(c: Any, other: Any, one: Any) -> Any:
    """Gradient of a spike through the count."""
    return c


def of_middle(c: Any, other: Any, g_level: Any, gain: Any) -> Any:
    """Gradient of the count, through what it becomes and through the threshold."""
    return c + gain * g_level


def of_before(g_x: Any, g_m: Any, other: Any) -> Any:
    """Gradient of the last count."""
    return other * g_m


def of_other(c: Any, g_x: Any, g_m: Any, a: Any, s: Any) -> Any:
    """Gradient of the decay of the count."""
    return g_m * a


LSNN = Kind(
    step,
    second=True,
    enter=enter,
    level=level,
    leave=leave,
    entered=entered,
    of_spike=of_spike,
    of_middle=of_middle,
    of_before=of_before,
    of_other=of_other,
)
