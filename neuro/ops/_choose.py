"""Which implementation of an operator runs."""

import torch
from torch import Tensor

from axonal.neuro._surrogates import SURROGATES
from axonal.neuro.ops import _cuda

BACKENDS = ("auto", "reference", "cpu", "cuda")
COMPILED = (torch.float32, torch.float64)
WRITTEN_OUT = ("delayed", "none")
"""Resets that the definition alone knows."""


def compiled(
    name: str,
    backend: str,
    found: bool,
    *tensors: Tensor,
    pays: bool = True,
    cuda: bool = False,
) -> bool:
    """Say whether compiled code runs instead of the definition, for the tensors it is given.

    Args:
        name: of the operator, for the message.
        backend: one of `BACKENDS`. "auto" takes compiled code where it can run and pays: on the CPU
            for tensors of one type of `COMPILED`, on a GPU if the operator has a kernel, for the
            types that `_fits_a_gpu` says.
        found: whether numba is installed.
        tensors: everything the operator computes with.
        pays: whether compiled code is faster here.
        cuda: whether the operator has a kernel for GPUs.

    Raises:
        ValueError: an unknown back end, or "cpu" or "cuda" for what cannot run there.

    >>> compiled("lif", "auto", True, torch.zeros(5, 1, 1))
    True
    """
    if backend not in BACKENDS:
        raise ValueError(f"unknown backend {backend!r} of {name}; known: {', '.join(BACKENDS)}.")
    if backend == "reference":
        return False
    if backend == "cpu":
        return _required_cpu(name, found, tensors)
    if backend == "cuda":
        return _required_cuda(name, cuda, tensors)
    if not pays:
        return False
    if not tensors[0].is_cuda:
        return found and _fits_the_cpu(tensors)
    if not (cuda and _fits_a_gpu(tensors)):
        return False
    if _cuda.available():
        return True
    if not torch.compiler.is_compiling():
        _cuda.warn_missing()
    return False


def _fits_the_cpu(tensors: tuple[Tensor, ...]) -> bool:
    x = tensors[0]
    return x.dtype in COMPILED and all(
        a.dtype == x.dtype and a.device.type == "cpu" for a in tensors
    )


def _fits_a_gpu(tensors: tuple[Tensor, ...]) -> bool:
    """Whether all lie on one GPU, and are of the type of x or of that which is computed with."""
    x = tensors[0]
    if not x.is_cuda or x.dtype not in _cuda.TYPES:
        return False
    types = (x.dtype, _cuda.state_type(x.dtype))
    return all(a.dtype in types and a.device == x.device for a in tensors)


def _required_cpu(name: str, found: bool, tensors: tuple[Tensor, ...]) -> bool:
    if not found:
        raise ValueError(f'backend="cpu" of {name} needs numba, which is not installed.')
    if not _fits_the_cpu(tensors):
        raise ValueError(
            f'backend="cpu" of {name} expects tensors of one type, float32 or float64, on the CPU; '
            f'got {_have(tensors)}. Use backend="auto".'
        )
    return True


def _required_cuda(name: str, cuda: bool, tensors: tuple[Tensor, ...]) -> bool:
    if not cuda:
        raise ValueError(f'{name} has no kernel for backend="cuda". Use backend="auto".')
    if not _fits_a_gpu(tensors):
        raise ValueError(
            f'backend="cuda" of {name} expects tensors on one GPU: x of float16, bfloat16, float32 '
            "or float64, the others of that type or, beside half precision, of float32; got "
            f'{_have(tensors)}. Use backend="auto".'
        )
    if not _cuda.available():
        raise ValueError(_cuda.missing())
    return True


def _have(tensors: tuple[Tensor, ...]) -> str:
    return ", ".join(sorted({f"{a.dtype} on {a.device.type}" for a in tensors}))


def wait_fits(name: str, wait: Tensor | None, refractory: int) -> None:
    """Refuse refractory steps left of neurons that have none, and neurons that have some without.

    Raises:
        ValueError: if one is given without the other.

    >>> wait_fits("lif", None, 0)
    """
    if (wait is None) != (refractory == 0):
        given = "None" if wait is None else "a tensor"
        raise ValueError(
            f"{name} expects wait [B, ...] with refractory > 0 and None with refractory = 0, got "
            f"{given} with refractory = {refractory}."
        )


def for_choices(name: str, reset: str, surrogate: str, backend: str) -> str:
    """Return the back end that knows ``reset``; refuse compiled code where it has none.

    Raises:
        ValueError: "cpu" or "cuda" for a reset of `WRITTEN_OUT`; an unknown reset or surrogate.

    >>> for_choices("lif", "delayed", "atan", "auto")
    'reference'
    """
    for what, given, known in (
        ("reset", reset, ("zero", "subtract", *WRITTEN_OUT)),
        ("surrogate", surrogate, tuple(SURROGATES)),
    ):
        if given not in known:
            raise ValueError(f"unknown {what} {given!r} of {name}; known: {', '.join(known)}.")
    if reset not in WRITTEN_OUT or backend not in ("auto", "cpu", "cuda"):
        return backend
    if backend != "auto":
        raise ValueError(
            f'{name} has no compiled form of reset="{reset}" for backend="{backend}". Use '
            'backend="auto".'
        )
    return "reference"
