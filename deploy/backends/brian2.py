"""Brian 2 with its numpy target: the equations of the graph, written as they stand.

A synapse adds its weight to an accumulator that the update of the next step consumes, so that its
Brian delay is one step less than the hop; adding to the membrane itself would lose what arrives in
the step of a spike, because Brian resets after synapses.

Source: Brian 2.9; M. Stimberg, R. Brette and D. Goodman, eLife 8 (2019). Brian is CeCILL-licensed
(copyleft): it is imported in a process of its own only.
"""

import textwrap
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from axonal.deploy._run import Request, Run
    from axonal.deploy.backends._support import Support
    from axonal.deploy.backends._worker import Answer, Cells, Job
    from axonal.deploy.graph import EventGraph

MODEL = """
v : 1
total : 1
current : 1
wait : integer
decay : 1 (constant)
gain : 1 (constant)
bias : 1 (constant)
threshold : 1 (constant)
synapse_decay : 1 (constant)
"""
# What enters the membrane, by kind.
CURRENT = {"cuba": "current = synapse_decay * current + (total + bias)"}
ENTERS = "current = total + bias"
# `wait` counts the refractory steps to come; a neuron is ready where none was left.
UPDATE = {
    False: "v = decay * v + gain * current; total = 0",
    True: """
        v = int(wait <= 0) * (decay * v + gain * current) + int(wait > 0) * v
        total = 0
        ready = wait <= 0
        wait = clip(wait - 1, 0, 2147483647)
    """,
}


def support() -> "Support":
    """What these equations have a form for."""
    from axonal.deploy.backends._support import Support

    return Support(neurons=("lif", "cuba"), graded=False, any_gain=True)


def missing() -> str | None:
    """Command that installs Brian 2; None if it is there."""
    from axonal.deploy.backends._support import installed

    return None if installed("brian2") else "pip install 'axonal[deploy]'"


def refused(graph: "EventGraph") -> list[str]:
    """What cannot be expressed, one line a population."""
    from axonal.deploy.backends._support import unfit

    return unfit(graph, support())


def run(graph: "EventGraph", inputs: Mapping[str, npt.NDArray[Any]], request: "Request") -> "Run":
    """Run in a process of its own."""
    from axonal.deploy._process import simulate

    return simulate(__file__, graph, inputs, request, target="numpy")


def simulate(job: "Job", answer: "Answer") -> None:
    """Simulate one network; called in the process that may import Brian."""
    import brian2 as b2

    b2.prefs.codegen.target = job.options["target"]
    # Optimisations that would round otherwise: moved terms, fused multiply-add, fast math.
    b2.prefs.codegen.loop_invariant_optimisations = False
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffp-contract=off"]
    b2.defaultclock.dt = 1 * b2.ms
    groups = [_group(b2, job, k, p) for k, p in enumerate(job.cells)]
    network = b2.Network(*groups)
    for q in job.wires:
        if len(q.pre):
            synapses = b2.Synapses(
                groups[q.source], groups[q.target], "w : 1 (constant)", on_pre="total_post += w"
            )
            synapses.connect(i=q.pre, j=q.post)
            synapses.w = q.weight
            synapses.delay = (q.delay - 1) * b2.ms
            network.add(synapses)
    spikes = {k: b2.SpikeMonitor(groups[k]) for k, p in enumerate(job.cells) if p.spiking}
    read = [k for k, p in enumerate(job.cells) if p.kind == "integrator"]
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


def _group(b2: Any, job: "Job", k: int, p: "Cells") -> Any:
    if p.kind in ("input", "constant"):
        events = job.events[k]
        return b2.SpikeGeneratorGroup(p.size, events.neuron, events.t * b2.ms)
    spiking, waits = p.spiking, p.refractory > 0
    fires = "v >= threshold" + (" and ready" if waits else "")
    reset = "v = 0" if p.reset == "zero" else "v = v - threshold"
    group = b2.NeuronGroup(
        p.size,
        MODEL + ("ready : boolean" if waits else ""),
        threshold=fires if spiking else None,
        reset=reset + (f"; wait = {p.refractory}" if waits else "") if spiking else None,
    )
    enters = CURRENT.get(p.kind, ENTERS)
    group.run_regularly(f"{enters}\n{textwrap.dedent(UPDATE[waits])}", when="groups")
    group.decay, group.gain, group.bias = p.decay, p.gain, p.bias
    if spiking:
        group.threshold = p.threshold
    if p.kind == "cuba":
        group.synapse_decay = p.synapse_decay
    return group
