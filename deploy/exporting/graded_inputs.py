"""A warning about events that few back ends have."""

import warnings
from collections.abc import Mapping

import numpy as np
from torch import Tensor

from axonal.deploy import backends, chips


def warn_of_counts(inputs: Mapping[str, Tensor]) -> None:
    """Warn of inputs with other values than 0 and 1, and say who refuses them.

    Args:
        inputs: golden inputs by name.

    Warns:
        UserWarning: one line for all inputs.
    """
    graded = {k: x for k, x in inputs.items() if not bool(((x == 0) | (x == 1)).all())}
    if not graded:
        return
    refuse = [name for name in backends.names() if not backends.find(name).support().graded]
    held = ", ".join(f"{k} up to {_largest(x)}" for k, x in graded.items())
    warnings.warn(
        f"golden inputs hold other values than 0 and 1 ({held}), which are graded events: "
        f"{', '.join(refuse)} and every graph quantised for {' or '.join(chips.names())} refuse "
        "them. Train and export on x.clamp(max=1), or datasets.delta(..., binary=True).",
        stacklevel=3,
    )


def _largest(x: Tensor) -> str:
    return f"{np.abs(x.numpy()).max():g}"
