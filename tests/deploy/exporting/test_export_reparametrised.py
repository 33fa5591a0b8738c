"""Pruned and parametrised modules are exported with the weights that they amount to."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from axonal import deploy, neuro


class Doubled(nn.Module):
    def forward(self, w):
        return 2 * w


def old(name):
    def apply(module):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            getattr(nn.utils, name)(module)

    return apply


WAYS = {
    "pruned": lambda m: prune.l1_unstructured(m, "weight", 0.5),
    "pruned twice": lambda m: (
        prune.random_unstructured(m, "weight", 0.3), prune.l1_unstructured(m, "weight", 0.3)
    ),
    "pruned in rows": lambda m: prune.ln_structured(m, "weight", 0.5, n=2, dim=0),
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "old weight norm": old("weight_norm"),
    "old spectral norm": old("spectral_norm"),
    "own": lambda m: parametrize.register_parametrization(m, "weight", Doubled()),
    "own and pruned bias": lambda m: (
        parametrize.register_parametrization(m, "weight", Doubled()),
        getattr(m, "bias", None) is not None and prune.l1_unstructured(m, "bias", 0.5),
    ),
}  # fmt: skip


def network():
    torch.manual_seed(0)
    net = neuro.Sequential(
        {
            "delays": neuro.DelayedLinear(6, 8, 4),
            "norm": neuro.BatchNorm(8),
            "lif": neuro.LIF(8, threshold=0.3),
            "linear": neuro.Linear(8, 18, bias=True),
            "lif2": neuro.LIF(18, threshold=0.3),
            "image": nn.Unflatten(-1, (2, 3, 3)),
            "conv": neuro.Conv2d(2, 3, 2),
            "norm2": nn.BatchNorm2d(3),
            "lif3": neuro.LIF((3, 2, 2), threshold=0.3),
            "flat": nn.Flatten(),
            "plain": nn.Linear(12, 5),
            "loop": neuro.Recurrent(neuro.LIF(5, threshold=0.2), neuro.Linear(5, 5)),
            "weights": neuro.Linear(5, 3),
            "out": neuro.LeakyIntegrator(3),
        }
    )
    with torch.no_grad():
        for norm in (net.norm, net.norm2):
            norm.running_mean.normal_(-0.3, 0.1)
            norm.running_var.uniform_(0.5, 1.0)
            norm.weight.uniform_(0.5, 2)
    return net


LAYERS = ("delays", "linear", "conv", "plain", "loop.feedback.inner", "weights")


@pytest.mark.parametrize(
    ("way", "trained"), [*((way, True) for way in WAYS), ("pruned", False), ("own", False)]
)
def test_what_the_network_does_is_what_is_exported(way, trained):
    net = network()
    for path in LAYERS:
        WAYS[way](net.get_submodule(path))
    if way.startswith("pruned"):
        prune.l1_unstructured(net.norm, "weight", 0.3)
        prune.l1_unstructured(net.delays, "position", 0.3)
    x = (torch.rand(30, 3, 6) < 0.5).float()
    if trained:  # leaves weights behind that are results, and cannot be copied
        optimiser = torch.optim.SGD(net.parameters(), 0.001)
        net.train()(x)[0].sum().backward()
        optimiser.step()
    net.eval()
    graph = deploy.export(net, 1e-3, inputs=x)
    assert deploy.verify(graph).passed
    with torch.no_grad():
        y, _ = net(x)
    np.testing.assert_allclose(graph.golden.readout["out"], y.numpy(), atol=1e-4)
    if way == "pruned":
        into = {q.target: q.size for q in graph.projections if q.source == "lif"}
        assert into["lif2"] == 18 * 8 // 2  # what is pruned away is no synapse


@pytest.mark.parametrize("way", ["pruned", "weight norm", "own"])
def test_neurons_and_modules_shared_by_two_paths_are_read_the_same_way(way):
    torch.manual_seed(1)
    net = neuro.Sequential(
        neuro.Linear(6, 6),
        neuro.LIF(6, threshold=0.3, learn="tau"),
        neuro.Linear(6, 6),
        neuro.LIF(6),
    )
    WAYS[way](net.get_submodule("0"))
    shared = net.get_submodule("0")
    both = neuro.Sequential(
        shared, neuro.LIF(6, threshold=0.2), shared, neuro.LIF(6, threshold=0.2)
    )
    graph = deploy.export(both, 1e-3, inputs=torch.ones(20, 1, 6))
    first, second = (q.weight for q in graph.projections)
    np.testing.assert_array_equal(np.sort(first), np.sort(second))
