"""Graphs quantised for SpiNNaker in the terms of PyNN, and a script that runs them on a board."""

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import numpy as np

from axonal._base.array_types import AnyArray
from axonal._base.files import check_target, whole_file, write_bytes
from axonal.deploy.chips import spinnaker
from axonal.deploy.graph import EventGraph

SCRIPT = Path(__file__).parent / "simulations" / "spinnaker.py"


def pynn_script(graph: EventGraph, path: str | PathLike[str]) -> tuple[Path, Path]:
    """Write a PyNN script for SpiNNaker, with the network and its golden run in a file beside it.

    Started where sPyNNaker and a board are, it runs the golden inputs, compares spikes cell by cell
    and the weights and delays that it reads back, and leaves with exit code 1 if anything differs.
    It needs sPyNNaker and numpy, and no axonal.

    Args:
        graph: a graph quantised for "spinnaker".
        path: of the script, customarily ``*.py``; its data gets the same name with ``.npz``.

    Returns:
        paths of the script and of its data.

    Raises:
        ValueError: the graph is not quantised for SpiNNaker, or has no golden run, or the path
            ends in ``.npz``.
        OSError: the folder is missing or cannot be written.

    >>> from axonal.deploy import example
    >>> pynn_script(example(), "digits.py")
    Traceback (most recent call last):
    ValueError: pynn_script takes a graph quantised for spinnaker, got one in float64: write
    quantize(graph, 'spinnaker')
    """
    if graph.arithmetic != "spinnaker":
        raise ValueError(
            f"pynn_script takes a graph quantised for spinnaker, got one in {graph.arithmetic}: "
            "write quantize(graph, 'spinnaker')"
        )
    if graph.golden is None:
        raise ValueError("pynn_script needs a golden run to compare with, and the graph has none")
    script = Path(path)
    data = script.with_suffix(".npz")
    if script == data:
        raise ValueError(f"pynn_script writes its data to {data}: give the script the suffix .py")
    for file in (script, data):
        check_target(file)
    longest = ((0, graph.max_latency), (0, 0), (0, 0))
    inputs = {name: np.pad(x, longest) for name, x in graph.golden.inputs.items()}
    arrays = network(graph, inputs)
    for k, p in enumerate(graph.populations):
        golden = {**graph.golden.spikes, **graph.golden.readout}.get(p.name)
        if golden is not None:
            arrays[f"populations.{k}.golden"] = golden
    with whole_file(data) as part, part.open("xb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    write_bytes(script, SCRIPT.read_bytes())
    return script, data


def network(graph: EventGraph, inputs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Network that the script reads, in millivolts, and milliseconds of one step.

    Args:
        graph: a graph quantised for SpiNNaker.
        inputs: events `[T, B, N]` of every input, for all steps that are run.

    Returns:
        arrays by name; "network" is a text in JSON.
    """
    steps, samples = next(iter(inputs.values())).shape[:2]
    header, arrays = graph.to_arrays()
    shift = {q.target: q.exponent + spinnaker.DECAY_BITS for q in graph.projections if q.size}
    for p, head in zip(graph.populations, header["populations"], strict=True):
        head["size"], head["shift"] = p.size, shift.get(p.name, 0)
        head["core"] = spinnaker.neurons_a_core(spinnaker.longest_into(graph, p))
    number = {p.name: k for k, p in enumerate(graph.populations)}
    for q in header["projections"]:
        q["name"] = f"{q['source']} -> {q['target']}"
        q["source"], q["target"] = number[q["source"]], number[q["target"]]
    parts = {name: header[name] for name in ("populations", "projections")}
    text = json.dumps({"steps": steps, "samples": samples, **parts})
    written = {"network": np.array(text)}
    written |= {name: x for name, x in arrays.items() if name.startswith("projections.")}
    for k, p in enumerate(graph.populations):
        if p.kind == "input":
            written[f"populations.{k}.events"] = np.array(np.nonzero(inputs[p.name]))
        elif p.kind != "constant":
            tau = spinnaker.time_constant(p.decay)
            written[f"populations.{k}.tau_m"] = tau / spinnaker.UNIT
            written[f"populations.{k}.threshold"] = p.threshold
    return written
