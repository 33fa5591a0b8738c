"""The other end of the protocol: runs in a process of its own, with the simulator's Python.

    python -I job.py SIMULATION.py FOLDER

reads request.json and arrays.npz in the folder, gives the network to ``simulate(job, answer)`` of
the simulation's file, and writes result.json and result.npz. It needs Python 3.10 and numpy, and no
axonal.
"""

import importlib.util
import json
import math
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LARGEST = 2_000_000
"""Synapses and neurons of the copies, one per sample, that are simulated side by side."""


@dataclass
class JobPopulation:
    """One population; parameters are arrays `[N]`, or empty where its kind has none.

    They are read as attributes: ``population.decay`` is ``population.parameters["decay"]``.
    """

    name: str
    kind: str
    spiking: bool
    size: int
    reset: str
    refractory: int
    parameters: dict[str, Array]

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_") or name not in self.parameters:
            raise AttributeError(f"a population has no {name!r}")
        return self.parameters[name]


@dataclass
class JobProjection:
    """One projection between populations given by number."""

    source: int
    target: int
    exponent: int
    pre: Array
    post: Array
    weight: Array
    delay: Array


@dataclass
class JobEvents:
    """Events of an input or constant, ordered by step."""

    t: Array
    neuron: Array
    value: Array


@dataclass
class Job:
    """One network to simulate from rest for a number of steps; what it is given, by population."""

    steps: int
    arithmetic: str
    populations: list[JobPopulation]
    projections: list[JobProjection]
    events: dict[int, JobEvents]
    probe: tuple[int, int] | None  # population and neuron whose membrane is wanted
    options: dict[str, Any]


@dataclass
class JobAnswer:
    """Results by population: steps and neurons of spikes, membranes `[T, N]` of readouts."""

    spikes: dict[int, tuple[Array, Array]] = field(default_factory=dict)
    readout: dict[int, Array] = field(default_factory=dict)
    membrane: Array | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def tiled(job: Job, copies: int) -> Job:
    """Put copies of a network side by side, as one network; events and probe stay as they are."""

    def spread(index: Array, size: int) -> Array:
        moved: Array = size * np.arange(copies)[:, None] + index
        return moved.ravel()

    populations = []
    for p in job.populations:
        parameters = {name: np.tile(x, copies) for name, x in p.parameters.items()}
        populations.append(replace(p, size=p.size * copies, parameters=parameters))
    projections = [
        replace(
            q,
            pre=spread(q.pre, job.populations[q.source].size),
            post=spread(q.post, job.populations[q.target].size),
            weight=np.tile(q.weight, copies),
            delay=np.tile(q.delay, copies),
        )
        for q in job.projections
    ]
    return replace(job, populations=populations, projections=projections)


def main(backend: str, folder: Path) -> None:
    """JobAnswer one request."""
    spec = importlib.util.spec_from_file_location("axonal_back_end", backend)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    request = json.loads((folder / "request.json").read_text())
    arrays = dict(np.load(folder / "arrays.npz"))
    job, samples = _job(request, arrays), request["samples"]
    weight = sum(p.size for p in job.populations) + sum(len(q.pre) for q in job.projections)
    batch = max(1, min(samples, job.options.get("copies", samples), LARGEST // max(weight, 1)))
    results: dict[str, list[Array]] = {}
    extra: list[dict[str, Any]] = []
    started = time.perf_counter()
    for first in range(0, samples, batch):
        copies = min(batch, samples - first)
        part = tiled(job, copies)
        part.events = {k: _chosen(e, first, copies, job, k) for k, e in part.events.items()}
        part.probe = _probe(request["probe"], first, copies, job)
        answer = JobAnswer()
        module.simulate(part, answer)
        for name, values in _untiled(answer, job, first, copies).items():
            results.setdefault(name, []).append(values)
        extra.append(answer.extra)
    joined: dict[str, Any] = {name: _joined(name, parts) for name, parts in results.items()}
    np.savez(folder / "result.npz", **joined)
    seconds = time.perf_counter() - started
    (folder / "result.json").write_text(json.dumps({"parts": extra, "seconds": seconds}))


def _job(request: dict[str, Any], arrays: dict[str, Array]) -> Job:
    graph = request["graph"]
    number = {head["name"]: k for k, head in enumerate(graph["populations"])}
    populations = []
    for k, head in enumerate(graph["populations"]):
        names = {name: f"populations.{k}.{name}" for name in request["fields"]}
        parameters = {name: arrays.get(key, np.zeros(0)) for name, key in names.items()}
        size = math.prod(head["shape"])
        form = (
            head["name"],
            head["kind"],
            request["spiking"][k],
            size,
            head["reset"],
            head["refractory"],
        )
        populations.append(JobPopulation(*form, parameters))
    projections = []
    for k, head in enumerate(graph["projections"]):
        ends = (number[head["source"]], number[head["target"]], head["exponent"])
        pre, post, delay = (
            arrays[f"projections.{k}.{name}"].astype(np.int64) for name in ("pre", "post", "delay")
        )
        projections.append(
            JobProjection(*ends, pre, post, arrays[f"projections.{k}.weight"], delay)
        )
    events = {
        k: JobEvents(*(arrays[f"events.{k}.{name}"] for name in ("t", "neuron", "value")))
        for k in request["events"]
    }
    arithmetic, options = graph["arithmetic"], request["options"]
    return Job(request["steps"], arithmetic, populations, projections, events, None, options)


def _chosen(events: JobEvents, first: int, copies: int, job: Job, k: int) -> JobEvents:
    """The events of some samples, numbered as those of the copies: neuron is sample * N + n."""
    size = job.populations[k].size
    kept = (events.neuron >= first * size) & (events.neuron < (first + copies) * size)
    return JobEvents(events.t[kept], events.neuron[kept] - first * size, events.value[kept])


def _probe(wanted: list[int] | None, first: int, copies: int, job: Job) -> tuple[int, int] | None:
    if wanted is None:
        return None
    population, sample, neuron = wanted
    if not first <= sample < first + copies:
        return None
    return population, (sample - first) * job.populations[population].size + neuron


def _untiled(answer: JobAnswer, job: Job, first: int, copies: int) -> dict[str, Array]:
    results: dict[str, Array] = {}
    for k, (t, neuron) in answer.spikes.items():
        sample, within = np.divmod(np.asarray(neuron, np.int64), job.populations[k].size)
        order = np.lexsort((within, t, sample))
        rows = np.array([sample + first, np.asarray(t, np.int64), within])
        results[f"spikes{k}"] = rows[:, order].astype(np.int32)
    for k, v in answer.readout.items():
        results[f"readout{k}"] = np.reshape(v, (job.steps, copies, job.populations[k].size))
    if answer.membrane is not None:
        results["membrane"] = np.asarray(answer.membrane, np.float64)
    return results


def _joined(name: str, parts: list[Array]) -> Array:
    return np.concatenate(parts, axis=0 if name == "membrane" else 1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
