"""Which implementation of an operator runs."""

import torch
from torch import Tensor

BACKENDS = ("auto", "reference", "cpu")
COMPILED = (torch.float32, torch.float64)


def compiled(name: str, backend: str, found: bool, *tensors: Tensor, pays: bool = True) -> bool:
    """Say whether the compiled loops of an operator run, for the tensors it is given.

    Args:
        name: of the operator, for the message.
        backend: one of `BACKENDS`. "auto" takes the compiled loops where they can run, that is for
            tensors of one type of `COMPILED` on the CPU, and pay.
        found: whether numba is installed.
        tensors: everything the operator computes with.
        pays: whether the compiled loops are the faster ones here.

    Raises:
        ValueError: an unknown back end, or "cpu" for what the compiled loops cannot run.

    >>> compiled("lif", "auto", True, torch.zeros(5, 1, 1))
    True
    """
    if backend == "reference":
        return False
    x = tensors[0]
    if backend == "auto":
        fits = found and pays and x.dtype in COMPILED and x.device.type == "cpu"
        return fits and all(a.dtype == x.dtype and a.device == x.device for a in tensors)
    if backend != "cpu":
        raise ValueError(f"unknown backend {backend!r} of {name}; known: {', '.join(BACKENDS)}.")
    if not found:
        raise ValueError(f'backend="cpu" of {name} needs numba, which is not installed.')
    kinds = {(a.dtype, a.device.type) for a in tensors}
    if len(kinds) > 1 or x.dtype not in COMPILED or x.device.type != "cpu":
        have = ", ".join(sorted(f"{dtype} on {device}" for dtype, device in kinds))
        raise ValueError(
            f'backend="cpu" of {name} expects tensors of one type, float32 or float64, on the CPU; '
            f'got {have}. Use backend="auto".'
        )
    return True
