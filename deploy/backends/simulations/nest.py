"""The NEST simulator: `iaf_psc_delta` at one step a millisecond.

Its membrane is V' = exp(-h / tau) V + sum of weights, a spike where V' >= V_th, then V' = 0. Where
the population has a gain, V stands for v / gain, so that sums of weights stay exact. A spike of
step t is stamped t + 1 and acts at step t + delay, and so is an event from outside.

Source: NEST 3.10, model iaf_psc_delta; S. Rotter and M. Diesmann, Biological Cybernetics 81
(1999). NEST is GPL: it is imported in a process of its own only.
"""

import itertools
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from axonal.deploy.executor.job import Job, JobAnswer, JobPopulation, JobProjection

NEVER = 1e300
"""Threshold of what does not spike [mV]."""


def simulate(job: "Job", answer: "JobAnswer") -> None:
    """Simulate one network; called in the process that may import NEST."""
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": 1.0, "local_num_threads": 1})
    nodes = [_nodes(nest, job, k, p) for k, p in enumerate(job.populations)]
    first = [int(node[0].global_id) for node in nodes]
    for q in job.projections:
        _connect(nest, first, q)
    spikes = {
        k: nest.Create("spike_recorder") for k, p in enumerate(job.populations) if p.kind == "lif"
    }
    for k, recorder in spikes.items():
        nest.Connect(nodes[k], recorder)
    meter = {"interval": 1.0, "record_from": ["V_m"]}
    read = [k for k, p in enumerate(job.populations) if p.kind == "integrator"]
    meters = {k: nest.Create("multimeter", params=meter) for k in read}
    for k, recorder in meters.items():
        nest.Connect(recorder, nodes[k])
    if job.probe is not None:
        probe = nest.Create("multimeter", params=meter)
        nest.Connect(probe, nodes[job.probe[0]][job.probe[1]])
    # What belongs to the last step is handed over in the step after it.
    nest.Prepare()
    started = time.thread_time()
    nest.Run(job.steps + 1.0)
    answer.extra["run_seconds"] = time.thread_time() - started
    nest.Cleanup()
    for k, recorder in spikes.items():
        events = recorder.get("events")
        t = np.rint(events["times"]).astype(np.int64) - 1
        kept = t < job.steps
        answer.spikes[k] = t[kept], events["senders"][kept] - first[k]
    for k, recorder in meters.items():
        events = recorder.get("events")
        v = np.zeros((job.steps + 1, job.populations[k].size))
        v[np.rint(events["times"]).astype(np.int64) - 1, events["senders"] - first[k]] = events[
            "V_m"
        ]
        answer.readout[k] = v[: job.steps] * job.populations[k].gain
    if job.probe is not None:
        gain = job.populations[job.probe[0]].gain[job.probe[1]]
        answer.membrane = np.asarray(probe.get("events")["V_m"])[: job.steps] * gain
    answer.extra["version"] = nest.__version__


def _nodes(nest: Any, job: "Job", k: int, p: "JobPopulation") -> Any:
    if p.kind in ("lif", "integrator"):
        return nest.Create("iaf_psc_delta", p.size, params=_parameters(p))
    sources = nest.Create("spike_generator", p.size)
    events = job.events[k]
    order = np.lexsort((events.t, events.neuron))
    neuron, t, value = events.neuron[order], events.t[order] + 1.0, events.value[order]
    edges = np.searchsorted(neuron, np.arange(p.size + 1))
    spans = [slice(a, b) for a, b in itertools.pairwise(edges)]
    sources.set([{"spike_times": t[s], "spike_weights": value[s]} for s in spans])
    return sources


def _parameters(p: "JobPopulation") -> dict[str, Any]:
    threshold = p.threshold / p.gain if p.kind == "lif" else np.full(p.size, NEVER)
    values, index = np.unique(p.decay, return_inverse=True)
    return {
        "E_L": 0.0,
        "V_reset": 0.0,
        "V_m": 0.0,
        "I_e": 0.0,
        "V_th": threshold,
        "tau_m": np.array([_time_constant(float(decay)) for decay in values])[index],
        "t_ref": float(p.refractory),
    }


def _time_constant(decay: float) -> float:
    """The tau for which exp(-1 / tau) is the decay, to the last bit where there is one [ms]."""
    if decay == 0.0:
        return 1e-3
    if decay == 1.0:
        return 1e17
    tau = -1.0 / math.log(decay)
    near = [tau]
    for goal in (0.0, math.inf):
        x = tau
        for _ in range(16):
            x = math.nextafter(x, goal)
            near.append(x)
    return min(near, key=lambda x: abs(math.exp(-1.0 / x) - decay))


def _connect(nest: Any, first: list[int], q: "JobProjection") -> None:
    if not len(q.pre):
        return
    nest.Connect(
        q.pre + first[q.source],
        q.post + first[q.target],
        "one_to_one",
        {"synapse_model": "static_synapse", "weight": q.weight, "delay": q.delay.astype(float)},
    )
