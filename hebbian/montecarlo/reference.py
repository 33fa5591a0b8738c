"""The definition of every walk in plain numpy: from the energy of whole states, without a form.

Slow on purpose. The kernels of ``cpu.py`` make the same moves with the same random numbers.
"""

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

from axonal._base.array_types import Int8Array, UInt32Array
from axonal.hebbian.montecarlo._random import DYNAMICS, REPLICAS, SITES, log_ratio, philox
from axonal.hebbian.montecarlo._representation import Walk

Energy = Callable[[Int8Array], float]


def quadratic_energy(rows: NDArray[np.generic], spins: Int8Array) -> float:
    """-sum over pairs i < j and patterns of X_i X_j s_i s_j."""
    couplings = rows.astype(np.float64) @ rows.astype(np.float64).T
    np.fill_diagonal(couplings, 0)
    return float(-spins @ couplings @ spins) / 2


def power_energy(rows: NDArray[np.generic], spins: Int8Array, order: int) -> float:
    """-sum over patterns of (sum_i X_i s_i)^P."""
    return float(-((spins @ rows.astype(np.float64)) ** order).sum())


def distinct_energy(rows: NDArray[np.generic], spins: Int8Array, order: int) -> float:
    """-(P - 1)! sum over patterns of e_P(X s), from the product of all (1 + a_i t)."""
    total = 0.0
    for column in (rows.astype(np.float64) * spins[:, None]).T:
        product = np.ones(1)
        for a in column:
            product = np.convolve(product, [1.0, a])[: order + 1]
        total += product[order]
    return -factorial(order - 1) * total


def sweep(spins: Int8Array, energy: Energy, walk: Walk, number: int) -> int:
    """One sweep, in place.

    Heat bath: s_i = +1 if u < 1 / (1 + exp(-2 beta h_i)), that is T / 2 ln(u / (1 - u)) < h_i.
    Metropolis: flip if u < exp(-2 beta h_i s_i), that is h_i s_i < -T / 2 ln u. At T = 0: flip if
    h_i s_i < 0, so that a field of zero keeps the spin.

    Args:
        spins: [N] int8.
        energy: of a state.
        walk: random numbers and rule, in units of this energy.
        number: of the sweep.

    Returns:
        how many spins turned.
    """
    size = len(spins)
    words = np.empty(4 * -(-size // 4), np.uint32)

    def draw(purpose: int) -> UInt32Array:
        lane = np.uint64(purpose * REPLICAS) + walk.replica
        philox(walk.key0, walk.key1, np.uint64(0), np.uint64(number), walk.sample, lane, words)
        return words[:size].copy()

    sites = [*range(size)]
    if walk.random_order:
        sites = [int(word) * size >> 32 for word in draw(SITES)]
    limits = np.zeros(size, np.float32)
    if walk.scale:
        log_ratio(draw(DYNAMICS), walk.metropolis, walk.scale, limits)
    turned = []
    for site, limit in zip(sites, limits, strict=True):
        other = spins.copy()
        other[site] *= -1
        product = (energy(other) - energy(spins)) / 2
        spin = int(spins[site])
        if walk.metropolis or not walk.scale:
            turn = product < -limit
        else:
            turn = (product * spin > limit) != (spin > 0)
        if turn:
            turned.append(site)
            if not walk.parallel:
                spins[site] *= -1
    if walk.parallel:
        spins[turned] *= -1
    return len(turned)
