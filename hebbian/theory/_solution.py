"""What comes out of a state, and whether slow dynamics of the overlaps stay in it."""

import numpy as np
from numpy.typing import NDArray

from axonal.hebbian.theory.examples import Averages
from axonal.hebbian.theory.system import Solution, System, quiet

Array = NDArray[np.float64]

_STEP = 1e-4


def is_minmax(
    system: System, load: Array, T: Array, w: Array, s: Array, site: Averages
) -> NDArray[np.bool_]:
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

    def noise(C: Array) -> Array:
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
    system: System,
    exists: NDArray[np.bool_],
    load: Array,
    T: Array,
    w: Array,
    s: Array,
    site: Averages,
    drive: Array,
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
        replicon = system.crosstalk.replicon(load, site.q, site.C, site.fourth, T)
        r = system.crosstalk.variance(site.q, site.C)
        f = drive + system.crosstalk.free_energy(load, s, site.q, site.C, T) - site.log
    values = (site.m, site.n, site.q, r, f, replicon)
    full = np.full((len(values), *exists.shape), np.nan)
    full[:, exists] = np.broadcast_arrays(*values)
    m, n, q, r, f, replicon = full
    minmax = np.full(exists.shape, False)
    minmax[exists] = is_minmax(system, load, T, w, s, site)
    return Solution(m, n, q, r, f, replicon, stable=replicon < 1, minmax=minmax, exists=exists)
