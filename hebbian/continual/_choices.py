"""Choice of protected layers and of their rows, checked before anything is made."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from axonal import neuro
from axonal._base.checks import whole_number
from axonal.hebbian.continual._conv2d import Conv2dSide
from axonal.hebbian.continual._delayed_linear import DelayedLinearSide
from axonal.hebbian.continual._linear import LinearSide
from axonal.hebbian.continual._watch import Watch
from axonal.hebbian.continual.presynaptic import Presynaptic

SIDES: dict[type[nn.Module], type[Presynaptic[Any]]] = {
    neuro.Linear: LinearSide,
    neuro.Conv2d: Conv2dSide,
    neuro.DelayedLinear: DelayedLinearSide,
}
KINDS = tuple(SIDES)
Ranks = int | Sequence[int] | Mapping[str, int | Sequence[int]]


def sides(
    who: str, network: nn.Module, layers: Collection[str] | None
) -> dict[str, Presynaptic[Any]]:
    """The layers to protect from their presynaptic sides, by path."""
    if not isinstance(network, nn.Module):
        raise TypeError(f"{who} expects a network, got {type(network).__name__}.")
    there = dict(network.named_modules())
    known = [path for path, layer in there.items() if isinstance(layer, KINDS)]
    names = ", ".join(kind.__name__ for kind in KINDS)
    if layers is None:
        layers = [path for path in known if not _in_a_loop(path, there)]
    elif isinstance(layers, str):
        layers = [layers]
    for path in layers:
        if path not in there:
            raise ValueError(f"{who} finds no layer {path!r}; it can protect {_listed(known)}.")
        if path not in known:
            raise TypeError(
                f"{who} protects connections ({names}); {path!r} is {type(there[path]).__name__}. "
                f"Name some of {_listed(known)}."
            )
        hooks = there[path]._forward_pre_hooks.values()
        if any(isinstance(getattr(hook, "__self__", None), Watch) for hook in hooks):
            raise ValueError(
                f"{who}: the layer {path!r} is protected already: use what protects it, or call "
                "its remove() first."
            )
    if not layers:
        raise ValueError(f"{who} finds no connections ({names}) to protect in this network.")
    return {path: _side(there[path], path) for path in layers}


def _side(layer: nn.Module, path: str) -> Presynaptic[Any]:
    kind = next(kind for kind in KINDS if isinstance(layer, kind))
    return SIDES[kind](layer, path or type(layer).__name__)


def _in_a_loop(path: str, there: Mapping[str, nn.Module]) -> bool:
    """Whether a layer is part of a Recurrent, which may run it without calling it."""
    parts = path.split(".")
    above = (".".join(parts[:k]) for k in range(len(parts)))
    return any(isinstance(there.get(each), neuro.Recurrent) for each in above)


def _listed(paths: Iterable[str]) -> str:
    return ", ".join(map(repr, paths)) or "none here"


def check_names(who: str, ranks: Ranks, chosen: Collection[str]) -> None:
    """Refuse ranks of layers that are not protected, and layers without ranks."""
    if not isinstance(ranks, Mapping):
        return
    if set(ranks) != set(chosen):
        raise ValueError(
            f"{who} expects ranks of {_listed(chosen)}, got those of {_listed(ranks)}."
        )


def schedule(who: str, ranks: Ranks, path: str) -> list[int]:
    """New rows of a layer, task by task; the last number is that of all later tasks."""
    given = ranks[path] if isinstance(ranks, Mapping) else ranks
    each = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not each:
        raise ValueError(f"{who} expects at least one rank of {path!r}, got none.")
    return [whole_number(who, f"the rank of {path!r}", rank) for rank in each]


def check_mode(who: str, mode: str, side: Presynaptic[Any], path: str) -> None:
    """Refuse the mode "input" where a layer has no input that all outputs share."""
    if mode != "input":
        return
    if isinstance(side.layer, neuro.DelayedLinear):
        raise ValueError(
            f'{who} with mode="input": every output of the DelayedLinear {path!r} sees an input of '
            'its own, by its delays. Use mode="weight" or mode="step".'
        )
    if side.layer.mask is not None:
        raise ValueError(
            f'{who} with mode="input": the outputs of {path!r} see inputs of their own, by its '
            'mask. Use mode="weight".'
        )
