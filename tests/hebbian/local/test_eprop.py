"""E-prop beside hand values and beside backpropagation, which it equals where it is exact."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian import local
from axonal.hebbian.local._chain import blocks
from axonal.hebbian.local._eligibility import Eligibility


def gradients(rule: local.Rule, x: Tensor, target: Tensor) -> dict[str, Tensor]:
    rule.zero_grad()
    rule.gradients(x, target)
    return {k: p.grad.clone() for k, p in rule.named_parameters() if p.grad is not None}


def batch(steps: int = 8) -> tuple[Tensor, Tensor]:
    return (torch.rand(steps, 4, 5) < 0.5).double(), torch.tensor([0, 1, 2, 0])


def network(*hidden: nn.Module, size: int = 6, tau: float | None = 4.0) -> neuro.Network:
    torch.manual_seed(5)
    readout = [] if tau is None else [neuro.LeakyIntegrator(3, tau, decay_input=True)]
    net = neuro.Sequential(*hidden, neuro.Linear(size, 3), *readout).double()
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.mul_(2 if name.endswith("weight") else 1)
    return net


def test_eligibilities_of_one_synapse_are_those_computed_by_hand() -> None:
    alpha, w = 0.9, 0.5
    lif = neuro.LIF(
        1, tau=1 / (1 - alpha), decay="euler", reset="delayed",
        surrogate=lambda u: 0.3 * (1 - u.abs()).clamp(min=0),
    )  # fmt: skip
    net = neuro.Sequential(neuro.Linear(1, 1, bias=False), lif, neuro.Linear(1, 1)).double()
    nn.init.constant_(net[0].weight, w)
    unit = Eligibility(blocks(None, net)[0], torch.zeros(()), torch.zeros(1, 1).double())
    spikes, found = [], []
    with torch.no_grad():
        for z in (1.0, 0.0, 1.0, 1.0, 1.0, 0.0):
            spikes.append(unit.step(torch.tensor([[z]]).double()).item())
            found.append(unit.filtered[0, 0, 0].item())
    assert spikes == [0, 0, 0, 1, 0, 0]
    expected = [0.15, 0.1215, 0.491415, 0.540654, 0.689764, 0.558709]
    assert found == pytest.approx(expected, abs=5e-7)


EXACT: dict[str, Callable[[], tuple[nn.Module, ...]]] = {
    "reset to zero": lambda: (neuro.Linear(5, 6), neuro.LIF(6, 3.0)),
    "reset by subtraction": lambda: (neuro.Linear(5, 6), neuro.LIF(6, 3.0, reset="subtract")),
    "time constants": lambda: (
        neuro.Linear(5, 6),
        neuro.LIF(6, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], decay_input=True, threshold=0.2),
    ),
    "half charged": lambda: (neuro.Linear(5, 6), neuro.IF(6, start=0.5)),
    "adaptive": lambda: (neuro.Linear(5, 6), neuro.ALIF(6, 3.0, 5.0)),
    "adaptive, reset to zero": lambda: (neuro.Linear(5, 6), neuro.ALIF(6, 3.0, 5.0, reset="zero")),
    "no bias, masked": lambda: (
        neuro.Linear(5, 6, bias=False, mask=torch.arange(30).reshape(6, 5) % 2), neuro.LIF(6, 3.0),
    ),
    "delays": lambda: (neuro.DelayedLinear(5, 6, max_delay=3), neuro.CuBaLIF(6, 3.0, 2.0)),
}  # fmt: skip


@pytest.mark.parametrize("kind", EXACT)
def test_without_a_loop_it_is_backpropagation(kind: str) -> None:
    net, (x, target) = network(*EXACT[kind]()), batch()
    whole = gradients(local.Backprop(net, loss=local.step_loss), x, target)
    assert all(g.abs().sum() > 0 for g in whole.values())
    for online in (False, True):
        if online and kind == "delays":
            continue
        found = gradients(local.EProp(net, online=online), x, target)
        assert found.keys() == whole.keys()
        for name, g in found.items():
            torch.testing.assert_close(g, whole[name], msg=f"{name}, online={online}")


LOOPS: dict[str, Callable[[], nn.Module]] = {
    "LIF": lambda: neuro.Recurrent(neuro.LIF(6, 3.0), neuro.Linear(6, 6)),
    "two steps": lambda: neuro.Recurrent(
        neuro.LIF(6, 3.0, reset="subtract"), neuro.Linear(6, 6), delay=2
    ),
    "ALIF": lambda: neuro.Recurrent(neuro.ALIF(6, 3.0, 5.0), neuro.Linear(6, 6, bias=False)),
}


@pytest.mark.parametrize("tau", [None, 4.0])
@pytest.mark.parametrize("feedback", ["symmetric", "random", "adaptive"])
@pytest.mark.parametrize("kind", LOOPS)
def test_both_ways_of_summing_agree_in_loops_and_deep_networks(
    kind: str, feedback: str, tau: float | None
) -> None:
    net = network(neuro.Linear(5, 7), neuro.LIF(7), neuro.Linear(7, 6), LOOPS[kind](), tau=tau)
    x, target = batch()
    kept, online = (local.EProp(net, feedback=feedback, online=o) for o in (False, True))
    online.load_state_dict(kept.state_dict())
    ours, theirs = gradients(online, x, target), gradients(kept, x, target)
    assert all(g.abs().sum() > 0 for g in theirs.values())
    assert ours.keys() == theirs.keys()
    for name, g in ours.items():
        torch.testing.assert_close(g, theirs[name], msg=name)


def test_a_loop_sends_nothing_into_other_neurons() -> None:
    net, (x, target) = network(neuro.Linear(5, 6), LOOPS["LIF"]()), batch()
    whole = gradients(local.Backprop(net, loss=local.step_loss), x, target)
    found = gradients(local.EProp(net), x, target)
    assert not torch.allclose(found["net.0.weight"], whole["net.0.weight"])
    torch.testing.assert_close(found["net.2.weight"], whole["net.2.weight"])


def test_direct_feedback_alignment_hands_the_error_to_every_layer() -> None:
    torch.manual_seed(6)
    layers = neuro.Linear(5, 4), nn.Tanh(), neuro.Linear(4, 6), nn.Tanh(), neuro.Linear(6, 3)
    net, x, target = neuro.Sequential(*layers), torch.rand(1, 7, 5), torch.arange(7) % 3
    rule = local.DirectFeedbackAlignment(net)
    found = gradients(rule, x, target)
    one = torch.tanh(layers[0](x))[0]
    two = torch.tanh(layers[2](one[None]))[0]
    error = (torch.softmax(layers[4](two[None])[0], 1) - torch.eye(3)[target]) / 7
    torch.testing.assert_close(found["net.4.weight"], error.T @ two)
    for number, (heard, own, path) in enumerate(((x[0], one, 0), (one, two, 2))):
        hidden = (error @ rule.feedback(number)) * (1 - own**2)
        torch.testing.assert_close(found[f"net.{path}.weight"], hidden.T @ heard)


@pytest.mark.parametrize("online", [False, True])
def test_what_is_kept_is_what_is_said(online: bool) -> None:
    net, target = network(neuro.Linear(5, 30), neuro.LIF(30), size=30).float(), torch.arange(8) % 3
    kept = {}
    for steps in (10, 40):
        x = torch.rand(steps, 8, 5)
        rule = local.EProp(net, feedback="random", online=online)
        said, found = rule.stored(x), local.measured(rule, x, target)
        assert found.own == said.own == 4 * 30 * 3
        assert found.total == pytest.approx(said.total, rel=0.15)
        kept[steps] = found.total - found.own
    assert (kept[10] == kept[40]) == online


@pytest.mark.parametrize(
    ("layers", "options", "said"),
    [
        ([neuro.Linear(3, 4), nn.ReLU(), neuro.Linear(4, 2)], {}, r"'1' \(ReLU\): it trains LIF"),
        (
            [neuro.DelayedLinear(3, 4, 2), neuro.LIF(4), neuro.Linear(4, 2)],
            {"online": True},
            r"'1' \(LIF\): traces of every synapse are those of Linear",
        ),
        (
            [neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2), neuro.LIF(2)],
            {},
            r"'3' \(LIF\): the output is a Linear",
        ),
        ([neuro.Linear(3, 4), neuro.Linear(4, 2)], {}, r"'0' \(Linear\): connections without"),
        ([neuro.Linear(3, 2)], {"feedback": "none"}, "feedback as one of symmetric, random"),
    ],
)
def test_layers_without_eligibility_are_refused_by_name(
    layers: list[nn.Module], options: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        local.EProp(neuro.Sequential(*layers), **options)


@pytest.mark.parametrize("kind", [kind for kind in EXACT if kind != "delays"])
def test_a_diagonal_jacobian_is_enough_for_one_hidden_layer(kind: str) -> None:
    net, (x, target) = network(*EXACT[kind](), tau=None), batch()
    whole = gradients(local.Backprop(net, loss=local.step_loss), x, target)
    found = gradients(local.DRTRL(net), x, target)
    assert found.keys() == whole.keys()
    for name, g in found.items():
        torch.testing.assert_close(g, whole[name], msg=name)


def test_a_diagonal_jacobian_is_the_trace_of_the_input_where_that_is_enough() -> None:
    hidden = (
        neuro.Linear(5, 7), neuro.LIF(7, 2.0, reset="subtract"),
        neuro.Linear(7, 6), neuro.LIF(6, 3.0, reset="subtract", decay_input=True, threshold=0.3),
    )  # fmt: skip
    net, (x, target) = network(*hidden), batch()
    ours, theirs = (gradients(kind(net), x, target) for kind in (local.DRTRL, local.OTTT))
    assert all(g.abs().sum() > 0 for g in theirs.values())
    for name, g in ours.items():
        torch.testing.assert_close(g, theirs[name], msg=name)
