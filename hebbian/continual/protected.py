"""Layers of a network whose learning leaves out the activity of earlier tasks."""

from collections.abc import Collection
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.continual._choices import Ranks, check_mode, check_names, schedule, sides
from axonal.hebbian.continual._watch import ACTIVITIES, Activity, Watch
from axonal.hebbian.continual.method import Method, Task
from axonal.hebbian.continual.presynaptic import Presynaptic
from axonal.hebbian.continual.subspaces import Subspaces, beside

MODES = ("weight", "input", "step")
DELAYS = ("protected", "fixed", "free")


class Residual(NamedTuple):
    """Energy of a layer's activity that subspaces leave out, as shares of all of it.

    Attributes:
        left: outside the span of the subspaces.
        least: the least that as many new rows beside the frozen ones could leave (PCA).
    """

    left: float
    least: float


class Protected(nn.Module, Method):
    """Layers of a network that learn beside the subspaces of earlier tasks. Abstract.

    Arguments and modes are those of :class:`HLOP`.
    """

    def __init__(
        self,
        network: nn.Module,
        ranks: Ranks,
        *,
        layers: Collection[str] | None = None,
        mode: str = "weight",
        activity: Activity | None = None,
        delays: str = "protected",
        freeze_others: bool = True,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        for name, value, known in (("mode", mode, MODES), ("delays", delays, DELAYS)):
            if value not in known:
                raise ValueError(
                    f"{who} expects {name} as one of {', '.join(known)}; got {value!r}."
                )
        if not (activity is None or callable(activity) or activity in ACTIVITIES):
            raise ValueError(
                f"{who} expects activity as one of {', '.join(ACTIVITIES)} or a function of x "
                f"[T, B, ...] that gives rates, got {activity!r}."
            )
        self.network, self.mode = network, mode
        self.delays, self.freeze_others = delays, freeze_others
        self._sides = sides(who, network, layers)
        for path, side in self._sides.items():
            check_mode(who, mode, side, path)
        check_names(who, ranks, self._sides)
        self._ranks = {path: schedule(who, ranks, path) for path in self._sides}
        self.subspaces = nn.ModuleList(
            # rows of the type of the weights that they protect
            self._held(side).to(side.parameters[0])
            for side in self._sides.values()
        )
        for held, path in zip(self._all, self._sides, strict=True):
            held.check(self._ranks[path][0])
        self._watches: dict[str, Watch] = {}
        self._hooks: list[Any] = []
        self._active = dict.fromkeys(self._sides, False)
        self._before: list[list[Tensor]] = []
        self._running, self._stopped = False, list[nn.Parameter]()
        for (path, side), held in zip(self._sides.items(), self._all, strict=True):
            self._watch(path, side, activity, held)

    def _held(self, side: Presynaptic[Any]) -> Subspaces:
        """Make the subspaces of one layer."""
        return Subspaces(side.features, side.name)

    def _new_rows(self, held: Subspaces, rows: int) -> None:
        """Begin a task in the subspaces of one layer."""

    def _learn(self, held: Subspaces, rows: Tensor) -> None:
        """Learn rows [R, n] of a layer's activity."""

    @property
    def _all(self) -> list[Subspaces]:
        return list(self.subspaces)  # type: ignore[arg-type]

    @property
    def layers(self) -> dict[str, Subspaces]:
        """The subspaces of every protected layer by its path."""
        return dict(zip(self._sides, self._all, strict=True))

    @property
    def tasks(self) -> int:
        """Tasks that have begun."""
        return len(self._all[0].counts)

    def begin_task(self) -> None:
        """Begin a task: new rows, and from the second task on projection.

        Raises:
            ValueError: if the task before has not ended, or ranks exceed what layers have.
        """
        if self._running:
            raise ValueError(
                f"{type(self).__name__}: task {self.tasks} has not ended: call end_task() first."
            )
        task = self.tasks
        ranks = {path: own[min(task, len(own) - 1)] for path, own in self._ranks.items()}
        for path, held in self.layers.items():
            held.check(ranks[path])
        for path, held in self.layers.items():
            self._new_rows(held, ranks[path])
            self._watches[path].rows = []
        self._active = dict.fromkeys(self._sides, False)
        self._running = True
        self._set()

    def _set(self) -> None:
        """Set what depends on the number of tasks that have ended."""
        later = self._ended > 0
        for watch in self._watches.values():
            watch.projects = later and self.mode == "input"
        if not later:
            return
        kept = {id(p) for side in self._sides.values() for p in side.parameters}
        for p in self.network.parameters() if self.freeze_others else ():
            if p.ndim < 2 and p.requires_grad and id(p) not in kept:
                self._stop(p)
        if self.delays == "fixed":
            for side in self._sides.values():
                for p in side.parameters[1:]:
                    self._stop(p)

    def _stop(self, parameter: nn.Parameter) -> None:
        parameter.requires_grad_(False)
        parameter.grad = None
        self._stopped.append(parameter)

    @property
    def _ended(self) -> int:
        return int(self._all[0].ended)

    def before_step(self) -> None:
        """Learn the activity of the batch, and project its gradients.

        To be called when the gradients are there and before the optimiser's step.
        """
        if not self._running:
            raise ValueError(f"{type(self).__name__}: no task runs: call begin_task() first.")
        if self._ended and self.mode == "step":
            self._before = [[p.detach().clone() for p in ps] for ps in self._projected()]
        elif self._ended and self.mode == "weight":
            self._project_gradients()
        self.learn()

    @torch.no_grad()
    def _project_gradients(self) -> None:
        for side, held, ps in zip(self._sides.values(), self._all, self._projected(), strict=True):
            if any(p.grad is None for p in ps):
                continue
            left = side.project([p.grad for p in ps if p.grad is not None], held)
            for p, gradient in zip(ps, left, strict=True):
                p.grad = gradient

    def _projected(self) -> list[list[nn.Parameter]]:
        """The parameters of every layer that are projected."""
        free = self.delays == "free"
        return [s.parameters[:1] if free else s.parameters for s in self._sides.values()]

    @torch.no_grad()
    def after_step(self) -> None:
        """Project the step that the optimiser took, in the mode "step"."""
        if not self._before:
            return
        for side, held, ps, before in zip(
            self._sides.values(), self._all, self._projected(), self._before, strict=True
        ):
            steps = [p.detach() - old for p, old in zip(ps, before, strict=True)]
            # slopes of the kernels are those from which the step was taken
            _put(ps, before)
            left = side.project(steps, held)
            _put(ps, [old + step for old, step in zip(before, left, strict=True)])
        self._before = []

    def _drop(self) -> None:
        """Forget the activity seen since the last call, but whether there was any."""
        for watch in self._watches.values():
            watch.take()

    @torch.no_grad()
    def observe(self, *inputs: Any) -> None:
        """Run the network once to see the activity of a batch, unless it was seen already.

        For what makes gradients without calling layers, as OTTT does; to be called before
        `before_step`, with the inputs of the network.
        """
        if not any(watch.rows for watch in self._watches.values()):
            self.network(*inputs)

    def learn(self) -> None:
        """Learn the activity seen since the last call; `before_step` does it."""
        for path, held in self.layers.items():
            rows = self._watches[path].take()
            if rows is not None:
                if not self._active[path]:
                    self._active[path] = bool(rows.any())
                self._learn(held, rows)

    def end_task(self, task: Task | None = None) -> None:
        """End the task: what was active in it is protected from here.

        Raises:
            ValueError: if no task runs, or a layer saw no activity in it; nothing is frozen then.
        """
        if not self._running:
            raise ValueError(f"{type(self).__name__}: no task runs: call begin_task() first.")
        self._find(task)
        for path, active in self._active.items():
            if not active:
                raise ValueError(
                    f"{type(self).__name__}: no activity reached {path!r} in task {self.tasks}. "
                    "Are the neurons before it silent, or was before_step() not called after "
                    "passes in training mode? What is trained without calling layers is seen "
                    "by observe(x); connections inside Recurrent are not seen."
                )
        for held in self._all:
            held.freeze()
        self._running = False

    def _find(self, task: Task | None) -> None:
        """Find the subspaces of a task that has ended, where they were not learnt on the way."""

    @torch.no_grad()
    def covariances(self, task: Task, most: int = 1000) -> dict[str, Tensor]:
        """Mean products of presynaptic rows of each layer [n, n], over samples of a task."""
        sums = {path: torch.zeros((), dtype=torch.float64) for path in self._sides}
        counts = dict.fromkeys(self._sides, 0)

        def told(path: str, rows: Tensor) -> None:
            sums[path] = sums[path] + (rows.T @ rows).double()
            counts[path] += len(rows)

        for path, watch in self._watches.items():
            watch.tell = lambda rows, path=path: told(path, rows)
        try:
            for batch in task.batches(most):
                task.score(batch.x)
        finally:
            for watch in self._watches.values():
                watch.tell = None
        return {path: total / max(counts[path], 1) for path, total in sums.items()}

    def residuals(self, task: Task, most: int = 1000) -> dict[str, Residual]:
        """Energy of each layer's activity in a task that the subspaces leave out."""
        found = {}
        for path, c in self.covariances(task, most).items():
            held = self.layers[path]
            new = int(held.counts[-1]) if len(held.counts) else 0
            first = beside(c, held.weight[: len(held.weight) - new])
            free = torch.linalg.eigvalsh(first).clamp(min=0)
            whole = float(c.trace()) or 1.0
            left = float(beside(c, held.weight).trace())
            found[path] = Residual(left / whole, float(free[: len(free) - new].sum()) / whole)
        return found

    def remove(self) -> None:
        """Take the hooks off the network, and let stopped parameters learn again."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        for parameter in self._stopped:
            parameter.requires_grad_(True)
        self._stopped = []

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """Restore network and subspaces, after as many calls of `begin_task` as had been made.

        Raises:
            ValueError: for a state of another number of tasks, or of other ranks.
        """
        for k, held in enumerate(self._all):
            counts = state_dict.get(f"subspaces.{k}.counts")
            if isinstance(counts, Tensor):
                held.check_state(counts)
        done = super().load_state_dict(state_dict, *args, **kwargs)
        self._running = self._ended < self.tasks
        self._set()
        return done

    def _watch(self, path: str, side: Any, activity: Activity | None, held: Subspaces) -> None:
        kind = activity or ("rate" if side.rate_means_all else "sampled")
        watch = self._watches[path] = Watch(side, kind, held)
        layer = side.layer
        self._hooks.append(layer.register_forward_pre_hook(watch.before))
        if self.mode == "input":
            self._hooks.append(layer.register_forward_hook(watch.after, always_call=True))
        for event in getattr(self.network, "layers", ()):
            if isinstance(event, (neuro.EventLIF, neuro.EventReadout)) and event.synapses is layer:
                self._hooks.append(event.register_forward_pre_hook(watch.events))


def _put(parameters: list[nn.Parameter], values: list[Tensor]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)
