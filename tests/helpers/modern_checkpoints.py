"""Checkpoints as the original Hopfield layers write them."""

import torch
from torch import Tensor

from axonal.hebbian.modern import HopfieldAttention


def official(core: HopfieldAttention, prefix: str = "") -> dict[str, Tensor]:
    """The checkpoint that the original would write of a layer's weights."""
    own = core.state_dict()
    name = prefix + "association_core."
    sides = {"state": "q", "stored": "k", "value": "v"}
    there = [s for s in sides if f"{s}_projection.weight" in own]
    out = {f"{name}{sides[s]}_proj_weight": own[f"{s}_projection.weight"] for s in there}
    if there:
        out[f"{name}in_proj_bias"] = torch.cat([own[f"{s}_projection.bias"] for s in there])
    norms = {"state": "state_pattern", "stored": "stored_pattern", "value": "pattern_projection"}
    for part in ("weight", "bias"):
        out[f"{name}out_proj.{part}"] = own[f"output.{part}"]
        for side, theirs in norms.items():
            if f"{side}_norm.{part}" in own:
                out[f"{prefix}norm_{theirs}.{part}"] = own[f"{side}_norm.{part}"]
    return out
