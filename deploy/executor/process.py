"""Simulators in processes of their own: one protocol, a timeout, and no word unless they fail."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray
from axonal._base.workplace import Workplace, workplace
from axonal.deploy.executor.request import Request
from axonal.deploy.executor.run import Run
from axonal.deploy.executor.spikes import Spikes
from axonal.deploy.graph import EventGraph
from axonal.deploy.kinds import FIELDS, OUTSIDE, READOUTS, SPIKING

JOB = Path(__file__).with_name("job.py")


class BackendError(RuntimeError):
    """A simulator that failed or did not answer; its output is a note of the error.

    >>> raise BackendError("nest did not answer within 60 s and was stopped")
    Traceback (most recent call last):
    axonal.deploy.executor.process.BackendError: nest did not answer within 60 s and was stopped
    """


def simulate(
    file: str,
    graph: EventGraph,
    inputs: Mapping[str, AnyArray],
    request: Request,
    *,
    python: str = sys.executable,
    name: str = "",
    **options: Any,
) -> Run:
    """Run a graph by ``simulate(job, answer)`` of a simulation's file, in a process of its own.

    Args:
        file: the simulation's file.
        graph: the graph.
        inputs: checked inputs `[T, B, N]` by name.
        request: probe and timeout; a state is refused.
        python: interpreter that has the simulator.
        name: name of the back end in messages; by default that of its file.
        options: anything JSON can hold, given to the simulator.

    Returns:
        the run, without a state.

    Raises:
        ValueError: a state was given.
        BackendError: the simulator failed, or did not answer in time and was stopped.
    """
    name = name or Path(file).stem
    if request.state is not None:
        raise ValueError(f"{name} always starts from rest: only the reference goes on from a state")
    with place_for(name, Path(file).stem) as place:
        _write(place.folder, graph, inputs, request, options)
        command = [python, "-I", str(JOB), file, str(place.folder)]
        execute(command, place, "result.json", name, request.timeout, os.environ)
        return _read(place.folder, graph, inputs, request)


@contextmanager
def place_for(name: str, stem: str) -> Iterator[Workplace]:
    """A workplace of a back end, which fails as a back end does where no files can be written."""
    try:
        with workplace(f"axonal-{stem}-") as place:
            yield place
    except OSError as error:
        raise BackendError(f"{name} could not be run: {error}") from error


def execute(
    command: list[str],
    place: Workplace,
    answer: str,
    name: str,
    timeout: float,
    environment: Mapping[str, str],
) -> None:
    """Run a simulator in a process of its own, which ends in time or is stopped.

    Args:
        command: what to start.
        place: where it runs, and where its output is kept.
        answer: name of a file that it writes there if it succeeds.
        name: name of the back end in messages.
        timeout: seconds that it may take.
        environment: its environment variables.

    Raises:
        BackendError: it failed, or did not answer in time and was stopped.
    """
    code = place.run(command, {"OMP_NUM_THREADS": "1", **environment}, timeout)
    if code is None:
        raise _error(f"{name} did not answer within {timeout:g} s and was stopped", place.log)
    if code or not (place.folder / answer).is_file():
        text = place.log.read_text(errors="replace")
        words = [line for line in text.splitlines() if line.strip()]
        raise _error(
            f"{name} failed (exit code {code}): {words[-1] if words else 'silent'}", place.log
        )


def _error(line: str, log: Path) -> BackendError:
    error = BackendError(line)
    error.add_note(log.read_text(errors="replace")[-4000:])
    return error


def _write(
    folder: Path,
    graph: EventGraph,
    inputs: Mapping[str, AnyArray],
    request: Request,
    options: dict[str, Any],
) -> None:
    steps, samples = next(iter(inputs.values())).shape[:2]
    header, arrays = graph.to_arrays()
    number = {p.name: k for k, p in enumerate(graph.populations)}
    probe = request.probe
    message = {
        "graph": {name: header[name] for name in ("arithmetic", "populations", "projections")},
        "fields": FIELDS,
        "spiking": [p.spiking for p in graph.populations],
        "steps": steps,
        "samples": samples,
        "events": [number[p.name] for p in graph.of_kind(*OUTSIDE)],
        "probe": probe and [number[probe.population], probe.sample, probe.neuron],
        "options": options,
    }
    arrays = {name: x for name, x in arrays.items() if not name.startswith("golden.")}
    for p in graph.of_kind(*OUTSIDE):
        sent = inputs.get(p.name, np.broadcast_to(1.0, (steps, samples, p.size)))
        t, sample, neuron = np.nonzero(sent)
        key = f"events.{number[p.name]}"
        arrays |= {f"{key}.t": t, f"{key}.neuron": sample * p.size + neuron}
        arrays[f"{key}.value"] = np.asarray(sent[t, sample, neuron], np.float64)
    np.savez(folder / "arrays.npz", **arrays)  # type: ignore[arg-type]
    (folder / "request.json").write_text(json.dumps(message))


def _read(folder: Path, graph: EventGraph, inputs: Mapping[str, AnyArray], request: Request) -> Run:
    steps, samples = next(iter(inputs.values())).shape[:2]
    extra = json.loads((folder / "result.json").read_text())
    number = {p.name: k for k, p in enumerate(graph.populations)}
    with np.load(folder / "result.npz", allow_pickle=False) as answer:
        fired = graph.of_kind(*SPIKING)
        spikes = {p.name: Spikes(*answer[f"spikes{number[p.name]}"]) for p in fired}
        readout = {p.name: answer[f"readout{number[p.name]}"] for p in graph.of_kind(*READOUTS)}
        probe = request.probe
        membrane = {probe: answer["membrane"]} if probe and "membrane" in answer else {}
    sizes = {p.name: p.size for p in fired}
    return Run(steps, samples, sizes, spikes, readout, None, None, membrane, extra)
