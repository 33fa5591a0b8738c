"""Pictures as planes over which a convolution is a sum of shifted rows.

With a stride s, the inputs at every s-th place make a plane of their own, s of them per axis. An
entry of the kernel then reads one of these planes, moved by a fixed number of places: the
convolution has the stride 1, and its synapses are those of as many sources as there are planes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops.delayed_conv._geometry import Geometry


def planes(x: Tensor, kernel: tuple[int, int], geometry: Geometry) -> Tensor:
    """Return x [S, B, C, H, W] as planes [S, B, C s s, H', W'], padded and without what is unread.

    Args:
        x: pictures.
        kernel: height and width.
        geometry: in two axes.
    """
    margins: list[int] = []
    sizes: list[int] = []
    places = geometry.places(x.shape[3:], kernel)
    for axis in (1, 0):
        stride = geometry.stride[axis]
        size = stride * (places[axis] + _reach(kernel, geometry, axis))
        before = geometry.padding[-2 * axis - 2]
        margins += (before, size - before - x.shape[3 + axis])
        sizes.insert(0, size // stride)
    padded = F.pad(x, margins) if any(margins) else x
    if geometry.stride == (1, 1):
        return padded
    split = padded.unflatten(4, (sizes[1], -1)).unflatten(3, (sizes[0], -1))
    apart: Tensor = split.permute(0, 1, 2, 4, 6, 3, 5).flatten(2, 4)
    return apart


def _reach(kernel: tuple[int, int], geometry: Geometry, axis: int) -> int:
    """Return how many places of a plane the last entry of the kernel lies behind the first."""
    return geometry.dilation[axis] * (kernel[axis] - 1) // geometry.stride[axis]


def places(
    channels: int, kernel: tuple[int, int], size: tuple[int, int], geometry: Geometry
) -> Tensor:
    """Return which place each synapse of the first output reads, int64 [groups, C / groups k k].

    Args:
        channels: C.
        kernel: height and width.
        size: height and width of a plane.
        geometry: in two axes.

    Returns:
        places in all planes of a sample, one plane behind the other.
    """
    (down, right), (height, width) = geometry.stride, size
    ahead = [torch.arange(kernel[axis]) * geometry.dilation[axis] for axis in (0, 1)]
    plane = (ahead[0] % down)[:, None] * right + ahead[1] % right
    place = (ahead[0] // down)[:, None] * width + ahead[1] // right
    first = torch.arange(channels).view(geometry.groups, -1, 1, 1) * (down * right)
    return ((first + plane) * (height * width) + place).flatten(1)
