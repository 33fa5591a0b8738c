"""Feedback alignment and sign-symmetric feedback."""

import pytest
import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian import local
from axonal.hebbian.local._feedback import connections, sent_back


def net_of_every_kind() -> neuro.Network:
    torch.manual_seed(3)
    net = neuro.Sequential(
        neuro.Conv2d(1, 2, 2),
        neuro.LIF((2, 3, 3), threshold=0.1),
        neuro.Conv2d(2, 4, 2, padding=1),
        nn.AvgPool2d(2),
        nn.Flatten(),
        neuro.LIF(16, threshold=0.1),
        neuro.DelayedLinear(16, 6, max_delay=3),
        neuro.LIF(6, threshold=0.1),
        neuro.Linear(6, 5, mask=torch.arange(30).reshape(5, 6) % 3 > 0),
        neuro.Recurrent(neuro.LIF(5, threshold=0.1), neuro.Linear(5, 5)),
        neuro.Linear(5, 3),
    ).double()
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.mul_(1 if name.endswith("position") else 2.5)
    return net


def gradients(rule: local.Rule, x: Tensor, target: Tensor) -> dict[str, Tensor]:
    rule.zero_grad()
    rule.gradients(x, target)
    return {k: p.grad.clone() for k, p in rule.named_parameters() if p.grad is not None}


def batch() -> tuple[Tensor, Tensor]:
    return torch.rand(6, 4, 1, 4, 4).double(), torch.tensor([0, 1, 2, 0])


@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_feedback_through_the_weights_themselves_is_backpropagation(mode: str) -> None:
    net, (x, target) = net_of_every_kind(), batch()
    net.train(mode == "training")
    whole = gradients(local.Backprop(net), x, target)
    assert all(g.abs().sum() > 0 for k, g in whole.items() if not k.endswith("position"))
    net.zero_grad()
    makers = {path: (lambda m=m: m.weight.detach()) for path, m in connections(net).items()}
    with sent_back(net, makers):
        loss = neuro.rate_loss(net(x)[0], target)
    loss.backward()
    for name, p in net.named_parameters():
        torch.testing.assert_close(p.grad, whole[f"net.{name}"], msg=name)


@pytest.mark.parametrize("kind", [local.FeedbackAlignment, local.SignSymmetric])
def test_errors_go_back_through_other_weights(kind: type[local.Rule]) -> None:
    torch.manual_seed(4)
    w1, w2 = neuro.Linear(5, 4), neuro.Linear(4, 3)
    net = neuro.Sequential(w1, nn.Tanh(), w2)
    rule, x, target = kind(net), torch.rand(1, 7, 5), torch.arange(7) % 3
    found = gradients(rule, x, target)
    h = torch.tanh(x[0] @ w1.weight.T + w1.bias)
    error = (torch.softmax(h @ w2.weight.T + w2.bias, 1) - torch.eye(3)[target]) / 7
    hidden = (error @ rule.feedback("2")) * (1 - h**2)
    torch.testing.assert_close(found["net.2.weight"], error.T @ h)
    torch.testing.assert_close(found["net.0.weight"], hidden.T @ x[0])
    if kind is local.SignSymmetric:
        assert torch.equal(rule.feedback("2"), w2.weight.sign() / 2)


def test_fixed_feedback_is_saved_with_the_network() -> None:
    net = neuro.Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    one, other = local.FeedbackAlignment(net), local.FeedbackAlignment(net)
    assert not torch.equal(one.feedback("2"), other.feedback("2"))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.feedback("2"), other.feedback("2"))
    with pytest.raises(ValueError, match="no feedback at '0'; there is one at '2'"):
        one.feedback("0")


def test_a_module_that_is_no_network_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Backprop expects a neuro\.Network, got Linear"):
        local.Backprop(neuro.Linear(3, 4))
