"""Errors of gradients on a grid of steps, beside those in continuous time."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import bootstrap
from torch import Tensor

from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.neuro.events import Events
from axonal.neuro.ops.eventprop_lif import eventprop_lif, eventprop_readout
from axonal.neuro.ops.exact_lif import exact_lif
from axonal.recipes._runs import Job
from experiments import _report

STEPS = (1.0, 0.5, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
RANGES = {"small": (0.1, 0.001), "late": (0.01, 0.0001)}
"""Milliseconds within which an order is told: as was wanted, and where few spikes differ."""
WANTED = 0.15
"""Largest distance of an order from one."""

NETWORKS = 100
LOSSES = {"mean": "mean voltage", "first": "first spikes"}
INPUTS, FIRST, SECOND, OUTPUTS = 6, 9, 6, 3
HIDDEN = FIRST + SECOND
SPIKES = 2
DURATION = 40.0
TAU, TAU_SYNAPSE, THRESHOLD = 20.0, 10.0, 1.0
DELAYS = (0.1, 6.0)
WEIGHTS = {
    "in, first": (1.0, 0.9),
    "first, first": (0.0, 0.5),
    "first, second": (0.65, 0.8),
    "second, second": (0.0, 0.3),
    "second, out": (0.3, 0.7),
}
"""Mean and deviation, by where a synapse comes from and goes to."""
FIRING_OUTPUTS = (1.3, 0.7)
"""The same for the last, where outputs have to fire."""

NAMES = ("loss", "weight", "delay", "cosine")


class Network(NamedTuple):
    """Twelve spikes, two recurrent layers and three outputs; times in milliseconds.

    Attributes:
        times: of the inputs [12], in order.
        source: input of each [12].
        weight: [N, I], of all neurons, outputs last, from inputs and all neurons.
        delay: [N, I].
        made: which synapses there are [N, I].
    """

    times: Tensor
    source: Tensor
    weight: Tensor
    delay: Tensor
    made: Tensor

    @classmethod
    def make(cls, seed: int, loss: str) -> "Network":
        """Draw a network; nothing about it is looked at."""
        generator = torch.Generator().manual_seed(seed)
        groups = (INPUTS, FIRST, SECOND, OUTPUTS)
        edges = np.cumsum((0, *groups))
        names = ("in", "first", "second", "out")
        shape = (sum(groups[1:]), sum(groups))
        weight, made = torch.zeros(shape, dtype=torch.float64), torch.zeros(shape, dtype=torch.bool)
        for pair, (mean, deviation) in WEIGHTS.items():
            start, end = (names.index(name) for name in pair.split(", "))
            if names[end] == "out" and loss == "first":
                mean, deviation = FIRING_OUTPUTS
            rows = slice(edges[end] - INPUTS, edges[end + 1] - INPUTS)
            columns = slice(edges[start], edges[start + 1])
            size = (groups[end], groups[start])
            drawn = torch.randn(size, generator=generator, dtype=torch.float64)
            weight[rows, columns] = mean + deviation * drawn
            made[rows, columns] = True
        share = torch.rand(shape, generator=generator, dtype=torch.float64)
        delay = torch.where(made, DELAYS[0] + (DELAYS[1] - DELAYS[0]) * share, 1.0)
        times = torch.rand(SPIKES * INPUTS, generator=generator, dtype=torch.float64)
        times, order = (DURATION / 2 * times).sort()
        source = torch.arange(SPIKES * INPUTS) % INPUTS
        return cls(times, source[order], weight, delay, made)

    def events(self, dt: float) -> Events:
        """The inputs in steps of ``dt``."""
        count = torch.tensor([len(self.times)])
        given = (self.times / dt).unsqueeze(0), self.source.unsqueeze(0), count
        return Events(*given, INPUTS, DURATION / dt)

    def gradients(self, loss: str, dt: float | None) -> tuple[Tensor, Tensor, Tensor, int] | None:
        """Loss, its gradients by weight and delay, and the spikes; ``None`` if an output is silent.

        Args:
            loss: one of `LOSSES`.
            dt: milliseconds per step, or ``None`` for continuous time.
        """
        weight, delay = (a.clone().requires_grad_() for a in (self.weight, self.delay))
        unit = 1.0 if dt is None else dt
        count = HIDDEN if loss == "mean" else len(weight)
        lag = delay[:count, INPUTS : INPUTS + count] / unit
        taus: dict[str, Any] = {"tau": TAU / unit, "tau_synapse": TAU_SYNAPSE / unit}
        given: Any = (self.events(unit), weight[:count, :INPUTS], delay[:count, :INPUTS] / unit)
        loop: Any = {**taus, "threshold": THRESHOLD}
        loop["feedback_weight"] = weight[:count, INPUTS : INPUTS + count]
        if dt is None:
            spikes, _ = exact_lif(*given, **loop, feedback_delay=lag)
        else:
            # on a grid a delay of less than a step has to wait for it
            spikes = eventprop_lif(*given, **loop, feedback_delay=lag.clamp(min=1))
        if loss == "first":
            found = first_spikes(spikes)
            if found is None:
                return None
            z = -found * unit / 2
        else:
            into = weight[HIDDEN:, INPUTS : INPUTS + HIDDEN]
            of = spikes, into, delay[HIDDEN:, INPUTS : INPUTS + HIDDEN] / unit
            if dt is None:
                _, read = exact_lif(*of, **taus, threshold=torch.inf, voltage="mean")
                assert read is not None
                z = read[0] / 2
            else:
                z = eventprop_readout(*of, **taus).mean(0)[0] / 2
        value = F.cross_entropy(z.unsqueeze(0), torch.tensor([1]))
        g_weight, g_delay = torch.autograd.grad(value, (weight, delay))
        return value.detach(), g_weight[self.made], g_delay[self.made], int(spikes.counts.sum())


def first_spikes(spikes: Events) -> Tensor | None:
    """Times of the first spikes of the outputs [3], or ``None`` if one is silent."""
    places = [(spikes.indices[0] == HIDDEN + k).nonzero() for k in range(OUTPUTS)]
    if not all(len(place) for place in places):
        return None
    return torch.stack([spikes.times[0, place[0, 0]] for place in places])


@dataclass(frozen=True)
class Compared(Job):
    """A network on grids of all steps beside itself in continuous time.

    Args:
        seed: of the network.
        loss: one of `LOSSES`.
    """

    seed: int
    loss: str

    @property
    def identity(self) -> list[Any]:
        """The network, and the grids."""
        drawn = (DURATION, TAU, TAU_SYNAPSE, THRESHOLD, DELAYS, WEIGHTS, FIRING_OUTPUTS)
        return ["time-grid", asdict(self), STEPS, drawn]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the network."""
        return "time-grid", asdict(self)

    def measure(self) -> Row:
        """Relative errors of loss and gradients, and the cosine of that by weight, a row a step."""
        network = Network.make(self.seed, self.loss)
        exact = network.gradients(self.loss, None)
        if exact is None:
            return {"spikes": None, "grids": None}
        grids = []
        for dt in STEPS:
            mine = network.gradients(self.loss, dt)
            grids.append(None if mine is None else _compared(mine, exact))
        return {"spikes": exact[-1], "grids": grids}


