"""Which implementation of an operator runs."""

import logging

import torch
from torch import Tensor

from axonal.neuro.ops import _cuda, _tangents
from axonal.neuro.surrogates._surrogate import SURROGATES, Surrogate, operator_form

BACKENDS = ("auto", "reference", "cpu", "cuda")
COMPILED = (torch.float32, torch.float64)
WRITTEN_OUT = ("delayed", "none")
"""Resets that the definition alone knows."""

_log = logging.getLogger("axonal")


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
            types that `_fits_a_gpu` says; not within transforms of torch that compiled code does
            not know, forward-mode derivatives and those of ``torch.func``.
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
    if backend != "auto":
        _tangents.refuse(name, *tensors)
    if backend == "cpu":
        return _required_cpu(name, found, tensors)
    if backend == "cuda":
        return _required_cuda(name, cuda, tensors)
    if not pays or _tangents.transformed(*tensors):
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


def for_choices(name: str, reset: str, surrogate: str | Surrogate, backend: str) -> str:
    """Return the back end that knows the choices; refuse compiled code where it has none.

    Raises:
        ValueError: "cpu" or "cuda" for a reset of `WRITTEN_OUT` or a surrogate of the user's own;
            an unknown reset or surrogate.

    >>> for_choices("lif", "delayed", "atan", "auto")
    'reference'
    """
    own = isinstance(surrogate, Surrogate)
    for what, given, known in (
        ("reset", reset, ("zero", "subtract", *WRITTEN_OUT)),
        ("surrogate", surrogate, (surrogate,) if own else tuple(SURROGATES)),
    ):
        if given not in known:
            words = ", ".join(map(str, known))
            raise ValueError(f"unknown {what} {given!r} of {name}; known: {words}.")
    if not (own or reset in WRITTEN_OUT) or backend not in ("auto", "cpu", "cuda"):
        return backend
    if backend != "auto":
        what = f"the surrogate {surrogate!r}" if own else f'reset="{reset}"'
        raise ValueError(
            f'{name} has no compiled form of {what} for backend="{backend}". Use backend="auto".'
        )
    return "reference"


def says_reference(who: str, surrogate: Surrogate, backend: str) -> None:
    """Log that layer ``who`` runs in plain torch; refuse compiled code for an own surrogate.

    Raises:
        ValueError: "cpu" or "cuda" for a surrogate that no kernel knows.
    """
    form, _ = operator_form(surrogate)
    if isinstance(form, Surrogate) and for_choices(who, "zero", form, backend) != backend:
        _log.warning(
            "%s: the surrogate %r has no compiled form, so this layer runs in plain torch",
            who,
            form,
        )
