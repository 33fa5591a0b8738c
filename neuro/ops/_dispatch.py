"""The choice among implementations of an operator: the definition, compiled loops, CUDA kernels."""

import contextlib
import importlib.util
import logging
import math
from collections.abc import Collection, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

from axonal._base.array_types import AnyArray
from axonal.neuro.ops import _cuda, _tangents
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._shapes import state_type
from axonal.neuro.surrogates._surrogate import SURROGATES, Surrogate, operator_form

BACKENDS = ("auto", "reference", "cpu", "cuda")
COMPILED = (torch.float32, torch.float64)
RESETS = ("zero", "subtract", "delayed", "none")
WRITTEN_OUT = ("delayed", "none")
"""Resets of the definition alone."""

HAS_NUMBA = importlib.util.find_spec("numba") is not None
"""Whether the loops for the CPU can be compiled."""

_log = logging.getLogger("axonal")
_definitions_wanted = 0
"""Blocks of `by_definition` that are open."""


@contextlib.contextmanager
def by_definition() -> Iterator[None]:
    """Let every operator run its definition in plain torch, whatever back end a layer names.

    For exporters of programs that know torch's operators alone. Other threads are slower meanwhile,
    and no different.

    >>> with by_definition():
    ...     use_compiled("lif", "cpu", torch.zeros(5, 1, 1))
    False
    """
    global _definitions_wanted
    _definitions_wanted += 1
    try:
        yield
    finally:
        _definitions_wanted -= 1


def use_compiled(
    name: str, backend: str, *tensors: Tensor, pays: bool = True, cuda: bool = False
) -> bool:
    """Return whether compiled code runs on ``tensors`` instead of the definition.

    Args:
        name: of the operator, for the message.
        backend: one of `BACKENDS`. "auto" takes compiled code where it can run and pays: on the CPU
            for tensors of one type of `COMPILED`, on a GPU if the operator has a kernel, for the
            types that `_fits_a_gpu` says; not within transforms of torch that compiled code does
            not know, forward-mode derivatives and those of ``torch.func``.
        tensors: everything the operator computes with.
        pays: whether compiled code is faster here.
        cuda: whether the operator has a kernel for GPUs.

    Raises:
        ValueError: an unknown back end, or "cpu" or "cuda" for what cannot run there.

    >>> use_compiled("lif", "auto", torch.zeros(5, 1, 1))
    True
    """
    if _definitions_wanted:
        return False
    if backend != "auto":
        return _required(name, backend, tensors, cuda)
    if not pays:
        return False
    # written out, since every call of a small layer comes through here
    if (
        not torch.compiler.is_compiling()
        and (
            forward_ad._current_level >= 0 or torch._C._functorch.maybe_current_level() is not None
        )
        and _tangents.transformed(*tensors)
    ):
        return False
    x = tensors[0]
    if not x.is_cuda:
        if not HAS_NUMBA or x.dtype not in COMPILED:
            return False
        for a in tensors:  # noqa: SIM110 (a generator would be a call for each tensor)
            if a.dtype != x.dtype or not a.is_cpu:
                return False
        return True
    if not (cuda and _fits_a_gpu(tensors)):
        return False
    if _cuda.available():
        return True
    if not torch.compiler.is_compiling():
        _cuda.warn_missing()
    return False


def unobserved(*tensors: Tensor) -> bool:
    """Whether torch would add nothing but gradients to a call on ``tensors``.

    Compilers, tracers, transforms, modes, autocast, profilers and subclasses of tensors need an
    operator that is registered.

    >>> unobserved(torch.zeros(3))
    True
    """
    if (
        torch.compiler.is_compiling()
        or forward_ad._current_level >= 0
        or torch._C._len_torch_dispatch_stack()
        or torch._C._functorch.maybe_current_level() is not None
        or torch._C._get_tracing_state() is not None
        or torch._C._is_any_autocast_enabled()
        or torch.autograd._profiler_enabled()  # type: ignore[attr-defined]
    ):
        return False
    for a in tensors:  # noqa: SIM110 (a generator would be a call for each tensor)
        if type(a) is not Tensor and type(a) is not torch.nn.Parameter:
            return False
    return True


def values_alone(*tensors: Tensor) -> bool:
    """Return whether a call on the CPU is for its values alone, as in a stream.

    >>> values_alone(torch.zeros(3)), values_alone(torch.zeros(3, requires_grad=True))
    (True, False)
    """
    if _definitions_wanted or torch.compiler.is_compiling():  # is_neg() has no place in a graph
        return False
    learns, dtype = torch.is_grad_enabled(), tensors[0].dtype
    for a in tensors:
        if not a.is_cpu or a.dtype != dtype or (learns and a.requires_grad) or a.is_neg():
            return False
    return dtype in COMPILED and unobserved(*tensors)


def unwarned() -> np.errstate:
    """Return a context in which numpy does not warn: the layer tells what is infinite."""
    return np.errstate(all="ignore")


