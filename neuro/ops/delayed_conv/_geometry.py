"""The places of a convolution in space."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor


class Geometry(NamedTuple):
    """Strides and edges of a convolution, by axis of space.

    Attributes:
        stride: places between outputs, >= 1, one per axis.
        dilation: places between the entries of a kernel, >= 1, one per axis.
        padding: zeros before and after, two numbers per axis, the last axis first, as
            ``torch.nn.functional.pad`` takes them.
        groups: parts of the channels that are connected among themselves.
    """

    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...]
    groups: int = 1

    def in_two_axes(self) -> "Geometry":
        """Return the same with an axis of length 1 before a single one."""
        if len(self.stride) == 2:
            return self
        return Geometry(
            (1, *self.stride), (1, *self.dilation), (*self.padding, 0, 0), self.groups
        )  # fmt: skip

    def places(self, size: Sequence[int], kernel: Sequence[int]) -> tuple[int, ...]:
        """Return the number of outputs along each axis; none where the kernel does not fit.

        >>> Geometry((2,), (1,), (1, 1)).places((9,), (3,))
        (5,)
        """
        found = []
        for axis, (length, taps) in enumerate(zip(size, kernel, strict=True)):
            before, after = self.padding[-2 * axis - 2 :][:2]
            room = length + before + after - self.dilation[axis] * (taps - 1) - 1
            found.append(max(0, room // self.stride[axis] + 1))
        return tuple(found)


PER = ("synapse", "source", "target")
"""Parts that may have a delay of their own in the operator."""


def of_synapses(delay: Tensor, weight: Tensor, per: str, groups: int) -> Tensor:
    """Return delays of sources [C] or targets [O] in the shape of the weight [O, C / groups, ...].

    >>> import torch
    >>> of_synapses(torch.tensor([1.0, 2.0]), torch.zeros(2, 1, 1), "source", 2).flatten()
    tensor([1., 2.])
    """
    if per == "source":
        # every output of a group hears the inputs of that group
        outputs = weight.shape[0] // groups
        delay = delay.view(groups, 1, -1).expand(-1, outputs, -1).flatten(0, 1)
    elif per == "target":
        delay = delay.view(-1, 1)
    else:
        return delay
    return delay.reshape(*delay.shape, *[1] * (weight.ndim - 2)).expand_as(weight)
