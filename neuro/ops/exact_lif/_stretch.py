"""One round of the scan over time: the next stretch of arrivals of every neuron, at once."""

from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.ops.exact_lif._lanes import Lanes
from axonal.neuro.ops.exact_lif._linear_scan import linear_scan
from axonal.neuro.ops.exact_lif._problem import Setting
from axonal.neuro.ops.exact_lif._rates import Rates


class State(NamedTuple):
    """Lanes that still run, each [A].

    Attributes:
        lane: which.
        cursor: place of its next arrival.
        t: time of its last event.
        v: V there.
        i: I there.
        release: end of its refractory time.
    """

    lane: Tensor
    cursor: Tensor
    t: Tensor
    v: Tensor
    i: Tensor
    release: Tensor

    @classmethod
    def at_rest(cls, lanes: Lanes) -> "State":
        """All lanes at their start."""
        lane = torch.arange(len(lanes.times), device=lanes.times.device)
        zero = lanes.times.new_zeros(len(lane))
        return cls(lane, torch.zeros_like(lane), zero, zero, zero, zero)

    def some(self, place: Tensor) -> "State":
        """Some of them."""
        return State(*(p[place] for p in self))


class Stretch(NamedTuple):
    """W intervals of every lane that runs, each [A, W] up to ``left``.

    Attributes:
        start: of the intervals, where a refractory neuron is free.
        stop: of the intervals, each an arrival or the end of the sample.
        v: V at the start, without a spike before.
        i: I at the start.
        then: V at the stop.
        left: I before the arrival at the stop.
        place: of the arrival at the stop.
        hit: whether one holds a crossing [A].
        passed: number of intervals before it, or W [A].
    """

    start: Tensor
    stop: Tensor
    v: Tensor
    i: Tensor
    then: Tensor
    left: Tensor
    place: Tensor
    hit: Tensor
    passed: Tensor


def look(lanes: Lanes, state: State, width: int) -> Stretch:
    """Follow every lane over its next ``width`` intervals, and find the first crossing."""
    rates = lanes.rates.at(state.lane.unsqueeze(1))
    steps = torch.arange(width, device=state.t.device)
    place = (state.cursor.unsqueeze(1) + steps).clamp(max=lanes.times.shape[1] - 1)
    at = state.lane.unsqueeze(1), place
    stop = lanes.times[at]
    start = torch.cat([state.t.unsqueeze(1), stop[:, :-1]], 1)
    i = torch.cat([state.i.unsqueeze(1), lanes.currents[at][:, :-1]], 1)
    if (state.release > state.t).any():
        # V stays at its reset over intervals of no length
        free = state.release.unsqueeze(1).maximum(start).minimum(stop)
        i = i * torch.exp(-rates.c * (free - start))
        start = free
    s = stop - start
    x, y, k = rates.flow(s)
    rise = k * i
    rise[:, 0] += x[:, 0] * state.v
    then = linear_scan(x, rise)
    v = torch.cat([state.v.unsqueeze(1), then[:, :-1]], 1)
    left = i * y
    threshold = lanes.neurons.threshold[state.lane].unsqueeze(1)
    crossed = rates.meets(v, i, s, then, left, threshold)
    hit = crossed.any(1)
    passed = torch.where(hit, crossed.to(torch.uint8).argmax(1), width)
    return Stretch(start, stop, v, i, then, left, place, hit, passed)


def fire(lanes: Lanes, state: State, stretch: Stretch, hit: Tensor) -> tuple[Tensor, Tensor]:
    """Return the times of the spikes of lanes ``hit``, and I at them."""
    own, at = state.lane[hit], (hit, stretch.passed[hit])
    start, stop, v, i = (p[at] for p in stretch[:4])
    rates = lanes.rates.at(own)
    s = rates.crossing(v, i, stop - start, lanes.neurons.threshold[own])
    return torch.minimum(start + s, stop), i * torch.exp(-rates.c * s)


