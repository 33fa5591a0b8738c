"""The gated scan on a GPU: the macros and the arguments of the kernels in ``cuda.cuh``."""

import math

from torch import Tensor

from axonal.neuro.ops._cuda import THREADS, launch

FILES = ("_common.cuh", "gated_scan/cuda.cuh")


def forward(x: Tensor, f: Tensor, h: Tensor, y: Tensor) -> None:
    """Fill ``y`` [T, B, ...]."""
    cells = h.numel()
    launch(
        FILES, "gated_scan_forward", (math.ceil(cells / THREADS),),
        x.contiguous(), f.contiguous(), h.contiguous(), y, len(x), cells,
        like=x, choices=choices(backward=False),
    )  # fmt: skip


def backward(
    g: Tensor, f: Tensor, h: Tensor, y: Tensor, g_x: Tensor, g_f: Tensor, g_h: Tensor
) -> None:
    """Fill ``g_x`` and ``g_f`` [T, B, ...] and ``g_h`` [B, ...]."""
    cells = h.numel()
    launch(
        FILES, "gated_scan_backward", (math.ceil(cells / THREADS),),
        g.contiguous(), f.contiguous(), h.contiguous(), y, g_x, g_f, g_h, len(g), cells,
        like=g, contract=True, choices=choices(backward=True),
    )  # fmt: skip


def choices(*, backward: bool) -> dict[str, int | str]:
    """Return the macros of a kernel."""
    return {"BACKWARD": int(backward), "WIDTH": 1}
