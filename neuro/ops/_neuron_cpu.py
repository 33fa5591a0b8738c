"""One step of leaky integrate-and-fire for numba, and the slopes of surrogates; see `_neuron.cuh`.

Functions of numbers, for the loops of several operators. Conditions that never change within a
call are constants of the kernel that calls them.
"""

from typing import Any

from numba.extending import overload

from axonal._base.jit import jit
from axonal.neuro.surrogates._surrogate import SURROGATES

_SLOPES = [jit(kind.scalar) for kind in SURROGATES.values()]


@jit
def charge(v: Any, x: Any, decay: Any, share: Any, decay_input: Any) -> Any:
    """Potential before the reset."""
    return decay * v + (share * x if decay_input else x)


@jit
def after(h: Any, fired: Any, threshold: Any, zero: Any, subtract: Any) -> Any:
    """Potential after the reset; of infinity it is NaN, as in the definition."""
    return (h - threshold if subtract else h * zero) if fired else h


def number_of(surrogate: str) -> int:
    """Return the number by which `derivative` knows a surrogate.

    A kernel keeps it among its constants, which numba compares when it looks for machine code on
    disk; it would find none for a kernel that keeps a function.

    >>> number_of("triangle")
    3
    """
    return tuple(SURROGATES).index(surrogate)


def derivative(u: Any, kind: int, alpha: Any, number: Any) -> Any:
    """Slope of the surrogate of number ``kind``, a constant, at u; in compiled functions only."""
    raise NotImplementedError


def _compiled_slope(u, kind, alpha, number):  # type: ignore[no-untyped-def]
    # numba compares the two signatures, and a lambda has no annotations
    slope = _SLOPES[kind.literal_value]
    return lambda u, kind, alpha, number: slope(u, alpha, number)


overload(derivative, prefer_literal=True)(_compiled_slope)


@jit
def spread(row: Any, values: Any, low: int) -> None:
    """Fill the row of cells from ``low`` on with values that repeat for every sample."""
    if values.size == 1:
        row[:] = values[0]
    else:
        j = low % values.size
        for k in range(row.size):
            row[k] = values[j]
            j = j + 1 if j + 1 < values.size else 0
