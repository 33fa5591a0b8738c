"""The compiled walk through spin states, and field and flip of a spin in every form.

A form is a way to hold patterns and state (``_forms.py``). Its field is that of the energy, in the
form's own units: flipping spin i changes the energy by 2 h_i s_i of them. ``reference.py`` defines
what all of this must equal.
"""

import numpy as np
from numba.extending import overload

from axonal._base.jit import jit, kernel
from axonal.hebbian.montecarlo._random import DYNAMICS, REPLICAS, SITES, log_ratio, philox
from axonal.hebbian.montecarlo._representation import (
    BitRepresentation,
    CouplingRepresentation,
    IntegerRepresentation,
    PowerRepresentation,
    RealPowerRepresentation,
    RealRepresentation,
    SymmetricRepresentation,
)

_ONES, _TWOS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
_FOURS, _BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
_S1, _S2, _S4, _S56 = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)


@jit
def _popcount(v):  # type: ignore[no-untyped-def]
    # The compiler knows this idiom and makes one instruction of it, for eight words at a time.
    v -= (v >> _S1) & _ONES
    v = (v & _TWOS) + ((v >> _S2) & _TWOS)
    return (((v + (v >> _S4)) & _FOURS) * _BYTES) >> _S56


def _bits_field(state, i):  # type: ignore[no-untyped-def]
    # With X = 2 b - 1 and x = 2 y - N: X x = 4 b y - 2 N b - 2 y + N, summed over patterns. The sum
    # of b y goes through the binary digits of y, the highest first.
    rows, planes = state.rows, state.planes
    total = np.uint64(0)
    for w in range(rows.shape[1]):
        row = rows[i, w]
        digits = np.uint64(0)
        for plane in range(len(state.digits)):
            digits = digits + digits + _popcount(row & planes[plane, w])
        total += digits
    size, patterns = state.spins.shape[0], state.patterns
    product = 4 * np.int64(total) - 2 * size * state.ones[i] - 2 * state.total[0] + size * patterns
    return np.float64(product - patterns * state.spins[i])


@jit
def _count(row, new, planes, moving):  # type: ignore[no-untyped-def]
    # One is added where the new spin agrees with the pattern and subtracted elsewhere: a digit
    # turns where a carry, or a borrow, has come to it, and few come far.
    borrow = ~np.uint64(0) if new > 0 else np.uint64(0)
    for w in range(row.shape[0]):
        moving[w] = ~np.uint64(0)
    some = np.uint64(1)
    plane = planes.shape[0]
    while some and plane > 0:
        plane -= 1
        digits = planes[plane]
        some = np.uint64(0)
        for w in range(row.shape[0]):
            old = digits[w]
            digits[w] = old ^ moving[w]
            moving[w] &= old ^ row[w] ^ borrow
            some |= moving[w]


def _bits_flip(state, i):  # type: ignore[no-untyped-def]
    new = -state.spins[i]
    state.spins[i] = new
    state.total[0] += new * (2 * state.ones[i] - state.patterns)
    _count(state.rows[i], new, state.planes, state.moving)


def _narrow_field(state, i):  # type: ignore[no-untyped-def]
    rows, overlaps = state.rows, state.overlaps
    total = np.int32(0)
    for k in range(rows.shape[1]):
        total += np.int32(rows[i, k]) * np.int32(overlaps[k])
    # The conversion tells the compiler that 32 bits were enough throughout.
    return np.float64(np.int32(total)) - np.float64(state.norms[i] * state.spins[i])


def _wide_field(state, i):  # type: ignore[no-untyped-def]
    rows, overlaps = state.rows, state.overlaps
    total = np.int64(0)
    for k in range(rows.shape[1]):
        total += np.int64(rows[i, k]) * np.int64(overlaps[k])
    return np.float64(total - state.norms[i] * state.spins[i])


@jit
def _add(row, change, sums):  # type: ignore[no-untyped-def]
    for k in range(row.shape[0]):
        sums[k] += change * row[k]


def _overlaps_flip(state, i):  # type: ignore[no-untyped-def]
    state.spins[i] = -state.spins[i]
    _add(state.rows[i], state.overlaps.dtype.type(2 * state.spins[i]), state.overlaps)


def _reals_field(state, i):  # type: ignore[no-untyped-def]
    return np.float64(_dot(state.rows[i], state.overlaps) - state.norms[i] * state.spins[i])


