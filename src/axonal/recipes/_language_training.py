"""Truncated backpropagation through a text, in parts from which a stopped run goes on."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils import _pytree as pytree

from axonal import neuro
from axonal.recipes import _pruning
from axonal.recipes._activity import activity
from axonal.recipes._errors import RecipeError
from axonal.recipes._language_model import LanguageModel
from axonal.recipes._study import Arrays, Parts


class Training:
    """A model that reads streams of a text, with its optimiser, states and masks.

    Every update is a function of what came before and of its number: what is drawn for dropout
    follows from the seed and the number, so that a run that goes on ends where one that was never
    stopped does.

    Args:
        model: trained in place.
        settings: of the recipe ``egru-lm``.
        read: streams of tokens `[L, B]`.

    Attributes:
        losses: mean loss of every part, in nats per token.
    """

    def __init__(self, model: LanguageModel, settings: Any, read: Tensor) -> None:
        self.model, self.settings, self.read = model, settings, read
        self.epoch_updates = math.ceil((len(read) - 1) / settings.steps)
        if self.epoch_updates < 1:
            raise RecipeError(
                f"the text gives {settings.streams} streams of {len(read)} tokens, which is too "
                "short: write fewer --streams."
            )
        self.updates = settings.epochs * self.epoch_updates
        self.adam = torch.optim.AdamW(
            model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.done = 0
        self.losses: list[float] = []
        self.states: list[Any] | None = None
        self.masks: list[Tensor] | None = None
        self._watched = activity(model, model, settings)

    def run(self, parts: Parts) -> None:
        """Train to the end, from the last whole part that there is."""
        names = [f"updates{k:05d}" for k in range(1, math.ceil(self.updates / self._size) + 1)]
        there = [k for k, name in enumerate(names) if _file(parts, name).exists()]
        for k in (*reversed(there), -1):
            if k < 0 or self._restored(parts, names[k]):
                break
        for later, name in enumerate(names[k + 1 :], k + 1):
            parts.get(name, self._part(later))
            # one older part is kept, in case that the last is damaged
            if later >= 2:
                _file(parts, names[later - 2]).unlink(missing_ok=True)

    @property
    def _size(self) -> int:
        return int(self.settings.kept_every)

    def _restored(self, parts: Parts, name: str) -> bool:
        """Whether a part could be read; a damaged one is removed, and the one before it serves."""

        def damaged(_: Callable[[float], None]) -> Arrays:
            raise FileNotFoundError

        try:
            self._load(parts.get(name, damaged))
        except FileNotFoundError:
            return False
        return True

    def _part(self, k: int) -> Callable[[Callable[[float], None]], Arrays]:
        def make(report: Callable[[float], None]) -> Arrays:
            last = min((k + 1) * self._size, self.updates)
            losses = []
            while self.done < last:
                losses.append(self.update())
                report(self.done / self.updates)
            self.losses.append(float(np.mean(losses)))
            return self._arrays()

        return make

    def update(self) -> float:
        """Learn from one chunk; the loss in nats per token."""
        settings, place = self.settings, self.done % self.epoch_updates
        torch.manual_seed(
            int(np.random.SeedSequence((settings.seed, self.done)).generate_state(1)[0])
        )
        if place == 0:
            self.states = None
        begin = place * settings.steps
        x = self.read[begin : begin + settings.steps]
        target = self.read[begin + 1 : begin + settings.steps + 1]
        x = x[: len(target)]
        for group in self.adam.param_groups:
            group["lr"] = settings.learning_rate * 0.5 * (1 + math.cos(math.pi * self._progress))
        self.model.train()
        run = self.model if self._watched is None else self._watched
        scores, states = self._call(run, x)
        loss = F.cross_entropy(scores.flatten(0, 1), target.flatten())
        whole = loss
        if self._watched is not None and settings.activity:
            whole = loss + self._watched.penalty()
        self.adam.zero_grad()
        whole.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.largest_gradient)
        self.adam.step()
        self._prune()
        self.states = neuro.detach(states)
        self.done += 1
        value = float(loss.detach())
        if not math.isfinite(value):
            raise RecipeError(
                f"the loss is no number any more after {self.done} updates: write a smaller "
                "--learning-rate or --largest-gradient."
            )
        return value

    def _call(self, run: Callable[..., Any], x: Tensor) -> Any:
        return run(x) if self.states is None else run(x, self.states)

    @property
    def _progress(self) -> float:
        return float(self.done / self.updates)

    def _prune(self) -> None:
        s, weights = self.settings, self.model.recurrent_weights()
        if not s.pruned or self._progress < s.prune_from:
            return
        # masks grow in a hundred steps of the whole training; what is zero is smallest, and stays
        if self.masks is None or self.done % max(self.updates // 100, 1) == 0:
            now = (self.done + 1) / self.updates
            share = _pruning.wanted(s.pruned, now, s.prune_from, s.prune_until)
            self.masks = _pruning.masks(weights, share)
        _pruning.prune(weights, self.masks)

    def zeros(self) -> float:
        """Share of the weights of recurrent layers that are zero."""
        return _pruning.zeros(self.model.recurrent_weights())

    def _arrays(self) -> Arrays:
        """Everything that later updates depend on."""
        arrays = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for k, state in enumerate(self.adam.state_dict()["state"].values()):
            arrays |= {f"adam.{k}.{name}": torch.as_tensor(v) for name, v in state.items()}
        leaves, _ = pytree.tree_flatten(self.states)
        arrays |= {f"state.{k}": leaf for k, leaf in enumerate(leaves)}
        arrays |= {f"mask.{k}": mask for k, mask in enumerate(self.masks or [])}
        arrays["done"] = torch.tensor(self.done)
        arrays["losses"] = torch.tensor(self.losses, dtype=torch.float64)
        return {name: value.detach().numpy().copy() for name, value in arrays.items()}

    def _load(self, arrays: Arrays) -> None:
        held = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}

        def under(prefix: str) -> dict[str, Tensor]:
            return {n.removeprefix(prefix): v for n, v in held.items() if n.startswith(prefix)}

        self.model.load_state_dict(under("model."))
        parameters = sum(len(group["params"]) for group in self.adam.param_groups)
        state = self.adam.state_dict()
        state["state"] = {k: under(f"adam.{k}.") for k in range(parameters)}
        self.adam.load_state_dict(state)
        with torch.no_grad():
            _, rest = self.model(self.read[:1])
        _, shape = pytree.tree_flatten(rest)
        leaves = under("state.")
        self.states = pytree.tree_unflatten([leaves[str(k)] for k in range(len(leaves))], shape)
        found = under("mask.")
        self.masks = [found[str(k)] for k in range(len(found))] or None
        self.done, self.losses = int(held["done"]), held["losses"].tolist()


def _file(parts: Parts, name: str) -> Path:
    return parts.folder / f"{name}.npz"
