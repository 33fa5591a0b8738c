"""Neurons that begin charged: their graph fires the same spikes, also in other simulators."""

import pytest
import torch
from helpers import needs
from torch import nn

from axonal import deploy, neuro


def charged(reset):
    torch.manual_seed(3)
    net = nn.Sequential(
        neuro.DelayedLinear(6, 12, max_delay=4),
        neuro.IF(12, start=0.5, threshold=0.75, reset=reset),
        neuro.Linear(12, 5),
        neuro.IF(5, start=0.3, reset=reset),
    )
    with torch.no_grad():
        net[0].weight.abs_()
        net[2].weight.mul_(2)
    return neuro.Network(net)


@pytest.mark.parametrize(
    ("name", "reset"),
    [
        ("reference", "zero"), ("reference", "subtract"), ("reference", "delayed"),
        ("brian2", "subtract"), ("brian2", "zero"), ("nest", "zero"),
    ],
)  # fmt: skip
def test_a_charge_is_exported_with_the_same_spikes(name, reset):
    if name != "reference":
        needs.require(name)
    graph = deploy.export(charged(reset), dt=1e-3, steps=30, samples=3)
    report = deploy.verify(graph, [name])
    assert report.passed and report.spikes > 100
    # the charge decides some of them
    (given,) = graph.golden.inputs.values()
    at_rest = charged(reset)
    for module in at_rest.modules():
        if isinstance(module, neuro.IF):
            module.start = 0.0
    other = deploy.export(at_rest, dt=1e-3, inputs=torch.tensor(given))
    assert (graph.golden.spikes["1"] != other.golden.spikes["1"]).any()


def test_a_start_out_of_range_is_refused():
    for start in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="IF expects start from 0 to below 1"):
            neuro.IF(3, start=start)
