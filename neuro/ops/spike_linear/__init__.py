"""Connections whose inputs are mostly silent."""

import torch
from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.spike_linear import _op, reference

_SMALL = 1 << 20
"""Products of a dense computation below which it is faster than a search for spikes."""

_ROWS = 256
"""Rows that a program for any number of them is written for."""


def spike_linear(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, backend: str = "auto"
) -> Tensor:
    """Multiply spikes with weights, ``y = x W^T + b``, at the cost of the spikes that there are.

    Where few entries of x differ from zero, the compiled loops add a row of weights for each, which
    is exact for any values of x and finite weights; where many do, they hand over to a dense
    product. The gradient of W is computed in the same way, that of x densely.

    Args:
        x: [..., I].
        weight: W [O, I].
        bias: b [O].
        backend: ``"auto"``, ``"reference"`` (a dense product) or ``"cpu"`` (compiled loops).

    Returns:
        y [..., O].

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors.

    >>> import torch
    >>> spike_linear(torch.tensor([[0.0, 1.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([[4.]])
    """
    products = x.numel() * weight.shape[0]
    if isinstance(products, torch.SymInt) and torch.compiler.is_exporting():
        # a comparison would bound the steps or samples that the program is for
        products = _ROWS * weight.numel()
    pays = products >= _SMALL
    if not pays and backend == "auto":
        return reference.spike_linear(x, weight, bias)
    # autocast makes products of a lower precision, whatever their size
    pays = pays and (x.is_meta or not torch.is_autocast_enabled(x.device.type))
    if x.ndim > 1 and _dispatch.use_compiled("spike_linear", backend, x, weight, pays=pays):
        y = _op.spike_linear(x, weight)
        return y if bias is None else y + bias
    return reference.spike_linear(x, weight, bias)


def weight_gradient(x: Tensor, g: Tensor, *, backend: str = "auto") -> Tensor:
    """Multiply gradients with spikes, ``g^T x``, the gradient of W in :func:`spike_linear`.

    Args:
        x: [..., I].
        g: gradient of the products [..., O].
        backend: of :func:`spike_linear`.

    Returns:
        [O, I].

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors.

    >>> import torch
    >>> weight_gradient(torch.tensor([[0.0, 1.0]]), torch.tensor([[3.0]]))
    tensor([[0., 3.]])
    """
    x, g = x.flatten(0, -2), g.flatten(0, -2)
    pays = x.numel() * g.shape[1] >= _SMALL
    if _dispatch.use_compiled("spike_linear", backend, x, g, pays=pays):
        return _op.of_weight(x, g)
    return g.T @ x
