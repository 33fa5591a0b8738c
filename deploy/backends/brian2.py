"""Brian 2 with its numpy target: the equations of the graph, written as they stand.

A synapse adds its weight to an accumulator that the update of the next step consumes, so that its
Brian delay is one step less than the hop; adding to the membrane itself would lose what arrives in
the step of a spike, because Brian resets after synapses.

Source: Brian 2.9; M. Stimberg, R. Brette and D. Goodman, eLife 8 (2019). Brian is CeCILL-licensed
(copyleft): it is imported in a process of its own only.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from axonal.deploy.backends._support import Support
    from axonal.deploy.executor.worker import Answer, Cells, Job
    from axonal.deploy.graph import EventGraph
    from axonal.deploy.running.run import Request, Run

FIELDS = ("decay", "gain", "bias")
LEAKS = "decay * v + gain * (total + bias)"


class Form(NamedTuple):
    """A kind of population in Brian's words.

    Args:
        fields: its parameters beside FIELDS.
        variables: what it keeps beside its membrane and the input that arrived.
        before: what happens before the membrane moves.
        membrane: where it moves.
        threshold: what it is compared with.
        after: what else happens after a spike.
    """

    fields: tuple[str, ...] = ("threshold",)
    variables: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    membrane: str = LEAKS
    threshold: str = "threshold"
    after: tuple[str, ...] = ()


FORMS = {
    "integrator": Form(fields=()),
    "lif": Form(),
    "cuba": Form(
        ("threshold", "synapse_decay"),
        ("current",),
        ("current = synapse_decay * current + (total + bias)",),
        "decay * v + gain * current",
    ),
    "alif": Form(
        ("threshold", "adaptation_decay", "beta"),
        ("a", "level"),
        ("level = threshold + beta * a", "a = adaptation_decay * a"),
        threshold="level",
        after=("a = a + (1 - adaptation_decay)",),
    ),
    "resonator": Form(
        ("threshold", "rotation"),
        ("u", "earlier"),
        ("earlier = u", "u = decay * u - rotation * v + gain * (total + bias)"),
        "rotation * earlier + decay * v",
        after=("u = 0",),
    ),
}
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


def support() -> "Support":
    """What these equations have a form for."""
    from axonal.deploy.backends._support import Support

    return Support(
        neurons=("lif", "cuba", "alif", "resonator"),
        resets=tuple(RESETS),
        graded=False,
        any_gain=True,
    )


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
    from axonal.deploy.executor.process import simulate

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
    form, waits = FORMS[p.kind], p.refractory > 0
    fires = f"v >= {form.threshold}" + (" and ready" if waits else "")
    resets = [RESETS[p.reset].format(form.threshold), *form.after]
    resets += [f"wait = {p.refractory}"] * waits
    fields = (*FIELDS, *form.fields)
    model = [f"{name} : 1" for name in ("v", "total", *form.variables)]
    model += [f"{name} : 1 (constant)" for name in fields]
    model += ["wait : integer", "ready : boolean"] * waits
    group = b2.NeuronGroup(
        p.size,
        "\n".join(model),
        threshold=fires if p.spiking else None,
        reset="\n".join(resets) if p.spiking else None,
    )
    update = [line.format(form.membrane) for line in UPDATE[waits]]
    group.run_regularly("\n".join([*form.before, *update]), when="groups")
    for name in fields:
        setattr(group, name, getattr(p, name))
    return group
