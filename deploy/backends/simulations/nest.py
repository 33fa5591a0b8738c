"""The NEST simulator: `iaf_psc_delta` and `iaf_psc_exp_multisynapse` at one step per millisecond.

The membrane of the first is V' = exp(-h / tau) V + sum of weights, a spike where V' >= V_th, then
V' = 0. Where the population has a gain, V stands for v / gain, so that sums of weights stay exact.
A spike of step t is stamped t + 1 and acts at step t + delay, and so is an event from outside.

The second has a current, and takes up that of the step before:

    V' = exp(-h / tau_m) V + P I,    I' = exp(-h / tau_syn) I + sum of weights

where P is in proportion to 1 / C_m. With P = 1, I one step ahead is the i and V the v / gain of

    i = synapse_decay i + sum of weights,    v = decay v + gain i

so that a synapse of delay d >= 2 becomes one of d - 1 there. P at C_m = 1 is measured, and C_m is
that or a neighbour for which P is 1. Where there is none, other time constants with the same decays
are tried; of few pairs of decays P stays one unit in the last place off. The model refuses
tau_m = tau_syn: equal decays come from neighbours with the same decay, and where only one tau has
it (a half twice), the current's decay is off by one unit in the last place. One receptor takes
weights of both signs, so that their sum is rounded once, as here; `iaf_psc_exp` has a current for
each sign.

Source: NEST 3.10, models iaf_psc_delta and iaf_psc_exp_multisynapse; S. Rotter and M. Diesmann,
Biological Cybernetics 81 (1999). NEST is GPL: it is imported in a process of its own only.
"""

import itertools
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from axonal.deploy.executor.job import Job, JobAnswer, JobPopulation, JobProjection