def _compared(mine: tuple[Any, ...], exact: tuple[Any, ...]) -> dict[str, float]:
    value, weight, delay, spikes = mine
    cosine = F.cosine_similarity(weight, exact[1], dim=0)
    return {
        "loss": abs(float((value - exact[0]) / exact[0])),
        "weight": float((weight - exact[1]).norm() / exact[1].norm()),
        "delay": float((delay - exact[2]).norm() / exact[2].norm()),
        "cosine": float(cosine),
        "spikes": spikes,
    }


def plan() -> list[Compared]:
    """Every network and loss."""
    return [Compared(seed, loss) for loss in LOSSES for seed in range(NETWORKS)]


def medians(rows: list[Row], *, alike: bool) -> list[dict[str, float]]:
    """Medians of the errors at every step.

    Args:
        rows: of networks that have a loss in continuous time.
        alike: take those alone that have as many spikes on the grid.
    """
    found = []
    for place, dt in enumerate(STEPS):
        pairs = [(row["grids"][place], row["spikes"]) for row in rows]
        grids = [g for g, spikes in pairs if g and (not alike or g["spikes"] == spikes)]
        # at the longest steps no network may be left
        errors = {name: float(np.median([g[name] for g in grids])) for name in NAMES if grids}
        found.append({"dt": dt, "networks": len(grids), **errors})
    return found


