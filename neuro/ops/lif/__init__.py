"""Leaky integrate-and-fire: one recurrence for every convention of the field."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops._neuron import Neuron
from axonal.neuro.ops.lif import _op, reference

__all__ = ["Convention", "lif"]


def lif(
    x: Tensor,
    v: Tensor,
    wait: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    convention: Convention = PLAIN,
    *,
    recompute: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run leaky integrate-and-fire neurons over a sequence.

    For every step t, with h the potential before the reset:

        h = decay v + x_t                 (or decay v + (1 - decay) x_t with ``decay_input``)
        s = [h >= threshold]              (backward: the surrogate's derivative at h - threshold)
        v = h (1 - s)                     (``reset="zero"``; ``"subtract"``: v = h - threshold s)

    With ``reset="delayed"`` v = h, and the next step subtracts: its h is lower by threshold s. With
    ``"none"`` v = h, and nothing is ever taken away. The compiled
    form of these two is that of :func:`axonal.neuro.ops.neuron_loop.neuron_loop`.

    A neuron that fired holds v, ignores its input and stays silent for ``refractory`` steps.

    Args:
        x: input [T, B, ...].
        v: potential after the last step before ``x`` [B, ...].
        wait: refractory steps left [B, ...] of int32; ``None`` where ``refractory`` is 0.
        decay: factor per step, 0 to 1, a scalar or one per neuron.
        threshold: potential at which a neuron fires, a scalar or one per neuron.
        convention: decay of the input, reset, refractory steps and surrogate, see
            :class:`Convention`.
        recompute: keep x instead of h for the backward pass, which computes h again. It saves
            memory where x is kept anyway; refractory neurons and learned decays always do so.
        backend: ``"auto"``, ``"reference"`` (the definition, differentiable twice), ``"cpu"``
            (compiled loops) or ``"cuda"`` (a kernel, which keeps x; half precision is computed in
            single precision and rounded at the end).

    Returns:
        spikes [T, B, ...], v and wait after the last step.

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors; for an unknown reset or
            surrogate, and for a user's own where the back end is compiled.

    >>> import torch
    >>> x = torch.tensor([0.6, 0.6, 0.6]).reshape(3, 1, 1)
    >>> one = torch.tensor(1.0)
    >>> spikes, v, _ = lif(x, torch.zeros(1, 1), None, decay=one * 0.5, threshold=one)
    >>> spikes.flatten(), v.flatten()
    (tensor([0., 0., 1.]), tensor([0.]))
    """
    backend = _dispatch.for_convention("lif", convention, wait, backend)
    neuron = Neuron(decay, threshold, convention)
    pays = len(x) > 1
    if _dispatch.use_compiled("lif", backend, x, v, decay, threshold, pays=pays, cuda=True):
        return _op.lif(x, v, wait, neuron, recompute)
    return reference.lif(x, v, wait, neuron)
