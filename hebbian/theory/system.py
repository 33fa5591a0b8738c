"""What defines a saddle point, and what comes out of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonal.hebbian.theory.crosstalk import Crosstalk
from axonal.hebbian.theory.examples import Signal

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
        minmax: whether f is largest over q and then least over n there, so that slow dynamics of
            the overlaps stay; False where the state does not exist.
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
    minmax: NDArray[np.bool_]
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