def integrate(
    lanes: Lanes, state: State, stretch: Stretch, hit: Tensor, time: Tensor, current: Tensor,
    setting: Setting, total: Tensor,
) -> None:  # fmt: skip
    """Add the integral of e^{-rate t} V over a stretch, and over the refractory time behind it."""
    rate = setting.rate
    row = torch.arange(stretch.start.shape[1], device=time.device)
    inside = row < stretch.passed.unsqueeze(1)
    rates = lanes.rates.at(state.lane.unsqueeze(1))
    f, g = torch.exp(-rate * stretch.start), torch.exp(-rate * stretch.stop)
    part = _gain(stretch.v, stretch.i, stretch.then, stretch.left, f, g, rate, rates)
    total[state.lane] += (part * inside).sum(1)
    if not len(hit):
        return
    own, at = state.lane[hit], (hit, stretch.passed[hit])
    neurons = lanes.neurons
    until = torch.exp(-rate * time)
    total[own] += _gain(
        stretch.v[at], stretch.i[at], neurons.threshold[own], current, f[at], until, rate,
        lanes.rates.at(own),
    )  # fmt: skip
    release = (time + neurons.refractory[own]).clamp(max=setting.duration)
    held = (until - torch.exp(-rate * release)) / rate if rate > 0 else release - time
    total[own] += neurons.v_reset[own] * held


def _gain(
    v: Tensor, i: Tensor, then: Tensor, left: Tensor, f: Tensor, g: Tensor, rate: float,
    rates: Rates,
) -> Tensor:  # fmt: skip
    """Return the integral of e^{-rate t} V from f = e^{-rate t} to g."""
    current = (f * i - g * left) / (rate + rates.c)
    return (rates.a * current - (g * then - f * v)) / (rate + rates.a)


def raise_highest(lanes: Lanes, state: State, stretch: Stretch, duration: float,
                  highest: Tensor) -> None:  # fmt: skip
    """Note a highest V, when, and its slope before an arrival that turned it [3, L].

    Those of neurons that fire are noted up to a spike only: their highest V is the threshold.
    """
    rates = lanes.rates.at(state.lane.unsqueeze(1))
    start, stop, v, i, then, left, place, _, passed = stretch
    weight = lanes.weights[state.lane.unsqueeze(1), place]
    turned = left + weight < then
    # the end of a sample cuts a rise as an arrival does, but nothing moves it
    cut = (left >= then) & (turned | (stop >= duration))
    at = torch.minimum(rates.peak(v, i), stop - start)
    turns = (left < then) & (i > v) & (i > 0)
    top = torch.where(turns, i * torch.exp(-rates.c * at), torch.where(cut, then, -torch.inf))
    row = torch.arange(start.shape[1], device=start.device)
    best, where = top.masked_fill(row >= passed.unsqueeze(1), -torch.inf).max(1)
    here = torch.arange(len(where), device=where.device), where
    slope = torch.where(turns | ~turned, 0.0, rates.a * (left - then))[here]
    when = torch.where(turns, start + at, stop)[here]
    now = highest[:, state.lane]
    highest[:, state.lane] = torch.where(best > now[0], torch.stack([best, when, slope]), now)


def go_on(
    lanes: Lanes, state: State, stretch: Stretch, hit: Tensor, time: Tensor, current: Tensor,
    duration: float,
) -> tuple[State, State]:  # fmt: skip
    """Return the lanes that go on, behind their spike or their stretch, and those at the end."""
    last = stretch.place[:, -1]
    t, v = stretch.stop[:, -1].clone(), stretch.then[:, -1].clone()
    i, release = lanes.currents[state.lane, last], state.release.clone()
    own = state.lane[hit]
    t[hit], v[hit], i[hit] = time, lanes.neurons.v_reset[own], current
    release[hit] = time + lanes.neurons.refractory[own]
    after = State(state.lane, state.cursor + stretch.passed, t, v, i, release)
    over = (t >= duration) | (release >= duration)
    return after.some(~over), after.some(over)
