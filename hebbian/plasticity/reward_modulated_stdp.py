"""Spike-timing-dependent plasticity that waits for a reward."""

from typing import NamedTuple

import torch
from torch import Tensor

from axonal._base.checks import number
from axonal.hebbian.plasticity import _spikes
from axonal.hebbian.plasticity.pair_stdp import PairTraces, decayed, with_spikes


class RewardTraces(NamedTuple):
    """Traces of :func:`reward_modulated_stdp`, with the spikes of the last step.

    Attributes:
        pairs: traces of sources and targets.
        eligibility: what pairs would have changed [B, M, N], and is fading.
    """

    pairs: PairTraces
    eligibility: Tensor


class RewardChange(NamedTuple):
    """Result of a step of :func:`reward_modulated_stdp`.

    Attributes:
        weight: dW [M, N].
        traces: for the next step.
    """

    weight: Tensor
    traces: RewardTraces


def reward_modulated_stdp(
    weight: Tensor,
    traces: RewardTraces | None,
    pre: Tensor,
    post: Tensor,
    reward: Tensor | float,
    *,
    potentiation: float = 1.0,
    depression: float = 1.0,
    tau_plus: float = 20.0,
    tau_minus: float = 20.0,
    tau_eligibility: float = 200.0,
) -> RewardChange:
    """Change of weights in one step, the reward times an eligibility that pairs of spikes leave.

        e <- exp(-1 / tau_e) e + A_plus s_post x_pre^T - A_minus x_post s_pre^T
        dW = mean_b R_b e_b

    with the traces x of :func:`pair_stdp`. In the mean dW = cov(R, e) + mean R mean e: the first
    term learns, the second is plain STDP. Climbs the mean reward only if the second vanishes, by a
    reward less its mean per task (its expectation is zero), which a running mean per task gives, or
    by pairs that balance (mean e = 0), and if chance makes targets fire otherwise from trial to
    trial; with a constant reward it is :func:`pair_stdp`, whatever was to be learned.

    Source: Izhikevich, Cerebral Cortex 17, 2007; Florian, Neural Computation 19, 2007; condition on
    the mean reward: Frémaux, Sprekeler and Gerstner, Journal of Neuroscience 30, 2010.

    Args:
        weight: W [M, N], targets first; only its shape matters.
        traces: as the step before returned them; None at the start of a trial.
        pre: spikes of the sources in this step [B, N], 0 or 1.
        post: spikes of the targets in this step [B, M].
        reward: R in this step, one number or one per sample [B]; 0 where there is none.
        potentiation: A_plus, >= 0.
        depression: A_minus, >= 0.
        tau_plus: time constant of potentiation in steps, > 0.
        tau_minus: of depression.
        tau_eligibility: of the eligibility, tau_e.

    Returns:
        the change of weights and the traces for the next step.

    Raises:
        ValueError: for arguments out of range, and shapes that do not fit.

    >>> import torch
    >>> w, one, none = torch.zeros(1, 1), torch.ones(1, 1), torch.zeros(1, 1)
    >>> traces, fast = None, {"tau_eligibility": 1.0}
    >>> for pre, post, reward in ((one, none, 0.0), (none, one, 0.0), (none, none, 2.0)):
    ...     change, traces = reward_modulated_stdp(w, traces, pre, post, reward, **fast)
    >>> round(change.item(), 4)  # 2 exp(-1 / 20) exp(-1)
    0.6999
    """
    who = "reward_modulated_stdp"
    _spikes.synapses(who, weight, pre, post)
    for name, value in (("potentiation", potentiation), ("depression", depression)):
        number(who, name, value, 0.0)
    for name, value in (
        ("tau_plus", tau_plus), ("tau_minus", tau_minus), ("tau_eligibility", tau_eligibility),
    ):  # fmt: skip
        number(who, name, value, 0.0, open_low=True)
    given = torch.as_tensor(reward, dtype=weight.dtype, device=weight.device)
    if given.shape not in ((), (len(pre),)):
        raise ValueError(
            f"{who} expects the reward as one number, or one per sample [{len(pre)}], got "
            f"{tuple(given.shape)}."
        )
    x = decayed(who, None if traces is None else traces.pairs, pre, post, tau_plus, tau_minus)
    pairs = potentiation * post.unsqueeze(2) * x.pre.unsqueeze(1)
    pairs = pairs - depression * x.post.unsqueeze(2) * pre.unsqueeze(1)
    if traces is not None:
        _spikes.same(who, "the eligibility", traces.eligibility, pairs)
        pairs = pairs + _spikes.decay(tau_eligibility) * traces.eligibility
    change = (given.view(-1, 1, 1) * pairs).mean(0)
    return RewardChange(change, RewardTraces(with_spikes(x, pre, post), pairs))