def _sum_of_products(a, b):  # type: ignore[no-untyped-def]
    total = a.dtype.type(0)
    for k in range(a.shape[0]):
        total += a[k] * b[k]
    return total


# The numbers are real, so that no order of the sum is the right one.
_dot = jit(_sum_of_products, reorder=True)


def _couplings_field(state, i):  # type: ignore[no-untyped-def]
    return np.float64(state.fields[i])


def _couplings_flip(state, i):  # type: ignore[no-untyped-def]
    state.spins[i] = -state.spins[i]
    _add(state.couplings[i], np.int64(2 * state.spins[i]), state.fields)


@jit
def _polynomial(coefficients, odd, x):  # type: ignore[no-untyped-def]
    # Of one parity: a polynomial of x^2, times x if it is odd.
    square = x * x
    value = coefficients[0]
    for k in range(1, len(coefficients)):
        value = value * square + coefficients[k]
    return value * x if odd else value


def _sum_of_chosen(row, gains):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(gains.shape[0]):
        total += gains[k] if row[k] > 0 else 0.0
    return total


# The numbers are integers: every order of the sum gives the same.
_add_chosen = jit(_sum_of_chosen, reorder=True)

# For X_i = +-1 and y = x - X_i s_i: X_i f(y) = (X_i g(x) + s_i d(x)) / 2, with
# g = f(x - 1) + f(x + 1) and d = f(x - 1) - f(x + 1), whichever signs X_i and s_i have. The sum of
# X_i g is twice that over patterns with X_i = 1, less the sum of all g.


def _powers_field(state, i):  # type: ignore[no-untyped-def]
    chosen = _add_chosen(state.rows[i], state.gains)
    return chosen + 0.5 * (state.spins[i] * state.own[0] - state.own[1])


def _moved_powers(row, change, overlaps, gains, gain, shift, odd):  # type: ignore[no-untyped-def]
    own, whole = 0.0, 0.0
    for k in range(overlaps.shape[0]):
        x = overlaps[k] + change * row[k]
        overlaps[k] = x
        g = _polynomial(gain, odd, x)
        gains[k] = g
        own += _polynomial(shift, not odd, x)
        whole += g
    return own, whole


_move_powers = jit(_moved_powers, reorder=True)


def _powers_flip(state, i):  # type: ignore[no-untyped-def]
    state.spins[i] = -state.spins[i]
    state.own[0], state.own[1] = _move_powers(
        state.rows[i],
        2.0 * state.spins[i],
        state.overlaps,
        state.gains,
        state.gain,
        state.shift,
        state.odd,
    )


def _real_powers_sum(row, overlaps, spin, coefficients, odd):  # type: ignore[no-untyped-def]
    # ((y + z)^P - (y - z)^P) / 2 = sum over odd j of binomial(P, j) z^j y^(P - j).
    total = 0.0
    for k in range(overlaps.shape[0]):
        z = np.float64(row[k])
        y = overlaps[k] - z * spin
        value = 0.0
        power = y if odd else 1.0
        # Powers of y rise while those of z fall, two by two.
        for j in range(len(coefficients)):
            value = value * (z * z) + coefficients[j] * power
            power *= y * y
        total += value * z
    return total


_add_real_powers = jit(_real_powers_sum, reorder=True)


def _real_powers_field(state, i):  # type: ignore[no-untyped-def]
    spin = np.float64(state.spins[i])
    return _add_real_powers(state.rows[i], state.overlaps, spin, state.coefficients, state.odd)


def _symmetric_sum(row, sums, spin, orders):  # type: ignore[no-untyped-def]
    # Without entry a, k! e_k is F_k = E_k - k a F_(k - 1).
    total = 0.0
    for k in range(row.shape[0]):
        z = np.float64(row[k])
        without = 1.0
        for n in range(len(orders) - 1):
            without = sums[n, k] - orders[n] * z * spin * without
        total += z * without
    return total


_add_symmetric = jit(_symmetric_sum, reorder=True)


def _symmetric_field(state, i):  # type: ignore[no-untyped-def]
    return _add_symmetric(state.rows[i], state.sums, np.float64(state.spins[i]), state.orders)


@jit
def _move_symmetric(row, sums, spin, orders):  # type: ignore[no-untyped-def]
    for k in range(row.shape[0]):
        a = row[k] * spin
        without = 1.0
        for n in range(len(orders)):
            lower = without
            without = sums[n, k] - orders[n] * a * lower
            sums[n, k] = without - orders[n] * a * lower


