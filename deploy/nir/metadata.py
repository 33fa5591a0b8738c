"""Metadata of a NIR graph: dt, names, and the golden run.

    graph    dt, and axonal: version, created_by, outputs (JSON), info (JSON), readout, golden
    neurons  name, kind, shape, order, and the exact decay, gain and synapse_decay

Everything here survives nir.write and nir.read (1.0.8): numbers, text, arrays and dicts of them.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from axonal._base.jsontext import parse_json
from axonal.deploy.graph import EventGraph, Golden
from axonal.deploy.graph.errors import GraphError
from axonal.deploy.nir.errors import NIRError

OWN = "axonal"
VERSION = 1
PARTS = ("inputs", "spikes", "readout")
"""Of a golden run; NIR has no kind of neuron whose events carry a payload."""


def graph_metadata(
    graph: EventGraph, keys: Mapping[str, str], outputs: list[str]
) -> dict[str, Any]:
    """Metadata of a graph whose populations and outputs have these nodes."""
    own: dict[str, Any] = {
        "version": VERSION,
        "outputs": json.dumps(outputs),
        "info": json.dumps(graph.info),
    }
    if graph.readout is not None:
        own["readout"] = graph.readout
    header, arrays = graph.to_arrays()
    golden = header["golden"]
    if golden is not None:
        own["golden"] = {
            part: {keys[name]: arrays[f"golden.{part}.{k}"] for k, name in enumerate(golden[part])}
            for part in PARTS
        }
        if golden["seed"] is not None:
            own["golden"]["seed"] = golden["seed"]
    return {"dt": graph.dt, OWN: own}


def time_step(metadata: Mapping[str, Any], dt: float | None, problems: list[str]) -> float:
    """The wanted time step, or that of the metadata; 1 and a problem where neither tells it.

    Raises:
        NIRError: it is no positive number.
    """
    if dt is None:
        if "dt" not in metadata:
            problems.append(
                "it does not say its time step: write from_nir(..., dt=1e-4), or axonal import "
                "FILE --dt 1e-4, with the seconds per step (1e-4 is the default of SpikingJelly "
                "and snnTorch)"
            )
            return 1.0
        dt = metadata["dt"]
    try:
        value = float(np.asarray(dt).item())
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value < math.inf:
        raise NIRError(f"dt must be a positive number of seconds, got {dt!r}")
    return value


def own_part(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    """Part of the metadata that axonal wrote; None if the graph is of another origin."""
    own = metadata.get(OWN)
    if not isinstance(own, Mapping) or "version" not in own:
        return None
    if int(np.asarray(own["version"])) > VERSION:
        raise NIRError(f"its metadata are of version {own['version']}: upgrade axonal")
    return dict(own)


def info_of(own: Mapping[str, Any]) -> dict[str, Any]:
    """The info kept with the graph."""
    try:
        info = parse_json(own.get("info", "{}"))
    except (TypeError, ValueError) as error:
        raise NIRError("the info in its metadata is damaged") from error
    return info if isinstance(info, dict) else {}


def rule_of(own: Mapping[str, Any] | None) -> str | None:
    """The readout rule of the graph that was written."""
    rule = (own or {}).get("readout")
    return rule.decode() if isinstance(rule, bytes) else rule


def output_order(own: Mapping[str, Any] | None, found: list[str]) -> list[str]:
    """Keys of the outputs in the order of the graph that was written."""
    try:
        listed = parse_json((own or {}).get("outputs", "[]"))
    except (TypeError, ValueError):
        listed = []
    listed = listed if isinstance(listed, list) else []
    known = [key for key in listed if key in found]
    return known + [key for key in found if key not in known]


def golden_of(own: Mapping[str, Any], names: Mapping[str, str]) -> Golden | None:
    """The golden run, its nodes under the names of their populations.

    Raises:
        NIRError: it is damaged.
    """
    written = own.get("golden")
    if written is None:
        return None
    try:
        parts = {
            part: {names.get(key, key): np.asarray(x) for key, x in written.get(part, {}).items()}
            for part in PARTS
        }
        seed = written.get("seed")
        return Golden(**parts, seed=None if seed is None else int(seed))
    except (AttributeError, TypeError, ValueError, GraphError) as error:
        raise NIRError(f"the golden run in its metadata is damaged: {error}") from error
