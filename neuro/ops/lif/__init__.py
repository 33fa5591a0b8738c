"""Leaky integrate-and-fire: one recurrence for every convention of the field."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops._neuron import Neuron
from axonal.neuro.ops.lif import _op, one_step, reference
from axonal.neuro.ops.lif._online import Online

__all__ = ["Convention", "lif", "online_lif"]


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
    if x.shape[0] == 1 and backend == "auto" and one_step.fits(x, v, neuron):
        with _dispatch.unwarned():
            run = one_step.run(x, v, decay, threshold, convention.decay_input, convention.reset)
        return *run, None
    pays = x.shape[0] > 1
    if _dispatch.use_compiled("lif", backend, x, v, decay, threshold, pays=pays, cuda=True):
        return _op.lif(x, v, wait, neuron, recompute)
    return reference.lif(x, v, wait, neuron)


def online_lif(
    x: Tensor, v: Tensor, decay: Tensor, threshold: Tensor, convention: Convention = PLAIN
) -> tuple[Tensor, Tensor]:
    """Run the neurons of :func:`lif` with gradients that stay within a step.

    The gradient of x_t is that of s_t times the surrogate's derivative (and 1 - decay with
    ``decay_input``); none goes back to earlier steps, so that sequences can be run in parts of any
    length at the same gradients, as rules that learn online do.

    Args:
        x: input [T, B, ...].
        v: potential after the last step before ``x`` [B, ...]; it gets no gradient.
        decay: factor per step, 0 to 1, a scalar or one per neuron; it gets no gradient.
        threshold: potential at which a neuron fires, likewise.
        convention: that of :func:`lif`; its reset "subtract" or "none", without refractory steps.

    Returns:
        spikes [T, B, ...] and v after the last step.

    Raises:
        ValueError: for another reset and for refractory steps.

    >>> import torch
    >>> x, half, one = torch.ones(3, 1, 1, requires_grad=True), torch.tensor(0.5), torch.tensor(1.0)
    >>> spikes, _ = online_lif(x, torch.zeros(1, 1), half, one, Convention(reset="subtract"))
    >>> spikes[2].sum().backward()
    >>> x.grad.flatten()
    tensor([0., 0., 1.])
    """
    if convention.reset not in ("subtract", "none") or convention.refractory:
        raise ValueError(
            'online_lif expects reset "subtract" or "none" and refractory = 0, got '
            f'reset="{convention.reset}" and refractory = {convention.refractory}.'
        )
    spikes, v = Online.apply(x, v, decay, threshold, convention)  # type: ignore[no-untyped-call]
    return spikes, v
