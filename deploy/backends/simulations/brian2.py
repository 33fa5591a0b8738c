"""Brian 2: the equations of the graph, written as they stand.

The form of each kind comes with the job, from its file in `axonal.deploy.kinds`.

A synapse adds its weight to an accumulator that the update of the next step consumes, so that its
Brian delay is one step less than the hop; adding to the membrane itself would lose what arrives in
the step of a spike, because Brian resets after synapses.

Source: Brian 2.9; M. Stimberg, R. Brette and D. Goodman, eLife 8 (2019). Brian is CeCILL-licensed
(copyleft): it is imported in a process of its own only.
"""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from axonal.deploy.executor.job import Job, JobAnswer, JobPopulation

RESETS = {"zero": "v = 0", "subtract": "v = v - {}", "threshold": "v = {}"}
# `wait` counts the refractory steps to come; a neuron is ready where none was left.
UPDATE = {
    False: ("v = {}", "total = 0"),
    True: (
        "v = int(wait <= 0) * ({}) + int(wait > 0) * v",
        "total = 0",
        "ready = wait <= 0",
        "wait = clip(wait - 1, 0, 2147483647)",
    ),
}


def simulate(job: "Job", answer: "JobAnswer") -> None:
    """Simulate one network; called in the process that may import Brian."""
    import brian2 as b2

    b2.prefs.codegen.target = job.options["target"]
    # Optimisations that would round otherwise: moved terms, fused multiply-add, fast math.
    b2.prefs.codegen.loop_invariant_optimisations = False
    # Higher levels double the time of compilation; what runs here are calls more than loops.
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O1", "-g0", "-ffp-contract=off"]
    b2.defaultclock.dt = 1 * b2.ms
    groups = [_group(b2, job, k, p) for k, p in enumerate(job.populations)]
    network = b2.Network(*groups)
    for q in job.projections:
        if len(q.pre):
            synapses = b2.Synapses(
                groups[q.source], groups[q.target], "w : 1 (constant)", on_pre="total_post += w"
            )
            synapses.connect(i=q.pre, j=q.post)
            synapses.w = q.weight
            synapses.delay = (q.delay - 1) * b2.ms
            network.add(synapses)
    spikes = {k: b2.SpikeMonitor(groups[k]) for k, p in enumerate(job.populations) if p.spiking}
    forms = job.options["forms"]
    read = [k for k, p in enumerate(job.populations) if p.kind in forms and not p.spiking]
    # At the end of a step, when resets are done.
    membranes = {k: b2.StateMonitor(groups[k], "v", record=True, when="end") for k in read}
    network.add(*spikes.values(), *membranes.values())
    if job.probe is not None:
        group, neuron = job.probe
        probe = b2.StateMonitor(groups[group], "v", record=[neuron], when="end")
        network.add(probe)
    # `run` first makes and compiles its code: what counts as running begins with the first step.
    begun: list[float] = []
    clock = b2.NetworkOperation(lambda: begun.append(time.thread_time()), when="start")
    network.add(clock)
    network.run(job.steps * b2.ms)
    answer.extra["run_seconds"] = time.thread_time() - begun[0]
    for k, monitor in spikes.items():
        answer.spikes[k] = np.rint(monitor.t / b2.ms).astype(np.int64), np.asarray(monitor.i)
    for k, monitor in membranes.items():
        answer.readout[k] = np.asarray(monitor.v).T
    if job.probe is not None:
        answer.membrane = np.asarray(probe.v)[0]
    answer.extra["version"] = b2.__version__


def _group(b2: Any, job: "Job", k: int, p: "JobPopulation") -> Any:
    if p.kind in ("input", "constant"):
        events = job.events[k]
        return b2.SpikeGeneratorGroup(p.size, events.neuron, events.t * b2.ms)
    form, waits = job.options["forms"][p.kind], p.refractory > 0
    fires = f"v >= {form['threshold']}" + (" and ready" if waits else "")
    resets = [RESETS[p.reset].format(form["threshold"]), *form["after"]]
    resets += [f"wait = {p.refractory}"] * waits
    fields = form["fields"]
    model = [f"{name} : 1" for name in ("v", "total", *form["variables"])]
    model += [f"{name} : 1 (constant)" for name in fields]
    model += ["wait : integer", "ready : boolean"] * waits
    group = b2.NeuronGroup(
        p.size,
        "\n".join(model),
        threshold=fires if p.spiking else None,
        reset="\n".join(resets) if p.spiking else None,
    )
    update = [line.format(form["membrane"]) for line in UPDATE[waits]]
    group.run_regularly("\n".join([*form["before"], *update]), when="groups")
    if form["last"]:
        group.run_regularly("\n".join(form["last"]), when="after_resets")
    for name in fields:
        setattr(group, name, getattr(p, name))
    return group
