"""Checkpoints of the original Hopfield layers: their names, their sizes, their packed tensors.

Source: the names are those of hflayers (Ramsauer et al., ICLR 2021, arXiv 2008.02217).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from axonal.hebbian.modern import _checks

CORE = "association_core."
PROJECTIONS = {"state": "q", "stored": "k", "value": "v"}
NORMS = {"state": "state_pattern", "stored": "stored_pattern", "value": "pattern_projection"}
STATIC = {"state": "static_state", "stored": "static_stored", "value": "static_values"}
PACKED = "in_proj_weight"


def arguments(
    state_dict: Mapping[str, Tensor], given: Mapping[str, Any], prefix: str = ""
) -> dict[str, Any]:
    """Keywords of a layer as a checkpoint shows them; what is ``given`` comes before."""
    core = {
        key.removeprefix(prefix + CORE): tensor
        for key, tensor in state_dict.items()
        if key.startswith(prefix + CORE)
    }
    norms = {own: state_dict.get(f"{prefix}norm_{theirs}.weight") for own, theirs in NORMS.items()}
    # a layer whose patterns are all static may have neither, but then it has trained patterns
    if not core and not prefix and not any(norm is not None for norm in norms.values()):
        found = ", ".join(list(state_dict)[:4]) or "nothing"
        raise ValueError(
            f"from_official expects names that begin with {prefix + CORE!r}, got {found}. Is it "
            "the state_dict of another class, or of a network around the layer?"
        )
    heads = given.get("num_heads")
    if heads is None:
        raise ValueError(
            "from_official expects num_heads, which no tensor of a checkpoint tells (2 heads of 4 "
            "look like 1 of 8): write from_official(state_dict, num_heads=...), as the original "
            "was made (1 is its default)."
        )
    _checks.count(heads, "num_heads", "from_official")
    output = core.get("out_proj.weight")
    weights = _weights(core, given, heads, output)
    sizes: dict[str, int | None] = {}
    for own, weight in weights.items():
        connected = own == "value" and given.get("values_from_stored", False)
        source = norms[own] if weight is None or connected else weight
        sizes[own] = None if source is None else source.shape[-1]
    shown: dict[str, Any] = {
        "official": True,
        "input_size": sizes["state"],
        "stored_size": sizes["stored"],
        "value_size": sizes["value"],
        "hidden_size": _a_head(heads, weights["state"], weights["stored"]),
        "pattern_size": _a_head(heads, weights["value"]),
        "output_size": None if output is None else output.shape[0],
        "output_projection": output is not None,
        "static_state": weights["state"] is None,
        "static_stored": weights["stored"] is None,
        "static_values": weights["value"] is None,
        "normalize_state": norms["state"] is not None,
        "normalize_stored": norms["stored"] is not None,
        "normalize_values": norms["value"] is not None,
        "normalize_association": "p_norm_weight" in core,
    }
    read = {**shown, **given}
    if read["input_size"] is None:
        raise ValueError("from_official cannot read the size of a state off: give input_size.")
    return read


def with_quantity(
    state_dict: Mapping[str, Tensor], name: str, size: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Add the number and the size of trained patterns to what is given."""
    if name not in state_dict:
        raise ValueError(
            f"from_official expects {name} [1, quantity, size], got {', '.join(state_dict)}."
        )
    _, quantity, width = state_dict[name].shape
    return {"quantity": quantity, size: width, **given}


def load(
    layer: nn.Module,
    core: nn.Module,
    state_dict: Mapping[str, Tensor],
    names: Mapping[str, str],
    prefix: str = "",
    *,
    official: bool = True,
) -> None:
    """Copy a checkpoint into ``layer``, whose association is ``core``; refuse what does not fit."""
    beta: Any = core.beta
    if official and not core.official and isinstance(beta, Tensor) and (beta != beta[0]).any():
        raise ValueError(
            f"{type(layer).__name__} has one beta per head, {beta.tolist()}, which the original "
            "spreads over features, so that its checkpoint would give other outputs: make the "
            "layer with official=True, or write load_official(state_dict, official=False) to have "
            "them a head all the same."
        )
    own = "" if core is layer else "attention."
    left = dict(state_dict)
    found = {mine: left.pop(theirs) for theirs, mine in names.items() if theirs in left}
    for side, theirs in NORMS.items():
        for part in ("weight", "bias"):
            tensor = left.pop(f"{prefix}norm_{theirs}.{part}", None)
            unused = side == "value" and getattr(core, "values_from_stored", False)
            if tensor is not None and not unused:
                found[f"{own}{side}_norm.{part}"] = tensor
    for part in ("weight", "bias"):
        for theirs, mine in (
            (f"out_proj.{part}", "output"),
            (f"p_norm_{part}", "association_norm"),
        ):
            tensor = left.pop(f"{prefix}{CORE}{theirs}", None)
            if tensor is not None:
                found[f"{own}{mine}.{part}"] = tensor
    for side, letter in PROJECTIONS.items():
        tensor = left.pop(f"{prefix}{CORE}{letter}_proj_weight", None)
        if tensor is not None:
            found[f"{own}{side}_projection.weight"] = tensor
    for packed, part in ((PACKED, "weight"), ("in_proj_bias", "bias")):
        tensor = left.pop(prefix + CORE + packed, None)
        if tensor is not None:
            for side, rows in _split(tensor, core, prefix + CORE + packed).items():
                found[f"{own}{side}_projection.{part}"] = rows
    _copy(layer, found, left)


