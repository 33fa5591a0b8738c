"""Lava's simulation of Loihi 2: `LIF`, `Sparse` and `DelaySparse` processes.

A graph in floating point runs in Lava's floating-point models, one quantised for Loihi 2 in the
`fixed_pt` ones, which are exact to the chip. Lava's `u` is the current of a population of kind
cuba, and has no memory (du at its largest) in others; its `v` is the membrane, and `v > vth` is
`v >= threshold` with the next smaller threshold. An undelayed Lava connection takes one step, one
of delay d takes d + 1.

Lava accepts values that no chip has, and hangs when one of its processes fails: ranges are checked
before, and a run has a timeout. It documents one decay and one threshold a process; its simulation
takes one for each neuron, and is given them where they differ.

Source: lava-nc 0.10.0 (BSD-3), which needs Python 3.10 and has an environment of its own.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from axonal.deploy.executor.job import Job, JobAnswer, JobPopulation, JobProjection

NEVER = 1e300
"""Threshold of what does not spike."""
HIGHEST = 2**17 - 1
"""The highest that Loihi has; a membrane beyond it fires and is reset, a readout's, too."""
LONGEST = 63
"""Longest hop: 62 steps of delay, as lava-dl stores it, and the step that any hop takes."""


def simulate(job: "Job", answer: "JobAnswer") -> None:
    """Simulate one network; called in the process that may import Lava."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.monitor.process import Monitor

    fixed = job.arithmetic == "loihi2"
    cells = {k: p for k, p in enumerate(job.populations) if p.decay.size}
    neurons = {k: _whole_neurons(p) if fixed else _neurons(p) for k, p in cells.items()}
    sources = {k: _source(job, k) for k in {q.source for q in job.projections} - set(neurons)}
    for q in job.projections:
        for wire in _connections(
            q, job.populations[q.source].size, job.populations[q.target].size, fixed
        ):
            (neurons | sources)[q.source].s_out.connect(wire.s_in)
            wire.a_out.connect(neurons[q.target].a_in)
    sinks = {k: Sink(shape=(job.populations[k].size,), buffer=job.steps) for k in neurons}
    for k, sink in sinks.items():
        neurons[k].s_out.connect(sink.a_in)
    # Lava runs what is connected, and nothing else: silent wires join what the graph does not.
    first, *others = neurons
    for k in others:
        silent = _silent(job.populations[k].size, job.populations[first].size)
        neurons[k].s_out.connect(silent.s_in)
        silent.a_out.connect(sinks[first].a_in)
    watched = {k for k in neurons if job.populations[k].kind == "integrator"}
    if job.probe is not None:
        watched.add(job.probe[0])
    monitors = {k: Monitor() for k in watched}
    for k, monitor in monitors.items():
        monitor.probe(neurons[k].v, job.steps)
    model = "fixed_pt" if fixed else "floating_pt"
    how = Loihi2SimCfg(select_tag=model)
    sinks[first].run(condition=RunSteps(num_steps=job.steps), run_cfg=how)
    for k, sink in sinks.items():
        if job.populations[k].spiking:
            t, neuron = np.nonzero(sink.data.get().T)
            answer.spikes[k] = t, neuron
    unit = {k: 1 / 64 if fixed else p.gain for k, p in cells.items()}
    membranes = {k: _monitored(monitor) * unit[k] for k, monitor in monitors.items()}
    sinks[first].stop()
    for k, v in membranes.items():
        if job.populations[k].kind == "integrator":
            answer.readout[k] = v
    if job.probe is not None:
        answer.membrane = membranes[job.probe[0]][:, job.probe[1]]
    answer.extra["model"] = model


def _neurons(p: "JobPopulation") -> Any:
    from lava.proc.lif.process import LIF

    threshold = np.full(p.size, NEVER)
    if p.spiking:
        threshold = np.nextafter(p.threshold / p.gain, -np.inf)
    return LIF(
        shape=(p.size,),
        du=_one_if_equal(1.0 - p.synapse_decay) if p.kind == "cuba" else 1.0,
        dv=_one_if_equal(1.0 - p.decay),
        vth=_one_if_equal(threshold),
        bias_mant=p.bias,
    )


def _whole_neurons(p: "JobPopulation") -> Any:
    """Neurons in the integers of `axonal.deploy.chips.loihi2`, whose ranges were checked."""
    from lava.proc.lif.process import LIF

    threshold = p.threshold if p.spiking else np.full(p.size, HIGHEST)
    du = np.rint((1 - p.synapse_decay) * 4096) - 1 if p.kind == "cuba" else np.full(p.size, 4095)
    return LIF(
        shape=(p.size,),
        du=_one_if_equal(du.astype(int)),
        dv=_one_if_equal(np.rint((1 - p.decay) * 4096).astype(int)),
        vth=_one_if_equal(threshold.astype(int)),
        bias_mant=np.rint(p.bias * 64).astype(int),
        bias_exp=0,
    )


def _one_if_equal(values: npt.NDArray[Any]) -> Any:
    return values if np.any(values != values[0]) else values[0]


def _source(job: "Job", k: int) -> Any:
    from lava.proc.io.source import RingBuffer

    data = np.zeros((job.populations[k].size, job.steps))
    data[job.events[k].neuron, job.events[k].t] = 1
    return RingBuffer(data=data)


def _connections(q: "JobProjection", sources: int, targets: int, fixed: bool) -> Iterator[Any]:
    """The processes of a projection; a matrix holds one synapse of each pair of neurons."""
    from lava.proc.sparse.process import DelaySparse, Sparse
    from scipy.sparse import csr_matrix

    weight = np.rint(np.ldexp(q.weight, -q.exponent)).astype(int) if fixed else q.weight
    exponent = {"weight_exp": q.exponent} if fixed else {}
    nth = _occurrence(q.pre.astype(np.int64) * targets + q.post)
    for k in range(nth.max(initial=-1) + 1):
        chosen = nth == k
        place, shape = (q.post[chosen], q.pre[chosen]), (targets, sources)
        weights = csr_matrix((weight[chosen], place), shape=shape)
        longest = int(q.delay[chosen].max()) - 1
        if longest == 0:
            yield Sparse(weights=weights, **exponent)
        else:
            delays = csr_matrix((q.delay[chosen] - 1, place), shape=shape)
            yield DelaySparse(weights=weights, delays=delays, max_delay=longest, **exponent)


def _occurrence(key: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Number of equal keys before each."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.searchsorted(ordered, ordered)
    nth = np.empty(len(key), np.int64)
    nth[order] = np.arange(len(key)) - first
    return nth


def _silent(sources: int, targets: int) -> Any:
    from lava.proc.sparse.process import Sparse
    from scipy.sparse import csr_matrix

    return Sparse(weights=csr_matrix(([0], ([0], [0])), shape=(targets, sources)))


def _monitored(monitor: Any) -> npt.NDArray[np.float64]:
    (found,) = monitor.get_data().values()
    return np.asarray(found["v"], np.float64)
