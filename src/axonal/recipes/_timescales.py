"""Training over orders N that grow, and what the networks are like that come of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from axonal import neuro
from axonal._base.array_types import Float64Array, Int64Array
from axonal.datasets import BitTask, n_dms, n_parity, parity_chance
from axonal.recipes import _curriculum
from axonal.recipes._errors import RecipeError
from axonal.recipes._study import Arrays, Learned, Parts
from axonal.reservoirs.criticality import autocorrelation, timescale

if TYPE_CHECKING:
    from axonal.recipes.nparity import Settings

TASKS: Mapping[str, Callable[..., BitTask]] = {"parity": n_parity, "match": n_dms}
EXAMINED = 10
"""Batches after an epoch that decide whether N grows."""
TESTED = 40
"""Batches by which the final network is tested."""
TRIALS, BURN_IN, STEPS, LAGS = 16, 500, 3000, 30
"""Of the random bits that drive a network while its timescales are measured."""
STREAMS = {"train": 0, "examine": 1, "test": 2, "drive": 3}


class Progress(NamedTuple):
    """Progress of a run after an epoch.

    Attributes:
        order: N that is learned now.
        solved: largest N that was passed, 1 before the first.
        epoch: number of epochs made.
        seconds: CPU time used.
    """

    order: int = _curriculum.FIRST
    solved: int = _curriculum.FIRST - 1
    epoch: int = 0
    seconds: float = 0.0


class Memory(torch.nn.Module):
    """Recurrent units behind one input, with a logit per order N behind their last step.

    Args:
        settings: of the recipe.
    """

    def __init__(self, settings: "Settings") -> None:
        super().__init__()
        units, tau = settings.units, 1 + torch.rand(settings.units)
        self.inputs = neuro.Linear(1, units)
        self.units: Any
        if settings.cell == "rate":
            self.units = neuro.LeakyRNN(
                units, tau, nonlinearity=settings.nonlinearity,
                learn="tau" if settings.learn_tau else (),
            )  # fmt: skip
        else:
            lif = neuro.LIF(
                units, tau.clamp(min=1.01), decay="euler", reset="subtract",
                surrogate=neuro.ATan(2), learn="tau" if settings.learn_tau else (),
            )  # fmt: skip
            self.units = neuro.Recurrent(lif, neuro.Linear(units, units, bias=False))
        self.heads = torch.nn.Linear(units, settings.most - _curriculum.FIRST + 1)

    @property
    def tau(self) -> Float64Array:
        """Time constants in steps [N]."""
        held = self.units.tau if isinstance(self.units, neuro.LeakyRNN) else self.units.body.tau
        tau: Float64Array = held.detach().double().numpy()
        return tau

    def run(self, bits: npt.NDArray[Any], rng: np.random.Generator) -> Tensor:
        """Activity [T, B, N] on bits [T, B], from small random rates or from rest."""
        x = self.inputs(torch.from_numpy(bits.astype(np.float32)).unsqueeze(-1))
        state = None
        if isinstance(self.units, neuro.LeakyRNN):
            h = 0.1 * rng.random((bits.shape[1], x.shape[2]), np.float32)
            state = neuro.LeakyRNNState(torch.from_numpy(h))
        y: Tensor = self.units(x, state)[0]
        return y

    def logits(self, task: BitTask, orders: Sequence[int], rng: np.random.Generator) -> Tensor:
        """Logits of the label 1 [K, B] of the heads of these orders."""
        chosen = torch.tensor(orders) - _curriculum.FIRST
        last = self.run(task.bits, rng)[-1]
        return F.linear(last, self.heads.weight[chosen], self.heads.bias[chosen]).T


def learn(settings: "Settings", parts: Parts) -> Learned:
    """Train epoch by epoch until the budget is used up, then test every head and fit timescales."""
    torch.manual_seed(np.random.SeedSequence(settings.seed).generate_state(1)[0])
    net = Memory(settings)
    trainer = _Trainer(net, settings)
    at, history = Progress(), []
    best = {name: value.clone() for name, value in net.state_dict().items()}
    while at.seconds < settings.seconds and at.order <= settings.most:
        arrays = parts.get(f"epoch{at.epoch:04d}", trainer.epoch_from(at))
        trainer.restore(arrays)
        before, at = at, _progress(arrays)
        tau = net.tau
        history.append(
            {"order": before.order, "accuracy": round(float(arrays["accuracy"]), 4),
             "seconds": round(at.seconds, 2), "tau": round(float(tau.mean()), 4)}
        )  # fmt: skip
        if at.solved > before.solved:
            best = {name: value.clone() for name, value in net.state_dict().items()}
    net.load_state_dict(best)
    results = {**_results(net, settings, at), "history": history}
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    return Learned(weights, results)


class _Trainer:
    """A network and its optimiser: what an epoch changes and a part keeps."""

    def __init__(self, net: Memory, settings: "Settings") -> None:
        self.net, self.settings = net, settings
        learned = [p for p in net.parameters() if p.requires_grad]
        self.optimiser: torch.optim.Optimizer
        if settings.optimiser == "adam":
            self.optimiser = torch.optim.Adam(learned, settings.learning_rate)
        else:
            self.optimiser = torch.optim.SGD(
                learned, settings.learning_rate, settings.momentum,
                nesterov=settings.momentum > 0,
            )  # fmt: skip

    def epoch_from(self, at: Progress) -> Callable[[Callable[[float], None]], Arrays]:
        """The epoch that follows, as `Parts.get` makes it."""

        def make(report: Callable[[float], None]) -> Arrays:
            begun = time.process_time()
            self._train(at)
            shares = examine(self.net, self.settings, at.order, ("examine", at.epoch), EXAMINED)
            passed = min(shares[-1], shares.mean()) > self.settings.passed
            used = at.seconds + time.process_time() - begun
            report(min(used / self.settings.seconds, 1.0))
            solved = at.order if passed else at.solved
            after = Progress(at.order + int(passed), solved, at.epoch + 1, used)
            return {**self._kept(), "accuracy": shares.mean(), "progress": np.array(after)}

        return make

    def _train(self, at: Progress) -> None:
        settings, orders = self.settings, self.settings.heads(at.order)
        rng = np.random.default_rng((settings.seed, STREAMS["train"], at.epoch))
        for _ in range(settings.updates):
            task = draw(settings, orders, rng)
            logits = self.net.logits(task, orders, rng)
            target = torch.from_numpy(task.labels).to(logits)
            # the sum over heads, as in the published code
            loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(1)
            self.optimiser.zero_grad()
            loss.sum().backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), settings.largest_gradient)
            self.optimiser.step()

    def _kept(self) -> dict[str, npt.NDArray[Any]]:
        kept = {
            f"net.{name}": value.numpy().copy() for name, value in self.net.state_dict().items()
        }
        for place, held in self.optimiser.state_dict()["state"].items():
            for name, value in held.items():
                if value is not None:
                    kept[f"optimiser.{place}.{name}"] = np.asarray(value).copy()
        return kept

    def restore(self, arrays: Arrays) -> None:
        """Put network and optimiser where a part left them."""
        weights, state = {}, dict[int, dict[str, Tensor]]()
        for key, value in arrays.items():
            kind, _, name = key.partition(".")
            if kind == "net":
                weights[name] = torch.from_numpy(np.array(value))
            elif kind == "optimiser":
                place, _, field = name.partition(".")
                state.setdefault(int(place), {})[field] = torch.from_numpy(np.array(value))
        try:
            self.net.load_state_dict(weights)
        except RuntimeError:
            raise RecipeError(
                "a part of this run holds another network: begin it anew with --force."
            ) from None
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})


def _progress(arrays: Arrays) -> Progress:
    order, solved, epoch, seconds = arrays["progress"].tolist()
    return Progress(int(order), int(solved), int(epoch), seconds)


def draw(settings: "Settings", orders: Sequence[int], rng: np.random.Generator) -> BitTask:
    """One batch of sequences of one length, from N + 2 to 4 N + 1 with the largest N."""
    largest = max(orders)
    steps = int(rng.integers(largest + 2, 4 * largest + 2))
    return TASKS[settings.task](orders, steps, settings.batch, rng=rng)


@torch.no_grad()
def examine(
    net: Memory, settings: "Settings", order: int, stream: tuple[str, int], batches: int,
    orders: Sequence[int] | None = None,
) -> Float64Array:  # fmt: skip
    """Accuracy of each head on fresh sequences; of those that are trained, if none are named."""
    orders = settings.heads(order) if orders is None else orders
    name, epoch = stream
    rng = np.random.default_rng((settings.seed, STREAMS[name], epoch))
    right = np.zeros(len(orders))
    for _ in range(batches):
        task = draw(settings, orders, rng)
        found: Int64Array = (net.logits(task, orders, rng) > 0).long().numpy()
        right += (found == task.labels).mean(1)
    return right / batches


def _results(net: Memory, settings: "Settings", at: Progress) -> dict[str, Any]:
    """Accuracies and time constants of the network that solved the largest N."""
    solved = max(at.solved, _curriculum.FIRST)
    orders = list(range(_curriculum.FIRST, solved + 1))
    shares = examine(net, settings, solved, ("test", 0), TESTED, orders)
    chances = [parity_chance(n) if settings.task == "parity" else 0.5 for n in orders]
    tau = net.tau
    return {
        "solved": at.solved,
        "epochs": at.epoch,
        "updates": at.epoch * settings.updates,
        "cpu_seconds_of_training": round(at.seconds, 1),
        "test_accuracy": float(shares[-1]),
        "test_sequences": TESTED * settings.batch,
        "heads": {str(n): round(float(s), 4) for n, s in zip(orders, shares, strict=True)},
        "chance": {str(n): round(c, 4) for n, c in zip(orders, chances, strict=True)},
        "tau": {"mean": float(tau.mean()), "deviation": float(tau.std()), "most": float(tau.max())},
        "network_tau": network_timescales(net, settings.seed),
    }


@torch.no_grad()
def network_timescales(net: Memory, seed: int) -> dict[str, float]:
    """Timescales of the activity that random bits evoke, over units that change at all."""
    rng = np.random.default_rng((seed, STREAMS["drive"]))
    bits = rng.integers(0, 2, (BURN_IN + STEPS, TRIALS), np.uint8)
    found = autocorrelation(net.run(bits, rng)[BURN_IN:].numpy(), LAGS)
    fits = [timescale(c) for c in found.T if c[0] > 0]
    if not fits:
        return {"units": 0}
    taus = np.array([fit.tau for fit in fits])
    return {
        "units": len(fits),
        "mean": float(taus.mean()),
        "median": float(np.median(taus)),
        "of_mean_autocorrelation": timescale(found[:, found[0] > 0].mean(1)).tau,
        "two_exponentials": float(np.mean([len(fit.taus) == 2 for fit in fits])),
        "residual": float(np.median([fit.residual for fit in fits])),
    }
