"""The golden run: the spikes and readouts of the network itself."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from axonal._base.array_types import Float64Array
from axonal.deploy.exporting.spike_gates import Gate, fired
from axonal.deploy.graph import Golden, Population
from axonal.deploy.kinds import GRADED, READOUTS
from axonal.neuro import Network, record

RATES = (0.1, 0.3, 0.6, 1.0)


def golden_run(
    net: Network,
    populations: Sequence[Population],
    outputs: Sequence[str],
    given: Sequence[Tensor | tuple[int, ...]],
    steps: int,
    samples: int,
    seed: int,
    gates: Mapping[str, Gate],
) -> Golden:
    """Run ``net`` (float64, evaluation mode) on given inputs, or on spikes drawn for shapes.

    Populations of ``gates`` are no layers of the network: what drives them says where they fire.
    """
    tensors = [x for x in given if isinstance(x, Tensor)]
    if len(tensors) == len(given):
        return _warned(_run(net, populations, outputs, tensors, None, gates))
    if steps < 1 or samples < 1:
        raise ValueError(f"export expects steps >= 1 and samples >= 1, got {steps} and {samples}.")
    for rate in RATES:
        generator = torch.Generator().manual_seed(seed)
        inputs = [
            (torch.rand(steps, samples, *shape, generator=generator) < rate).double()
            for shape in given
        ]
        golden = _run(net, populations, outputs, inputs, seed, gates)
        if all(raster.any() for raster in golden.spikes.values()):
            break
    return _warned(golden)


def _warned(golden: Golden) -> Golden:
    silent = [name for name, raster in golden.spikes.items() if not raster.any()]
    if silent:
        warnings.warn(
            f"in the golden run {', '.join(silent)} never fired, so nothing is proved of it: give "
            "inputs that drive it.",
            stacklevel=4,
        )
    return golden


def _run(
    net: Network,
    populations: Sequence[Population],
    outputs: Sequence[str],
    inputs: Sequence[Tensor],
    seed: int | None,
    gates: Mapping[str, Gate],
) -> Golden:
    firing = [p for p in populations if p.spiking and p.name not in gates]
    with torch.no_grad():
        result, traces = record(net, *inputs, {p.name: ("output",) for p in firing})
    sent = {p.name: _sent(traces[p.name]["output"], p) for p in firing}
    flat = {name: y != 0 for name, y in sent.items()}
    kinds = {p.name: p.kind for p in populations}
    readout = {
        name: _flat(y)
        for name, y in zip(outputs, pytree.tree_leaves(result), strict=True)
        if kinds[name] in READOUTS
    }
    sources = [p.name for p in populations if p.kind == "input"]
    events = {name: _flat(x) for name, x in zip(sources, inputs, strict=True)}
    rasters = {**flat, **{name: x != 0 for name, x in events.items()}}
    for name, gate in gates.items():
        flat[name] = rasters[name] = fired(gate, rasters)
    flat = {p.name: flat[p.name] for p in populations if p.spiking}
    graded = [p.name for p in populations if p.kind in GRADED]
    payload = {name: sent[name] for name in graded}
    return Golden(events, flat, readout, seed, payload)


def _sent(y: Tensor, p: Population) -> Float64Array:
    """What the neurons of a population send [T, B, N], nothing of compartments that only sum."""
    values = _flat(y)
    return np.pad(values, ((0, 0), (0, 0), (0, p.size - values.shape[2])))


def _flat(x: Tensor) -> Float64Array:
    values: Float64Array = x.flatten(2).numpy() if x.ndim > 3 else x.numpy()
    return values
