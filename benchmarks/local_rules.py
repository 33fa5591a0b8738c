"""Training steps of local rules beside backpropagation through time, and their memory over T."""

from collections.abc import Callable

import torch

from axonal import neuro
from axonal.hebbian import local
from benchmarks._measure import ROUNDS, Table, interleaved

PIXELS, CLASSES, BATCH = 784, 10, 64
HEADER = [
    "case", "rule", "rounds (ms)", "its time over backpropagation's", "kept (MB)", "said (MB)",
]  # fmt: skip
Rules = dict[str, Callable[[neuro.Network], local.Rule]]
RULES: Rules = {
    "backprop": lambda net: local.Backprop(net, loss=local.step_loss),
    "OTTT, 1 step at once": lambda net: local.OTTT(net, steps_at_once=1),
    "OTTT, 4 steps at once": lambda net: local.OTTT(net, steps_at_once=4),
    "OTTT, 8 steps at once": lambda net: local.OTTT(net),
    "e-prop": lambda net: local.EProp(net),
    "direct feedback alignment": lambda net: local.DirectFeedbackAlignment(net),
    "feedback alignment": lambda net: local.FeedbackAlignment(net),
    "sign-symmetric": lambda net: local.SignSymmetric(net),
}


def network(hidden: int) -> neuro.Network:
    """The network of permuted MNIST, two hidden layers of LIF neurons."""
    torch.manual_seed(0)
    layers: list[torch.nn.Module] = []
    for inputs in (PIXELS, hidden):
        neurons = neuro.LIF(
            hidden, 2.0, decay="euler", reset="subtract", surrogate=neuro.Sigmoid(4.0)
        )
        layers += [neuro.Linear(inputs, hidden), neurons]
    return neuro.Sequential(*layers, neuro.Linear(hidden, CLASSES))


def run(peers: set[str], *, quick: bool) -> Table:
    """Time one step of every rule, gradients and all; measure what it keeps."""
    del peers
    table = Table(HEADER)
    cases = ((32, 2), (32, 4)) if quick else ((400, 6), (400, 24))
    for hidden, steps in cases:
        measure(table, hidden, steps, repetitions=1 if quick else 9)
    table.remarks.append(
        f"Two hidden layers, batch {BATCH}, a constant input of {PIXELS} numbers; gradients of all "
        "weights, the optimiser's step not counted. The loss is the mean of the cross-entropies of "
        "all steps, of direct feedback alignment and feedback alignment that of the mean. Kept is "
        "measured, said is the rule's own account. Backpropagation has compiled loops over all "
        "steps and sparse products of them together; OTTT has those of a chunk."
    )
    return table


def measure(table: Table, hidden: int, steps: int, *, repetitions: int) -> None:
    """All rules on one network."""
    net = network(hidden)
    x = torch.randn(1, BATCH, PIXELS).expand(steps, -1, -1)
    target = torch.arange(BATCH) % CLASSES
    rules = {name: make(net) for name, make in RULES.items()}

    def work(rule: local.Rule) -> Callable[[], object]:
        def step() -> object:
            net.zero_grad(set_to_none=True)
            return rule.gradients(x, target)

        return step

    times = interleaved({name: work(rule) for name, rule in rules.items()}, repetitions)
    best = times["backprop"].best
    for name, taken in times.items():
        kept, said = local.measured(rules[name], x, target), rules[name].stored(x)
        ratio = taken.best / best
        rounds = " ".join(f"{1e3 * t:.1f}" for t in taken.rounds[:ROUNDS])
        sizes = [f"{stored.total / 1e6:.2f}" for stored in (kept, said)]
        case = f"784-{hidden}-{hidden}-10, T {steps}"
        table.add([case, name, rounds, f"{ratio:.2f}", *sizes])
        table.json.append(
            {
                "case": case,
                "implementation": "axonal",
                "rule": name,
                "median_s": taken.best,
                "rounds_s": taken.rounds,
                "ratio": ratio,
                "share_of_bandwidth": None,
                "kept_bytes": kept.total,
                "said_bytes": said.total,
            }
        )
