"""Rules in which every block has a loss of its own."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian import local
from axonal.hebbian.local.forward_forward import goodness_loss, normalised
from axonal.hebbian.local.physical_forward_forward import cosine_loss


def relu(*sizes: int) -> neuro.Network:
    torch.manual_seed(7)
    pairs = itertools.pairwise(sizes)
    return neuro.Sequential(*(part for a, b in pairs for part in (neuro.Linear(a, b), nn.ReLU())))


def gradients(rule: local.Rule, x: Tensor, target: Tensor) -> dict[str, Tensor]:
    rule.zero_grad()
    rule.gradients(x, target)
    return {k: p.grad.clone() for k, p in rule.named_parameters() if p.grad is not None}


X, TARGET = torch.rand(1, 6, 12, generator=torch.Generator().manual_seed(8)), torch.arange(6) % 3


def test_losses_are_those_computed_by_hand() -> None:
    found = goodness_loss(torch.tensor([3.0]), torch.tensor([1.0]), 2.0)
    assert found.item() == pytest.approx(0.626523, abs=1e-6)
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.2, math.sqrt(0.96)]])
    assert cosine_loss(one, other, 5.0).item() == pytest.approx(1.313262, abs=1e-6)


def test_forward_forward_sends_nothing_from_layer_to_layer() -> None:
    net = relu(12, 8, 5)
    rule = local.ForwardForward(net, classes=3, threshold=0.1)
    torch.manual_seed(9)
    found = gradients(rule, X, TARGET)
    torch.manual_seed(9)
    false = (TARGET + torch.randint(1, 3, TARGET.shape)) % 3
    x = torch.cat((rule.labelled(X, TARGET), rule.labelled(X, false)), 1)
    assert torch.equal(x[0, :6, :3], F.one_hot(TARGET, 3).float())
    assert torch.equal(x[0, :, 3:], X[0, :, 3:].repeat(2, 1))
    for number in (0, 2):
        y = F.relu(net[number](normalised(x)))
        g = y[0].square().mean(1)
        loss = F.softplus(0.1 - g[:6]).mean() + F.softplus(g[6:] - 0.1).mean()
        for name, expected in zip(
            ("weight", "bias"), torch.autograd.grad(loss, [*net[number].parameters()]), strict=True
        ):
            torch.testing.assert_close(found[f"net.{number}.{name}"], expected)
        x = y.detach()


def test_a_normalised_layer_does_not_tell_its_goodness() -> None:
    y = torch.rand(5, 4, 9)
    squares = normalised(torch.tensor([1.0, 2.0, 3.0, 0.0]).reshape(1, 4, 1) * y).mean(0) ** 2
    torch.testing.assert_close(
        squares.mean(1), torch.tensor([1.0, 1.0, 1.0, 0.0]), atol=1e-4, rtol=0
    )


def test_scores_of_forward_forward_try_every_label() -> None:
    net = relu(12, 8, 5)
    rule = local.ForwardForward(net, classes=3, goodness="sum")
    found = rule.scores(X)
    for label in range(3):
        one = F.relu(net[0](normalised(rule.labelled(X, torch.full((6,), label)))))
        two = F.relu(net[2](normalised(one)))[0]
        torch.testing.assert_close(found[:, label], two.square().sum(1))


@pytest.mark.parametrize("kind", [local.MonoForward, local.CascadedForward])
def test_predictors_of_layers_learn_by_their_own_losses(kind: type[local.Rule]) -> None:
    net = relu(12, 8, 5)
    rule = kind(net, classes=3)
    found = gradients(rule, X, TARGET)
    x, expected = X, {}
    for number, layer in enumerate((net[0], net[2])):
        y = F.relu(layer(x.detach()))
        if kind is local.MonoForward:
            loss = F.cross_entropy(y[0] @ rule.projections[number].T, TARGET)
            wanted = {f"net.{2 * number}.{k}": p for k, p in layer.named_parameters()}
            wanted[f"projections.{number}"] = rule.projections[number]
        else:
            loss = F.cross_entropy(rule.predictors[number](y[0]), TARGET)
            parts = rule.predictors[number].named_parameters()
            wanted = {f"predictors.{number}.{k}": p for k, p in parts}
        slopes = torch.autograd.grad(loss, [*wanted.values()])
        expected |= dict(zip(wanted, slopes, strict=True))
        x = y
    assert found.keys() == expected.keys()
    for name, g in found.items():
        torch.testing.assert_close(g, expected[name])


@pytest.mark.parametrize("kind", ["tanh", "quadratic", "phase"])
def test_an_unknown_layer_lets_no_gradient_pass_and_drifts(kind: str) -> None:
    x = torch.rand(4, 12, requires_grad=True)
    still = local.RandomMixing(12, 20, kind=kind)
    assert not still(x).requires_grad
    assert torch.equal(still(x), still(x))
    drifting = local.RandomMixing(12, 20, kind=kind, drift=0.1)
    first = drifting(x)
    assert torch.equal(first, still(x))
    apart = [(drifting(x) - first).norm() for _ in range(5)]
    assert apart == sorted(apart)
    noisy = local.RandomMixing(12, 20, kind=kind, noise=0.1)
    assert (noisy(x) - still(x)).std().item() == pytest.approx(0.1, rel=0.4)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["cosine", "prototypes"])
def test_pushes_tell_the_gradient_of_weights_in_front_of_an_unknown_layer(loss: str) -> None:
    torch.manual_seed(10)
    mixing = local.RandomMixing(6, 15)
    net = neuro.Sequential(neuro.Linear(12, 6, bias=False), neuro.Lift(mixing)).double()
    rule = local.PhysicalForwardForward(
        net, classes=3, loss=loss, gradient="directional", directions=4000, push=1e-3,
        like=X.double(),
    ).double()  # fmt: skip
    torch.manual_seed(11)
    found = gradients(rule, X.double(), TARGET)["net.0.weight"]
    x = X.double()
    if loss == "cosine":
        torch.manual_seed(11)
        false = (TARGET + torch.randint(1, 3, TARGET.shape)) % 3
        x = torch.cat((rule.labelled(x, TARGET), rule.labelled(x, false)), 1)
    weight = net[0].weight.detach().requires_grad_()
    y = torch.tanh(x[0] @ weight.T @ mixing.mixing.T + mixing.shift)
    (expected,) = torch.autograd.grad(rule._losses(y, 0, TARGET).mean(), weight)
    cosine = F.cosine_similarity(found.flatten(), expected.flatten(), dim=0)
    assert cosine > 0.98
    assert (found.norm() / expected.norm()).item() == pytest.approx(1, rel=0.1)


RULES = {
    "forward-forward": lambda net: local.ForwardForward(net, classes=3, threshold=0.3),
    "mono-forward": lambda net: local.MonoForward(net, classes=3),
    "cascaded-forward": lambda net: local.CascadedForward(net, classes=3),
}


@pytest.mark.parametrize("name", RULES)
def test_spiking_layers_learn_by_them_too(name: str) -> None:
    torch.manual_seed(12)
    net = neuro.Sequential(
        neuro.Linear(12, 40), neuro.LIF(40, threshold=0.3), neuro.Linear(40, 30),
        neuro.LIF(30, threshold=0.3),
    )  # fmt: skip
    rule = RULES[name](net)
    target = torch.arange(60) % 3
    x = torch.cat(
        (torch.zeros(60, 3), F.one_hot(target, 3) + 0.2 * torch.rand(60, 3), torch.rand(60, 6)), 1
    ).repeat(5, 1, 1)
    history = local.fit(rule, [(x, target)], epochs=60, optimiser=1e-2, validation=[(x, target)])
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["accuracy"] > 0.9


def test_what_they_keep_is_what_is_said() -> None:
    x, target = torch.rand(1, 64, 12), torch.arange(64) % 3
    for name, make in RULES.items():
        rule = make(relu(12, 80, 60, 50))
        said, found = rule.stored(x), local.measured(rule, x, target)
        assert found.own == said.own, name
        assert found.total == pytest.approx(said.total, rel=0.15), name


@pytest.mark.parametrize("kind", [local.ForwardForward, local.MonoForward, local.CascadedForward])
def test_an_output_layer_is_refused_by_name(kind: type[local.Rule]) -> None:
    net = neuro.Sequential(neuro.Linear(12, 8), nn.ReLU(), neuro.Linear(8, 3))
    with pytest.raises(ValueError, match=r"'2' \(Linear\): classes are read from hidden layers"):
        kind(net, classes=3)


def test_what_cannot_be_is_refused_in_a_line() -> None:
    net = relu(12, 8)
    with pytest.raises(ValueError, match=r"expects the class of each sample.*classes up to 5"):
        local.MonoForward(net, classes=3).gradients(X, torch.tensor([0, 1, 2, 3, 4, 5]))
    with pytest.raises(ValueError, match="writes 20 labels into the first inputs, got a network"):
        local.ForwardForward(net, classes=20)
    conv = neuro.Sequential(neuro.Conv2d(1, 2, 2), nn.ReLU())
    with pytest.raises(ValueError, match=r"give it an input, like=x\[:1, :1\]"):
        local.MonoForward(conv, classes=3)
    behind = neuro.Sequential(neuro.Linear(12, 6), neuro.Lift(local.RandomMixing(6, 5)))
    with pytest.raises(ValueError, match="nobody knows its derivative"):
        local.PhysicalForwardForward(behind, classes=3)
    with pytest.raises(ValueError, match="expects layers one after another"):
        local.MonoForward(neuro.Network(_Branch()), classes=3)
    with pytest.raises(TypeError, match="fit expects a rule"):
        local.fit(net, [(X, TARGET)])


class _Branch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = neuro.Linear(12, 12), neuro.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(x + self.a(x))
