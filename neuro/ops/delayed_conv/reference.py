"""Delayed convolutions as dense ones with an axis of time more: the definition."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops.delayed_conv._geometry import Geometry
from axonal.neuro.ops.delayed_linear._synapses import Synapses
from axonal.neuro.ops.delayed_linear.reference import delay_kernel

_DENSE = {1: F.conv2d, 2: F.conv3d}


def delayed_conv(x: Tensor, history: Tensor, synapses: Synapses, geometry: Geometry) -> Tensor:
    """Run over ``x``; see :func:`axonal.neuro.ops.delayed_conv.delayed_conv`."""
    # of torch.nn.functional: entry n of the kernel meets the input of max_delay - n steps ago
    dense = delay_kernel(*synapses).flip(-1).movedim(-1, 2)
    series = F.pad(torch.cat((history, x)), geometry.padding).movedim(0, 2)
    convolve = _DENSE[len(geometry.stride)]
    y: Tensor = convolve(
        series, dense, None, (1, *geometry.stride), 0, (1, *geometry.dilation), geometry.groups
    )
    return y.movedim(2, 0)
