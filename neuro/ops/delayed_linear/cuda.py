"""Delayed connections on a GPU: series with their samples side by side, and three kernels."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops._cuda import THREADS, launch
from axonal.neuro.ops._shapes import state_type
from axonal.neuro.ops.delayed_linear._needs import Needs
from axonal.neuro.ops.delayed_linear._synapses import Synapses

FILES = ("_common.cuh", "delayed_linear/cuda.cuh")
KERNELS = ("gaussian", "two-tap", "one-tap")
SUMS, ADD, DOT = 0, 1, 2

_ROWS, _BLOCK = 8, 4  # rows that a block of delay_add sums; sides of the square of delay_dot


def _pack(x: Tensor) -> Tensor:
    """Return series [T, B, N] as rows [N, T, B]."""
    if x.shape[0] * x.shape[1] >= 1 << 31:
        raise ValueError(
            "the kernels of delay take up to 2^31 samples and steps a channel, the history "
            f"included; got {x.shape[1]} samples of {x.shape[0]} steps. Split the batch."
        )
    return x.detach().permute(2, 0, 1).contiguous()


def _unpack(rows: Tensor) -> Tensor:
    """Return rows [N, T, B] as series [T, B, N]."""
    return rows.permute(1, 2, 0).contiguous()


def _width(lanes: int) -> int:
    """Return the neighbours per thread: delays are whole numbers of lanes, so they align."""
    return math.gcd(lanes, 4)


class _Kernels:
    """Weights and delays [O, I], what the kernels compute of them, and how these are started."""

    def __init__(self, synapses: Synapses, like: Tensor) -> None:
        weight, delay, sigma, kernel, self.max_delay = synapses
        assert isinstance(sigma, Tensor), "a number would be copied to the GPU, and waited for"
        self.like = like
        # the two taps of a delay of zero steps are one
        kernel = "one-tap" if kernel == "two-tap" and self.max_delay == 0 else kernel
        self.kernel = KERNELS.index(kernel)
        self.weight, self.delay, self.sigma = (a.contiguous() for a in (weight, delay, sigma))
        eps = torch.finfo(state_type(like.dtype)).eps
        self.sigmas = math.sqrt(-2 * math.log(eps / 4))
        self.sums = self.weight.new_empty(0)
        if kernel == "gaussian":
            self.sums = self.weight.new_empty(2, *self.weight.shape)
            number = self.weight.numel()
            self.start(
                "delay_sums", SUMS, 1, (math.ceil(number / THREADS),),
                self.delay, self.sigma, self.sums, number, self.max_delay, self.sigmas,
            )  # fmt: skip

    def start(
        self, name: str, part: int, width: int, grid: tuple[int, ...], *given: Tensor | int | float
    ) -> None:
        choices = {"KERNEL": self.kernel, "PART": part, "WIDTH": width}
        launch(FILES, name, grid, *given, like=self.like, contract=True, choices=choices)

    def add(self, y: Tensor, x: Tensor, strides: tuple[int, int], origin: int, way: int) -> None:
        """Add delayed rows of x [Q, ...] to every row of y [R, ...]; strides of r and q."""
        lanes, size = x.shape[2], y[0].numel()
        width = _width(lanes)
        grid = math.ceil(size / (width * THREADS)), math.ceil(len(y) / _ROWS)
        self.start(
            "delay_add", ADD, width, grid,
            x, self.weight, self.delay, self.sums, self.sigma, y, self.sigmas,
            len(y), len(x), *strides, self.max_delay, lanes, x[0].numel(), size, origin, way,
        )  # fmt: skip

    def dot(self, g: Tensor, x: Tensor, skip: int) -> tuple[Tensor, Tensor]:
        """Return gradients of weight and delay, from rows g [O, ...] that begin ``skip`` late."""
        g_weight, g_delay = torch.zeros_like(self.weight), torch.zeros_like(self.delay)
        lanes = x.shape[2]
        size = (x.shape[1] - self.max_delay) * lanes
        grid = math.ceil(len(x) / _BLOCK), math.ceil(len(g) / _BLOCK)
        self.start(
            "delay_dot", DOT, _width(lanes), grid if size else (0,),
            g, x, self.weight, self.delay, self.sums, self.sigma, g_weight, g_delay,
            self.sigmas, len(g), len(x), self.max_delay, lanes,
            g[0].numel(), skip * lanes, x[0].numel(), size,
        )  # fmt: skip
        return g_weight, g_delay


def forward(x: Tensor, history: Tensor, synapses: Synapses) -> Tensor:
    """Return y [T, B, O] for x [T, B, I]."""
    steps, batch, size = x.shape
    y = x.new_empty(len(synapses.weight), steps, batch)
    if y.numel() == 0 or size == 0:
        return _unpack(y.zero_())
    rows = _pack(torch.cat((history, x)))
    _Kernels(synapses, x).add(y, rows, (size, 1), synapses.max_delay, -1)
    return _unpack(y)


def backward(
    g: Tensor, x: Tensor, history: Tensor, synapses: Synapses, needs: Needs
) -> tuple[Tensor, Tensor, Tensor]:
    """Return gradients of the inputs, of weight and delay, from those of y, g [T, B, O].

    The inputs are x, after the history if its gradient is needed.
    """
    steps, batch, size = x.shape
    weight, ahead = synapses.weight, len(history) if needs.history else 0
    g_rows = x.new_zeros(size, ahead + steps if needs.series else 0, batch)
    g_weight, g_delay = torch.zeros_like(weight), torch.zeros_like(weight)
    if x.numel() and len(weight):
        kernels = _Kernels(synapses, x)
        # x reaches y up to max_delay steps later, and so does the history
        rows = _pack(F.pad(g, (0, 0, 0, 0, ahead, synapses.max_delay)))  # [O, steps, B]
        if needs.series:
            kernels.add(g_rows, rows, (1, size), 0, 1)
        if needs.taps:
            series = _pack(torch.cat((history, x)))  # [I, max_delay + T, B]
            g_weight, g_delay = kernels.dot(rows, series, ahead)
    if not needs.taps:
        g_weight = g_delay = weight.new_empty(0)
    return _unpack(g_rows), g_weight, g_delay
