"""Current-based leaky integrate-and-fire: a is a current that the input feeds."""

from typing import Any

from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif import reference
from axonal.neuro.ops.neuron_loop.kinds._kind import Kind
from axonal.neuro.ops.neuron_loop.kinds._parameters import Parameters


def step(
    x: Tensor, v: Tensor, a: Tensor, wait: Tensor | None, p: Parameters, convention: Convention
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run one step, a = other a + x and then the potential with a as its input."""
    a = p.other * a + x
    s, v, wait = reference.step(a, v, wait, p.decay, p.threshold, convention)
    return s, v, a, wait


def enter(a: Any, x: Any, other: Any) -> Any:
    """Current of this step."""
    return other * a + x


def drive(x: Any, m: Any) -> Any:
    """Current."""
    return m


def entered(before: Any, after: Any, other: Any) -> Any:
    """Current of this step."""
    return after


def of_input(g_z: Any, g_m: Any) -> Any:
    """Gradient of the current, through the potential and through the next one."""
    return g_z + g_m


def of_before(g_x: Any, g_m: Any, other: Any) -> Any:
    """Gradient of the last current."""
    return other * g_x


def of_other(c: Any, g_x: Any, g_m: Any, a: Any, s: Any) -> Any:
    """Gradient of the decay of the current."""
    return g_x * a


CUBALIF = Kind(
    step,
    second=True,
    enter=enter,
    drive=drive,
    entered=entered,
    of_input=of_input,
    of_before=of_before,
    of_other=of_other,
)
