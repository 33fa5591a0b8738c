"""Separation of the responses to classes of inputs."""

import numpy as np
from numpy.typing import ArrayLike

from axonal.reservoirs.criticality import _checks


def separation(responses: ArrayLike, labels: ArrayLike) -> float:
    """Distance between the classes of responses, per scatter inside them.

    With the mean response mu_c of each of n classes: d = sum_{c, c'} ||mu_c - mu_c'|| / n^2, v the
    mean over classes of the mean distance of a response from mu_c, separation d / (v + 1).

    Args:
        responses: numbers of spikes, or states, of N neurons for S inputs [S, N].
        labels: class of each input [S]; two classes at least.

    Raises:
        ValueError: shapes that do not fit, fewer than two classes.

    Source: Norton and Ventura, Neurocomputing 73, 2893 (2010).

    >>> separation([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]], [0, 1, 1])
    2.5
    """
    who = "separation"
    x = _checks.matrix(who, "responses", responses, "[S, N]")
    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    if codes.shape != (len(x),) or len(names) < 2:
        raise ValueError(
            f"{who} expects a label per response and two classes at least, got {codes.shape} labels"
            f" of {len(names)} classes for {len(x)} responses."
        )
    means = np.stack([x[codes == c].mean(0) for c in range(len(names))])
    apart = np.linalg.norm(means[:, None] - means[None], axis=-1).mean()
    inside = np.linalg.norm(x - means[codes], axis=1)
    scatter = np.mean([inside[codes == c].mean() for c in range(len(names))])
    return float(apart / (scatter + 1))
