"""Training a graph in the arithmetic of its chip, so that what is trained is what is deployed."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from axonal.deploy._quantize import Choice, finished, quantize, scaled, single, whole_projection
from axonal.deploy._retime import retime
from axonal.deploy.chips import loihi2
from axonal.deploy.graph import EventGraph, Projection
from axonal.neuro import ATan, Surrogate


class QuantizedNetwork(nn.Module):
    """A graph as a torch module in the whole numbers of a chip; `fake_quantize` makes it.

    The forward pass is the chip's arithmetic, step by step; the backward pass goes straight through
    every rounding, and through spikes by a surrogate. Weights train, with the exponents, thresholds
    and delays that `quantize` chose.

    Args:
        graph: an exported graph with a golden run.
        chip: "loihi2".
        surrogate: derivative of a spike by its membrane in units of the threshold.

    >>> QuantizedNetwork.__mro__[1].__name__
    'Module'
    """

    def __init__(self, graph: EventGraph, chip: str, surrogate: Surrogate) -> None:
        super().__init__()
        whole = quantize(graph, chip)
        assert graph.golden is not None
        self._golden, self._surrogate = graph.golden, surrogate
        self._exact = single(retime(graph, max(graph.hop, 1)))
        rows = whole.info["quantization"]["populations"]
        self._choices = {r["population"]: Choice(r["scale"], r["clip"]) for r in rows}
        self._cells = whole.of_kind("lif", "integrator")
        self.weights = nn.ParameterList()
        self._limits: list[tuple[int, int, int, int]] = []  # low, high, step, exponent
        for q in self._exact.projections:
            choice = self._choices[q.target]
            exact = scaled(self._exact, q)
            (low, high), step = loihi2.weight_range(exact)
            exponent = whole_projection(exact, q, choice)[0].exponent
            self._limits.append((low, high, step, exponent))
            self.weights.append(nn.Parameter(torch.from_numpy(exact * choice.scale)))
        for p in self._cells:
            self.register_buffer(self._key("decay", p.name), torch.from_numpy(p.decay.copy()))
            if p.kind == "lif":
                level = torch.from_numpy(p.threshold.copy())
                self.register_buffer(self._key("threshold", p.name), level)

    @staticmethod
    def _key(field: str, name: str) -> str:
        return f"{field}_{name.replace('.', '_')}"

    def whole_weights(self) -> list[Tensor]:
        """Weights of every projection as the chip has them, whole numbers times 2^exponent."""
        # times a power of two, because the gradient of torch.ldexp is 0 for negative exponents
        return [
            torch.clamp(_rounded(w * 2.0**-e / step) * step, low, high) * 2.0**e
            for w, (low, high, step, e) in zip(self.weights, self._limits, strict=True)
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
        (given,) = graph.of_kind("input")
        total = steps + graph.max_latency
        taps = [
            (q, delay, matrix)
            for q, weight in zip(graph.projections, self.whole_weights(), strict=True)
            for delay, matrix in self._matrices(q, weight)
        ]
        one = x.new_ones((batch, 1), dtype=torch.float64)
        due: dict[tuple[str, int], Tensor] = {}
        v = {p.name: one.new_zeros((batch, p.size)) for p in self._cells}
        kept: dict[str, list[Tensor]] = {name: [] for name in graph.outputs}
        for t in range(total):
            sent = {p.name: one.expand(batch, p.size) for p in graph.of_kind("constant")}
            if t < steps:
                sent[given.name] = x[t].to(torch.float64)
            for p in self._cells:
                arrived = due.pop((p.name, t), None)
                h, spikes = self._step(p.name, v[p.name], arrived)
                v[p.name] = h if spikes is None else h * (1 - spikes.detach())
                if spikes is not None:
                    sent[p.name] = spikes
                if p.name in kept and p.latency <= t < p.latency + steps:
                    shown = h / self._choices[p.name].scale if spikes is None else spikes
                    kept[p.name].append(shown)
            for q, delay, matrix in taps:
                if q.source in sent and t + delay < total:
                    part = _floored(sent[q.source] @ matrix)
                    place = (q.target, t + delay)
                    due[place] = due[place] + part if place in due else part
        return tuple(torch.stack(kept[name]) for name in graph.outputs)

    def graph(self) -> EventGraph:
        """The graph with the weights as they are now, quantised, with a golden run of its own.

        Returns:
            what `quantize` returns, for the trained weights.
        """
        projections, rows = [], []
        for q, weight, exact, limits in zip(
            self._exact.projections, self.whole_weights(), self.weights, self._limits, strict=True
        ):
            own = weight.detach().numpy()
            wanted = exact.detach().numpy()
            kept = own != 0
            fields = {name: getattr(q, name)[kept] for name in ("pre", "post", "delay")}
            projections.append(replace(q, weight=own[kept], exponent=limits[3], **fields))
            size = float(np.sqrt(np.mean(wanted**2))) if q.size else 0.0
            error = float(np.sqrt(np.mean((own - wanted) ** 2))) if q.size else 0.0
            rows.append(
                {
                    "projection": f"{q.source} -> {q.target}",
                    "synapses": q.size,
                    "exponent": limits[3],
                    "error": error / size if size else 0.0,
                }
            )
        late = {p.name: p for p in self._cells}
        populations = tuple(late.get(p.name, p) for p in self._exact.populations)
        whole = replace(
            self._exact,
            populations=populations,
            projections=tuple(projections),
            arithmetic="loihi2",
            golden=None,
        )
        return finished(self._exact, self._golden, self._choices, whole, rows)

    def _matrices(self, q: Projection, weight: Tensor) -> list[tuple[int, Tensor]]:
        """Dense weights `[N_pre, N_post]` of every delay that occurs."""
        shape = (self._exact.population(q.source).size, self._exact.population(q.target).size)
        found = []
        for delay in np.unique(q.delay):
            own = torch.from_numpy(np.flatnonzero(q.delay == delay))
            place = torch.from_numpy(q.pre.astype(np.int64) * shape[1] + q.post)[own]
            flat = weight.new_zeros(math.prod(shape)).index_put((place,), weight[own])
            found.append((int(delay), flat.reshape(shape)))
        return found

    def _step(self, name: str, v: Tensor, arrived: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Membrane before the reset, in units of weights, and spikes of a lif population."""
        unit = loihi2.UNIT
        h = _truncated(v * unit * getattr(self, self._key("decay", name)))
        if arrived is not None:
            h = h + arrived * unit
        h = torch.clamp(h, 1 - loihi2.LARGEST, loihi2.LARGEST - 1) / unit
        threshold = getattr(self, self._key("threshold", name), None)
        if threshold is None:
            return h, None
        # whole multiples of 1 / 64 that are above the threshold are so by half of that at least
        return h, self._surrogate((h - threshold - 0.5 / unit) / (threshold + 1))


def fake_quantize(
    graph: EventGraph, chip: str = "loihi2", *, surrogate: Surrogate | None = None
) -> QuantizedNetwork:
    """Make a torch module that runs a graph in the arithmetic of a chip, to fine-tune it.

    The forward pass fires exactly the spikes of the chip (as long as no current overflows, which
    the golden run checks); the gradient goes straight through roundings. After training, its
    ``graph()`` is what runs on the chip.

    Args:
        graph: an exported graph with a golden run and one input.
        chip: "loihi2".
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


def _through(x: Tensor, rounded: Tensor) -> Tensor:
    return x + (rounded - x).detach()


def _rounded(x: Tensor) -> Tensor:
    return _through(x, torch.round(x))


def _floored(x: Tensor) -> Tensor:
    return _through(x, torch.floor(x))


def _truncated(x: Tensor) -> Tensor:
    return _through(x, torch.trunc(x))
