"""Spike-timing-dependent plasticity of triplets of spikes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from axonal._base.checks import number
from axonal.hebbian.plasticity import _spikes


@dataclass(frozen=True, kw_only=True)
class Triplets:
    """Amplitudes and time constants of :func:`triplet_stdp`.

    Args:
        pair_plus: A2_plus, of a pair that strengthens, >= 0.
        triplet_plus: A3_plus, added per earlier spike of the target.
        pair_minus: A2_minus, of a pair that weakens.
        triplet_minus: A3_minus, added per earlier spike of the source.
        tau_plus: time constant in steps of the fast trace of sources, > 0.
        tau_minus: of the fast trace of targets.
        tau_x: of the slow trace of sources.
        tau_y: of the slow trace of targets.

    Raises:
        ValueError: an argument is out of its range.

    >>> Triplets(pair_plus=0.0, triplet_plus=6.5e-3, pair_minus=7.1e-3).triplet_minus
    0.0
    """

    pair_plus: float
    triplet_plus: float
    pair_minus: float
    triplet_minus: float = 0.0
    tau_plus: float = 16.8
    tau_minus: float = 33.7
    tau_x: float = 101.0
    tau_y: float = 114.0

    def __post_init__(self) -> None:
        for name in ("pair_plus", "triplet_plus", "pair_minus", "triplet_minus"):
            number("Triplets", name, getattr(self, name), 0.0)
        for name in ("tau_plus", "tau_minus", "tau_x", "tau_y"):
            number("Triplets", name, getattr(self, name), 0.0, open_low=True)


TRIPLETS: Mapping[str, Triplets] = {
    "visual-cortex": Triplets(
        pair_plus=5e-10, triplet_plus=6.2e-3, pair_minus=7e-3, triplet_minus=2.3e-4,
        tau_x=101.0, tau_y=125.0,
    ),
    "visual-cortex-minimal": Triplets(pair_plus=0.0, triplet_plus=6.5e-3, pair_minus=7.1e-3),
}  # fmt: skip
"""Fits to the pairing experiments in visual cortex by Pfister and Gerstner (2006), all spikes
counted, in steps of a millisecond."""


class TripletTraces(NamedTuple):
    """Traces of :func:`triplet_stdp`, with the spikes of the last step.

    Attributes:
        r1: fast, of the sources [B, N].
        r2: slow, of the sources [B, N].
        o1: fast, of the targets [B, M].
        o2: slow, of the targets [B, M].
    """

    r1: Tensor
    r2: Tensor
    o1: Tensor
    o2: Tensor


class TripletChange(NamedTuple):
    """Result of a step of :func:`triplet_stdp`.

    Attributes:
        weight: dW [M, N].
        traces: for the next step.
    """

    weight: Tensor
    traces: TripletTraces


def triplet_stdp(
    weight: Tensor,
    traces: TripletTraces | None,
    pre: Tensor,
    post: Tensor,
    triplets: Triplets = TRIPLETS["visual-cortex-minimal"],
) -> TripletChange:
    """Change of weights in one step by pairs and triplets of spikes.

        at a spike of the target   dW = r1 (A2_plus + A3_plus o2)
        at a spike of the source   dW = -o1 (A2_minus + A3_minus r2)

    all traces as they were before the spikes of this step: exp(-D / tau) D steps after a spike, and
    spikes add up. For independent Poisson spikes the minimal model drifts at the rate
    r_pre r_post (A3_plus tau_plus tau_y r_post - A2_minus tau_minus): as :func:`bcm` does, with a
    threshold at r_post = A2_minus tau_minus / (A3_plus tau_plus tau_y). Stable only if A2_minus
    grows faster than the mean rate of the target, in the published mapping as mean r_post^2; with a
    constant A2_minus weights run to a bound, which is for the caller to keep.

    Source: Pfister and Gerstner, Journal of Neuroscience 26, 2006.

    Args:
        weight: W [M, N], targets first; only its shape matters.
        traces: as the step before returned them; None at the start.
        pre: spikes of the sources in this step [B, N], 0 or 1.
        post: spikes of the targets in this step [B, M].
        triplets: amplitudes and time constants; `TRIPLETS` has published ones.

    Returns:
        the change of weights, mean over the batch, and the traces for the next step.

    Raises:
        ValueError: for shapes that do not fit.

    >>> import torch
    >>> one, none = torch.ones(1, 1), torch.zeros(1, 1)
    >>> _, traces = triplet_stdp(one, None, one, one)  # both spike in step 0
    >>> change, _ = triplet_stdp(one, traces, none, one)  # the target again, one step later
    >>> round(change.item() / 6.5e-3, 4)  # exp(-1 / 16.8) exp(-1 / 114)
    0.934
    """
    _spikes.synapses("triplet_stdp", weight, pre, post)
    t = triplets
    spikes = TripletTraces(pre, pre, post, post)
    if traces is None:
        now = TripletTraces(*map(torch.zeros_like, spikes))
    else:
        for name, given, wanted in zip(TripletTraces._fields, traces, spikes, strict=True):
            _spikes.same("triplet_stdp", f"the trace {name}", given, wanted)
        factors = map(_spikes.decay, (t.tau_plus, t.tau_x, t.tau_minus, t.tau_y))
        now = TripletTraces(*(f * trace for f, trace in zip(factors, traces, strict=True)))
    up = _spikes.outer(post * (t.pair_plus + t.triplet_plus * now.o2), now.r1)
    down = _spikes.outer(now.o1, pre * (t.pair_minus + t.triplet_minus * now.r2))
    after = TripletTraces(*(trace + s for trace, s in zip(now, spikes, strict=True)))
    return TripletChange(up - down, after)