class Order(NamedTuple):
    """Slope of the line of least squares through logarithms of median errors and steps.

    Attributes:
        slope: of all networks.
        low: end of the interval of 95 % over networks, by resampling them.
        high: its other end.
    """

    slope: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.slope:.2f} [{self.low:.2f}, {self.high:.2f}]"


def orders(rows: list[Row], largest: float, smallest: float) -> dict[str, Order]:
    """Orders of the loss and both gradients between two steps."""
    small = [place for place, dt in enumerate(STEPS) if smallest <= dt <= largest]
    steps = np.log([STEPS[place] for place in small])

    def slope(*errors: Any, axis: int = -1) -> Any:
        middle = np.log([np.nanmedian(e, axis=axis) for e in errors])
        apart = (steps - steps.mean()).reshape(-1, *[1] * (middle.ndim - 1))
        return (apart * middle).sum(0) / (apart**2).sum()

    found = {}
    for name in NAMES[:3]:
        errors = [
            [row["grids"][place][name] if row["grids"][place] else np.nan for row in rows]
            for place in small
        ]
        interval = bootstrap(
            errors, slope, paired=True, n_resamples=999, method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        found[name] = Order(float(slope(*errors)), *map(float, interval))
    return found


def _described(found: dict[str, Order]) -> str:
    return ", ".join(f"{order} ({name})" for name, order in found.items())


def write(store: Store, out: Path) -> list[Path]:
    """Write time_grid.md and time_grid.json."""
    tables, numbers = [], {}
    for loss, described in LOSSES.items():
        rows = [store.find(job) for job in plan() if job.loss == loss]
        rows = [row for row in rows if row["grids"] is not None]
        every, alike = (medians(rows, alike=choice) for choice in (False, True))
        lines = [
            [
                f"{m['dt']:g}",
                *(f"{m[name]:.1e}" for name in NAMES[:3]),
                f"{m['cosine']:.4f}",
                f"{m['networks']}",
                f"{same['networks']}",
            ]
            for m, same in zip(every, alike, strict=True)
        ]
        header = [
            "dt (ms)",
            "loss",
            "dL/dw",
            "dL/dd",
            "cosine of dL/dw",
            "networks",
            "as many spikes",
        ]
        spikes = [row["spikes"] for row in rows]
        found = {name: orders(rows, *ends) for name, ends in RANGES.items()}
        tables.append(
            {
                "name": described,
                "table": markdown_table(header, lines),
                "networks": len(rows),
                "spikes": f"{min(spikes)} to {max(spikes)}",
                "orders": {name: _described(of) for name, of in found.items()},
                "meets": {
                    name: all(abs(order.slope - 1) <= WANTED for order in of.values())
                    for name, of in found.items()
                },
            }
        )
        numbers[loss] = {
            "medians": every,
            "alike": alike,
            "orders": {
                name: {k: order._asdict() for k, order in of.items()} for name, of in found.items()
            },
        }
    made = [store.find(job) for job in plan()]
    ranges = {name: f"{ends[0]:g} to {ends[1]:g}" for name, ends in RANGES.items()}
    text = _report.page(
        "time_grid", "time-grid", made, "comparisons", chosen=False, tables=tables,
        drawn=NETWORKS, wanted=f"{WANTED:g}", **ranges,
    )  # fmt: skip
    return [
        _report.write_text(out / "time_grid.md", text),
        _report.write_data(out / "time_grid.json", numbers),
    ]
