"""Imports of SpikingJelly's attention: its spikes in a whole network, its graph, its refusals."""

import re

import pytest
from helpers.peers import answer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found():
    return answer("imported_attention.py")


def test_every_population_of_a_whole_network_fires_the_same_spikes(found):
    assert len(found["networks"]) == 7
    for name, network in found["networks"].items():
        assert {p: n for p, (*_, n) in network["spikes"].items() if n} == {}, name
        # none is silent and none fires always, so that a spike could be missing or wrong
        shares = {path: spikes / cells for path, (spikes, cells, _) in network["spikes"].items()}
        assert all(0 < share < 1 for share in shares.values()), (name, shares)
        assert network["outputs"] == 0


def test_imported_attention_is_exported_and_verified(found):
    assert [name for name, network in found["networks"].items() if not network["verified"]] == []


def test_a_training_step_has_their_outputs_gradients_and_running_statistics(found):
    each = [network["training"] for network in found["networks"].values()]
    outputs, gradients, after = map(max, zip(*each, strict=True))
    assert outputs == 0 and gradients < 1e-6 and after == 0


def test_a_picture_at_every_step_is_decided_alike(found):
    deviation, total = found["static"]
    assert deviation < 1e-12 and total > 0


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("matrices", r"0 \(SpikingSelfAttention\): .* QKAttention are spikes\.$"),
        ("temporal", r"0 \(TemporalWiseAttention\): .* by those after it"),
        ("dimensions", r"0 \(MultiDimensionalAttention\): .* by those after it"),
        ("own neuron", r"its k_lif \(OwnNode\): inside another module IFNode, LIFNode"),
        ("neuron", r"its k_lif \(IzhikevichNode\): inside another module IFNode, LIFNode"),
        ("convolution", r"its k_conv is no convolution over one place to 8 channels"),
        ("norm", r"its v_bn is GroupNorm; BatchNorm2d has an equivalent\.$"),
        ("eps", r"its norms differ in eps, momentum, affine or track_running_stats\.$"),
        ("hooked", r"forward hooks of its parts would be lost; remove them first\.$"),
        ("modes", r"its k_bn is in another mode than the whole: write train\(\) or eval\(\)\.$"),
        ("frozen", r"some weights of its queries, keys and values learn and others do not\.$"),
        ("resets", r"its v_lif and k_lif differ in more than time constants and thresholds"),
        ("threshold", r"its attn_lif \(LIFNode\): its threshold is -0\.5 above the potential"),
        ("tokens", r"it hears steps of shape \(8, H, W\), and here come \(8, 4\)\.$"),
    ],
)  # fmt: skip
def test_what_has_no_equivalent_is_refused_in_one_line(found, case, message):
    said = found["refused"][case]
    assert said.startswith("from_spikingjelly cannot import Sequential: 0 (")
    assert re.search(message, said), said
    assert "\n" not in said
