"""OTTT beside backpropagation through time with the paths cut that it leaves out."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian import local


def drive(steps: int = 9, batch: int = 4, size: int = 6) -> tuple[Tensor, Tensor]:
    return (torch.rand(steps, batch, size) < 0.4).double(), torch.arange(batch) % 3


def wide(*layers: nn.Module) -> neuro.Network:
    """A network in double precision whose neurons fire."""
    net = neuro.Sequential(*layers).double()
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.mul_(1 if name.endswith("position") else 2)
    return net


def gradients(rule: local.Rule, x: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    rule.zero_grad()
    loss = rule.gradients(x, target)
    return loss, {k: p.grad.clone() for k, p in rule.named_parameters() if p.grad is not None}


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    assert all(g.abs().sum() > 0 for g in theirs.values())
    for name, g in ours.items():
        torch.testing.assert_close(g, theirs[name], msg=lambda text, n=name: f"{n}: {text}")


FIRST: dict[str, Callable[[], list[nn.Module]]] = {
    "linear": lambda: [neuro.Linear(6, 8), neuro.LIF(8, 3.0, reset="subtract")],
    "decaying input": lambda: [
        neuro.Linear(6, 8), neuro.LIF(8, 1.5, reset="subtract", decay_input=True, threshold=0.3),
    ],
    "masked, no reset": lambda: [
        neuro.Linear(6, 8, mask=torch.arange(48).reshape(8, 6) % 2),
        neuro.LIF(8, 3.0, reset="none"),
    ],
    "delays": lambda: [
        neuro.DelayedLinear(6, 8, max_delay=4, bias=True), neuro.LIF(8, 3.0, reset="subtract"),
    ],
    "convolution": lambda: [
        neuro.Conv2d(1, 2, 2), neuro.LIF((2, 1, 2), 3.0, reset="subtract"), nn.Flatten(),
    ],
}  # fmt: skip


@pytest.mark.parametrize("steps_at_once", [1, 4])
@pytest.mark.parametrize("kind", FIRST)
def test_one_hidden_layer_learns_as_by_backpropagation(kind: str, steps_at_once: int) -> None:
    torch.manual_seed(1)
    hidden = 8 if kind != "convolution" else 4
    net = wide(*FIRST[kind](), neuro.Linear(hidden, 3))
    x, target = drive()
    if kind == "convolution":
        x = x.reshape(9, 4, 1, 2, 3)
    online = gradients(local.OTTT(net, steps_at_once=steps_at_once), x, target)
    whole = gradients(local.Backprop(net, loss=local.step_loss), x, target)
    torch.testing.assert_close(online[0], whole[0])
    same(online[1], whole[1])


class Cut(nn.Module):
    """Connections and neurons; the input sends within a step, the weights through all steps."""

    def __init__(self, connections: neuro.Linear, neurons: neuro.LIF | neuro.LeakyIntegrator):
        super().__init__()
        self.connections, self.neurons = connections, neurons

    def __call__(self, x: Tensor) -> Tensor:
        w, b = self.connections.weight, self.connections.bias
        lif, v, outputs = self.neurons, torch.zeros(()), []
        gain = 1 - lif.decay if lif.decay_input else 1.0
        fires = isinstance(lif, neuro.LIF)
        for x_t in x.unbind(0):
            kept = lif.decay * v + gain * (x_t.detach() @ w.T + b)
            h = kept + gain * (x_t - x_t.detach()) @ w.detach().T
            y = lif.surrogate(h - lif.threshold) if fires else h
            # what the input sends is not kept by the potential
            v = kept - (lif.threshold * y.detach() if fires else 0)
            outputs.append(y)
        return torch.stack(outputs)


@pytest.mark.parametrize("steps_at_once", [1, 5])
def test_deep_networks_keep_the_potential_and_send_errors_within_the_step(
    steps_at_once: int,
) -> None:
    torch.manual_seed(2)
    parts = [
        (neuro.Linear(6, 8), neuro.LIF(8, 3.0, reset="subtract")),
        (neuro.Linear(8, 7), neuro.LIF(7, 2.0, reset="subtract")),
        (neuro.Linear(7, 3), neuro.LeakyIntegrator(3, 4.0, decay_input=True)),
    ]
    net = wide(*(layer for part in parts for layer in part))
    x, target = drive()
    online = gradients(local.OTTT(net, steps_at_once=steps_at_once), x, target)
    net.zero_grad()
    y = x
    for part in parts:
        y = Cut(*part)(y)
    torch.testing.assert_close(y.detach(), net(x)[0].detach())
    local.step_loss(y, target).backward()
    same(online[1], {f"net.{k}": p.grad for k, p in net.named_parameters()})


@pytest.mark.parametrize("steps_at_once", [1, 4])
def test_memory_does_not_grow_with_the_steps(steps_at_once: int) -> None:
    net = neuro.Sequential(
        neuro.Linear(60, 80), neuro.LIF(80, reset="subtract"), neuro.Linear(80, 50),
        neuro.LIF(50, reset="subtract"), neuro.Linear(50, 10),
    )  # fmt: skip
    target = torch.zeros(16, dtype=torch.int64)
    kept = {}
    for steps in (8, 80):
        x = torch.rand(steps, 16, 60)
        rule = local.OTTT(net, steps_at_once=steps_at_once)
        said, found = rule.stored(x), local.measured(rule, x, target)
        assert found.total == pytest.approx(said.total, rel=0.1)
        kept[steps] = found.total
    assert kept[8] == kept[80]


NO = "OTTT cannot train"


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([neuro.Linear(3, 4), neuro.LIF(4)], r"'1' \(LIF\): the trace of an input outlives spikes"),
        ([neuro.Linear(3, 4), neuro.ALIF(4)], r"'1' \(ALIF\): it needs LIF"),
        (
            [neuro.Linear(3, 4), neuro.LIF(4, learn="tau", reset="subtract")],
            r"'1' \(LIF\): it learns weights alone",
        ),
        (
            [neuro.Linear(3, 2), neuro.LIF(2, [2.0, 3.0], reset="subtract")],
            r"'1' \(LIF\): one trace of an input needs one tau",
        ),
        (
            [neuro.Linear(3, 4), neuro.DelayedLinear(4, 4, 3)],
            r"'1' \(DelayedLinear\): an error that is sent back within a step",
        ),
        (
            [neuro.Linear(3, 4), neuro.BatchNorm(4), neuro.LIF(4, reset="subtract")],
            r"'1' \(BatchNorm\): it trains connections",
        ),
        ([neuro.Recurrent(neuro.LIF(4), neuro.Linear(4, 4))], "found no connections"),
    ],
)
def test_layers_without_such_a_trace_are_refused_by_name(
    layers: list[nn.Module], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as error:
        local.OTTT(neuro.Sequential(*layers))
    assert "\n" not in str(error.value)
