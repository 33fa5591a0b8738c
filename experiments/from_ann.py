"""Networks of rectified linear units as integrate-and-fire neurons: accuracy against steps."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import datasets, neuro
from axonal._base.statistics import spread
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._runs import Job
from experiments import _peer, _report
from experiments._from_ann_network import network
from experiments._from_ann_peer import RECIPES

PART = "from-ann"
SETS: dict[str, Callable[[str], Any]] = {
    "MNIST": datasets.mnist,
    "Fashion-MNIST": datasets.fashion_mnist,
}
SEEDS = (0, 1, 2)
STEPS = (8, 16, 32)
LEVELS = 8
TRAINED, TESTED, SHOWN, BATCH, EPOCHS = 20_000, 1000, 1000, 200, 2
MAX, ROBUST, HALF, START, UNCHARGED, FLOOR, FLOOR_START = (
    "max", "99.9 %", "99.9 %, half in the bias", "99.9 %, start = 0.5",
    "clip-floor-shift", "clip-floor-shift, half in the bias", "clip-floor-shift, start = 0.5",
)  # fmt: skip
OURS, FLOORED = (MAX, ROBUST, HALF, START), (UNCHARGED, FLOOR, FLOOR_START)
"""Ways to convert the network of rectified linear units, and the other one."""
PEER = "SpikingJelly, "


@dataclass(frozen=True)
class Conversion(Job):
    """Two trained networks of a data set, and what remains of their accuracy as spikes.

    Args:
        data: a key of `SETS`.
        seed: of initial weights and of the order of images.
    """

    data: str
    seed: int
    # another process does part of the work, whose processor time is not counted here
    clock = time.perf_counter

    @property
    def identity(self) -> list[Any]:
        """All that decides the result."""
        sizes = [TRAINED, TESTED, SHOWN, BATCH, EPOCHS, LEVELS]
        ways = [*RECIPES, *OURS, *FLOORED]
        return ["from_ann", self.data, self.seed, list(STEPS), sizes, ways]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment, the data set and the seed."""
        return "from_ann", {"data": self.data, "seed": self.seed}

    def measure(self) -> Row:
        """Train, convert by every way, test."""
        images, labels = _read(self.data, "train", TRAINED)
        test = _read(self.data, "test", TESTED)
        shown = images[:SHOWN].split(BATCH)
        rectified = _trained(nn.ReLU, images, labels, self.seed)
        floored = _trained(lambda: neuro.ClipFloorShift(LEVELS), images, labels, self.seed)

        def at_once(ann: nn.Module, percentile: float = 99.9, start: float = 0.0) -> list[float]:
            net = neuro.from_ann(ann, shown, percentile=percentile, start=start)
            return _after(net, test, STEPS)

        def for_each(ann: nn.Module) -> list[float]:
            nets = [neuro.from_ann(ann, shown, steps=t) for t in STEPS]
            return [_after(net, test, [t])[0] for net, t in zip(nets, STEPS, strict=True)]

        spiking = {
            MAX: at_once(rectified, 100),
            ROBUST: at_once(rectified),
            HALF: for_each(rectified),
            START: at_once(rectified, start=0.5),
            UNCHARGED: at_once(floored),
            FLOOR: for_each(floored),
            FLOOR_START: at_once(floored, start=0.5),
        }
        spiking |= _of_peer(rectified, images[:SHOWN], labels[:SHOWN], test)
        return {
            "rectified": _accuracy(rectified, test),
            "floored": _accuracy(floored, test),
            "spiking": spiking,
        }


def _read(data: str, split: str, number: int) -> tuple[Tensor, Tensor]:
    """Return the first images [n, 1, 28, 28], from 0 to 1, and labels."""
    images, labels = SETS[data](split)
    pixels = torch.from_numpy(images[:number]).float() / 255
    return pixels.unsqueeze(1), torch.from_numpy(labels[:number])


