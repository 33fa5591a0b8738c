"""What defines a saddle point, and what comes out of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonal.hebbian.theory.crosstalk import Crosstalk
from axonal.hebbian.theory.examples import Averages, Signal

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """A state of the replica-symmetric theory, arrays of one shape; nan where it does not exist.

    Args:
        m: overlap with the pattern, or with the archetype behind noisy examples.
        n: overlap with what is stored, ``<zeta s_i>``; equals m for clean patterns.
        q: Edwards-Anderson overlap of two replicas.
        r: crosstalk variance a unit of load.
        f: free energy a spin.
        replicon: replica symmetry is stable where this is below 1.
        stable: whether it is; False where the state does not exist.
        exists: whether there is such a state.

    >>> from axonal.hebbian import Hopfield
    >>> Hopfield().theory(alpha=[0.1, 0.2], T=0.1).exists
    array([ True, False])
    """

    m: Array
    n: Array
    q: Array
    r: Array
    f: Array
    replicon: Array
    stable: NDArray[np.bool_]
    exists: NDArray[np.bool_]


@dataclass(frozen=True)
class System:
    """What defines a saddle point.

    Args:
        P: order of the interaction, >= 2.
        signal: what a site sees of the retrieved pattern.
        crosstalk: noise from the others.
        condensed: how many patterns share the retrieved state, all with the overlap n.
    """

    P: int
    signal: Signal
    crosstalk: Crosstalk
    condensed: int = 1


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what points without a state divide by."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yield


def assemble(
    system: System,
    exists: NDArray[np.bool_],
    load: Array,
    T: Array,
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
    return Solution(m, n, q, r, f, replicon, stable=replicon < 1, exists=exists)
