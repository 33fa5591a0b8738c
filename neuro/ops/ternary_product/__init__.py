"""Products of rows with weights -1, 0 and 1 that take two bits each, for inference on the CPU."""

import numpy as np
import numpy.typing as npt

from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops.ternary_product import reference
from axonal.neuro.ops.ternary_product._packing import pack, unpack

__all__ = ["pack", "ternary_product", "unpack"]

Rows = npt.NDArray[np.float32]


def ternary_product(
    x: Rows, packed: npt.NDArray[np.uint8], *, backend: str = "auto"
) -> npt.NDArray[np.float32]:
    """Return ``x W^T`` for packed weights W, by additions alone.

    Four weights are a byte. For every four numbers of a row the 81 sums that their signs allow are
    made once, and every output adds up one of them per byte of its weights. Numbers that are whole
    and below 2^24 in sum are added exactly.

    Args:
        x: rows [R, N] of float32.
        packed: what `pack` makes of W [M, N].
        backend: ``"auto"``, ``"reference"`` (W unpacked, and numpy's product) or ``"cpu"``.

    Returns:
        [R, M].

    Raises:
        ValueError: for shapes and types that do not fit, and an unknown back end.

    >>> w = np.array([[1, 0, 0, -1, 1]])
    >>> ternary_product(np.array([[2, 3, 5, 7, 1]], np.float32), pack(w))
    array([[-4.]], dtype=float32)
    """
    if x.ndim != 2 or x.dtype != np.float32 or packed.shape[1] != -(-x.shape[1] // 4):
        raise ValueError(
            f"ternary_product expects x [R, N] of float32 and weights of N inputs, got {x.dtype} "
            f"{x.shape} and packed weights {packed.shape}."
        )
    if backend not in ("auto", "reference", "cpu"):
        raise ValueError(f"ternary_product knows auto, reference and cpu, got {backend!r}.")
    if backend == "reference" or not HAS_NUMBA:
        return reference.ternary_product(x, packed)
    from axonal.neuro.ops.ternary_product import cpu

    return cpu.ternary_product(x, packed)
