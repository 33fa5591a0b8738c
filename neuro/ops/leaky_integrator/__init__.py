"""Leaky integrator: the linear recurrence of units that never fire."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.leaky_integrator import _op, one_step, reference


def leaky_integrator(
    x: Tensor, v: Tensor, decay: Tensor, *, decay_input: bool = False, backend: str = "auto"
) -> Tensor:
    """Integrate a sequence, ``v_t = d v_{t-1} + x_t`` (or ``+ (1 - d) x_t`` with ``decay_input``).

    Args:
        x: input [T, B, ...].
        v: the last value before ``x`` [B, ...].
        decay: factor d per step, 0 to 1, a scalar or one per unit.
        decay_input: scale the input by ``1 - d``.
        backend: ``"auto"``, ``"reference"`` (the definition) or ``"cpu"`` (compiled loops).

    Returns:
        v after every step [T, B, ...].

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors.

    >>> import torch
    >>> leaky_integrator(torch.ones(3, 1, 1), torch.zeros(1, 1), torch.tensor(0.5)).flatten()
    tensor([1.0000, 1.5000, 1.7500])
    """
    alone = x.shape[0] == 1 and backend == "auto" and v.shape == x.shape[1:]
    if alone and _dispatch.values_alone(x, v, decay):
        with _dispatch.unwarned():
            return one_step.run(x, v, decay, decay_input)
    if _dispatch.use_compiled("leaky_integrator", backend, x, v, decay, pays=x.shape[0] > 1):
        return _op.leaky_integrator(x, v, decay, decay_input)
    return reference.leaky_integrator(x, v, decay, decay_input)
