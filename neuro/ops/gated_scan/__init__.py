"""Gated scan: the linear recurrence whose factor is another one in every step."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.gated_scan import _op, reference


def gated_scan(x: Tensor, f: Tensor, h: Tensor, *, backend: str = "auto") -> Tensor:
    """Add up a sequence behind gates, ``h_t = f_t h_{t-1} + x_t``, every number by itself.

    It is the recurrence of gated linear recurrent networks such as HGRN (Qin et al., NeurIPS 2023)
    and of :class:`axonal.neuro.MLGRU`.

    Args:
        x: what is added [T, B, ...].
        f: factors of the same shape.
        h: the last value before ``x`` [B, ...].
        backend: ``"auto"``, ``"reference"`` (the definition, differentiable twice), ``"cpu"``
            (compiled loops) or ``"cuda"``. Compiled code gives the same bits for any split of a
            sequence.

    Returns:
        h after every step [T, B, ...].

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors, and for other shapes.

    >>> import torch
    >>> f = torch.tensor([0.0, 1.0, 0.5]).view(3, 1, 1)
    >>> gated_scan(torch.ones(3, 1, 1), f, torch.full((1, 1), 9.0)).flatten()
    tensor([1., 2., 2.])
    """
    if _dispatch.use_compiled("gated_scan", backend, x, f, h, cuda=True, pays=x.shape[0] > 1):
        return _op.gated_scan(x, f, h)
    return reference.gated_scan(x, f, h)
