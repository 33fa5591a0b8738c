"""Calls along axes: reductions, norms and products that leave steps and samples apart.

An axis counted from the front is judged while tracing, one from behind where the number of axes
is known, when the network runs.
"""

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx

from axonal.neuro import _checks

_BOTH = (
    "mean", "sum", "prod", "amax", "amin", "std", "var", "logsumexp", "softmax", "log_softmax",
    "cumsum", "cumprod", "unflatten",
)  # fmt: skip
ALONG: dict[Any, tuple[tuple[str, int], ...]] = {
    **{getattr(torch, name): (("dim", 1),) for name in _BOTH},
    **dict.fromkeys(_BOTH, (("dim", 1),)),
    F.softmax: (("dim", 1),),
    F.softmin: (("dim", 1),),
    F.log_softmax: (("dim", 1),),
    F.normalize: (("dim", 2),),
    torch.norm: (("dim", 2),),
    "norm": (("dim", 2),),
    torch.linalg.vector_norm: (("dim", 2),),
    torch.stack: (("dim", 1),),
    torch.flip: (("dims", 1),),
    "flip": (("dims", 1),),
    torch.roll: (("dims", 2),),
    "roll": (("dims", 2),),
    torch.transpose: (("dim0", 1), ("dim1", 2)),
    "transpose": (("dim0", 1), ("dim1", 2)),
}
"""Calls along axes: name and place of each argument that names one, the tensor at place 0."""
TRAILING: frozenset[Callable[..., Any]] = frozenset({F.layer_norm, F.rms_norm})
"""Norms over the last axes, as many as their second argument has entries."""
PRODUCTS = frozenset({operator.matmul, torch.matmul, "matmul", F.linear})

Judge = Callable[[Any], bool]


def name_of(target: Any) -> str:
    """Return a call as a user writes it: ``x.mean(...)`` or ``softmax(...)``."""
    return f"x.{target}(...)" if isinstance(target, str) else f"{target.__name__}(...)"


def is_along(target: Any) -> bool:
    """Return whether a call works along axes that it names or multiplies over them."""
    return target in ALONG or target in TRAILING or target in PRODUCTS or target is torch.einsum


def problem(node: fx.Node, is_sequence: Judge) -> str | None:
    """Say why a call along axes mixes steps or samples; None if it does not, as far as is known."""
    name = name_of(node.target)
    if node.target in ALONG:
        axes = _named_axes(node)
        if axes is None:
            return (
                f"{name} without an axis works over time steps and samples: name a later one, "
                "dim=-1, or put it after the Network."
            )
        if any(axis in (0, 1) for axis in axes):
            return (
                f"{name} works over time steps or samples here: name a later axis, dim=-1, or put "
                "it after the Network."
            )
        return None
    if node.target is torch.einsum:
        return _einsum_problem(node, is_sequence)
    if node.target is F.linear and any(map(is_sequence, _operands(node)[1:])):
        return f"{name} takes its weights from a sequence: it would mix steps. Use torch.einsum."
    return None


def guard(node: fx.Node, is_sequence: Judge) -> tuple[Callable[..., None], tuple[Any, ...]] | None:
    """Return what must be checked before a call when the network runs, and with which arguments.

    Returns:
        A function and its arguments, in which nodes stand for their values; None for nothing.
    """
    operands, here = _operands(node), node.meta["here"]
    if node.target in ALONG:
        axes = tuple(axis for axis in _named_axes(node) or () if axis < 0)
        # the axis of a stack is one of its result
        x = operands[0][0] if node.target is torch.stack else operands[0]
        return (later_axes, (x, axes, name_of(node.target), here)) if axes else None
    if node.target in TRAILING:
        return trailing_axes, (*operands[:2], name_of(node.target), here)
    if node.target in PRODUCTS:
        which = (is_sequence(operands[0]), is_sequence(operands[1]))
        return factors, (*operands[:2], which, here)
    if node.target is torch.einsum and "..." in str(operands[0]):
        terms = operands[0].replace(" ", "").partition("->")[0].split(",")
        first = next(i for i, x in enumerate(_einsum_factors(node)) if is_sequence(x))
        named = tuple(range(-len(terms[first].replace("...", "")), 0))
        x = _einsum_factors(node)[first]
        return (later_axes, (x, named, "einsum(...)", here)) if named else None
    return None


