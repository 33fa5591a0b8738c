"""The product with ternary weights compiled for the CPU, by tables of sums."""

from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.jit import kernel


def ternary_product(
    x: npt.NDArray[np.float32], packed: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Multiply ``x`` [R, N] with packed weights; see the operator's package."""
    y = np.empty((len(x), len(packed)), np.float32)
    _product(np.ascontiguousarray(x), packed, y)
    return y


@kernel
def _product(x: Any, packed: Any, y: Any) -> None:
    groups = packed.shape[1]
    sums = np.zeros(groups * 256, np.float32)
    for r in range(x.shape[0]):
        for g in range(groups):
            at = g * 256
            sums[at] = 0
            size = 1
            for k in range(4):  # all codes of the first k + 1 inputs follow from those of k
                i = 4 * g + k
                value = x[r, i] if i < x.shape[1] else np.float32(0)
                for c in range(size):
                    sums[at + size + c] = sums[at + c] + value
                    sums[at + 2 * size + c] = sums[at + c] - value
                size *= 4
        # four outputs at once, since a sum waits for the one before it
        whole = packed.shape[0] // 4 * 4
        for m in range(0, whole, 4):
            s = t = u = v = np.float32(0)
            for g in range(groups):
                at = g * 256
                s += sums[at + packed[m, g]]
                t += sums[at + packed[m + 1, g]]
                u += sums[at + packed[m + 2, g]]
                v += sums[at + packed[m + 3, g]]
            y[r, m], y[r, m + 1], y[r, m + 2], y[r, m + 3] = s, t, u, v
        for m in range(whole, packed.shape[0]):
            s = np.float32(0)
            for g in range(groups):
                s += sums[g * 256 + packed[m, g]]
            y[r, m] = s