def array(values: Tensor) -> AnyArray:
    """Return the numbers of a tensor on the CPU as numpy sees them; writing there writes here.

    >>> array(torch.ones(2, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    found: AnyArray = (values.detach() if values.requires_grad else values).numpy()
    return found


def sum_is_finite(values: AnyArray) -> bool:
    """Return whether values have a finite sum, and so are finite themselves.

    Numpy warns of infinities of both signs where the caller does not silence it.

    >>> sum_is_finite(np.ones(2)), sum_is_finite(np.array([1.0, math.nan]))
    (True, False)
    """
    return math.isfinite(np.add.reduce(values, None))


def _required(name: str, backend: str, tensors: tuple[Tensor, ...], cuda: bool) -> bool:
    if backend not in BACKENDS:
        raise ValueError(f"unknown backend {backend!r} of {name}; known: {', '.join(BACKENDS)}.")
    if backend == "reference":
        return False
    _tangents.refuse(name, *tensors)
    if backend == "cpu" and not HAS_NUMBA:
        raise ValueError(f'backend="cpu" of {name} needs numba, which is not installed.')
    if backend == "cuda" and not cuda:
        raise ValueError(f'{name} has no kernel for backend="cuda". Use backend="auto".')
    fits, expected = _FITTING[backend]
    if not fits(tensors):
        raise ValueError(
            f'backend="{backend}" of {name} expects {expected}; got {_have(tensors)}. '
            'Use backend="auto".'
        )
    if backend == "cuda" and not _cuda.available():
        raise ValueError(_cuda.missing())
    return True


def _fits_the_cpu(tensors: tuple[Tensor, ...]) -> bool:
    x = tensors[0]
    return x.dtype in COMPILED and all(a.dtype == x.dtype and a.is_cpu for a in tensors)


def _fits_a_gpu(tensors: tuple[Tensor, ...]) -> bool:
    """Whether all lie on one GPU, in the type of x or in that of its potentials."""
    x = tensors[0]
    if not x.is_cuda or x.dtype not in _cuda.TYPES:
        return False
    types = (x.dtype, state_type(x.dtype))
    return all(a.dtype in types and a.device == x.device for a in tensors)


_FITTING = {
    "cpu": (_fits_the_cpu, "tensors of one type, float32 or float64, on the CPU"),
    "cuda": (
        _fits_a_gpu,
        "tensors on one GPU: x of float16, bfloat16, float32 or float64, the others of that type "
        "or, beside half precision, of float32",
    ),
}
"""Tensors that each compiled back end takes."""


def _have(tensors: tuple[Tensor, ...]) -> str:
    return ", ".join(sorted({f"{a.dtype} on {a.device.type}" for a in tensors}))


def for_convention(
    name: str,
    convention: Convention,
    wait: Tensor | None,
    backend: str,
    *,
    written_out: Collection[str] = WRITTEN_OUT,
) -> str:
    """Return the back end that knows a convention; ``written_out`` are resets without loops.

    Raises:
        ValueError: "cpu" or "cuda" for a reset of ``written_out`` or a surrogate of the user's own;
            an unknown reset or surrogate; refractory steps left of neurons that have none, or none
            of neurons that have some.

    >>> for_convention("lif", Convention(reset="delayed"), None, "auto")
    'reference'
    """
    if (wait is None) != (convention.refractory == 0):
        given = "None" if wait is None else "a tensor"
        raise ValueError(
            f"{name} expects wait [B, ...] with refractory > 0 and None with refractory = 0, got "
            f"{given} with refractory = {convention.refractory}."
        )
    reset, surrogate = convention.reset, convention.surrogate
    own = isinstance(surrogate, Surrogate)
    if reset not in RESETS:
        raise ValueError(f"unknown reset {reset!r} of {name}; known: {', '.join(RESETS)}.")
    if not own and surrogate not in SURROGATES:
        known = ", ".join(SURROGATES)
        raise ValueError(f"unknown surrogate {surrogate!r} of {name}; known: {known}.")
    if not (own or reset in written_out) or backend not in ("auto", "cpu", "cuda"):
        return backend
    if backend != "auto":
        what = f"the surrogate {surrogate!r}" if own else f'reset="{reset}"'
        raise ValueError(
            f'{name} has no compiled form of {what} for backend="{backend}". Use backend="auto".'
        )
    return "reference"


def log_if_reference(layer: str, surrogate: Surrogate, backend: str) -> None:
    """Log that a layer runs in plain torch; refuse compiled code for a user's own surrogate.

    Raises:
        ValueError: "cpu" or "cuda" for a surrogate that no kernel knows.
    """
    form, _ = operator_form(surrogate)
    if not isinstance(form, Surrogate):
        return
    if for_convention(layer, Convention(surrogate=form), None, backend) != backend:
        _log.warning(
            "%s: the surrogate %r has no compiled form, so this layer runs in plain torch",
            layer,
            form,
        )
