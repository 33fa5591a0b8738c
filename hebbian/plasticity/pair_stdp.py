"""Spike-timing-dependent plasticity of pairs of spikes."""

from typing import NamedTuple

import torch
from torch import Tensor

from axonal._base.checks import number
from axonal.hebbian.plasticity import _spikes


class PairTraces(NamedTuple):
    """Traces of :func:`pair_stdp`, with the spikes of the last step.

    Attributes:
        pre: of the sources [B, N].
        post: of the targets [B, M].
    """

    pre: Tensor
    post: Tensor


class PairChange(NamedTuple):
    """Result of a step of :func:`pair_stdp`.

    Attributes:
        weight: dW [M, N].
        traces: for the next step.
    """

    weight: Tensor
    traces: PairTraces


def pair_stdp(
    weight: Tensor,
    traces: PairTraces | None,
    pre: Tensor,
    post: Tensor,
    *,
    potentiation: float = 0.01,
    depression: float = 0.0105,
    tau_plus: float = 20.0,
    tau_minus: float = 20.0,
    exponent: float = 0.0,
    largest: float = 1.0,
    nearest: bool = False,
) -> PairChange:
    """Change of weights in one step by pairs of spikes.

        dW = mean_b [A_plus (1 - w)^mu s_post x_pre^T - A_minus w^mu x_post s_pre^T]
        x <- exp(-1 / tau) x + s,  with w in units of ``largest`` in the powers

    A pair whose source fires D > 0 steps before its target adds A_plus exp(-D / tau_plus), one
    whose source fires D steps after it takes A_minus exp(-D / tau_minus) away; spikes of one step
    are no pair. Weights are for the caller to add to and, with mu = 0, to keep within bounds.

    Stable for uncorrelated spikes of constant rates: with mu = 1 at the weight A_plus a_plus /
    (A_plus a_plus + A_minus a_minus) in units of ``largest``, where a = 1 / (exp(1 / tau) - 1);
    with mu = 0 not at all: weights drift at the rate r_pre r_post (A_plus a_plus - A_minus a_minus)
    to a bound, the lower one if A_minus a_minus is the larger, and correlated sources win.

    `reservoirs.PairSTDP` has the window of this rule in the conventions of its paper: its
    amplitudes are a rate times the increment of a trace, its inhibitory synapses learn with the two
    terms swapped, and its rate of depression is a modulator's.

    Source: Song, Miller and Abbott, Nature Neuroscience 3, 2000; powers: Gütig et al., Journal of
    Neuroscience 23, 2003.

    Args:
        weight: W [M, N], targets first.
        traces: as the step before returned them; None at the start.
        pre: spikes of the sources in this step [B, N], 0 or 1.
        post: spikes of the targets in this step [B, M].
        potentiation: A_plus, >= 0.
        depression: A_minus, >= 0.
        tau_plus: time constant of potentiation in steps, > 0.
        tau_minus: of depression.
        exponent: mu, 0 (additive) to 1 (multiplicative); above 0 weights have to lie within
            [0, largest].
        largest: weight at which potentiation ends where mu > 0, > 0.
        nearest: count the latest spike alone, x <- 1 at a spike.

    Returns:
        the change of weights and the traces for the next step.

    Raises:
        ValueError: for arguments out of range, and shapes that do not fit.

    >>> import torch
    >>> w, spike, none = torch.zeros(1, 1), torch.ones(1, 1), torch.zeros(1, 1)
    >>> _, traces = pair_stdp(w, None, spike, none, tau_plus=2.0, potentiation=1.0)
    >>> pair_stdp(w, traces, none, spike, tau_plus=2.0, potentiation=1.0).weight  # exp(-1 / 2)
    tensor([[0.6065]])
    """
    who = "pair_stdp"
    _spikes.synapses(who, weight, pre, post)
    for name, value in (("potentiation", potentiation), ("depression", depression)):
        number(who, name, value, 0.0)
    for name, value in (("tau_plus", tau_plus), ("tau_minus", tau_minus), ("largest", largest)):
        number(who, name, value, 0.0, open_low=True)
    number(who, "exponent", exponent, 0.0, 1.0)
    x = decayed(who, traces, pre, post, tau_plus, tau_minus)
    up = potentiation * _spikes.outer(post, x.pre)
    down = depression * _spikes.outer(x.post, pre)
    if exponent:
        share = weight / largest
        up, down = up * (1 - share) ** exponent, down * share**exponent
    return PairChange(up - down, with_spikes(x, pre, post, nearest=nearest))


def decayed(
    who: str, traces: PairTraces | None, pre: Tensor, post: Tensor, tau_plus: float,
    tau_minus: float,
) -> PairTraces:  # fmt: skip
    """Traces as they are when the spikes of this step come."""
    if traces is None:
        return PairTraces(torch.zeros_like(pre), torch.zeros_like(post))
    for name, given, wanted in (("pre", traces.pre, pre), ("post", traces.post, post)):
        _spikes.same(who, f"the trace {name}", given, wanted)
    return PairTraces(_spikes.decay(tau_plus) * traces.pre, _spikes.decay(tau_minus) * traces.post)


def with_spikes(x: PairTraces, pre: Tensor, post: Tensor, *, nearest: bool = False) -> PairTraces:
    """Traces after the spikes of this step."""
    if nearest:
        return PairTraces(torch.where(pre > 0, pre, x.pre), torch.where(post > 0, post, x.post))
    return PairTraces(x.pre + pre, x.post + post)
