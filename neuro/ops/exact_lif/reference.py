"""Neurons in continuous time, event by event, written out: the definition of every faster path.

The time of a spike is found by bracketing and bisection, without gradient, and then corrected by
``(V - threshold) / V'``, which is zero and has the gradient of the implicit function.
"""

import heapq
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops.exact_lif._problem import (
    Connections,
    Neurons,
    Setting,
    Spikes,
    too_many,
)

_SMALL, _TERMS = 0.5, 20
_CAUSES = 10_000


def _root(change: Callable[[float], float], low: float, high: float, **within: float) -> float:
    """Return where a function changes its sign."""
    # only the reference needs scipy.optimize, which takes a while to import
    from scipy.optimize import brentq

    return float(brentq(change, low, high, **within))


def flow(s: Tensor, a: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return x, y and K: ``V(s) = V x + I K`` and ``I(s) = I y`` for rates a and c."""
    slow, fast = torch.minimum(a, c), torch.maximum(a, c)
    u = (fast - slow) * s
    if u.detach() < _SMALL:
        g: Any = 0.0
        for k in reversed(range(_TERMS)):
            g = 1 / math.factorial(k + 1) - u * g
    else:
        g = -torch.expm1(-u) / u
    return torch.exp(-a * s), torch.exp(-c * s), a * s * torch.exp(-slow * s) * g


class _Neuron:
    """One neuron: its state after its last event, and the readout so far.

    Args:
        parameters: tau, tau_synapse, threshold, v_reset and refractory.
        setting: length of a sample, and what is read.
    """

    def __init__(self, parameters: tuple[Tensor, ...], setting: Setting) -> None:
        tau, tau_synapse, self.threshold, self.v_reset, self.refractory = parameters
        self.a, self.c, self.setting = 1 / tau, 1 / tau_synapse, setting
        self.t = self.v = self.i = self.release = self.readout = torch.zeros_like(tau)
        # true until the end of the refractory time, also one of no length, which has a gradient
        self.refrains = False

    def at(self, stop: Tensor) -> tuple[Tensor, Tensor]:
        """Return V and I at a time after the last event."""
        x, y, k = flow(stop - self.t, self.a, self.c)
        return self.v * x + self.i * k, self.i * y

    def crossing(self) -> float:
        """Return when V meets the threshold if nothing arrives; infinity if it does not."""
        state = self.t, self.v, self.i
        with torch.no_grad():
            end = torch.tensor(self.setting.duration, dtype=self.v.dtype)
            if self.refrains:
                if self.release >= end:
                    return math.inf
                self.t, self.v, self.i = self.release, self.v_reset, self.at(self.release)[1]
            found = self._meets(float(end - self.t)) + float(self.t)
        self.t, self.v, self.i = state
        return found

    def _meets(self, longest: float) -> float:
        def height(s: float) -> float:
            return float(self.at(self.t + s)[0] - self.threshold)

        def rise(s: float) -> float:
            v, i = self.at(self.t + s)
            return float(i - v)

        if not self.i > self.threshold or longest <= 0:
            return math.inf
        top = longest if rise(longest) >= 0 else _root(rise, 0.0, longest, xtol=1e-15)
        if height(top) < 0:
            return math.inf
        return _root(height, 0.0, top, xtol=1e-15, rtol=1e-15)

    def advance(self, stop: Tensor) -> None:
        """Go on to a time before which nothing happens."""
        if self.refrains:
            until = self.release if self.release <= stop else stop
            self.i = self.at(until)[1]
            if self.setting.readout == "integral":
                self.readout = self.readout + self.v_reset * self._weight(self.t, until)
            self.t, self.v = until, self.v_reset
            self.refrains = not self.release <= stop
            if self.refrains:
                return
        v, i = self.at(stop)
        if self.setting.readout == "integral":
            self.readout = self.readout + self._integral(stop, v, i)
        elif self.setting.readout == "maximum":
            self._higher(stop, v, i)
        self.t, self.v, self.i = stop, v, i

    def _weight(self, start: Tensor, stop: Tensor) -> Tensor:
        rate = self.setting.rate
        if rate == 0:
            return stop - start
        return (torch.exp(-rate * start) - torch.exp(-rate * stop)) / rate

    def _integral(self, stop: Tensor, v: Tensor, i: Tensor) -> Tensor:
        """Integral of e^{-rate t} V, from both equations integrated by parts."""
        rate = self.setting.rate
        f, g = torch.exp(-rate * self.t), torch.exp(-rate * stop)
        of_i = (f * self.i - g * i) / (rate + self.c)
        return (self.a * of_i - (g * v - f * self.v)) / (rate + self.a)

    def _higher(self, stop: Tensor, v: Tensor, i: Tensor) -> None:
        if v > self.readout:
            self.readout = v
        if self.i > self.v and i < v and self.i > 0:
            with torch.no_grad():
                longest = float(stop - self.t)

                def rise(s: float) -> float:
                    v, i = self.at(self.t + s)
                    return float(i - v)

                when = self.t + _root(rise, 0.0, longest, xtol=1e-15)
            top = self.at(when)[0]
            if top > self.readout:
                self.readout = top

    def fire(self, when: float) -> Tensor:
        """Fire; return the time with its gradient."""
        now = self.t.new_tensor(when)
        if self.refrains:
            self.advance(self.release)
        v, i = self.at(now)
        t = now - (v - self.threshold) / (self.a * (i - v)).detach()
        self.advance(t)
        if self.setting.readout == "maximum":
            self.readout = self.threshold
        self.v, self.release, self.refrains = self.v_reset, t + self.refractory, True
        return t


def _sample(
    b: int, times: Tensor, sources: Tensor, connections: Connections, parameters: Neurons,
    setting: Setting,
) -> tuple[list[Tensor], list[int], Tensor]:  # fmt: skip
    weight, delay, feedback_weight, feedback_delay = connections
    size = len(weight)
    neurons = [_Neuron(p, setting) for p in zip(*(p.unbind() for p in parameters), strict=True)]
    arrivals: list[tuple[float, int, int, Tensor, Tensor]] = []
    fired: list[Tensor] = []
    who: list[int] = []

    def send(t: Tensor, weights: Tensor, delays: Tensor) -> None:
        for j in range(size):
            when = t + delays[j]
            if when <= setting.duration:
                place = (float(when.detach()), len(arrivals) + _CAUSES * len(fired), j)
                heapq.heappush(arrivals, (*place, weights[j], when))

    for t, i in zip(times.unbind(), sources.tolist(), strict=True):
        send(t, weight[:, i], delay[:, i])
    crossings = [math.inf] * size
    while True:
        following = min(range(size), key=crossings.__getitem__)
        first = arrivals[0][0] if arrivals else math.inf
        if crossings[following] <= min(first, setting.duration):
            if len(fired) == setting.limit:
                raise too_many(b, setting.limit)
            j = following
            t = neurons[j].fire(crossings[j])
            fired.append(t)
            who.append(j)
            if len(feedback_weight):
                send(t, feedback_weight[:, j], feedback_delay[:, j])
        elif arrivals:
            _, _, j, w, when = heapq.heappop(arrivals)
            neurons[j].advance(when)
            neurons[j].i = neurons[j].i + w
        else:
            break
        crossings[j] = neurons[j].crossing()
    for neuron in neurons:
        neuron.advance(neuron.t.new_tensor(setting.duration))
    read = {"": "v", "end": "v"}.get(setting.readout, "readout")
    return fired, who, torch.stack([getattr(neuron, read) for neuron in neurons])


def exact_lif(
    spikes: Spikes, connections: Connections, neurons: Neurons, setting: Setting
) -> tuple[Spikes, Tensor]:
    """Run a batch in float64; see :func:`axonal.neuro.ops.exact_lif.exact_lif`."""
    times, indices, counts = spikes
    made = [
        _sample(b, times[b, :n], indices[b, :n], connections, neurons, setting)
        for b, n in enumerate(counts.tolist())
    ]
    empty = times.new_empty(0)
    rows = [torch.stack(t) if t else empty for t, _, _ in made]
    who = [torch.tensor(j, dtype=torch.int64) for _, j, _ in made]
    return (
        Spikes(
            torch.nn.utils.rnn.pad_sequence(rows, True, math.inf),
            torch.nn.utils.rnn.pad_sequence(who, True, -1),
            torch.tensor([len(j) for j in who]),
        ),
        torch.stack([readout for _, _, readout in made]),
    )
