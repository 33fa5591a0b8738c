"""Three-factor learning of weights and delays: eligibility traces and a signal that comes later."""

from typing import NamedTuple

import torch
from torch import Tensor

from axonal._base.checks import number
from axonal.hebbian.plasticity import _spikes


class ThreeFactorTraces(NamedTuple):
    """Traces of :func:`three_factor`; those of delays are None where delays do not learn.

    Attributes:
        weight: d v / d w, how the potential of the target follows each weight [B, M, N].
        delay: d v / d delay [B, M, N].
        weight_eligibility: low-pass of psi times the first [B, M, N].
        delay_eligibility: low-pass of psi times the second.
    """

    weight: Tensor
    delay: Tensor | None
    weight_eligibility: Tensor
    delay_eligibility: Tensor | None


class ThreeFactorChange(NamedTuple):
    """Result of a step of :func:`three_factor`.

    Attributes:
        weight: dW [M, N].
        delay: change of delays in steps [M, N]; None where they do not learn.
        traces: for the next step.
    """

    weight: Tensor
    delay: Tensor | None
    traces: ThreeFactorTraces


def three_factor(
    weight: Tensor,
    traces: ThreeFactorTraces | None,
    pre: Tensor,
    post: Tensor,
    signal: Tensor,
    *,
    slope: Tensor,
    decay: Tensor | float,
    moved: Tensor | None = None,
    reset: str = "zero",
    readout_decay: float = 0.0,
) -> ThreeFactorChange:
    """Change of weights and delays of spiking neurons in one step, by traces that look back alone.

    With a_b,mn what arrives at the synapse from n to m in this step, its source's spike of d_mn
    steps ago, d the decay of the membranes and L the signal of the targets,

        u <- d u + a,  q <- d q + w da/d(delay)           (0 after a spike, if that resets to zero)
        e <- k e + psi u,  f <- k f + psi q
        dW = -mean_b L e,  d(delay) = -mean_b L f

    The spike behind a has no derivative by its delay. One is taken of a Gaussian around it, in the
    trace q alone: what runs, a, is whole spikes. psi is the surrogate derivative of the target.

    With L_m = sum_k W_out,km dE/dy_k of a readout y <- k y + W_out s, called at every step, the sum
    of the changes is the gradient of E, exactly, for one layer without recurrence whose reset has
    no gradient (surrogates and Gaussian being what backpropagation through time uses as well). With
    another L, random feedback or one reward, it is a descent direction only while the changes point
    less than 90 degrees away from that gradient; then it converges as stochastic gradient descent
    does, with rates that fall as 1 / t. Memory is that of the traces, whatever T.

    Source: eligibility of weights: Bellec et al., Nature Communications 11, 2020; of delays, with a
    Gaussian in the trace alone: the idea of arXiv 2601.00668, derived here from the potential.

    Args:
        weight: W [M, N], targets first.
        traces: as the step before returned them; None at the start.
        pre: what arrives, a: [B, N] if without delays, else one value per synapse [B, M, N].
        post: spikes of the targets in this step [B, M].
        signal: L [B, M]; zeros while there is none.
        slope: psi, surrogate derivative of the targets in this step [B, M].
        decay: d, factor of the membranes per step, a number or one per target [M].
        moved: da/d(delay) [B, M, N]; None if delays do not learn.
        reset: of the targets, "zero", "subtract" or "none".
        readout_decay: k, 0 to 1; 0 if the signal tells of this step's spikes alone.

    Returns:
        the changes, mean over the batch and without a rate, and the traces for the next step.

    Raises:
        ValueError: for arguments out of range, and shapes that do not fit.

    >>> import torch
    >>> w, one = torch.full((1, 1), 0.5), torch.ones(1, 1)
    >>> change = three_factor(w, None, one, 0 * one, 2 * one, slope=0.3 * one, decay=0.9)
    >>> change.weight
    tensor([[-0.6000]])
    """
    who = "three_factor"
    arrived = _arrived(who, weight, pre, post)
    for name, given in (("signal", signal), ("slope", slope)):
        _spikes.same(who, name, given, post)
    number(who, "readout_decay", readout_decay, 0.0, 1.0)
    if reset not in ("zero", "subtract", "none"):
        raise ValueError(f'{who} expects reset "zero", "subtract" or "none", got {reset!r}.')
    if moved is not None:
        _spikes.same(who, "moved", moved, arrived.expand(-1, *weight.shape))
    shape = (len(post), *weight.shape)
    if traces is None:
        nothing = weight.new_zeros(shape)
        still = None if moved is None else nothing
        traces = ThreeFactorTraces(nothing, still, nothing, still)
    _spikes.same(who, "the trace weight", traces.weight, weight.expand(shape))
    if (moved is None) != (traces.delay is None):
        raise ValueError(
            f"{who} expects moved at every step or at none: these traces are of delays that "
            f"{'do' if moved is None else 'do not'} learn."
        )
    d = torch.as_tensor(decay, dtype=weight.dtype, device=weight.device).reshape(-1, 1)
    keep = (1 - post).unsqueeze(2) if reset == "zero" else None

    def along(trace: Tensor, new: Tensor, low_pass: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Trace after the step, its eligibility, and the change."""
        potential = d * trace + new
        eligibility = readout_decay * low_pass + slope.unsqueeze(2) * potential
        change = -(signal.unsqueeze(2) * eligibility).mean(0)
        return potential if keep is None else potential * keep, eligibility, change

    u, e, d_weight = along(traces.weight, arrived, traces.weight_eligibility)
    if moved is None or traces.delay is None or traces.delay_eligibility is None:
        return ThreeFactorChange(d_weight, None, ThreeFactorTraces(u, None, e, None))
    q, f, d_delay = along(traces.delay, weight * moved, traces.delay_eligibility)
    return ThreeFactorChange(d_weight, d_delay, ThreeFactorTraces(u, q, e, f))


def _arrived(who: str, weight: Tensor, pre: Tensor, post: Tensor) -> Tensor:
    """Input that arrives, with an axis of targets [B, M or 1, N]."""
    if pre.ndim == 3:
        if pre.shape[1:] != weight.shape:
            raise ValueError(
                f"{who} expects pre [B, N], or [B, M, N] with M, N = {tuple(weight.shape)}, got "
                f"{tuple(pre.shape)}."
            )
        _spikes.synapses(who, weight, pre[:, 0], post)
        return pre
    _spikes.synapses(who, weight, pre, post)
    return pre.unsqueeze(1)
