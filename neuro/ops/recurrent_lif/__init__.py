"""LIF neurons that hear each other: the recurrence of ``lif`` with a product inside every step."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops._neuron import Neuron
from axonal.neuro.ops.recurrent_lif import _op, reference
from axonal.neuro.ops.recurrent_lif._feedback import LoopState

__all__ = ["Convention", "recurrent_lif"]


def recurrent_lif(
    x: Tensor,
    spikes: Tensor,
    v: Tensor,
    wait: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention = PLAIN,
    *,
    recompute: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run leaky integrate-and-fire neurons that feed each other with a delay of one step.

    Every step is that of :func:`axonal.neuro.ops.lif.lif` for the input

        x_t + W s_{t-1} + b

    The compiled loops add a row of weights for every neuron that fired, and hand over to a dense
    product at steps at which many did. Sums are then rounded in another order than in a dense
    product: a potential within rounding of the threshold may fire on one back end and not on the
    other. With weights and inputs on a grid, where sums are exact, spikes are the same.

    Args:
        x: input [T, B, N].
        spikes: spikes of the last step before ``x`` [B, N].
        v: potential after the last step before ``x`` [B, N].
        wait: refractory steps left [B, N] of int32; ``None`` where ``refractory`` is 0.
        weight: W [N, N], the row of a neuron its inputs.
        bias: b [N], or ``None``.
        decay: factor per step, 0 to 1, a scalar or one per neuron.
        threshold: potential at which a neuron fires, a scalar or one per neuron.
        convention: that of :func:`axonal.neuro.ops.lif.lif`.
        recompute: keep x instead of the potential for the backward pass, beside the spikes;
            refractory neurons and learned decays of an input that decays always do so.
        backend: ``"auto"``, ``"reference"`` (the definition, differentiable twice), ``"cpu"``
            (compiled loops) or ``"cuda"`` (a product and a kernel per step; in half precision the
            products are of that precision, the rest is single).

    Returns:
        spikes [T, B, N], v and wait after the last step.

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors; for an unknown reset or
            surrogate, and for a user's own where the back end is compiled.

    >>> import torch
    >>> x, rest, one = torch.zeros(3, 1, 2), torch.zeros(1, 2), torch.tensor(1.0)
    >>> x[0, 0, 0] = 1.0  # the first neuron is made to fire, and excites the second
    >>> weight = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    >>> spikes, _, _ = recurrent_lif(x, rest, rest, None, weight, None, one / 2, one)
    >>> spikes[:, 0]
    tensor([[1., 0.],
            [0., 1.],
            [0., 0.]])
    """
    backend = _dispatch.for_convention("recurrent_lif", convention, wait, backend)
    state, neuron = LoopState(spikes, v, wait), Neuron(decay, threshold, convention)
    given = (x, spikes, v, weight, decay, threshold, *(() if bias is None else (bias,)))
    if _dispatch.use_compiled("recurrent_lif", backend, *given, cuda=True):
        return _op.recurrent_lif(x, state, weight, bias, neuron, recompute)
    return reference.recurrent_lif(x, state, weight, bias, neuron)
