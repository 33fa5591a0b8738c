"""Imports from other frameworks: the same spikes, beside the originals, or a refusal."""

import os
import re

import pytest
import torch
from helpers import ROOT
from helpers.peers import answer
from torch import nn

from axonal import neuro
from axonal.neuro.importers.__main__ import table

pytestmark = pytest.mark.slow

FRAMEWORKS = ("spikingjelly", "norse", "snntorch")
CURRENTS = {
    "CUBALIFNode", "LIFCell", "LIFRefracCell", "LIFRecurrentCell", "Synaptic", "RSynaptic",
    "LSNNCell", "LSNNRecurrentCell", "LIFAdExCell", "LIFAdExRecurrentCell",
}  # fmt: skip
"""Neurons whose synapses have a time constant; SpikingJelly's has no import."""
CASES = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 12


@pytest.fixture(scope="module", params=FRAMEWORKS)
def networks(request):
    return answer("imported_networks.py", request.param, CASES)


@pytest.fixture(scope="module")
def modules():
    return answer("imported_modules.py")


@pytest.mark.parametrize("kind", ["float64", "float32", "exact"])
def test_random_networks_fire_the_same_spikes_in_every_layer(networks, kind):
    # "exact": weights and factors on a grid, so that potentials meet thresholds exactly
    drawn = [n for n in networks if n["kind"] == kind]
    found = [n for n in drawn if not n["undecided"]]
    assert len(drawn) == CASES and len(found) >= 0.8 * CASES
    assert sum(n["spikes"] for n in found) > 100 * CASES
    assert sum(n["cells"] for n in found) > 1.2 * sum(n["spikes"] for n in found)
    assert [n for n in found if n["mismatches"]] == []


def test_imported_networks_are_exported_and_verified_or_refused_by_name(networks):
    found = [n for n in networks if not n["undecided"]]
    exported = [n for n in found if "refused" not in n]
    assert [n for n in exported if not n["verified"]] == []
    assert len(exported) > 0.4 * len(found)
    # the table says that all of these neurons export, and that a missing reset does not
    assert all(n["exports"] for n in found)
    lines = [line for n in found for line in n.get("refused", "").split("\n")[1:]]
    assert [line for line in lines if 'reset="none"' not in line] == []
    currents = [n for n in found if CURRENTS & set(n["layers"])]
    assert sum("refused" not in n for n in currents) >= 0.3 * len(currents)


def test_modules_with_structure_give_the_same_outputs_and_share_nothing(modules):
    assert len(modules["same"]) == 4
    assert {name: d for name, d in modules["same"].items() if not d < 1e-5} == {}


def test_gradients_are_those_of_the_originals(modules):
    assert len(modules["gradients"]) == 12
    assert all(spikes > 20 for _, spikes in modules["gradients"].values())
    assert {n: d for n, (d, _) in modules["gradients"].items() if not d < 1e-6} == {}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_imported_network_learns(modules, framework):
    first, last, every_parameter_moved = modules["trained"][framework]
    assert last < 0.8 * first
    assert every_parameter_moved


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("Alpha", r"^from_snntorch cannot import Sequential: 1 \(Alpha\): it has no equivalent "
         r"here; use Synaptic, or write it as a neuro.Cell\.$"),
        ("SLSTM", r"the module \(SLSTM\): it has no equivalent"),
        ("Izhikevich", r"from_spikingjelly .*: 1 \(IzhikevichNode\): .* neuro.Cell\.$"),
        ("LSNN", r"1 \(LSNNCell\): beta=-1.8 is not a finite number > 0"),
        ("LIFEx", r"1 \(LIFExCell\): it has no equivalent here; use neuro.AdEx with"),
        ("subclass", r"1 \(OwnLeaky\): a subclass of snntorch's Leaky may change"),
        ("other framework", r"1 \(Leaky\): it belongs to snntorch: use from_snntorch"),
        ("inhibition", r"1 \(Leaky\): inhibition=True has no equivalent; inhibition=False has\.$"),
        ("reset twice", r"1 \(Leaky\): .* subtracts twice .*; reset_delay=True has"),
        ("graded", r"1 \(Leaky\): graded_spikes_factor=2.0 has no equivalent"),
        ("per map", r"\(RLeaky\): all_to_all=False over maps"),
        ("sizes", r"1 \(Leaky\): the factor of tau is of shape \(5,\), for neurons of shape \(4,"),
        ("threshold", r"1 \(LIFNode\): its threshold is -0.5 above the potential at rest, not > 0"),
        ("decode", r"1 \(NonSpikingLIFNode\): decode='last-mem' mixes steps"),
        ("numbers", r"1 \(LIFNode\): surrogate_function\(spiking=False\) makes its outputs"),
        ("hooked", r"1 \(LIFNode\): its forward hooks would be lost"),
        ("hooked root", r"the module \(Sequential\): its forward hooks would be lost"),
        ("pruned", r"0 \(Linear\): its forward hooks would be lost.*prune.remove"),
        ("graded each", r"graded_spikes_factor=\[2.0, 1.0\] has no equivalent"),
        ("rest", r"1 \(CUBALIFNode\): v_reset=-0.25 is not where its potential rests"),
        ("rectified", r"1 \(KLIFNode\): v_reset=-0.25 shifts what it rectifies at 0"),
        ("negative", r"1 \(KLIFNode\): k=-1 is not a finite number > 0"),
        ("v_reset", r"1 \(LIFCell\): v_reset differs from v_leak"),
        ("dt", r"1 \(LIFBoxCell\): a factor of -1 per step is not between 0 and 1"),
        ("shape", r"from_snntorch\(module, input_shape=\(C, H, W\)\)\.$"),
    ],
)  # fmt: skip
def test_what_has_no_equivalent_is_refused_in_one_line(modules, case, message):
    found = modules["refused"][case]
    assert re.search(message, found), found
    assert "\n" not in found


