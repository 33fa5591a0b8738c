"""The WKV recurrence on a GPU: the macros and the arguments of the kernels in ``cuda.cuh``."""

import math

from torch import Tensor

from axonal.neuro.ops._cuda import THREADS, launch
from axonal.neuro.ops.wkv._gradients import Gradients
from axonal.neuro.ops.wkv._state import SEGMENT, WKVState

FILES = ("_common.cuh", "wkv/cuda.cuh")


def forward(
    k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: WKVState, y: Tensor, kept: WKVState
) -> None:
    """Fill ``y`` [T, B, C] and, unless it is empty, ``kept``; move the state to the last step."""
    k, v, cells = k.contiguous(), v.contiguous(), state.p.numel()
    launch(
        FILES, "wkv_forward", (math.ceil(cells / THREADS),),
        k, v, w.contiguous(), u.contiguous(), *state, y, *kept,
        w.numel(), len(kept.p), len(k), cells, like=k, choices=choices(backward=False),
    )  # fmt: skip


def backward(
    g: Tensor, k: Tensor, v: Tensor, w: Tensor, u: Tensor, kept: WKVState, gradients: Gradients
) -> None:
    """Fill, add to and move the gradients, from those of y, g [T, B, C]."""
    g, k, v, cells = g.contiguous(), k.contiguous(), v.contiguous(), gradients.p.numel()
    launch(
        FILES, "wkv_backward", (math.ceil(cells / THREADS),),
        g, k, v, w.contiguous(), u.contiguous(), *kept, *gradients,
        w.numel(), len(k), cells, like=k, contract=True, choices=choices(backward=True),
    )  # fmt: skip


def choices(*, backward: bool) -> dict[str, int | str]:
    """Return the macros of a kernel."""
    return {"BACKWARD": int(backward), "WIDTH": 1, "SEGMENT": SEGMENT}
