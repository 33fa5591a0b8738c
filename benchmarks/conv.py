"""Convolutions over space with learnable delays, forward and backward, beside DCLS."""

import importlib
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops.delayed_conv import Geometry, delayed_conv
from benchmarks._agree import seeded
from benchmarks._measure import TIMED, Table, compare
from benchmarks.delay import Gradients, deviation


class Case(NamedTuple):
    """Sizes of a layer.

    Attributes:
        steps: T.
        batch: B.
        channels: C.
        outputs: D.
        size: lengths of the axes of space.
        kernel: places of the kernel along each of them, padded by half of it.
        stride: places between outputs.
        longest: longest delay in steps.
    """

    steps: int
    batch: int
    channels: int
    outputs: int
    size: tuple[int, ...]
    kernel: int = 3
    stride: int = 1
    longest: int = 24

    def geometry(self) -> Geometry:
        """Strides and edges as the operator takes them."""
        axes = len(self.size)
        margins = (self.kernel // 2,) * (2 * axes)
        return Geometry((self.stride,) * axes, (1,) * axes, margins)


CASES = {
    "1-D, 16 to 32 channels": Case(100, 16, 16, 32, (40,), kernel=5),
    "2-D, 2 to 32 channels": Case(50, 8, 2, 32, (16, 16)),
    "2-D, 32 to 32 channels": Case(50, 4, 32, 32, (16, 16)),
    "2-D, 32 to 64 channels, stride 2": Case(50, 4, 32, 64, (16, 16), stride=2),
}
QUICK = {
    "1-D": Case(20, 2, 4, 8, (10,), longest=14),
    "2-D": Case(20, 2, 4, 8, (6, 6), stride=2, longest=14),
}
KERNELS = {"two-tap": "v1", "gaussian": "gauss"}
"""Our kernels, and what DCLS calls them."""

SIGMA = 0.5
RATE = 0.1


def ours(
    case: Case, kernel: str, backend: str, per: str, *tensors: Tensor
) -> Callable[[], Gradients]:
    """Our operator: y, and gradients of x, weight and delay."""
    x, weight, delay, g = tensors
    history, geometry = x.new_zeros(case.longest, *x.shape[1:]), case.geometry()

    def work() -> Gradients:
        leaves = [a.detach().requires_grad_() for a in (x, weight, delay)]
        y, _ = delayed_conv(
            leaves[0], history, *leaves[1:], SIGMA, kernel=kernel, max_delay=case.longest,
            geometry=geometry, per=per, backend=backend,
        )  # fmt: skip
        return y.detach(), *torch.autograd.grad(y, leaves, g)

    return work


def dcls(case: Case, version: str, *tensors: Tensor) -> Callable[[], Gradients]:
    """DCLS' convolution with a dense kernel in space and learned positions in time."""
    x, weight, delay, g = tensors
    module = importlib.import_module("DCLS.construct.modules")
    taps = case.longest + 1
    # an even number of taps has no centre: the kernel is one longer and its delays stay the same
    size = taps + 1 - taps % 2
    # a line is a picture of one line
    line = len(case.size) == 1
    kernel = (1, case.kernel) if line else (case.kernel, case.kernel)
    stride = (1, case.stride, 1) if line else (case.stride, case.stride, 1)
    layer = module.Dcls3_1d(
        case.channels, case.outputs, kernel_count=1, stride=stride, dense_kernel_size=kernel,
        dilated_kernel_size=(size,), version=version, bias=False,
        padding=(kernel[0] // 2, kernel[1] // 2, 0),
    )  # fmt: skip
    with torch.no_grad():
        layer.weight.copy_(weight.view_as(layer.weight))
        layer.P.copy_((size - 1 - size // 2 - delay).view_as(layer.P))
        if version == "gauss":
            layer.SIG.fill_(SIGMA - 0.27)

    def turned(series: Tensor) -> Tensor:
        """Time behind space."""
        return (series.unsqueeze(3) if line else series).movedim(0, -1).contiguous()

    series, g_series = F.pad(turned(x), (size - 1, 0)), turned(g)

    def back(series: Tensor) -> Tensor:
        first = series.movedim(-1, 0)
        return first.squeeze(3) if line else first

    def work() -> Gradients:
        leaf = series.detach().requires_grad_()
        y = layer(leaf)
        g_x, g_weight, g_position = torch.autograd.grad(y, (leaf, layer.weight, layer.P), g_series)
        return (
            back(y.detach()),
            back(g_x[..., size - 1 :]),
            g_weight.view_as(weight),
            -g_position.view_as(delay),
        )

    return work


def run(peers: set[str], *, quick: bool) -> Table:
    """Time all cases with both kernels, and with one delay per input channel."""
    table = Table(TIMED)
    for name, case in (QUICK if quick else CASES).items():
        axes = len(case.size)
        x = (seeded(case.steps, case.batch, case.channels, *case.size) < RATE).float()
        generator = torch.Generator().manual_seed(1)
        shape = (case.outputs, case.channels, *(case.kernel,) * axes)
        weight = torch.randn(shape, generator=generator) / weight_scale(case)
        delay = torch.rand(shape, generator=generator) * case.longest
        places = case.geometry().places(case.size, shape[2:])
        g = torch.randn(case.steps, case.batch, case.outputs, *places, generator=generator)
        given = x, weight, delay, g
        for kernel, version in KERNELS.items():
            works = {
                "axonal": ours(case, kernel, "auto", "synapse", *given),
                "torch-dense": ours(case, kernel, "reference", "synapse", *given),
            }
            if "dcls" in peers:
                works[f"dcls-{version}"] = dcls(case, version, *given)
            agrees = {way: deviation(work, works["torch-dense"]) for way, work in works.items()}
            shared = x, weight, delay.flatten(1)[0, : case.channels].clone(), g
            works["axonal, per source"] = ours(case, kernel, "auto", "source", *shared)
            agrees["axonal, per source"] = deviation(
                works["axonal, per source"], ours(case, kernel, "reference", "source", *shared)
            )
            compare(table, f"{name}, {kernel}", works, agrees, repetitions=2)
    table.remarks.append(
        f"Inputs are spikes, {RATE} a channel, place and step; kernels of 3 x 3 places (5 in one "
        f"axis), delays up to 24 steps; a Gaussian of {SIGMA} steps. torch-dense is the definition "
        "in plain torch, a convolution over space and time with a kernel that holds every step; "
        "that is what DCLS makes, too (its Dcls3_1d: dense in space, learned positions in time). "
        "The rows of one delay per channel are other networks, which the other libraries would run "
        "as they run those of one delay per synapse."
    )
    return table


def weight_scale(case: Case) -> float:
    """Root of the number of synapses of an output."""
    return float((case.channels * case.kernel ** len(case.size)) ** 0.5)
