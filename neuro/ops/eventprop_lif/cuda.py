"""Event-driven neurons on a GPU: lists for the kernels in ``cuda.cuh``, and their launches.

While a pass runs, arrays over all steps, samples and neurons are on the GPU; between the passes
are the spikes alone. Neurons that hear each other wait for each other between two kernels, one per
step.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.ops._cuda import THREADS, launch
from axonal.neuro.ops.eventprop_lif._arguments import delay_steps, listed, within_limit
from axonal.neuro.ops.eventprop_lif._tensors import (
    SMALLEST_SLOPE,
    Decays,
    Fired,
    Firing,
    Needs,
    Synapses,
    Trains,
)

FILES = ("_common.cuh", "eventprop_lif/cuda.cuh")
RUN, HELD, BACK, SYNAPSES, TIMES = range(5)
FREE = -1


def _start(
    name: str, part: int, threads: int, like: Tensor, *given: Tensor | int, **choices: int
) -> None:
    macros: dict[str, int | str] = {"LOOP": 0, "FIRES": 1, "KEEPS": 0, "DECAYS": 0}
    macros |= {**choices, "PART": part, "WIDTH": 1}
    launch(FILES, name, (math.ceil(threads / THREADS),), *given, like=like, choices=macros)


class _Listed(NamedTuple):
    """Spikes of all samples, one after the other.

    Attributes:
        when: step of each, int32 [E].
        who: its neuron, int32 [E].
        sample: int32 [E].
        place: sample and slot of each, in the padded lists.
    """

    when: Tensor
    who: Tensor
    sample: Tensor
    place: tuple[Tensor, Tensor]


def _listed(trains: Trains, steps: int) -> _Listed:
    times = trains.times.detach()
    slots = torch.arange(times.shape[1], device=times.device)
    sample, slot = (slots < trains.counts.unsqueeze(1)).nonzero(as_tuple=True)
    when = times[sample, slot].floor().clamp(max=steps - 1).int()
    return _Listed(when, trains.indices[sample, slot].int(), sample.int(), (sample, slot))


def _edges(keys: Tensor, count: int) -> Tensor:
    """Return the first place of every key and one past the last, of sorted keys [count + 1]."""
    return torch.cat((keys.new_zeros(1), torch.bincount(keys, minlength=count).cumsum(0)))


class _Connections(NamedTuple):
    """Weights and delays in steps int32 [I, N], a row for every source."""

    weight: Tensor
    delay: Tensor

    @classmethod
    def of(cls, synapses: Synapses, least: int, steps: int) -> "_Connections":
        whole = delay_steps(synapses.delay, least).clamp(max=steps).int()
        return cls(synapses.weight.detach().T.contiguous(), whole.T.contiguous())


def _rows(*rows: Tensor) -> list[Tensor]:
    return [row.detach().contiguous() for row in rows]


def _hold(firing: Firing, steps: int) -> Tensor:
    return firing.refractory.detach().round().clamp(max=steps).int()


def _run(
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing | None,
    feedback: Synapses | None,
    steps: int,
    *,
    keeps: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return spikes or, of units that never fire, potentials; currents; potentials before."""
    batch, size, like = len(trains.counts), len(synapses.weight), synapses.weight.detach()
    loop = feedback is not None and len(feedback.weight) > 0
    events = _listed(trains, steps)
    edges = _edges(events.sample.long() * steps + events.when, batch * steps)
    connections = _Connections.of(synapses, 0, steps)
    back = _Connections.of(feedback, 1, steps) if loop and feedback is not None else connections
    d, a = _rows(*decays)
    threshold = d if firing is None else firing.threshold.detach().contiguous()
    hold = torch.zeros_like(d, dtype=torch.int32) if firing is None else _hold(firing, steps)
    i, v = (like.new_zeros(batch, size) for _ in range(2))
    left = torch.zeros_like(i, dtype=torch.int32)
    current = like.new_zeros(steps, batch, size)
    fired = torch.empty_like(current)
    before = torch.empty_like(current) if keeps else current
    for t in range(steps if loop else 1):
        _start(
            "eventprop_run", RUN, batch * size, like,
            events.who, edges, *connections, *back, a, d, threshold, hold, i, v, left, current,
            fired, before, steps, size, batch * size, *((t, t + 1) if loop else (0, steps)),
            LOOP=int(loop), FIRES=int(firing is not None), KEEPS=int(keeps),
        )  # fmt: skip
    return fired, current, before


def forward(
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    limit: int,
) -> Fired:
    """Run T steps; see :func:`axonal.neuro.ops.eventprop_lif.eventprop_lif`."""
    fired, current, _ = _run(trains, synapses, decays, firing, feedback, steps)
    within_limit("eventprop_lif", fired.sum((0, 2)).long(), limit)
    return listed(fired, current, _hold(firing, steps).long())


def readout_forward(trains: Trains, synapses: Synapses, decays: Decays, steps: int) -> Tensor:
    """Run T steps of units that never fire [T, B, N]."""
    return _run(trains, synapses, decays, None, None, steps)[0]


