"""Networks with learned delays on streams of tasks in time, and what their delays forget."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from axonal import datasets, neuro
from axonal.hebbian.continual import ContinualLearner, Stream, grouped, permuted
from axonal.recipes import RecipeError, _continual

CLASSES, HIDDEN, SIGMA = 10, 64, 1.0
WEIGHT_RATE, DELAY_RATE, GAIN = 2e-2, 0.2, 1.5
ARMS: dict[str, dict[str, Any]] = {
    "sequential": {"method": "sequential"},
    "sequential, delays never learn": {"method": "sequential", "learned": False},
    "HLOP, delays free": {"method": "hlop", "delays": "free"},
    "HLOP, delays fixed after the first task": {"method": "hlop", "delays": "fixed"},
    "HLOP, delays protected": {"method": "hlop", "delays": "protected"},
    "HLOP, delays never learn": {"method": "hlop", "delays": "free", "learned": False},
    "GPM, delays protected": {"method": "gpm", "delays": "protected"},
    "replay": {"method": "replay"},
    "joint": {"method": "joint"},
}


class Timed(NamedTuple):
    """A stream in time.

    Attributes:
        inputs: N.
        max_delay: of the connections to the hidden layer, in steps.
        tau: of hidden neurons, in steps.
        epochs: passes over each task.
        ranks: new rows of the delayed connections and of the others, task by task.
        rates: of lateral connections beside both, some tenth of what their activity allows.
        kept: samples of a task that replay keeps.
    """

    inputs: int
    max_delay: int
    tau: float
    epochs: int
    ranks: tuple[list[int], list[int]]
    rates: tuple[float, float]
    kept: int


LATENCY_STEPS, SILENCE, SIDE = 20, 6, 14
LATENCY_TASKS, LATENCY_SAMPLES = 3, 2_500
SPOKEN_STEPS, SPOKEN_DT = 40, 0.02
STREAMS = {
    "latency": Timed(SIDE * SIDE, 10, 8.0, 3, ([80, 40], [20, 10]), (0.5, 0.1), 150),
    "speakers": Timed(80, 12, 8.0, 8, ([40, 15], [8, 4]), (0.002, 0.05), 50),
}


def stream(name: str, seed: int) -> Stream:
    """The tasks: orders of pixels, whose grey values are times, or speakers of digits."""
    try:
        return _latency(seed) if name == "latency" else _speakers(seed)
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error


def _latency(seed: int) -> Stream:
    """Permuted MNIST at 14 x 14 pixels."""
    (x, y), (test_x, test_y) = datasets.mnist("train"), datasets.mnist("test")
    order = np.random.default_rng(seed).permutation(len(x))
    train, held = order[: LATENCY_TASKS * LATENCY_SAMPLES], order[-200:]
    return permuted(
        {
            "train": (_small(x[train]), y[train]),
            "validation": (_small(x[held]), y[held]),
            "test": (_small(test_x[:1_000]), test_y[:1_000]),
        },
        LATENCY_TASKS,
        seed=seed,
    )


def _small(x: Any) -> Any:
    return x.reshape(len(x), SIDE, 2, SIDE, 2).mean((2, 4)).astype(np.uint8).reshape(len(x), -1)


def _speakers(seed: int) -> Stream:
    """Spoken digits, one speaker after another, in an order that the seed draws."""
    found = datasets.fsdd("mel", dt=SPOKEN_DT, steps=SPOKEN_STEPS)
    parts = {}
    for split, own in found.items():
        x = own.dense(np.arange(len(own))).astype(np.uint8).transpose(1, 0, 2)
        parts[split] = (x, own.labels, own.events.groups["speaker"])
    return grouped(parts, np.random.default_rng(seed).permutation(6).tolist())


def encode(name: str, x: Tensor) -> Tensor:
    """Spikes [T, B, N] of samples as the stream holds them, with silence for late ones."""
    if name == "speakers":
        spikes = x.transpose(0, 1).float()
    else:
        value = x.float() / 255
        times = ((1 - value) * (LATENCY_STEPS - 1)).round()
        steps = torch.arange(LATENCY_STEPS).view(-1, 1, 1)
        spikes = ((times == steps) & (value > 0.1)).float()
    return torch.cat((spikes, spikes.new_zeros(SILENCE, *spikes.shape[1:])))


def build(name: str, seed: int, learned: bool) -> neuro.Sequential:
    """The untrained network; random delays that stay, if they do not learn."""
    shape = STREAMS[name]
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        first = neuro.DelayedLinear(shape.inputs, HIDDEN, shape.max_delay, sigma=SIGMA)
        first.round_in_evaluation = False
        first.position.requires_grad_(learned)
        with torch.no_grad():
            first.weight.mul_(GAIN)  # or most hidden neurons are silent at first
        return neuro.Sequential(
            {
                "delays": first,
                "hidden": neuro.LIF(HIDDEN, shape.tau, reset="subtract", surrogate=neuro.ATan(5)),
                "weights": neuro.Linear(HIDDEN, CLASSES, bias=False),
            }
        )


def learner(name: str, arm: str, seed: int, net: neuro.Sequential) -> ContinualLearner:
    """The loop of an arm."""
    chosen, shape = dict(ARMS[arm]), STREAMS[name]
    chosen.pop("learned", None)
    kind = chosen.pop("method")
    ranks = dict(zip(("delays", "weights"), shape.ranks, strict=True))
    choices = _continual.Choices(
        ranks,
        dict(zip(("delays", "weights"), shape.rates, strict=True)),
        kept=shape.kept,
        others={"mode": "step", **chosen},
    )
    adam = torch.optim.Adam(
        [
            {"params": [net["delays"].weight, net["weights"].weight], "lr": WEIGHT_RATE},
            {"params": [net["delays"].position], "lr": DELAY_RATE},
        ]
    )
    against = _continual.method(kind, net, choices, adam)
    return _continual.learner(
        kind, net, stream(name, seed), against, optimiser=adam, seed=seed, epochs=shape.epochs,
        encode=lambda x: encode(name, x),
    )  # fmt: skip


def measure(name: str, arm: str, seed: int) -> dict[str, Any]:
    """Learn a stream; accuracies, and those with the delays or the weights of the end alone."""
    net = build(name, seed, bool(ARMS[arm].get("learned", True)))
    own = learner(name, arm, seed, net)
    untrained = own.accuracies("test")
    rows: dict[str, list[list[float]]] = {"test": [], "validation": []}
    then, residuals = [], []
    for experience in own.stream.experiences:
        found = own.learn_task(experience)
        residuals.append([list(each) for each in found.values()])
        for split, accuracies in rows.items():
            accuracies.append(own.accuracies(split))
        then.append({name: value.clone() for name, value in net.state_dict().items()})
    result = _continual.scores(rows["test"], rows["validation"], untrained)
    result["residuals"] = np.round(residuals, 4).tolist()
    result["rounded"] = _rounded(own, net)
    if len(then) == len(own.measured):
        result |= _exchanged(own, net, then, rows["test"])
    return result


def _rounded(own: ContinualLearner, net: neuro.Sequential) -> float:
    """Accuracy at the end with delays of whole steps, as chips have them."""
    layer: Any = net["delays"]
    layer.round_in_evaluation = True
    found = own.accuracies("test")
    layer.round_in_evaluation = False
    return float(np.mean(found))


def _exchanged(
    own: ContinualLearner,
    net: neuro.Sequential,
    then: Sequence[Mapping[str, Tensor]],
    test: list[list[float]],
) -> dict[str, float]:
    """Forgetting of one kind of parameter by itself, over all tasks but the last.

    The network as task k left it, with the delays of the end, or with the weights of the end.
    """
    last, lost = dict(then[-1]), {"delays": [], "weights": []}  # type: ignore[var-annotated]
    for k, state in enumerate(then[:-1]):
        for kind in lost:
            moved = {n: v for n, v in last.items() if n.endswith("position") is (kind == "delays")}
            net.load_state_dict({**state, **moved})
            lost[kind].append(own.accuracies("test")[k] - test[k][k])
    net.load_state_dict(last)
    apart = torch.stack([s["delays.position"] - last["delays.position"] for s in then[:-1]])
    return {
        "by_delays_alone": float(np.mean(lost["delays"])),
        "by_weights_alone": float(np.mean(lost["weights"])),
        "delays_moved": round(float(apart.abs().mean()), 4),
    }