def _symmetric_flip(state, i):  # type: ignore[no-untyped-def]
    _move_symmetric(state.rows[i], state.sums, np.float64(state.spins[i]), state.orders)
    state.spins[i] = -state.spins[i]


_FIELDS = {
    BitRepresentation: _bits_field,
    RealRepresentation: _reals_field,
    CouplingRepresentation: _couplings_field,
    PowerRepresentation: _powers_field,
    RealPowerRepresentation: _real_powers_field,
    SymmetricRepresentation: _symmetric_field,
}
_FLIPS = {
    BitRepresentation: _bits_flip,
    IntegerRepresentation: _overlaps_flip,
    RealRepresentation: _overlaps_flip,
    CouplingRepresentation: _couplings_flip,
    PowerRepresentation: _powers_flip,
    RealPowerRepresentation: _overlaps_flip,
    SymmetricRepresentation: _symmetric_flip,
}


def field(state, i):  # type: ignore[no-untyped-def]
    """Field of spin i in the units of the form, for compiled code only."""
    raise NotImplementedError


def flip(state, i):  # type: ignore[no-untyped-def]
    """Turn spin i, for compiled code only."""
    raise NotImplementedError


@overload(field, inline="always")
def _field_of(state, i):  # type: ignore[no-untyped-def]
    form = state.instance_class
    if form is IntegerRepresentation:
        return _narrow_field if state[2].dtype.bitwidth == 16 else _wide_field
    return _FIELDS[form]


@overload(flip, inline="always")
def _flip_of(state, i):  # type: ignore[no-untyped-def]
    return _FLIPS[state.instance_class]


@jit
def _draw(walk, sweep, words, sites, limits):  # type: ignore[no-untyped-def]
    size = sites.shape[0]
    step = np.uint64(sweep)
    if walk.random_order:
        lane = np.uint64(SITES * REPLICAS) + walk.replica
        philox(walk.key0, walk.key1, np.uint64(0), step, walk.sample, lane, words)
        for t in range(size):
            sites[t] = np.int64((np.uint64(words[t]) * np.uint64(size)) >> np.uint64(32))
    if walk.scale != 0:
        lane = np.uint64(DYNAMICS * REPLICAS) + walk.replica
        philox(walk.key0, walk.key1, np.uint64(0), step, walk.sample, lane, words)
        log_ratio(words[:size], walk.metropolis, walk.scale, limits)


@kernel
def advance(state, walk, targets, first, overlaps, energies, flips):  # type: ignore[no-untyped-def]
    """Run sweeps; the definition of every one of them is ``reference.sweep``.

    Args:
        state: one of the forms; it changes.
        walk: a `Walk`.
        targets: [A, N] int8, patterns whose overlap is measured.
        first: number of the first sweep in its stream.
        overlaps: [S, A] float64, overwritten: sum of pattern times spin after every sweep.
        energies: [S] float64, overwritten: change of the energy since the call, in units of the
            form; without meaning where spins flip together.
        flips: [S] int64, overwritten.
    """
    spins = state.spins
    size = spins.shape[0]
    words = np.empty(4 * ((size + 3) // 4), np.uint32)
    limits = np.zeros(size, np.float32)
    sites = np.arange(size)
    pending = np.empty(size if walk.parallel else 0, np.int64)
    # At T = 0 a spin turns only where the energy falls, so that a field of zero keeps it.
    threshold = not walk.metropolis and walk.scale != 0
    energy = 0.0
    for sweep in range(flips.shape[0]):
        _draw(walk, first + sweep, words, sites, limits)
        count = 0
        for t in range(size):
            i = sites[t]
            h = field(state, i)  # type: ignore[no-untyped-call]
            spin = spins[i]
            turn = (h > limits[t]) != (spin > 0) if threshold else h * spin < -limits[t]
            if turn:
                energy += 2.0 * h * spin
                if walk.parallel:
                    pending[count] = i
                else:
                    flip(state, i)  # type: ignore[no-untyped-call]
                count += 1
        if walk.parallel:
            for t in range(count):
                flip(state, pending[t])  # type: ignore[no-untyped-call]
        flips[sweep] = count
        energies[sweep] = energy
        for a in range(targets.shape[0]):
            total = np.int32(0)
            for i in range(size):
                total += np.int32(targets[a, i]) * np.int32(spins[i])
            overlaps[sweep, a] = np.int32(total)