def backward(
    g: Tensor,
    fired: Fired,
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    needs: Needs,
) -> tuple[Tensor, ...]:
    """Return the gradients of `reference.backward`; zeros for those that are not needed."""
    batch, size = len(trains.counts), len(synapses.weight)
    own = _listed(fired.trains, steps)
    slot = torch.full((steps, batch, size), FREE, dtype=torch.int32, device=g.device)
    sample, place = own.place
    slot[own.when.long(), sample, own.who.long()] = place.int()
    _start("eventprop_held", HELD, batch * size, g, slot, _hold(firing, steps), steps, size,
           batch * size)  # fmt: skip
    p_i, pull, g_rows = _costates(
        g.contiguous(), slot, fired, trains, synapses, decays, firing, feedback, steps, needs
    )
    of_feedback = [torch.zeros_like(a) for a in feedback]
    if len(feedback.weight) and needs.synapses:
        of_feedback = _synapses(own, feedback, 1, p_i, pull)
    return *_inputs(trains, synapses, p_i, pull, needs, g_rows), *of_feedback


def readout_backward(
    g: Tensor, trains: Trains, synapses: Synapses, decays: Decays, needs: Needs
) -> tuple[Tensor, ...]:
    """Return the gradients of `reference.readout_backward`; zeros for those not needed."""
    p_i, pull, g_rows = _costates(
        g.contiguous(), None, None, trains, synapses, decays, None, None, len(g), needs
    )
    return _inputs(trains, synapses, p_i, pull, needs, g_rows)[:5]


def _costates(
    g: Tensor,
    slot: Tensor | None,
    spikes: Fired | None,
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing | None,
    feedback: Synapses | None,
    steps: int,
    needs: Needs,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return p_I and what an arrival pulls at its time [T, B, N], and gradients of rows [4, N]."""
    batch, size = len(trains.counts), len(synapses.weight)
    current = before = g
    if needs.decays:
        # once more with the same sums, so that the same neurons fire
        _, current, before = _run(trains, synapses, decays, firing, feedback, steps, keeps=True)
    d, a = _rows(*decays)
    rates = -a.log(), -d.log()
    threshold = d if firing is None else firing.threshold.detach().contiguous()
    loop = feedback is not None and len(feedback.weight) > 0
    back, lag = synapses.weight.detach(), torch.zeros_like(d, dtype=torch.int32)
    if loop and feedback is not None:
        back = feedback.weight.detach().contiguous()
        lag = delay_steps(feedback.delay, 1).clamp(max=steps).int().contiguous()
    none = spikes is None
    slot = lag if slot is None else slot
    now, then = (g, g) if spikes is None else _rows(spikes.current, spikes.released)
    room = 0 if spikes is None else spikes.times.shape[1]
    carry, later = (g.new_zeros(batch, size) for _ in range(2))
    p_i, pull = (g.new_empty(steps, batch, size) for _ in range(2))
    g_rows = g.new_zeros(4, batch, size)
    for t in range(steps - 1, -1, -1) if loop else (0,):
        _start(
            "eventprop_back", BACK, batch * size, g,
            g, slot, now, then, back.contiguous(), lag, a, d, *rates, threshold,
            SMALLEST_SLOPE * threshold, current, before, carry, later, p_i, pull, g_rows,
            steps, size, batch * size, room, *((t, t + 1) if loop else (0, steps)),
            LOOP=int(loop), FIRES=int(not none), DECAYS=int(needs.decays),
        )  # fmt: skip
    return p_i, pull, g_rows.sum(1)


def _synapses(
    events: _Listed, synapses: Synapses, least: int, p_i: Tensor, pull: Tensor
) -> list[Tensor]:
    """Return the gradients of weight and delay [N, I]."""
    steps, batch, size = p_i.shape
    sources = synapses.weight.shape[1]
    key = events.sample.long() * sources + events.who
    order = key.argsort(stable=True)
    connections = _Connections.of(synapses, least, steps)
    found = [torch.empty_like(connections.weight) for _ in range(2)]
    _start(
        "eventprop_synapses", SYNAPSES, sources * size, p_i,
        events.when[order], _edges(key[order], batch * sources), *connections, p_i, pull, *found,
        steps, batch, sources, size,
    )  # fmt: skip
    return [a.T.contiguous() for a in found]


def _inputs(
    trains: Trains, synapses: Synapses, p_i: Tensor, pull: Tensor, needs: Needs, g_rows: Tensor
) -> tuple[Tensor, ...]:
    """Return the gradients of times, weight, delay, and of the rows of neurons."""
    steps, batch, size = p_i.shape
    events = _listed(trains, steps)
    g_times = torch.zeros_like(trains.times)
    if needs.times:
        of_events = g_times.new_empty(len(events.when))
        _start(
            "eventprop_times", TIMES, len(of_events), p_i,
            events.when, events.who, events.sample, *_Connections.of(synapses, 0, steps), pull,
            of_events, steps, batch, size, len(of_events),
        )  # fmt: skip
        g_times[events.place] = of_events
    found = [torch.zeros_like(a) for a in synapses]
    if needs.synapses:
        found = _synapses(events, synapses, 0, p_i, pull)
    # each in memory of its own: torch refuses results that share some
    return g_times, *found, *(row.clone() for row in g_rows)
