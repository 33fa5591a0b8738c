"""The product with ternary weights, written out: the definition."""

import numpy as np
import numpy.typing as npt

from axonal.neuro.ops.ternary_product._packing import unpack


def ternary_product(
    x: npt.NDArray[np.float32], packed: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Multiply ``x`` [R, N] with packed weights; see the operator's package."""
    return x @ unpack(packed, x.shape[1]).T.astype(np.float32)
