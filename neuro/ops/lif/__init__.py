"""Leaky integrate-and-fire: one recurrence for every convention of the field."""

from torch import Tensor

from axonal.neuro.ops.lif import eager, reference

BACKENDS = {"auto": eager.lif, "eager": eager.lif, "reference": reference.lif}


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
    surrogate: str = "atan",
    alpha: float = 2.0,
    backend: str = "auto",
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Run leaky integrate-and-fire neurons over a sequence.

    For every step t, with h the potential before the reset:

        h = decay v + x_t                 (or decay v + (1 - decay) x_t with ``decay_input``)
        s = [h >= threshold]              (backward: the surrogate's derivative at h - threshold)
        v = h (1 - s)                     (``reset="zero"``; ``"subtract"``: v = h - threshold s)

    A neuron that fired holds v, ignores its input and stays silent for ``refractory`` steps. A
    threshold of infinity makes a leaky integrator: read its ``potential``.

    Args:
        x: input [T, B, ...].
        v: potential after the last step before ``x`` [B, ...].
        wait: refractory steps left [B, ...] of int32; ``None`` where ``refractory`` is 0.
        decay: factor a step, 0 to 1, a scalar or one a neuron.
        threshold: potential at which a neuron fires, a scalar or one a neuron.
        decay_input: scale the input by ``1 - decay``.
        reset: ``"zero"`` or ``"subtract"``.
        detach_reset: let no gradient through the reset.
        refractory: steps, >= 0.
        surrogate: name of the surrogate derivative, with its ``alpha``.
        alpha: sharpness of the surrogate.
        backend: ``"auto"``, ``"eager"`` or ``"reference"`` (the definition, differentiable twice).

    Returns:
        spikes [T, B, ...], potential before the reset [T, B, ...], v and wait after the last step.

    Raises:
        ValueError: if the back end is unknown.

    >>> import torch
    >>> x = torch.tensor([0.6, 0.6, 0.6]).reshape(3, 1, 1)
    >>> one = torch.tensor(1.0)
    >>> spikes, potential, v, _ = lif(x, torch.zeros(1, 1), None, decay=one * 0.5, threshold=one)
    >>> potential.flatten(), spikes.flatten()
    (tensor([0.6000, 0.9000, 1.0500]), tensor([0., 0., 1.]))
    """
    if backend not in BACKENDS:
        raise ValueError(f"unknown backend {backend!r} of lif; known: {', '.join(BACKENDS)}.")
    return BACKENDS[backend](
        x, v, wait, decay, threshold,
        decay_input=decay_input, reset=reset, detach_reset=detach_reset,
        refractory=refractory, surrogate=surrogate, alpha=alpha,
    )  # fmt: skip
