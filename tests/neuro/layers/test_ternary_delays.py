"""Ternary weights with delays: gradients straight through, one scale up to the chips' integers."""

import numpy as np
import pytest
import torch
from torch import nn

from axonal import deploy, neuro


def layer(**settings: object) -> neuro.DelayedLinear:
    torch.manual_seed(1)
    return neuro.DelayedLinear(6, 5, max_delay=7, weights="ternary", **settings)  # type: ignore[arg-type]


def test_synapses_are_signs_times_the_mean_of_the_weights_behind() -> None:
    made = layer()
    scale = made.weight.detach().abs().mean()
    signs = (made.weight.detach() / scale).round().clamp(-1, 1)
    torch.testing.assert_close(made.masked_weight.detach(), signs * scale)
    assert set(signs.flatten().tolist()) == {-1.0, 0.0, 1.0}


def test_a_mask_leaves_zeros_and_does_not_count_in_the_scale() -> None:
    mask = (torch.arange(30).reshape(5, 6) % 3 > 0).float()
    made = layer(mask=mask)
    used = made.masked_weight.detach()
    assert (used[mask == 0] == 0).all()
    scale = made.weight.detach()[mask == 1].abs().mean()
    sizes = used.abs()[used != 0]
    torch.testing.assert_close(sizes, scale.expand_as(sizes))


@pytest.mark.parametrize("kernel", ["gaussian", "straight-through"])
def test_gradients_are_those_of_a_float_layer_with_the_ternary_weights(kernel: str) -> None:
    made = layer(kernel=kernel)
    plain = neuro.DelayedLinear(6, 5, max_delay=7, kernel=kernel)
    plain.load_state_dict(made.state_dict())
    with torch.no_grad():
        plain.weight.copy_(made.masked_weight)
    x = (torch.rand(20, 3, 6) < 0.4).float()
    found = []
    for each in (made, plain):
        y, _ = each(x)
        y.square().sum().backward()
        found.append((y.detach(), each.weight.grad, each.position.grad))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_other_weights_are_refused() -> None:
    with pytest.raises(ValueError, match='weights "float" or "ternary", got \'binary\''):
        neuro.DelayedLinear(2, 2, 1, weights="binary")


@pytest.fixture(scope="module")
def graph() -> deploy.EventGraph:
    torch.manual_seed(0)
    net = neuro.Sequential(
        {
            "delays1": neuro.DelayedLinear(12, 16, 9, weights="ternary"),
            "hidden": neuro.LIF(16, 4.0, threshold=0.6),
            "delays2": neuro.DelayedLinear(16, 4, 9, weights="ternary"),
            "readout": neuro.LeakyIntegrator(4, 4.0),
        }
    )
    for part in net.modules():
        if isinstance(part, neuro.DelayedLinear):
            nn.init.normal_(part.weight, 0.1, 0.5)
    x = (torch.rand(40, 4, 12) < 0.3).float()
    return deploy.export(net.eval(), 1e-3, inputs=x)


def sizes(graph: deploy.EventGraph) -> dict[tuple[str, str], np.ndarray]:
    """The sizes of weights that there are from each population to each other one."""
    found: dict[tuple[str, str], set[float]] = {}
    for wire in graph.projections:
        own = found.setdefault((wire.source, wire.target), set())
        own |= set(np.abs(wire.weight[wire.weight != 0]).tolist())
    return {pair: np.array(sorted(own)) for pair, own in found.items()}


def test_a_graph_has_one_scale_per_layer(graph: deploy.EventGraph) -> None:
    assert graph.golden is not None and graph.golden.spikes["hidden"].sum() > 20
    for pair, own in sizes(graph).items():
        assert np.ptp(own) <= 1e-6 * own.max(), pair
    assert deploy.verify(graph).passed


@pytest.mark.parametrize("chip", ["loihi2", "spinnaker"])
def test_chips_add_one_whole_number_per_layer(graph: deploy.EventGraph, chip: str) -> None:
    made = deploy.quantize(graph, chip)
    for pair, own in sizes(made).items():
        # a sum of spikes is a count, times one number
        assert len(own) == 1, (pair, own)
    assert deploy.verify(made).passed


def test_lava_runs_the_same_additions(graph: deploy.EventGraph) -> None:
    assert deploy.verify(deploy.quantize(graph, "loihi2"), ("lava",)).passed
