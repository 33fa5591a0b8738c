"""Capacities: which functions of past inputs a linear readout finds in the states."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, stats
from scipy.special import eval_legendre

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.criticality import _checks

Product = tuple[tuple[int, int], ...]
"""A product of Legendre polynomials: pairs of delay and degree, the smallest delay first."""

CHANCE = 1e-4
"""Probability with which states that know nothing of a function pass for knowing something."""


class Capacity(NamedTuple):
    """The result of `information_processing_capacity`.

    Args:
        by_degree: sums over functions of degree 1, 2, ...
        total: sum over all of them; at most the rank of the states.
        products: capacity of each function that is above chance.
        threshold: capacity below which one counts as zero.
    """

    by_degree: Float64Array
    total: float
    products: dict[Product, float]
    threshold: float


def memory_capacity(inputs: ArrayLike, states: ArrayLike, delays: int) -> Float64Array:
    """Linear memory of each delay, the squared correlation of u(t - k) with its best readout.

    Args:
        inputs: u [T], drawn independently and uniformly.
        states: [T, N], x(t) after u(t).
        delays: K; k runs from 0 to K - 1.

    Returns:
        Capacities [K] from 0 to 1; their sum is the memory capacity, at most N. Those that chance
        explains are zero.

    Raises:
        ValueError: as `information_processing_capacity`, whose degree 1 this is.

    Source: Jaeger, GMD report 152 (2001), who sums from k = 1 on.

    >>> import numpy as np
    >>> u = np.random.default_rng(0).uniform(-1, 1, 1000)
    >>> line = np.stack([np.roll(u, k) for k in range(3)], 1)
    >>> memory_capacity(u, line, 5).round(6)
    array([1., 1., 1., 0., 0.])
    """
    found = information_processing_capacity(inputs, states, degree=1, delays=delays)
    each = np.zeros(delays)
    for ((delay, _),), value in found.products.items():
        each[delay] = value
    return each


def information_processing_capacity(
    inputs: ArrayLike,
    states: ArrayLike,
    *,
    degree: int = 3,
    delays: int | tuple[int, ...] = 10,
) -> Capacity:
    """Capacities for products of Legendre polynomials of past inputs, up to a total degree.

    C = 1 - min_w <(z - w x)^2> / <z^2> with z(t) = prod_i P_{d_i}(u(t - k_i)), sum_i d_i <= degree.
    The functions are orthogonal for independent uniform inputs, so that the sum of all C is at most
    the number of independent states, and equal to it where they forget their past; in T rows each C
    is too large by about N / T. The least that counts is twice what N regressors reach by chance
    with a probability of 1e-4, the quantile of chi^2 with N degrees of freedom over T: functions
    that share factors with the states vary more than independent ones.

    Args:
        inputs: u [T], drawn independently and uniformly; they are scaled to [-1, 1].
        states: [T, N], x(t) after u(t).
        degree: highest total degree, >= 1.
        delays: number of delays from 0 on, or one number per degree: the functions are many.

    Raises:
        ValueError: shapes that do not fit, inputs that are constant, numbers that are not finite,
            less than two rows per state, delays beyond the length.

    Source: Dambre, Verstraeten, Schrauwen and Massar, Sci. Rep. 2, 514 (2012).

    >>> import numpy as np
    >>> u = np.random.default_rng(0).uniform(-1, 1, 2000)
    >>> states = np.stack([u, np.roll(u, 1) * u], 1)
    >>> found = information_processing_capacity(u, states, degree=2, delays=3)
    >>> found.by_degree.round(2), [product for product in found.products]
    (array([1., 1.]), [((0, 1),), ((0, 1), (1, 1))])
    """
    who = "information_processing_capacity"
    u = np.asarray(inputs, np.float64)
    x = _checks.matrix(who, "states", states, "[T, N]")
    highest = checks.whole_number(who, "degree", degree)
    reach = delays if isinstance(delays, tuple) else (delays,) * highest
    if len(reach) != highest:
        raise ValueError(f"{who} expects delays for each of {highest} degrees, got {reach}.")
    if u.shape != (len(x),) or not np.isfinite(u).all() or np.ptp(u) == 0:
        raise ValueError(
            f"{who} expects inputs [{len(x)}] that are finite and change, one per row of states,"
            f" got {u.shape}."
        )
    longest = max(checks.whole_number(who, "delays", k) for k in reach) - 1
    rows = len(x) - longest
    if rows < 2 * x.shape[1]:
        raise ValueError(
            f"{who} expects two rows per state after the longest delay at least, got {rows} for"
            f" {x.shape[1]} states: give a longer series or fewer states."
        )
    v = 2 * (u - u.min()) / np.ptp(u) - 1
    powers = np.stack([eval_legendre(d, v) for d in range(highest + 1)])
    basis = _basis(x[longest:])
    threshold = 2 * float(stats.chi2.isf(CHANCE, max(1, basis.shape[1]))) / rows
    products: dict[Product, float] = {}
    by_degree = np.zeros(highest)
    for total, count in enumerate(reach, 1):
        for product in _products(total, count):
            z = np.ones(rows)
            for delay, power in product:
                z = z * powers[power, longest - delay : len(v) - delay]
            z = z - z.mean()
            square = float(z @ z)
            value = float(((basis.T @ z) ** 2).sum()) / square if square else 0.0
            if value > threshold:
                products[product] = value
                by_degree[total - 1] += value
    return Capacity(by_degree, float(by_degree.sum()), products, threshold)


def _basis(states: Float64Array) -> Float64Array:
    """Orthonormal columns that span the centred states, without directions that only round."""
    left, sizes, _ = linalg.svd(states - states.mean(0), full_matrices=False)
    kept: Float64Array = left[:, sizes > sizes[0] * max(states.shape) * np.finfo(float).eps]
    return kept


def _products(total: int, delays: int) -> Iterator[Product]:
    """Every product of a total degree: a multiset of as many delays."""
    for chosen in itertools.combinations_with_replacement(range(delays), total):
        yield tuple((delay, len(list(same))) for delay, same in itertools.groupby(chosen))
