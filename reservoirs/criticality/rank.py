"""Ranks of responses: how many inputs a reservoir tells apart, and how much noise."""

import numpy as np
from numpy.typing import ArrayLike

from axonal.reservoirs.criticality import _checks


def kernel_quality(responses: ArrayLike) -> int:
    """Rank of the responses to inputs that differ, which a linear readout can separate.

    Args:
        responses: numbers of spikes, or states, of N neurons for S inputs [S, N].

    Returns:
        A whole number up to min(S, N); larger is better.

    Raises:
        ValueError: an array of another shape, or not finite.

    Source: Legenstein and Maass, Neural Netw. 20, 323 (2007).

    >>> kernel_quality([[1, 0, 2], [0, 1, 1], [1, 1, 3]])
    2
    """
    return _rank("kernel_quality", responses)


def generalisation_rank(responses: ArrayLike) -> int:
    """Rank of the responses to variants of one input, such as noisy ones, that are to be one class.

    Args:
        responses: numbers of spikes, or states, of N neurons for S variants [S, N].

    Returns:
        A whole number up to min(S, N); smaller is better. The kernel quality less this is the
        measure by which reservoirs are compared.

    Raises:
        ValueError: an array of another shape, or not finite.

    Source: Legenstein and Maass, Neural Netw. 20, 323 (2007).

    >>> generalisation_rank([[4, 2, 0], [2, 1, 0]])
    1
    """
    return _rank("generalisation_rank", responses)


def _rank(who: str, responses: ArrayLike) -> int:
    return int(np.linalg.matrix_rank(_checks.matrix(who, "responses", responses, "[S, N]")))
