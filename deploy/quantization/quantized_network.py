"""Training of a graph in the arithmetic of its chip."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from axonal.deploy import chips
from axonal.deploy.chips import Format
from axonal.deploy.chips._straight_through import rounded
from axonal.deploy.graph import EventGraph, Projection
from axonal.deploy.kinds import NEURONS
from axonal.deploy.quantization.quantize import (
    Choice,
    finished,
    quantize,
    ready,
    stored,
    whole_projection,
)
from axonal.neuro import ATan, Surrogate


class QuantizedNetwork(nn.Module):
    """A graph as a torch module in the whole numbers of a chip; `fake_quantize` makes it.

    The forward pass is the chip's arithmetic, step by step; the backward pass goes straight through
    every rounding, and through spikes by a surrogate. Weights train, with the exponents, thresholds
    and delays that `quantize` chose.

    Args:
        graph: an exported graph with a golden run.
        chip: one of `axonal.deploy.chips.names()`, such as "loihi2".
        surrogate: derivative of a spike by its membrane in units of the threshold.

    >>> QuantizedNetwork.__mro__[1].__name__
    'Module'
    """

    def __init__(self, graph: EventGraph, chip: str, surrogate: Surrogate) -> None:
        super().__init__()
        whole = quantize(graph, chip)
        assert graph.golden is not None
        self._golden, self._surrogate = graph.golden, surrogate
        self._chip = chips.find(chip)
        self._rule = self._chip.STEP
        self._exact = ready(graph, self._chip)
        rows = whole.info["quantization"]["populations"]
        self._choices = {
            # written before there was a choice, they were shifted
            r["population"]: Choice(r["scale"], r["share"], r.get("shifts", True))
            for r in rows
        }
        self._arithmetic = chip
        self._cells = whole.of_kind(*NEURONS)
        self._number = {p.name: k for k, p in enumerate(self._cells)}
        self.weights = nn.ParameterList()
        self._forms: list[Format] = []
        self._exponents: dict[str, int] = {}  # of a population, where it has one
        for q, exact, form in stored(self._exact, self._chip, self._choices):
            self._forms.append(form)
            self._exponents[q.target] = form.exponent
            self.weights.append(nn.Parameter(torch.from_numpy(exact)))
        for p in self._cells:
            self.register_buffer(self._key("decay", p.name), torch.from_numpy(p.decay.copy()))
            if p.synapse_decay.size:
                kept = torch.from_numpy(p.synapse_decay.copy())
                self.register_buffer(self._key("synapse", p.name), kept)
            if p.spiking:
                level = torch.from_numpy(p.threshold.copy())
                self.register_buffer(self._key("threshold", p.name), level)

    def _key(self, field: str, name: str) -> str:
        # names of populations may contain dots, which torch forbids in names of buffers
        return f"{field}_{self._number[name]}"

    def whole_weights(self) -> list[Tensor]:
        """Weights of every projection as the chip has them, whole numbers times 2^exponent."""
        # times a power of two, because the gradient of torch.ldexp is 0 for negative exponents
        return [
            torch.clamp(rounded(w * 2.0**-e / step) * step, low, high) * 2.0**e
            for w, (low, high, step, e) in zip(self.weights, self._forms, strict=True)
        ]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Run from rest.

        Args:
            x: events of the only input, 0 or 1 `[T, B, N]`.

        Returns:
            for every output of the graph its spikes or its readout `[T, B, N]`, in the network's
            own time and in the units of the float network.
        """
        graph, (steps, batch) = self._exact, x.shape[:2]
        (source,) = graph.of_kind("input")
        total = steps + graph.max_latency
        taps = [
            (q, delay, matrix)
            for q, weight in zip(graph.projections, self.whole_weights(), strict=True)
            for delay, matrix in self._matrices(q, weight)
        ]
        one = x.new_ones((batch, 1), dtype=torch.float64)
        due: dict[tuple[str, int], Tensor] = {}
        v = {p.name: one.new_zeros((batch, p.size)) for p in self._cells}
        u = {p.name: one.new_zeros((batch, p.size)) for p in self._cells if p.synapse_decay.size}
        left = {p.name: one.new_zeros((batch, p.size)) for p in self._cells if p.refractory}
        kept: dict[str, list[Tensor]] = {name: [] for name in graph.outputs}
        for t in range(total):
            sent = {p.name: one.expand(batch, p.size) for p in graph.of_kind("constant")}
            if t < steps:
                sent[source.name] = x[t].to(torch.float64)
            for p in self._cells:
                arrived = due.pop((p.name, t), None)
                if arrived is None:
                    arrived = one.new_zeros((self._chip.BUFFERS, batch, p.size))
                decay = getattr(self, self._key("decay", p.name))
                exponent = self._exponents.get(p.name, 0)
                current = self._rule.given(arrived, exponent)
                if p.name in u:
                    synapse = getattr(self, self._key("synapse", p.name))
                    u[p.name] = current = self._rule.current(u[p.name], current, synapse)
                h = self._rule.membrane(v[p.name], current, decay)
                if p.refractory:
                    h = torch.where(left[p.name] > 0, v[p.name], h)
                spikes = self._spikes(p.name, h)
                if p.refractory and spikes is not None:
                    spikes = spikes * (left[p.name] == 0)
                    left[p.name] = (left[p.name] - 1).clamp(min=0) + p.refractory * spikes.detach()
                v[p.name] = h if spikes is None else h * (1 - spikes.detach())
                if spikes is not None:
                    sent[p.name] = spikes
                if p.name in kept and p.latency <= t < p.latency + steps:
                    shown = h / self._choices[p.name].scale if spikes is None else spikes
                    kept[p.name].append(shown)
            for q, delay, matrix in taps:
                if q.source in sent and t + delay < total:
                    part = self._rule.arriving(sent[q.source] @ matrix)
                    place = (q.target, t + delay)
                    due[place] = due[place] + part if place in due else part
        return tuple(torch.stack(kept[name]) for name in graph.outputs)

    def graph(self) -> EventGraph:
        """The graph with the weights as they are now, quantised, with a golden run of its own.

        Returns:
            what `quantize` returns, for the trained weights.
        """
        projections, rows = [], []
        for q, exact, form in zip(self._exact.projections, self.weights, self._forms, strict=True):
            wire, row = whole_projection(q, exact.detach().numpy(), form)
            projections.append(wire)
            rows.append(row)
        late = {p.name: p for p in self._cells}
        populations = tuple(late.get(p.name, p) for p in self._exact.populations)
        whole = replace(
            self._exact,
            populations=populations,
            projections=tuple(projections),
            arithmetic=self._arithmetic,
            golden=None,
        )
        return finished(self._exact, self._golden, self._choices, whole, rows)

    def _matrices(self, q: Projection, weight: Tensor) -> list[tuple[int, Tensor]]:
        """Dense weights `[BUFFERS, N_pre, N_post]` of every delay that occurs."""
        shape = (self._exact.population(q.source).size, self._exact.population(q.target).size)
        parts = self._rule.buffers(weight)
        matrices = []
        for delay in np.unique(q.delay):
            chosen = torch.from_numpy(np.flatnonzero(q.delay == delay))
            place = torch.from_numpy(q.pre.astype(np.int64) * shape[1] + q.post)[chosen]
            empty = weight.new_zeros(math.prod(shape))
            flat = [empty.index_put((place,), x[chosen], accumulate=True) for x in parts]
            matrices.append((int(delay), torch.stack(flat).reshape(-1, *shape)))
        return matrices

    def _spikes(self, name: str, h: Tensor) -> Tensor | None:
        """Spikes of a population at these membranes, None of an integrator."""
        threshold = getattr(self, self._key("threshold", name), None)
        if threshold is None:
            return None
        # membranes are whole steps, so that half a step decides the same and is never met
        above = 0.5 / self._chip.UNIT * (-1 if self._chip.FIRES_AT else 1)
        return self._surrogate((h - threshold - above) / (threshold + (not self._chip.FIRES_AT)))