def _copy(layer: nn.Module, found: dict[str, Tensor], left: Mapping[str, Tensor]) -> None:
    who = type(layer).__name__
    target = dict(layer.named_parameters())
    foreign = [*left, *(name for name in found if name not in target)]
    if foreign:
        raise ValueError(
            f"{who} has no place for {', '.join(foreign)} of the checkpoint: was it made with "
            "other options?"
        )
    # a norm or a projection without a bias is one whose bias is 0
    optional = ("_norm.weight", ".bias")
    missing = [name for name in target if name not in found and not name.endswith(optional)]
    if missing:
        raise ValueError(f"{who} misses {', '.join(missing)} in the checkpoint.")
    for name, tensor in found.items():
        if tensor.shape != target[name].shape:
            raise ValueError(
                f"{who} expects {name} {tuple(target[name].shape)}, the checkpoint holds "
                f"{tuple(tensor.shape)}: give the sizes and num_heads it was made with."
            )
    with torch.no_grad():
        for name, parameter in target.items():
            if name in found:
                parameter.copy_(found[name])
            else:
                parameter.fill_(1.0 if name.endswith("_norm.weight") else 0.0)


def _weights(
    core: Mapping[str, Tensor], given: Mapping[str, Any], heads: int, output: Tensor | None
) -> dict[str, Tensor | None]:
    """Projection weights of the three sides, taken apart where they are packed."""
    if PACKED not in core:
        return {side: core.get(f"{letter}_proj_weight") for side, letter in PROJECTIONS.items()}
    # the original packs projections only if all have as many rows, and none is made of another
    rows = core[PACKED].shape[0]
    size = given.get("hidden_size", given.get("pattern_size"))
    if size is None and output is None:
        raise ValueError(
            f"from_official cannot tell how {CORE}{PACKED} of {rows} rows is shared without an "
            "output projection: give hidden_size, the size of a head."
        )
    each = heads * size if size is not None else output.shape[1]  # type: ignore[union-attr]
    projected = [side for side in PROJECTIONS if not given.get(STATIC[side], False)]
    if len(projected) * each != rows or given.get("values_from_stored", False):
        raise ValueError(
            f"from_official cannot split {CORE}{PACKED} of {rows} rows into {each} for each of "
            f"{', '.join(projected)}: give num_heads and hidden_size, and say which patterns are "
            f"static ({', '.join(STATIC.values())}); values_from_stored is never packed."
        )
    parts = dict(zip(projected, core[PACKED].split(each), strict=True))
    return {side: parts.get(side) for side in PROJECTIONS}


def _split(packed: Tensor, core: nn.Module, name: str) -> dict[str, Tensor]:
    """Rows of Q, K and V; the original leaves out some of those that are not projected."""
    heads: Any = core.num_heads
    width: dict[str, int] = {"state": heads * core.hidden_size, "stored": heads * core.hidden_size}
    width["value"] = heads * core.pattern_size
    projected = [side for side in PROJECTIONS if getattr(core, f"{side}_projection") is not None]
    for sides in (list(PROJECTIONS), projected, ["state", "stored"]):
        if sum(width[side] for side in sides) == packed.shape[0] and set(projected) <= set(sides):
            parts = packed.split([width[side] for side in sides])
            return {
                side: rows for side, rows in zip(sides, parts, strict=True) if side in projected
            }
    raise ValueError(
        f"{name} has {packed.shape[0]} rows where {' + '.join(map(str, width.values()))} are "
        "expected: give the sizes and num_heads it was made with."
    )


def _a_head(heads: int, *weights: Tensor | None) -> int | None:
    for weight in weights:
        if weight is not None:
            size, rest = divmod(weight.shape[0], heads)
            if rest:
                raise ValueError(
                    f"from_official cannot share {weight.shape[0]} rows among num_heads = {heads}."
                )
            return size
    return None
