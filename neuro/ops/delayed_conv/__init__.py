"""Convolutions over space with one delay per synapse."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.delayed_conv import _op, reference
from axonal.neuro.ops.delayed_conv._geometry import PER, Geometry, of_synapses
from axonal.neuro.ops.delayed_linear import KERNELS, _taps
from axonal.neuro.ops.delayed_linear._synapses import Synapses

__all__ = ["PER", "Geometry", "delayed_conv", "of_synapses"]

_DENSE = 0.5
"""Share of the taps from which on a dense convolution is faster than one tap after another."""

_SHORT = 12
"""Steps below which a dense convolution is faster than loops over taps, however few they are."""

_SMALL = 1 << 23
"""Products of a dense convolution below which the way to anything else takes longer."""


def delayed_conv(
    x: Tensor,
    history: Tensor,
    weight: Tensor,
    delay: Tensor,
    sigma: Tensor | float = 0.5,
    *,
    kernel: str,
    max_delay: int,
    geometry: Geometry,
    per: str = "synapse",
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """Convolve over space with delayed inputs, d real or whole.

        y_t(o, p) = sum_ck w_ock x_{t - d_ock}(c, stride p + dilation k - padding)

    A delay between two steps is spread over whole ones by the kernels of
    :func:`axonal.neuro.ops.delayed_linear.delayed_linear`, whose source is theirs here, too:
    Hammouamri et al., ICLR 2024 (arXiv 2306.17670).

    Args:
        x: input [T, B, C, W] or [T, B, C, H, W].
        history: the ``max_delay`` inputs before ``x``.
        weight: [O, C / groups, k] or [O, C / groups, k, k].
        delay: in steps, 0 to ``max_delay``: in the shape of ``weight``, [C] or [O] by ``per``.
        sigma: width of a Gaussian or a triangle in steps.
        kernel: one of :data:`axonal.neuro.ops.delayed_linear.KERNELS`.
        max_delay: the longest delay in steps.
        geometry: strides, dilations, padding and groups.
        per: ``"synapse"``, ``"source"`` or ``"target"``: what has a delay of its own. Where it is a
            channel, compiled code delays the channels, and torch convolves them.
        backend: ``"auto"``, ``"reference"`` (a dense convolution over space and time) or ``"cpu"``
            (compiled loops over the taps that are not zero in the precision of x).

    Returns:
        y [T, B, O, W'] or [T, B, O, H', W'] and the history with which the next sequence goes on.

    Raises:
        ValueError: if the kernel or the back end is unknown, or cannot run these tensors; if
            sigma is not > 0, or its gradient is wanted of compiled code.

    >>> x = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]).reshape(2, 1, 1, 3)
    >>> w, d = torch.tensor([[[1.0, 10.0]]]), torch.tensor([[[0.0, 1.0]]])
    >>> space = Geometry(stride=(1,), dilation=(1,), padding=(0, 0))
    >>> y, history = delayed_conv(
    ...     x, torch.zeros(1, 1, 1, 3), w, d, kernel="one-tap", max_delay=1, geometry=space
    ... )
    >>> y.squeeze()
    tensor([[ 1.,  2.],
            [20., 30.]])
    """
    if kernel not in KERNELS:
        raise ValueError(f"unknown delay kernel {kernel!r}; known: {', '.join(KERNELS)}.")
    if per not in PER:
        raise ValueError(f"unknown per {per!r} of delayed_conv; known: {', '.join(PER)}.")
    learned = isinstance(sigma, Tensor) and sigma.requires_grad and kernel in _taps.WIDE
    if learned and backend == "cpu":
        raise ValueError(
            'backend="cpu" of delayed_conv has no gradient of sigma. Use backend="reference", or '
            "sigma.detach()."
        )
    pays = backend == "auto" and not learned
    if pays and per == "synapse":
        few = _taps.few(sigma, kernel, max_delay, x.dtype, _DENSE)
        pays = few and max_delay + 1 >= _SHORT
    if pays and not torch.compiler.is_compiling():
        pays = x[:, :, 0].numel() * weight.numel() * (max_delay + 1) >= _SMALL
    given = (x, history, weight, delay)
    if not _dispatch.use_compiled("delayed_conv", backend, *given, pays=pays):
        full = of_synapses(delay, weight, per, geometry.groups)
        y = reference.delayed_conv(
            x, history, Synapses(weight, full, sigma, kernel, max_delay), geometry
        )
    elif per == "synapse":
        y = _op.delayed_conv(
            x, history, Synapses(weight, delay, sigma, kernel, max_delay), geometry
        )
    elif per == "source":
        late = _each(x, history, delay, sigma, kernel, max_delay)
        y = _at_every_step(late, weight, geometry)
    else:
        # what the last steps gave is made again of the history
        before = _at_every_step(history, weight, geometry) if max_delay else None
        now = _at_every_step(x, weight, geometry)
        y = _each(now, now[:0] if before is None else before, delay, sigma, kernel, max_delay)
    return y, torch.cat((history, x))[x.shape[0] :]


def _each(
    x: Tensor, history: Tensor, delay: Tensor, sigma: Tensor | float, kernel: str, max_delay: int
) -> Tensor:
    """Delay every channel of x [T, B, C, ...] by its own delay [C]."""
    one = torch.ones_like(delay).view(-1, 1, *[1] * (x.ndim - 3))
    space, channels = x.ndim - 3, len(delay)
    alone = Geometry((1,) * space, (1,) * space, (0,) * (2 * space), channels)
    synapses = Synapses(one, delay.view_as(one), sigma, kernel, max_delay)
    return _op.delayed_conv(x, history, synapses, alone)


def _at_every_step(x: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """Convolve every step of x [T, B, C, ...] without a delay."""
    convolve = F.conv1d if weight.ndim == 3 else F.conv2d
    flat = F.pad(x.flatten(0, 1), geometry.padding)
    y: Tensor = convolve(flat, weight, None, geometry.stride, 0, geometry.dilation, geometry.groups)
    steps: Tensor = y.unflatten(0, x.shape[:2])
    return steps
