"""Power laws of sizes and durations, beside laws that look like them."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from axonal._base import checks
from axonal._base.extras import extra

FEWEST = 50
"""Values from which a power law is fitted; with fewer, every straight line seems to fit."""


class PowerLaw(NamedTuple):
    """The result of `power_law`.

    Args:
        exponent: alpha of p(x) ~ x^-alpha.
        error: its standard error.
        smallest: value from which the law holds.
        tail: number of values from there on.
        distance: Kolmogorov and Smirnov's, between the values and the law.
        over_exponential: log likelihood less that of an exponential law; positive where the
            power law is the better one.
        exponential_p: probability of such a difference by chance.
        over_lognormal: the same, less that of a lognormal law.
        lognormal_p: probability of such a difference by chance.
    """

    exponent: float
    error: float
    smallest: float
    tail: int
    distance: float
    over_exponential: float
    exponential_p: float
    over_lognormal: float
    lognormal_p: float


def power_law(
    values: ArrayLike, *, smallest: float | None = None, largest: float | None = None
) -> PowerLaw:
    """Exponent of a power law by maximum likelihood, and other laws beside it.

    Whole numbers are fitted by the discrete law. A straight line in a double logarithmic plot is no
    evidence: look whether the other laws are worse, and at how many values there are.

    Args:
        values: sizes or durations [A], > 0.
        smallest: value from which the law holds; by default the one with the least distance.
        largest: value up to which it holds, such as the size of the network; none by default.

    Raises:
        ImportError: the library ``powerlaw`` is not installed.
        ValueError: values that are not positive, or fewer than 50 of them.

    Source: Clauset, Shalizi and Newman, SIAM Rev. 51, 661 (2009); Alstott, Bullmore and Plenz, PLoS
    ONE 9, e85777 (2014), whose library this calls.

    >>> import numpy as np
    >>> sizes = np.random.default_rng(0).zipf(2.5, 2000)
    >>> found = power_law(sizes, smallest=1)
    >>> abs(found.exponent - 2.5) < 4 * found.error < 0.2
    True
    """
    who = "power_law"
    x = np.asarray(values)
    if x.ndim != 1 or x.dtype.kind not in "iuf" or len(x) < FEWEST:
        raise ValueError(
            f"{who} expects at least {FEWEST} values [A], got {x.shape} of {x.dtype}: run the"
            " network for longer."
        )
    if not (np.isfinite(x).all() and x.min() > 0):
        raise ValueError(f"{who} expects finite values > 0, got {x.min()}.")
    if (x == x[0]).all():
        raise ValueError(f"{who} expects values that differ, got {len(x)} times {x[0]}.")
    for name, bound in (("smallest", smallest), ("largest", largest)):
        if bound is not None:
            checks.number(who, name, bound, 0, open_low=True)
    library = extra("powerlaw", "reservoirs", "power laws")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # the search tries starts at which its laws are not defined, and says so
        warnings.simplefilter("ignore")
        fit = library.Fit(
            x.tolist(), discrete=x.dtype.kind in "iu", xmin=smallest, xmax=largest, verbose=0
        )
        exponential = fit.distribution_compare("power_law", "exponential", normalized_ratio=False)
        lognormal = fit.distribution_compare("power_law", "lognormal", normalized_ratio=False)
    law = fit.power_law
    return PowerLaw(
        float(law.alpha),
        float(law.standard_err),
        float(fit.xmin),
        int(fit.n_tail),
        float(law.D),
        *(float(part) for part in (*exponential, *lognormal)),
    )
