"""Cost of Hebbian projection beside the training step that it protects."""

import torch
import torch.nn.functional as F

from axonal.hebbian.continual import HLOP
from axonal.recipes import hlop_pmnist
from benchmarks._measure import Table, Times, interleaved

BATCH = 64
GOAL, BOUND = 0.15, 0.35


class _Step:
    """A training step of the network of ``hlop-pmnist``, and the parts that HLOP adds to it."""

    def __init__(self, hidden: int, steps: int, task: int, activity: str) -> None:
        wide = "80,200,100" if hidden == 800 else "80,100,60"
        self.settings = hlop_pmnist.Settings(hidden=hidden, steps=steps, ranks=wide)
        torch.manual_seed(0)
        self.net = hlop_pmnist.build(self.settings)
        rates = dict.fromkeys(hlop_pmnist.LAYERS, 0.001)
        ranks = self.settings.rows
        self.hlop = HLOP(self.net, ranks, rate=rates, activity=activity)
        self.x = torch.randn(BATCH, hlop_pmnist.PIXELS).expand(steps, -1, -1)
        self.y = torch.randint(hlop_pmnist.CLASSES, (BATCH,))
        self.sgd = torch.optim.SGD(self.net.parameters(), 0.01)
        for k in range(task):
            self.hlop.begin_task()
            if k < task - 1:
                self._pass()
                self.hlop.learn()
                self.hlop.end_task()
        self._pass()
        self.rows = {path: watch.take() for path, watch in self.hlop._watches.items()}

    def _pass(self) -> None:
        self.sgd.zero_grad()
        F.cross_entropy(self.net(self.x)[0].mean(0), self.y).backward()

    def train(self) -> None:
        """One step without HLOP, whose hooks are there and gather rates."""
        self._pass()
        self.sgd.step()
        self.hlop._drop()

    def learn(self) -> None:
        """Laterals learn one batch, of which the hooks have gathered the rows."""
        for path, held in self.hlop.layers.items():
            rows = self.rows[path]
            assert rows is not None
            self.hlop._learn(held, rows)

    def project(self) -> None:
        """The gradients are projected."""
        self.hlop._project_gradients()


def run(peers: set[str], *, quick: bool) -> Table:
    """Times of the parts, as shares of the step."""
    table = Table(["case", "activity", "step (ms)", "learning", "projection", "ranks so far"])
    sizes = [(400, 6)] if quick else [(400, 6), (800, 20)]
    for hidden, steps in sizes:
        for task in (1, 2) if quick else (1, 2, 5):
            for activity in ("rate", "steps") if task == 1 and hidden == 400 else ("rate",):
                _case(table, hidden, steps, task, activity)
    table.remarks.append(
        f"Shares of the training step (forward, backward through time, SGD, batch {BATCH}) that "
        "HLOP adds in the mode weight: 5 iterations on every batch, and the projection of every "
        f"gradient, from the second task on. Asked for of learning on rates: {BOUND:.0%} at most, "
        f"{GOAL:.0%} as a goal; learning every second batch (every=2) halves it."
    )
    return table


def _case(table: Table, hidden: int, steps: int, task: int, activity: str) -> None:
    step = _Step(hidden, steps, task, activity)
    works = {"train": step.train, "learn": step.learn}
    if task > 1:
        works["project"] = step.project
    times: dict[str, Times] = interleaved(works)
    whole = times["train"].best
    shares = {name: taken.best / whole for name, taken in times.items()}
    ranks = "/".join(str(len(held.weight)) for held in step.hlop.layers.values())
    case = f"784-{hidden}-{hidden}-10, T = {steps}, task {task}"
    table.add(
        [
            case,
            activity,
            f"{1e3 * whole:.1f}",
            f"{shares['learn']:.0%}",
            f"{shares['project']:.0%}" if task > 1 else "none",
            ranks,
        ]
    )
    table.json.append(
        {
            "case": case,
            "implementation": "axonal",
            "median_s": whole,
            "ratio": 1.0,
            "share_of_bandwidth": None,
            "activity": activity,
            **shares,
        }
    )
