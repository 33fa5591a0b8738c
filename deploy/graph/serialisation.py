"""A graph as a header that JSON can hold and named arrays: for files and other processes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from axonal._base.array_types import AnyArray
from axonal.deploy.graph.golden import Golden
from axonal.deploy.graph.population import Population
from axonal.deploy.graph.projection import Projection
from axonal.deploy.kinds import FIELDS

if TYPE_CHECKING:
    from axonal.deploy.graph.event_graph import EventGraph

SYNAPSES = ("pre", "post", "weight", "delay")
"""Arrays of a projection."""
RUNS = ("inputs", "spikes", "readout", "payload")
"""Parts of a golden run, each with arrays by population."""


def taken_apart(graph: "EventGraph") -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Header and arrays of a graph; see `EventGraph.to_arrays`."""
    arrays: dict[str, AnyArray] = {}
    populations = []
    for k, p in enumerate(graph.populations):
        head: dict[str, Any] = {name: getattr(p, name) for name in ("name", "kind", "reset")}
        head |= {"shape": list(p.shape), "refractory": p.refractory, "latency": p.latency}
        populations.append(head)
        values = {f"populations.{k}.{name}": getattr(p, name) for name in FIELDS}
        arrays |= {name: x for name, x in values.items() if x.size}
    projections = []
    for k, q in enumerate(graph.projections):
        projections.append({"source": q.source, "target": q.target, "exponent": q.exponent})
        arrays |= {f"projections.{k}.{name}": getattr(q, name) for name in SYNAPSES}
    header = {
        "dt": graph.dt,
        "hop": graph.hop,
        "arithmetic": graph.arithmetic,
        "outputs": list(graph.outputs),
        "readout": graph.readout,
        "info": graph.info,
        "populations": populations,
        "projections": projections,
        "golden": None,
    }
    golden = graph.golden
    if golden is not None:
        parts = {part: dict(getattr(golden, part)) for part in RUNS}
        names = {part: list(values) for part, values in parts.items()}
        size = {"steps": golden.steps, "samples": golden.samples}
        header["golden"] = {**size, "seed": golden.seed, **names}
        for part, values in parts.items():
            arrays |= {f"golden.{part}.{k}": x for k, x in enumerate(values.values())}
    return header, arrays


def put_together(header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> dict[str, Any]:
    """Arguments of `EventGraph` from header and arrays; see `EventGraph.from_arrays`."""
    populations = []
    for k, head in enumerate(header["populations"]):
        names = {name: f"populations.{k}.{name}" for name in FIELDS}
        fields: dict[str, Any] = {name: arrays[key] for name, key in names.items() if key in arrays}
        populations.append(Population(**{**head, "shape": tuple(head["shape"])}, **fields))
    projections = []
    for k, head in enumerate(header["projections"]):
        synapses: dict[str, Any] = {name: arrays[f"projections.{k}.{name}"] for name in SYNAPSES}
        projections.append(Projection(**head, **synapses))
    golden = None
    if header["golden"] is not None:
        head = header["golden"]
        parts: dict[str, Any] = {
            part: {name: arrays[f"golden.{part}.{k}"] for k, name in enumerate(head[part])}
            for part in RUNS
        }
        golden = Golden(**parts, seed=head["seed"])
    kept = ("dt", "hop", "arithmetic", "readout", "info")
    return {
        "populations": tuple(populations),
        "projections": tuple(projections),
        "outputs": tuple(header["outputs"]),
        "golden": golden,
        **{name: header[name] for name in kept},
    }
