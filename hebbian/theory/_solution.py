"""A state of the theory, and whether slow dynamics of the overlaps stay in it."""

from dataclasses import dataclass

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array
from axonal.hebbian.theory.averages import Averages
from axonal.hebbian.theory.saddle_point import SaddlePoint, quiet

_STEP = 1e-4


@dataclass(frozen=True)
class Solution:
    """A state of the replica-symmetric theory, arrays of one shape; nan where it does not exist.

    Args:
        m: overlap with the pattern, or with the archetype behind noisy examples.
        n: overlap with what is stored, ``<zeta s_i>``; equals m for clean patterns.
        q: Edwards-Anderson overlap of two replicas.
        r: crosstalk variance per unit of load.
        f: free energy per spin.
        replicon: replica symmetry is stable where this is below 1.
        stable: whether it is; False where the state does not exist.
        minmax: whether f is largest over q and then least over n there, so that slow dynamics of
            the overlaps stay; False where the state does not exist.
        exists: whether there is such a state.

    >>> from axonal.hebbian import Hopfield
    >>> Hopfield().theory(alpha=[0.1, 0.2], T=0.1).exists
    array([ True, False])
    """

    m: Float64Array
    n: Float64Array
    q: Float64Array
    r: Float64Array
    f: Float64Array
    replicon: Float64Array
    stable: BoolArray
    minmax: BoolArray
    exists: BoolArray


def is_minmax(
    system: SaddlePoint,
    load: Float64Array,
    T: Float64Array,
    w: Float64Array,
    s: Float64Array,
    site: Averages,
) -> BoolArray:
    """Whether f is largest over q, and then least over n: dynamics of n that q follows stay there.

    With ``Q = <tanh^2>`` and ``N = <zeta tanh>`` of the field ``w zeta + s z``,

        df/dq ~ (Q - q) ds^2/dq,     df/dn ~ n - N,

    so that it is ``dQ/ds ds/dq < 1`` and ``dN/dn < 1`` along the q that follows n.

    Args:
        system: the model.
        load: alpha or gamma.
        T: temperature.
        w: signal.
        s: crosstalk.
        site: averages over sites there.
    """
    # In C = (1 - q) / T, which is finite at T = 0. Fields matter on the scale of their noise.
    dw = _STEP * np.maximum(np.maximum(s, T), 1e-9)
    up, down = system.signal.averages(w + dw, s, T), system.signal.averages(w - dw, s, T)
    N_w, C_w = (up.n - down.n) / (2 * dw), (up.C - down.C) / (2 * dw)
    wider, narrower = s * (1 + _STEP), s * (1 - _STEP)
    up, down = system.signal.averages(w, wider, T), system.signal.averages(w, narrower, T)

    def noise(C: Float64Array) -> Float64Array:
        return np.sqrt(load * system.crosstalk.variance(1 - T * C, C))

    with quiet():
        N_s, C_s = (up.n - down.n) / (wider - narrower), (up.C - down.C) / (wider - narrower)
        dC = _STEP * site.C
        s_C = (noise(site.C + dC) - noise(site.C - dC)) / (2 * dC)
        # Without load or response there is nothing for q to follow.
        s_C = np.where((s > 0) & (dC > 0), s_C, 0.0)
        N_s, C_s = np.where(s > 0, N_s, 0.0), np.where(s > 0, C_s, 0.0)
        rest = 1 - C_s * s_C
        total = N_w + N_s * s_C * C_w / rest
        n = site.n
        # dw/dn
        slope = (system.P - 1) * n ** (system.P - 2)
        return np.asarray((rest > 0) & (slope * total * system.condensed < 1))


def assemble(
    system: SaddlePoint,
    exists: BoolArray,
    load: Float64Array,
    T: Float64Array,
    w: Float64Array,
    s: Float64Array,
    site: Averages,
    drive: Float64Array,
) -> Solution:
    """Solution with values where a state exists.

    Args:
        system: the model.
        exists: where the state does, of the shape of the solution.
        load: load there [points].
        T: temperature there.
        w: signal there.
        s: crosstalk there.
        site: averages over sites there.
        drive: energy of the condensed pattern there.
    """
    with quiet():
        replicon = system.crosstalk.replicon(load, site, T)
        r = system.crosstalk.variance(site.q, site.C)
        f = drive + system.crosstalk.free_energy(load, s, site, T) - site.log
    values = (site.m, site.n, site.q, r, f, replicon)
    full = np.full((len(values), *exists.shape), np.nan)
    full[:, exists] = np.broadcast_arrays(*values)
    m, n, q, r, f, replicon = full
    minmax = np.full(exists.shape, False)
    minmax[exists] = is_minmax(system, load, T, w, s, site)
    return Solution(m, n, q, r, f, replicon, stable=replicon < 1, minmax=minmax, exists=exists)
