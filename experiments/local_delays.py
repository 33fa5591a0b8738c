"""Delays and weights learned by a local rule, beside weights alone and backpropagation."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal import neuro
from axonal._base.statistics import spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.hebbian.plasticity import ThreeFactorLayer
from axonal.recipes._runs import Job
from experiments import _report

SEEDS = (0, 1, 2)
LAGS, STEPS, LONGEST, NOISE = (2, 8), 30, 10, 0.02
"""Steps between the spikes of the two inputs, by class; steps of a sample; the longest delay;
spikes per step and input that belong to nothing."""
HIDDEN, UPDATES, BATCH, TESTED = 8, 300, 64, 2000
WEIGHT_RATE, DELAY_RATE = 0.02, 0.03
WIDTHS = (2.0, 1.0)
"""First and last width of the Gaussian in steps; it has the last one from 70 % on."""
ALIKE, ANYWHERE = (4.6, 5.4), (0.0, float(LONGEST))
"""Delays at the start, uniform: 5 steps when rounded, or all that there are."""
ARMS: Mapping[str, tuple[str, str, tuple[float, float], bool]] = {
    "local": ("three factors, weights and delays", "local", ALIKE, True),
    "local, weights": ("three factors, weights alone", "local", ALIKE, False),
    "local, random": ("three factors, weights alone, random delays", "local", ANYWHERE, False),
    "backpropagation": ("backpropagation through time, both", "backpropagation", ALIKE, True),
}
"""Title, rule, first delays, and whether delays learn."""


@dataclass(frozen=True)
class Trained(Job):
    """Memoryless neurons that learn to tell two lags.

    Args:
        arm: a key of `ARMS`.
        seed: of weights, delays and samples.
    """

    arm: str
    seed: int

    @property
    def identity(self) -> list[Any]:
        """The arm and everything that is set."""
        rates = [WEIGHT_RATE, DELAY_RATE, *WIDTHS]
        task = [LAGS, STEPS, LONGEST, NOISE, HIDDEN, UPDATES, BATCH, TESTED]
        return ["local-delays", asdict(self), ARMS[self.arm][1:], task, rates]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the arm."""
        return "local-delays", asdict(self)

    def measure(self) -> Row:
        """Accuracy on fresh samples, with rounded delays."""
        begun = time.process_time()
        synapses, found = train(self.arm, self.seed, UPDATES)
        return {
            "test": found,
            "tested": TESTED,
            "delays": [[round(d, 2) for d in row] for row in synapses.delay.tolist()],
            "weights": [[round(w, 3) for w in row] for row in synapses.weight.tolist()],
            "cpu_seconds": round(time.process_time() - begun, 1),
        }


def train(arm: str, seed: int, updates: int) -> tuple[neuro.DelayedLinear, float]:
    """Train an arm; return its connections and the share of fresh samples that are right."""
    _, rule, first, learns = ARMS[arm]
    torch.manual_seed(seed)
    delays = torch.empty(HIDDEN, 2).uniform_(*first)
    synapses = neuro.DelayedLinear(
        2, HIDDEN, LONGEST, kernel="straight-through", sigma=WIDTHS[0], delay=delays
    )
    torch.nn.init.uniform_(synapses.weight, 0.5, 0.8)
    neurons = neuro.LIF(HIDDEN, 1.005, decay="euler", surrogate=neuro.ATan(2))
    readout = (0.5 * torch.randn(2, HIDDEN)).requires_grad_()
    groups = [{"params": [synapses.weight, readout], "lr": WEIGHT_RATE}]
    if learns:
        groups.append({"params": [synapses.position], "lr": DELAY_RATE})
    optimiser = torch.optim.Adam(groups)
    generator = torch.Generator().manual_seed(1000 + seed)
    gradients = by_local_rule if rule == "local" else by_backpropagation
    for k in range(updates):
        share = min(k / (0.7 * updates), 1.0)
        synapses.set_sigma(WIDTHS[0] + share * (WIDTHS[1] - WIDTHS[0]))
        optimiser.zero_grad()
        gradients(synapses, neurons, readout, *draw(generator, BATCH))
        optimiser.step()
    synapses.eval()
    x, labels = draw(torch.Generator().manual_seed(2000 + seed), TESTED)
    with torch.no_grad():
        counts = neurons(synapses(x)[0])[0].sum(0)
    return synapses, ((counts @ readout.T).argmax(1) == labels).float().mean().item()


def draw(generator: torch.Generator, samples: int) -> tuple[Tensor, Tensor]:
    """Spikes of two inputs [T, B, 2], a lag apart that is the class, and classes [B]."""
    labels = torch.randint(0, len(LAGS), (samples,), generator=generator)
    # whatever the delay, both spikes arrive before the end, or counts alone would tell
    last = STEPS - max(LAGS) - LONGEST
    start = torch.randint(0, last, (samples,), generator=generator)
    times = torch.stack((start, start + torch.tensor(LAGS)[labels]), -1)
    x = torch.rand(STEPS, samples, 2, generator=generator) < NOISE
    x |= torch.arange(STEPS)[:, None, None] == times
    return x.float(), labels


def by_backpropagation(
    synapses: neuro.DelayedLinear, neurons: neuro.LIF, readout: Tensor, x: Tensor, labels: Tensor
) -> None:
    """Fill the gradients by backpropagation through time."""
    counts = neurons(synapses(x)[0])[0].sum(0)
    F.cross_entropy(counts @ readout.T, labels).backward()


def by_local_rule(
    synapses: neuro.DelayedLinear, neurons: neuro.LIF, readout: Tensor, x: Tensor, labels: Tensor
) -> None:
    """Fill the gradients forward in time; the error comes once, when the sample has ended."""
    layer = ThreeFactorLayer(synapses, neurons, readout_decay=1.0)
    counts, state = torch.zeros(x.shape[1], HIDDEN), None
    for t, x_t in enumerate(x):
        pending = layer.run(x_t, state)
        counts = counts + pending.spikes
        signal = torch.zeros_like(counts)
        if t == len(x) - 1:
            scores = torch.softmax(counts @ readout.detach().T, 1)
            error = scores - F.one_hot(labels, len(LAGS))
            signal = error @ readout.detach()
            readout.grad = error.T @ counts / len(labels)
        change, state = layer.learn(pending, signal)
        layer.accumulate(change)


def plan() -> list[Trained]:
    """All jobs."""
    return [Trained(arm, seed) for seed in SEEDS for arm in ARMS]


def write(store: Store, out: Path) -> list[Path]:
    """Write local_delays.md and local_delays.json."""
    found = {arm: [store.find(Trained(arm, seed)) for seed in SEEDS] for arm in ARMS}
    lines = [
        [
            ARMS[arm][0],
            spread([row["test"] for row in rows]),
            ", ".join(f"{row['test']:.3f}" for row in rows),
            f"{statistics.fmean(row['cpu_seconds'] for row in rows):.1f}",
        ]
        for arm, rows in found.items()
    ]
    page = _report.page(
        "local_delays",
        "local-delays",
        [row for rows in found.values() for row in rows],
        chosen=False,
        table=markdown_table(["learned by", "test", "each seed", "CPU s"], lines),
        delays=found["local"][0]["delays"],
        lags=LAGS,
        hidden=HIDDEN,
        longest=LONGEST,
        updates=UPDATES,
    )
    numbers = {arm: [row["test"] for row in rows] for arm, rows in found.items()}
    return [
        _report.write_text(out / "local_delays.md", page),
        _report.write_data(out / "local_delays.json", numbers),
    ]