def later_axes(x: Tensor, axes: Sequence[int], name: str, here: str) -> None:
    """Refuse axes from behind that reach steps or samples of ``x`` [T, B, ...]."""
    for axis in axes:
        if axis + x.ndim < 2:
            raise _checks.InputError(
                f"{here}: {name} over axis {axis} of x {tuple(x.shape)} works over time steps or "
                "samples: the first two axes, T and B, are not for it."
            )


def trailing_axes(x: Tensor, shape: Any, name: str, here: str) -> None:
    """Refuse a norm whose shape reaches steps or samples of ``x`` [T, B, ...]."""
    count = 1 if isinstance(shape, int) else len(shape)
    later_axes(x, range(-count, 0), name, here)


def factors(a: Tensor, b: Tensor, sequences: tuple[bool, bool], here: str) -> None:
    """Refuse a product a @ b that multiplies over steps or samples of a sequence [T, B, ...]."""
    if all(sequences):
        apart = a.ndim == b.ndim >= 4
    elif sequences[0]:
        apart = a.ndim >= 3 and b.ndim <= max(2, a.ndim - 2)
    else:
        apart = b.ndim >= 4 and a.ndim <= b.ndim - 2
    if not apart:
        raise _checks.InputError(
            f"{here}: the product of {tuple(a.shape)} and {tuple(b.shape)} multiplies over time "
            "steps or samples, the first two axes: write torch.einsum, such as "
            'torch.einsum("tbn,mn->tbm", x, self.w).'
        )


def _operands(node: fx.Node) -> list[Any]:
    """Return the arguments up to those that are given by name."""
    names = {F.layer_norm: ("input", "normalized_shape"), F.rms_norm: ("input", "normalized_shape")}
    by_name = names.get(node.target, ("input", "weight" if node.target is F.linear else "other"))  # type: ignore[arg-type]
    return [*node.args, *(node.kwargs[name] for name in by_name if name in node.kwargs)]


def _named_axes(node: fx.Node) -> tuple[int, ...] | None:
    """Return the axes that a call names; None if it names none, or not all of them as numbers."""
    axes: list[Any] = []
    for name, place in ALONG[node.target]:
        value = node.kwargs.get(name, node.args[place] if len(node.args) > place else None)
        if name == "dims" and place == 1 and len(node.args) > 2:
            value = node.args[1:]  # x.flip(2, 3)
        axes += value if isinstance(value, (list, tuple)) else [value]
    # True is an axis for Python, and "unbiased" for torch.std
    whole = axes and all(isinstance(axis, int) and not isinstance(axis, bool) for axis in axes)
    return tuple(axes) if whole else None


def _einsum_factors(node: fx.Node) -> list[Any]:
    listed = len(node.args) == 2 and isinstance(node.args[1], (list, tuple))
    return list(node.args[1]) if listed else list(node.args[1:])  # type: ignore[arg-type]


def _einsum_problem(node: fx.Node, is_sequence: Judge) -> str | None:
    """Say why an einsum mixes steps or samples, or cannot be read.

    Each sequence names its steps and samples alike, first and second, and the result does; nothing
    else has these axes. "..." may stand for them.
    """
    equation = node.args[0] if node.args else None
    if not isinstance(equation, str) or "->" not in equation:
        return 'einsum(...) is read as torch.einsum("tbn,mn->tbm", x, self.w), its result named.'
    inputs, _, result = equation.replace(" ", "").partition("->")
    terms, tensors = inputs.split(","), _einsum_factors(node)
    if len(terms) != len(tensors):
        return f'einsum("{equation}") names {len(terms)} factors, got {len(tensors)}.'
    fronts = {_front(term) for term in (*_of_sequences(terms, tensors, is_sequence), result)}
    others = [term for term, x in zip(terms, tensors, strict=True) if not is_sequence(x)]
    if len(fronts) == 1:
        (front,) = fronts
        named = [re.sub(f"^{re.escape(front)}", "", term) for term in (*terms, result)]
        elsewhere = set("".join((*named, *others))) & set(front)
        if front and len(set(front)) == (1 if front == "..." else 2) and not elsewhere:
            return None
    return (
        f'einsum("{equation}") mixes time steps or samples: begin every sequence and the result '
        'with the same two axes, which nothing else has, torch.einsum("tbn,mn->tbm", x, self.w).'
    )


def _of_sequences(terms: list[str], tensors: list[Any], is_sequence: Judge) -> Iterator[str]:
    return (term for term, x in zip(terms, tensors, strict=True) if is_sequence(x))


def _front(term: str) -> str:
    """Return how a term of an einsum names steps and samples."""
    return "..." if term.startswith("...") else term[:2]
