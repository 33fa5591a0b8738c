"""Connections as an opaque operator that looks how many inputs are active."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._cuda import same_shape
from axonal.neuro.ops._nontemporal import LANES
from axonal.neuro.ops._tangents import refused
from axonal.neuro.ops.spike_linear import cpu

SAMPLED = 256
"""Rows, spread evenly, in which the active inputs are counted."""

STREAMED = 1 << 23
"""Bytes of results from which they are written past the caches."""

_BITS = {torch.float32: torch.int32, torch.float64: torch.int64}


def dense_from(targets: int) -> float:
    """Share of active inputs from which a dense product is faster, measured for 2 to 512 outputs.

    A spike costs as much as a whole block of outputs, and finding it more than a few outputs.
    """
    return 0.4 * (targets - 4) / (targets + 12)


def dense_gradient_from(targets: int) -> float:
    """The same for the gradient of weights, which a spike reads and writes."""
    return 0.35 * targets / (targets + 128)


def _sparse(x: Tensor, dense: float) -> tuple[Any, Any] | None:
    """Return x [R, I] and its bits as arrays, or nothing if more than this share is active."""
    x = x.detach().contiguous()
    bits = x.view(_BITS[x.dtype]).numpy()
    step = max(1, len(bits) // SAMPLED)
    looked_at = len(range(0, len(bits), step)) * bits.shape[1]
    return None if cpu.active_of(bits, step) > dense * looked_at else (x.numpy(), bits)


@torch.library.custom_op("axonal::spike_linear", mutates_args=(), device_types="cpu")
@refused("spike_linear")
def _multiply(x: Tensor, weight: Tensor) -> Tensor:
    same_shape("spike_linear", "weight", weight, (len(weight), x.shape[1]))
    found = _sparse(x, dense_from(len(weight)))
    if found is None:
        return x @ weight.T
    y = empty((len(x), len(weight)), x)
    rows = F.pad(weight.detach(), (0, 0, 0, -len(weight) % cpu.BLOCK))
    blocks = rows.view(-1, cpu.BLOCK, x.shape[1]).transpose(1, 2).contiguous()
    streamed = y.nbytes >= STREAMED and y.shape[1] % LANES == 0
    given = y.numpy(), *found, blocks.numpy(), streamed
    shards(lambda start, stop: cpu.multiply(*given, start, stop), len(x), y.nbytes)
    return y


@_multiply.register_fake
def _(x: Tensor, weight: Tensor) -> Tensor:
    return x.new_empty(len(x), len(weight))


@torch.library.custom_op("axonal::spike_linear_weight", mutates_args=(), device_types="cpu")
@refused("spike_linear")
def weight_gradient(x: Tensor, g: Tensor) -> Tensor:
    found = _sparse(x, dense_gradient_from(g.shape[1]))
    if found is None:
        return g.T @ x
    g_weight = torch.zeros(x.shape[1], g.shape[1], dtype=g.dtype)
    arrays = g_weight.numpy(), *found, g.detach().contiguous().numpy()
    shards(lambda start, stop: cpu.add_outer(*arrays, start, stop), g.shape[1], g.nbytes)
    return g_weight.T.contiguous()


@weight_gradient.register_fake
def _(x: Tensor, g: Tensor) -> Tensor:
    return x.new_empty(g.shape[1], x.shape[1])


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    x, weight = inputs
    needs_x, needs_weight = ctx.needs_input_grad[:2]
    ctx.save_for_backward(x if needs_weight else None, weight if needs_x else None)


def _gradients(ctx: Any, g: Tensor) -> tuple[Tensor | None, Tensor | None]:
    x, weight = ctx.saved_tensors
    # the gradient of spikes is not sparse
    return (
        None if weight is None else g @ weight,
        None if x is None else weight_gradient(x, g),
    )


_multiply.register_autograd(_gradients, setup_context=_setup)


def spike_linear(x: Tensor, weight: Tensor) -> Tensor:
    """Multiply ``x`` [..., I]; see :func:`axonal.neuro.ops.spike_linear.spike_linear`."""
    y: Tensor = _multiply(x.flatten(0, -2), weight)
    return y.view(*x.shape[:-1], len(weight))