def _trained(
    unit: Callable[[], nn.Module], images: Tensor, labels: Tensor, seed: int
) -> nn.Sequential:
    """Return a network after `EPOCHS` epochs, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        ann = network(unit)
        optimizer = torch.optim.Adam(ann.parameters(), 2e-3)
        for _ in range(EPOCHS):
            for few in torch.randperm(len(images)).split(BATCH // 2):
                optimizer.zero_grad()
                F.cross_entropy(ann(images[few]), labels[few]).backward()
                optimizer.step()
    return ann.eval()


@torch.no_grad()
def _accuracy(ann: nn.Module, test: tuple[Tensor, Tensor]) -> float:
    images, labels = test
    return float((ann(images).argmax(1) == labels).double().mean())


@torch.no_grad()
def _after(net: nn.Module, test: tuple[Tensor, Tensor], steps: Any) -> list[float]:
    """Return the accuracy after each number of steps."""
    right = [0] * len(steps)
    for x, y in zip(*(each.split(BATCH) for each in test), strict=True):
        sums, _ = net(x.expand(max(steps), *x.shape))
        for k, t in enumerate(steps):
            right[k] += int((sums[t - 1].argmax(1) == y).sum())
    return [count / len(test[1]) for count in right]


def _of_peer(
    ann: nn.Module, shown: Tensor, shown_labels: Tensor, test: tuple[Tensor, Tensor]
) -> dict[str, list[float]]:
    """Return the same of the peer's conversions of the same network."""
    images, labels = test
    asked = {
        "state": ann.state_dict(),
        "steps": max(STEPS),
        "shown": shown.unflatten(0, (-1, BATCH)),
        "shown_labels": shown_labels.unflatten(0, (-1, BATCH)),
        "images": images.unflatten(0, (-1, BATCH)),
        "labels": labels.unflatten(0, (-1, BATCH)),
    }
    with tempfile.TemporaryDirectory() as folder:
        torch.save(asked, Path(folder) / "asked.pt")
        said = _peer.ask("from_ann", "SpikingJelly", "_from_ann_peer", f"{folder}/asked.pt")
    # what the converter prints comes before the answer
    found = json.loads(said[said.rindex('{"max"') :])
    return {PEER + name: [found[name][t - 1] for t in STEPS] for name in RECIPES}


def plan() -> list[Conversion]:
    """Every data set and seed."""
    return [Conversion(data, seed) for data in SETS for seed in SEEDS]


def write(store: Store, out: Path) -> list[Path]:
    """Write from_ann.md and .json."""
    rows = {data: [store.find(Conversion(data, seed)) for seed in SEEDS] for data in SETS}
    lost = {
        data: {arm: [_lost(row, arm) for row in few] for arm in few[0]["spiking"]}
        for data, few in rows.items()
    }
    page = _report.page(
        "from_ann",
        PART,
        [row for few in rows.values() for row in few],
        "pairs of networks",
        chosen=False,
        trained=TRAINED,
        tested=TESTED,
        shown=SHOWN,
        epochs=EPOCHS,
        levels=LEVELS,
        sets=[
            {
                "name": data,
                "rectified": spread([100 * row["rectified"] for row in few]),
                "floored": spread([100 * row["floored"] for row in few]),
                "table": markdown_table(
                    ["thresholds", *(f"T = {t}" for t in STEPS)],
                    [[arm, *_cells(found)] for arm, found in lost[data].items()],
                ),
                **_verdict(lost[data]),
            }
            for data, few in rows.items()
        ],
    )
    return [
        _report.write_text(out / "from_ann.md", page),
        _report.write_data(out / "from_ann.json", {"steps": STEPS, "points_lost": lost}),
    ]


def _lost(row: Row, arm: str) -> list[float]:
    """Return the points of accuracy that a conversion loses, for every T."""
    whole = row["floored"] if arm in FLOORED else row["rectified"]
    return [round(100 * (whole - found), 3) for found in row["spiking"][arm]]


def _cells(found: list[list[float]]) -> list[str]:
    return [spread([each[k] for each in found]) for k in range(len(STEPS))]


def _verdict(lost: Mapping[str, list[list[float]]]) -> dict[str, Any]:
    """Compare the best of ours on the same network with the best of the peer, at every T."""

    def least(arms: list[str], k: int) -> float:
        return min(statistics.fmean(each[k] for each in lost[arm]) for arm in arms)

    peers = [arm for arm in lost if arm.startswith(PEER)]
    ours = list(OURS)
    places = range(len(STEPS))
    return {
        "no_more": all(least(ours, k) <= least(peers, k) for k in places),
        **{
            name: [f"{least([arm], k):.2f}" for k in places]
            for name, arm in (("rest", ROBUST), ("start", START), ("half", HALF))
        },
        "peer": [f"{least(peers, k):.2f}" for k in places],
        "goal": least([START], len(STEPS) - 1) <= 1,
    }
