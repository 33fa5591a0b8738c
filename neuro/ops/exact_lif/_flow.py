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


A, C, SLOW, GAP, SHARE, SLOW_MEMBRANE, THRESHOLD, V_RESET, REFRACTORY = range(9)
"""Constants of a neuron [N, 9]: rates of the membrane and the current, the smaller of both, the
larger less the smaller, a / gap, whether a is the smaller, and the three parameters of firing."""


class Dynamics(NamedTuple):
    """Constants of all neurons, for loops over them; each [N].

    Attributes:
        a: rate of the membrane, 1/tau.
        c: rate of the synaptic current, 1/tau_synapse.
        slow: the smaller of both.
        gap: the larger less the smaller.
        over_gap: 1 / gap, where the rates are apart.
        slow_membrane: whether a is the smaller.
    """

    a: Any
    c: Any
    slow: Any
    gap: Any
    over_gap: Any
    slow_membrane: Any


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
def decline(u: float) -> float:
    """Return ``(1 - e^{-u}) / u`` for u >= 0 without a branch."""
    near = 1.0 - u * second(min(u, SMALL))
    return (1.0 - exp(-u)) / u if u > SMALL else near


@jit
def factors(mode: int, b: Any, e: Any, h: Any, count: int) -> None:
    """Turn ``-slow s`` in b and ``-gap s`` in e into their exponentials.

    Rates that are near each other have s in h, which becomes ``s b g(u)``; those of 2 to 1 have
    nothing in e, which becomes a copy of b.
    """
    for k in range(count):
        b[k] = exp(b[k])
    if mode == DOUBLE:
        for k in range(count):
            e[k] = b[k]
    elif mode == NEAR:
        for k in range(count):
            h[k] *= b[k] * decline(-e[k])
    if mode != DOUBLE:
        for k in range(count):
            e[k] = exp(e[k])


@jit
def flow(s: float, a: float, slow: float, gap: float, slow_membrane: bool) -> Any:
    """Return x, y and K after the time s."""
    b = math.exp(-slow * s)
    u = gap * s
    g = -math.expm1(-u) / u if u > 0 else 1.0
    k = a * s * b * g
    other = b * (1.0 - u * g)
    if slow_membrane:
        return b, other, k
    return other, b, k


@jit
def peak(v: float, i: float, a: float, c: float) -> float:
    """Return after what time V is highest, from V < I and I > 0; infinity if it only rises."""
    delta = c - a
    rest = 1.0 - v / i
    u = rest * delta / c
    if u >= 1.0:
        return math.inf
    if abs(u) < 1e-300:
        return rest / c
    return -math.log1p(-u) / delta


@jit
def crossing(
    v: float, i: float, longest: float, threshold: float, a: float, slow: float, gap: float,
    slow_membrane: bool,
) -> float:  # fmt: skip
    """Return after what time V meets the threshold, which it does within ``longest``.

    V is concave while it rises, so that Newton's steps from the left never pass the crossing, for
    any ratio of time constants.
    """
    s = 0.0
    for _ in range(100):
        x, y, k = flow(s, a, slow, gap, slow_membrane)
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
def meets(
    v: float, i: float, then: float, left: float, s: float, threshold: float, a: float, c: float
) -> bool:
    """Whether V meets the threshold within s, at whose end it is ``then`` and the current left."""
    if then >= threshold:
        return True
    # V can only turn within s if it rises at its start and falls at its end
    if i <= threshold or left >= then:
        return False
    if v + a * (i - v) * s < threshold:
        return False
    at = peak(v, i, a, c)
    # where V turns it equals the current
    return at < s and i * math.exp(-c * at) >= threshold
