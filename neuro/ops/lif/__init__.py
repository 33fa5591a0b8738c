"""Leaky integrate-and-fire: one recurrence for every convention of the field."""

from typing import Any

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.lif import _op, reference
from axonal.neuro.surrogates._surrogate import Surrogate

try:
    from axonal.neuro.ops.lif import _on_cpu
except ModuleNotFoundError as error:
    if error.name != "numba":
        raise
    _on_cpu = None  # type: ignore[assignment]


def lif(
    x: Tensor,
    v: Tensor,
    wait: Tensor | None,
    decay: Tensor,
    threshold: Tensor,
    *,
    decay_input: bool = False,
    reset: str = "zero",
    detach_reset: bool = True,
    refractory: int = 0,
    surrogate: str | Surrogate = "atan",
    alpha: float = 2.0,
    recompute: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run leaky integrate-and-fire neurons over a sequence.

    For every step t, with h the potential before the reset:

        h = decay v + x_t                 (or decay v + (1 - decay) x_t with ``decay_input``)
        s = [h >= threshold]              (backward: the surrogate's derivative at h - threshold)
        v = h (1 - s)                     (``reset="zero"``; ``"subtract"``: v = h - threshold s)

    With ``reset="delayed"`` v = h, and the next step subtracts: its h is lower by threshold s. With
    ``"none"`` v = h, and nothing is ever taken away. These two have no compiled form.

    A neuron that fired holds v, ignores its input and stays silent for ``refractory`` steps.

    Args:
        x: input [T, B, ...].
        v: potential after the last step before ``x`` [B, ...].
        wait: refractory steps left [B, ...] of int32; ``None`` where ``refractory`` is 0.
        decay: factor a step, 0 to 1, a scalar or one a neuron.
        threshold: potential at which a neuron fires, a scalar or one a neuron.
        decay_input: scale the input by ``1 - decay``.
        reset: ``"zero"``, ``"subtract"``, ``"delayed"`` or ``"none"``.
        detach_reset: let no gradient through the reset.
        refractory: steps, >= 0.
        surrogate: name of the surrogate derivative, with its ``alpha``; or a
            :class:`Surrogate` of one's own, for which "auto" takes the definition.
        alpha: sharpness of the surrogate.
        recompute: keep x instead of h for the backward pass, which computes h again. It saves
            memory where x is kept anyway; who is refractory or learns its decay always does so.
        backend: ``"auto"``, ``"reference"`` (the definition, differentiable twice), ``"cpu"``
            (compiled loops) or ``"cuda"`` (a kernel, which keeps x; half precision is computed in
            single precision and rounded at the end).

    Returns:
        spikes [T, B, ...], v and wait after the last step.

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors; for an unknown reset or
            surrogate, and for one's own where the back end is compiled.

    >>> import torch
    >>> x = torch.tensor([0.6, 0.6, 0.6]).reshape(3, 1, 1)
    >>> one = torch.tensor(1.0)
    >>> spikes, v, _ = lif(x, torch.zeros(1, 1), None, decay=one * 0.5, threshold=one)
    >>> spikes.flatten(), v.flatten()
    (tensor([0., 0., 1.]), tensor([0.]))
    """
    _dispatch.wait_fits("lif", wait, refractory)
    backend = _dispatch.for_choices("lif", reset, surrogate, backend)
    fast = _dispatch.compiled(
        "lif", backend, _on_cpu is not None, x, v, decay, threshold, pays=len(x) > 1, cuda=True
    )
    run: Any = _op.lif if fast else reference.lif
    result: tuple[Tensor, Tensor, Tensor | None] = run(
        x, v, wait, decay, threshold,
        decay_input=decay_input, reset=reset, detach_reset=detach_reset,
        refractory=refractory, surrogate=surrogate, alpha=alpha, recompute=recompute,
    )  # fmt: skip
    return result