def fake_quantize(
    graph: EventGraph, chip: str = "loihi2", *, surrogate: Surrogate | None = None
) -> QuantizedNetwork:
    """Make a torch module that runs a graph in the arithmetic of a chip, to fine-tune it.

    The forward pass fires exactly the spikes of the chip (as long as no current overflows, which
    the golden run checks); the gradient goes straight through roundings. After training, its
    ``graph()`` is what runs on the chip.

    Args:
        graph: an exported graph with a golden run and one input.
        chip: one of `axonal.deploy.chips.names()`, such as "loihi2".
        surrogate: derivative of a spike by its membrane in units of the threshold.

    Returns:
        the module.

    Raises:
        QuantizeError: the chip has no form for the graph.
        ValueError: the graph has several inputs, or cannot be quantised for another reason.

    >>> from axonal import neuro
    >>> from axonal.deploy import export
    >>> net = neuro.Sequential({"fc": neuro.Linear(3, 4), "out": neuro.LeakyIntegrator(4)})
    >>> module = fake_quantize(export(net, dt=0.001, inputs=torch.ones(5, 2, 3)))
    >>> module(torch.ones(5, 2, 3))[0].shape, module.graph().arithmetic
    (torch.Size([5, 2, 4]), 'loihi2')
    """
    inputs = graph.of_kind("input")
    if len(inputs) > 1:
        raise ValueError(f"fake_quantize takes graphs with one input, got {len(inputs)}")
    return QuantizedNetwork(graph, chip, surrogate or ATan(2.0))
