"""spike_report says whether a network can learn."""

import warnings

import pytest
import torch
from helpers.neuro import Adaptive, spike_train
from helpers.neuro import looped_network as network
from torch import nn

from axonal import neuro

X = spike_train(0, 12, 3, 4, rate=0.5, dtype=torch.float32)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def report_without_warning(net, *inputs, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return neuro.spike_report(net, *inputs, **kwargs)


def test_a_healthy_network_is_reported_without_a_warning():
    net = network()
    report = report_without_warning(net, X)
    assert report.problems == () and [row.path for row in report.layers] == ["hidden", "loop.body"]
    y, traces = neuro.record(net, X, {"hidden": ("spikes",)})
    spikes = traces["hidden"]["spikes"].detach()
    row = report.layers[0]
    assert row.rate == pytest.approx(spikes.mean().item())
    assert row.dead == pytest.approx((spikes.sum((0, 1)) == 0).float().mean().item())
    assert row.gradient > 0 and all(g > 0 for g in report.gradients.values())
    assert "hidden" in str(report) and y.shape == (12, 3, 2)


def test_gradient_norms_are_those_of_the_loss():
    net = network()

    def loss(y):
        return neuro.rate_loss(y, torch.tensor([0, 1, 0]))

    report = report_without_warning(net, X, loss=loss)
    loss(net(X)[0]).backward()
    for name, p in net.named_parameters():
        assert report.gradients[name] == pytest.approx(p.grad.norm().item(), rel=1e-5), name


def test_the_report_leaves_gradients_alone():
    net = network()
    report_without_warning(net, X)
    assert all(p.grad is None for p in net.parameters())
    with torch.no_grad():
        assert report_without_warning(net, X).layers[0].gradient > 0


def test_rounded_delays_are_no_problem_in_evaluation():
    report = report_without_warning(network().eval(), X)
    assert "delay.position" not in report.gradients and "delay.weight" in report.gradients


def test_a_dead_network_warns():
    net = network(gain=0.0)
    with pytest.warns(UserWarning, match=r"hidden: no neuron fired\. Raise the weights"):
        report = neuro.spike_report(net, X)
    row = report.layers[0]
    assert row.rate == 0 and row.dead == 1 and row.saturated == 0
    assert "! hidden: no neuron fired" in str(report)


def test_a_saturated_network_warns():
    net = neuro.Sequential(neuro.Linear(4, 8), neuro.LIF(8, threshold=0.1))
    nn.init.constant_(net[0].bias, 100)
    with pytest.warns(UserWarning, match="1: every neuron fires all the time"):
        report = neuro.spike_report(net, X)
    assert report.layers[0].saturated == 1 and report.layers[0].rate == 1


def test_parameters_without_a_gradient_are_named():
    net = neuro.Sequential({"fc": neuro.Linear(4, 8), "lif": neuro.LIF(8), "end": Adaptive()})
    nn.init.uniform_(net.fc.weight, 0.5, 1)
    with pytest.warns(UserWarning, match=r"no gradient reaches fc\.weight, fc\.bias"):
        neuro.spike_report(net, X, loss=lambda y: y.detach().sum() + 0 * net.fc.bias.sum())


def test_a_diverged_gradient_is_named():
    net = neuro.Sequential({"fc": neuro.Linear(4, 8), "lif": neuro.LIF(8)})
    with pytest.warns(UserWarning, match=r"the gradient is not finite for fc\.weight"):
        neuro.spike_report(net, X, loss=lambda y: y.sum() * float("inf"))