Array = npt.NDArray[Any]
NEVER = 1e300
"""Threshold of what does not spike [mV]."""
CURRENTS = ("cuba", "current_integrator")
"""Kinds with a current."""
MODELS = {
    "lif": "iaf_psc_delta",
    "integrator": "iaf_psc_delta",
    **dict.fromkeys(CURRENTS, "iaf_psc_exp_multisynapse"),
}
"""Models of populations with a membrane, by kind."""
AT_REST = {"E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "I_e": 0.0}
NEIGHBOURS = 8
"""Capacities that are tried on either side of a measured one, in units of the last place."""
ATTEMPTS = 12
"""Pairs of time constants that are tried for one pair of decays."""


def simulate(job: "Job", answer: "JobAnswer") -> None:
    """Simulate one network; called in the process that may import NEST."""
    import nest

    nest.set_verbosity("M_ERROR")
    # measured in a network of its own, before this one is built
    parameters = {
        k: _parameters(nest, p) for k, p in enumerate(job.populations) if p.kind in MODELS
    }
    _begin(nest)
    nodes = [
        nest.Create(MODELS[p.kind], p.size, params=parameters[k])
        if p.kind in MODELS
        else _sources(nest, job, k, p)
        for k, p in enumerate(job.populations)
    ]
    first = [int(node[0].global_id) for node in nodes]
    for q in job.projections:
        _connect(nest, first, q, into_current=job.populations[q.target].kind in CURRENTS)
    spikes = {
        k: nest.Create("spike_recorder")
        for k, p in enumerate(job.populations)
        if p.kind in MODELS and p.spiking
    }
    for k, recorder in spikes.items():
        nest.Connect(nodes[k], recorder)
    meter = {"interval": 1.0, "record_from": ["V_m"]}
    read = [k for k, p in enumerate(job.populations) if p.kind in MODELS and not p.spiking]
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


def _begin(nest: Any) -> None:
    """Forget what was simulated before."""
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": 1.0, "local_num_threads": 1})


def _sources(nest: Any, job: "Job", k: int, p: "JobPopulation") -> Any:
    sources = nest.Create("spike_generator", p.size)
    events = job.events[k]
    order = np.lexsort((events.t, events.neuron))
    neuron, t, value = events.neuron[order], events.t[order] + 1.0, events.value[order]
    edges = np.searchsorted(neuron, np.arange(p.size + 1))
    spans = [slice(a, b) for a, b in itertools.pairwise(edges)]
    sources.set([{"spike_times": t[s], "spike_weights": value[s]} for s in spans])
    return sources


def _parameters(nest: Any, p: "JobPopulation") -> dict[str, Any]:
    values = {
        **AT_REST,
        "V_th": p.threshold / p.gain if p.spiking else np.full(p.size, NEVER),
        "t_ref": float(p.refractory),
    }
    if p.kind not in CURRENTS:
        return {**values, "tau_m": _time_constants(p.decay)}
    pairs, index = np.unique(np.stack([p.decay, p.synapse_decay], 1), axis=0, return_inverse=True)
    tau, synapse, capacity = _membranes(nest, pairs)[index.ravel()].T
    return {**values, "tau_m": tau, "tau_syn": synapse[:, None].tolist(), "C_m": capacity}


def _time_constants(decays: Array) -> Array:
    values, index = np.unique(decays, return_inverse=True)
    times: Array = np.array([_time_constant(float(decay)) for decay in values])[index]
    return times


def _time_constant(decay: float) -> float:
    """The tau for which exp(-1 / tau) is the decay, to the last bit where there is one [ms]."""
    return _time_constants_of(decay)[0]


def _time_constants_of(decay: float) -> list[float]:
    """Return all neighbouring tau that are as near to a decay as one is [ms]."""
    if decay == 0.0:
        return [1e-3 / (1 + k / 16) for k in range(ATTEMPTS)]
    if decay == 1.0:
        return [1e17 * (1 + k / 16) for k in range(ATTEMPTS)]
    near = list(_near(-1.0 / math.log(decay), 16))
    errors = [abs(math.exp(-1.0 / tau) - decay) for tau in near]
    return [tau for tau, error in zip(near, errors, strict=True) if error == min(errors)]


def _pairs(decay: float, synapse_decay: float) -> list[tuple[float, float]]:
    """Return pairs of tau_m and a tau_syn that differs from it [ms]."""
    times, synapses = map(_time_constants_of, (decay, synapse_decay))
    pairs = [(tau, synapse) for tau in times for synapse in synapses if tau != synapse]
    # one tau alone has the decay of both: the next to it for the current
    return pairs[:ATTEMPTS] or [(times[0], math.nextafter(times[0], 0.0))]


def _near(x: float, count: int) -> Iterator[float]:
    """Yield a number, and so many neighbours on either side."""
    yield x
    for goal in (0.0, math.inf):
        y = x
        for _ in range(count):
            y = math.nextafter(y, goal)
            yield y


def _membranes(nest: Any, decays: Array) -> Array:
    """Return tau_m, tau_syn and C_m [D, 3] for pairs of decays [D, 2]; see the module."""
    pairs = [_pairs(float(decay), float(synapse)) for decay, synapse in decays]
    best, error = np.zeros((len(decays), 3)), np.full(len(decays), np.inf)
    for attempt in range(ATTEMPTS):
        left = [k for k, few in enumerate(pairs) if error[k] > 0 and attempt < len(few)]
        if not left:
            break
        times = np.array([pairs[k][attempt] for k in left])
        measured = _raised(nest, times[:, 0], times[:, 1], np.ones(len(left)))
        tried = np.array([list(_near(float(c), NEIGHBOURS)) for c in measured])
        every = np.repeat(times, tried.shape[1], axis=0)
        raised = _raised(nest, every[:, 0], every[:, 1], tried.ravel())
        off = np.abs(raised.reshape(tried.shape) - 1)
        for k, row, capacity, each in zip(left, times, tried, off, strict=True):
            if each.min() < error[k]:
                best[k], error[k] = [*row, capacity[each.argmin()]], each.min()
    return best


def _raised(nest: Any, tau: Array, synapse: Array, capacity: Array) -> Array:
    """Return the potentials one step after a spike of weight 1 arrived."""
    _begin(nest)
    values = {**AT_REST, "V_th": NEVER, "tau_m": tau, "C_m": capacity}
    model = MODELS["cuba"]
    cells = nest.Create(model, len(tau), params={**values, "tau_syn": synapse[:, None].tolist()})
    source = nest.Create("spike_generator", params={"spike_times": [1.0]})
    nest.Connect(source, cells, "all_to_all", {"weight": 1.0, "delay": 1.0, "receptor_type": 1})
    nest.Simulate(3.0)
    return np.atleast_1d(cells.get("V_m"))


def _connect(nest: Any, first: list[int], q: "JobProjection", *, into_current: bool) -> None:
    if not len(q.pre):
        return
    delay = q.delay - into_current
    synapse = {"synapse_model": "static_synapse", "weight": q.weight, "delay": delay.astype(float)}
    if into_current:
        synapse["receptor_type"] = np.ones(len(delay), dtype=np.int64)
    nest.Connect(q.pre + first[q.source], q.post + first[q.target], "one_to_one", synapse)