def test_all_modules_without_an_equivalent_are_listed_by_path(modules):
    head, *lines = modules["refused"]["several"].splitlines()
    assert head == "from_snntorch cannot import Sequential:"
    assert [line.split(":")[0] for line in lines] == ["  - 0 (Alpha)", "  - 1.0 (Leaky)"]


def test_the_table_of_what_can_be_imported_is_that_of_the_rules():
    assert (ROOT / "docs" / "importers.md").read_text() == table()


def test_the_code_of_the_page_runs(tmp_path):
    page = (ROOT / "docs" / "importers.md").read_text()
    code = "".join(re.findall(r"^```python\n(.*?)^```", page, re.M | re.S))
    counted = "int(sum(spikes.sum() for spikes in graph.golden.spikes.values()))"
    (tmp_path / "page.py").write_text(f"{code}\nprint([*y.shape, *counts.shape, {counted}])\n")
    *shape, spikes = answer(tmp_path / "page.py")
    assert shape == [25, 8, 32, 8, 32] and spikes > 100


@pytest.mark.parametrize(
    "convert", [neuro.from_norse, neuro.from_snntorch, neuro.from_spikingjelly]
)
class TestModulesOfTorchAlone:
    def test_layers_keep_their_values_mode_and_names(self, convert):
        module = nn.Sequential(
            nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(48, 2)
        )
        module[0].weight.requires_grad_(False)
        module.double()[1].eval()
        net = convert(module, input_shape=(2, 6, 6))
        assert net.training and not net.get_submodule("1").training
        assert not net.get_parameter("0.weight").requires_grad
        x = torch.rand(5, 3, 2, 6, 6, dtype=torch.float64)
        wanted = torch.stack([module(x_t) for x_t in x])
        torch.testing.assert_close(net(x)[0], wanted, rtol=0, atol=1e-12)
        assert net.state_dict().keys() == module.state_dict().keys()

    def test_what_is_hooked_or_parametrised_stays_whole(self, convert):
        linear = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
        x = torch.rand(4, 2, 3)
        torch.testing.assert_close(convert(nn.Sequential(linear))(x)[0], linear(x))

    def test_bad_arguments_are_refused_in_one_line(self, convert):
        name = convert.__name__
        with pytest.raises(TypeError, match=f"{name} expects a torch module, got list"):
            convert([nn.Linear(3, 4)])
        with pytest.raises(neuro.ConversionError, match=r"at least one layer, got an empty"):
            convert(nn.Sequential())
        mixed = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2).double())
        with pytest.raises(neuro.ConversionError, match=r"float32 on cpu, torch\.float64 on cpu"):
            convert(mixed)
        chain = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))
        with pytest.raises(neuro.ConversionError, match=r"of input_shape \(3,\) does not run"):
            convert(chain)
        with pytest.raises(neuro.ConversionError, match=r"cannot tell the shape .* input_shape="):
            convert(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)))

    def test_a_layer_with_memory_of_torch_is_refused(self, convert):
        with pytest.raises(
            neuro.ConversionError, match=r"Sequential: .*0 \(LSTM\) mixes time steps"
        ):
            convert(nn.Sequential(nn.LSTM(3, 4)))

    def test_a_chain_with_a_forward_of_its_own_is_traced(self, convert):
        class Doubled(nn.Sequential):
            def forward(self, x):
                return 2 * super().forward(x)

        module, x = Doubled(nn.Linear(3, 3), nn.ReLU()), torch.rand(4, 2, 3)
        torch.testing.assert_close(convert(module)(x)[0], module(x))

    def test_one_module_at_two_places_stays_one(self, convert):
        linear = nn.Linear(3, 3)
        net = convert(nn.Sequential(linear, nn.ReLU(), linear))
        assert sum(p.numel() for p in net.parameters()) == 12
        x = torch.rand(4, 2, 3)
        torch.testing.assert_close(net(x)[0], linear(linear(x).relu()))
