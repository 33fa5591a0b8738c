"""Solution of the two equations of a neuron between its events, and where it meets the threshold.

With the rates a = 1/tau and c = 1/tau_synapse, after a time s without an event

    V(s) = V x + I K,  I(s) = I y,  x = e^{-a s},  y = e^{-c s},  K = a (x - y) / (c - a)

Both exponentials are written by the slower of the two rates, ``b = e^{-slow s}``, and by their
distance, ``u = gap s``: the other one is ``b e^{-u}``, and K is ``a h`` with ``h = s b g(u)``,
``g(u) = (1 - e^{-u}) / u``, which needs no case for equal rates.
"""

import math
from typing import Any, NamedTuple

from axonal._base.jit import bits_of, jit, number_of

DOUBLE, APART, NEAR = 0, 1, 2
"""Rates of all neurons 2 to 1, which needs one exponential; well apart; any, equal ones too."""

SMALL = 0.5
"""u below which differences of exponentials are summed as series."""

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_ROUND = 6755399441055744.0  # 1.5 x 2^52: whole numbers stand in the last bits of a sum with it
_LOWEST = -708.0
_INVERSE = tuple(1 / math.factorial(k) for k in range(15))


class Dynamics(NamedTuple):
    """Constants of every neuron as kernels read them, each [N].

    Attributes:
        a: rate of the membrane, 1/tau.
        c: rate of the synaptic current, 1/tau_synapse.
        slow: the smaller of both.
        gap: the larger less the smaller.
        share: a / gap, where the rates are apart.
        slow_membrane: whether a is the smaller.
        threshold: potential at which a neuron fires.
        v_reset: potential after a spike.
        refractory: time for which it stays there.
    """

    a: Any
    c: Any
    slow: Any
    gap: Any
    share: Any
    slow_membrane: Any
    threshold: Any
    v_reset: Any
    refractory: Any


@jit
def exp(z: float) -> float:
    """Return e^z for z <= 0 without a branch, so that loops over it become vectors."""
    z = max(z, _LOWEST)
    t = z * _LOG2_E + _ROUND
    n = t - _ROUND
    r = (z - n * _LN2_HIGH) - n * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    # Taylor's series to r^13, |r| < 0.35, in pairs that do not wait for each other
    low = (1.0 + r) + r2 * (0.5 + r * (1 / 6))
    middle = (1 / 24 + r * (1 / 120)) + r2 * (1 / 720 + r * (1 / 5040))
    high = (1 / 40320 + r * (1 / 362880)) + r2 * (1 / 3628800 + r * (1 / 39916800))
    last = 1 / 479001600 + r * (1 / 6227020800)
    p = low + r4 * (middle + r4 * (high + r4 * last))
    return number_of(bits_of(p) + (bits_of(t) << 52))


@jit
def second(u: float) -> float:
    """Return ``(u - 1 + e^{-u}) / u^2`` as a series, for 0 <= u <= 0.5."""
    total = 1 / 87178291200
    for k in range(13, 1, -1):
        # 1/k! - u (1/(k + 1)! - ...), all factors known to the compiler
        total = _INVERSE[k] - u * total
    return total


@jit
def factors(s: Any, slow: Any, gap: Any, mode: int, b: Any, e: Any, h: Any, count: int) -> None:
    """Fill b = e^{-slow s}, e = e^{-gap s} and, near each other, h for ``count`` times s."""
    if mode == DOUBLE:
        for k in range(count):
            b[k] = e[k] = exp(-slow[k] * s[k])
    elif mode == APART:
        for k in range(count):
            b[k] = exp(-slow[k] * s[k])
            e[k] = exp(-gap[k] * s[k])
    else:
        for k in range(count):
            b[k] = exp(-slow[k] * s[k])
            u = gap[k] * s[k]
            g = 1.0 - u * second(min(u, SMALL))
            far = exp(-u)
            e[k] = far if u > SMALL else 1.0 - u * g
            h[k] = s[k] * b[k] * ((1.0 - far) / u if u > SMALL else g)


@jit
def flow(s: float, j: int, dynamics: Any) -> Any:
    """Return x, y and K of neuron j after the time s."""
    b = math.exp(-dynamics.slow[j] * s)
    u = dynamics.gap[j] * s
    g = -math.expm1(-u) / u if u > 0 else 1.0
    k = dynamics.a[j] * s * b * g
    other = b * (1.0 - u * g)
    if dynamics.slow_membrane[j]:
        return b, other, k
    return other, b, k


@jit
def peak(v: float, i: float, j: int, dynamics: Any) -> float:
    """Return after what time V is highest, from V < I and I > 0; infinity if it only rises."""
    c = dynamics.c[j]
    delta = c - dynamics.a[j]
    rest = 1.0 - v / i
    u = rest * delta / c
    if u >= 1.0:
        return math.inf
    if abs(u) < 1e-300:
        return rest / c
    return -math.log1p(-u) / delta


@jit
def crossing(v: float, i: float, longest: float, j: int, dynamics: Any) -> float:
    """Return after what time V meets the threshold, which it does within ``longest``.

    V is concave while it rises, so that Newton's steps from the left never pass the crossing, for
    any ratio of time constants.
    """
    a, threshold = dynamics.a[j], dynamics.threshold[j]
    s = 0.0
    for _ in range(100):
        x, y, k = flow(s, j, dynamics)
        now, current = v * x + i * k, i * y
        slope = a * (current - now)
        if not slope > 0:
            break
        step = (threshold - now) / slope
        if not step > 1e-16 * s:
            break
        s += step
        if s >= longest:
            return longest
    return s


@jit
def meets(v: float, i: float, then: float, left: float, s: float, j: int, dynamics: Any) -> bool:
    """Whether V meets the threshold within s, at whose end it is ``then`` and the current left."""
    threshold = dynamics.threshold[j]
    if then >= threshold:
        return True
    # V can only turn within s if it rises at its start and falls at its end
    if i <= threshold or left >= then:
        return False
    if v + dynamics.a[j] * (i - v) * s < threshold:
        return False
    at = peak(v, i, j, dynamics)
    if at >= s:
        return False
    # where V turns it equals the current
    return i * math.exp(-dynamics.c[j] * at) >= threshold
