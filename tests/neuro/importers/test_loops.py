"""Modules that loop over time, imported as what they do in one step."""

import copy
import pickle
import re

import pytest
import torch
from helpers.peers import answer
from torch import nn

from axonal import neuro

pytestmark = pytest.mark.slow

LOOPS = {
    "spikes and potentials": [12, "static", None, ["lif2"]],
    "recurrent and current-based": [None, "sequence", None, []],
    "hidden states": [None, "batch first", "mean", []],
    "a last potential": [None, "sequence", "last", []],
    "encoder and decision": [14, "static", "max", []],
    "readout": [None, "sequence", None, []],
    "maps": [None, "sequence", None, []],
    "one state of a chain": [None, "sequence", "mean", []],
    "counted": [10, "static", "mean", []],
    "repeated": [9, "static", "mean", []],
}
ROUNDED = {
    "a last potential", "encoder and decision", "readout", "maps", "one state of a chain",
    "counted", "repeated",
}  # fmt: skip
"""Loops that return potentials or means."""


@pytest.fixture(scope="module")
def loops():
    return answer("imported_loops.py")


@pytest.fixture(scope="module")
def refused():
    return answer("refused_loops.py")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_returns_what_the_original_does(loops, name, dtype):
    found = loops[f"{name}, {dtype}"]
    assert found["shape"] and found["names"] and found["sum"] > 0.5
    # spikes are equal, and sums of spikes; sums of currents are rounded in another order
    rounding = {"float64": 1e-14, "float32": 1e-6}[dtype]
    assert found["deviation"] <= (rounding * found["sum"] if name in ROUNDED else 0)


@pytest.mark.parametrize("name", LOOPS)
def test_the_time_around_the_network_is_told(loops, name):
    assert loops[f"{name}, float32"]["loop"] == LOOPS[name]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("Branches", "it branches on data"),
        ("Feedback", r"takes values of steps 0 and 1 together .*neuro\.Recurrent"),
        ("Differs", r"its steps differ: step 0 takes mul\(\.\.\., 1\), step 3 mul\(\.\.\., 2\)"),
        ("Backwards", r"lif1 hears at its call 0 a value of step 5"),
        ("Thinned", "its output number 1 is that of step 2"),
        ("Awake", r"lif1 is given at step 0 another state than rest \(zeros\)"),
        ("Potential", "its result is made of the potential of lif1, a neuron that fires"),
        ("Later", "fc2 runs after all steps, not within a step"),
        ("Draws", r"it draws random numbers \(rand_like\): encode the input before it"),
        ("Modes", "it does something else while training"),
        ("Twice", "lif1 hears at its call 1 a value of step 0 .* a layer runs once per step"),
        ("Forgets", "li is given no state at step 1: each step starts from rest"),
        ("Batch", "its result depends on the size of the batch"),
    ],
)
def test_steps_that_differ_are_refused_in_one_line_with_what_works(refused, case, message):
    found = refused[case]
    assert "\n" not in found
    assert re.search(f"{case}: its forward steps through time, and .*{message}", found), found
    assert re.search(r"Hand over its layers .*from_\w+\(nn\.Sequential\(net\.fc1, net", found)


class Mean(nn.Module):
    """Layers of torch alone, in a loop."""

    def __init__(self):
        super().__init__()
        self.fc, self.out = nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        rec = []
        for step in range(len(x)):
            rec.append(self.out(torch.relu(self.fc(x[step]))))
        return torch.stack(rec).mean(0)


@pytest.mark.parametrize(
    "convert", [neuro.from_norse, neuro.from_snntorch, neuro.from_spikingjelly]
)
class TestLoopsOfTorchAlone:
    def test_the_module_is_left_as_it_was(self, convert):
        module = Mean()
        before = {name: id(value) for name, value in vars(module).items()}
        state = {name: value.clone() for name, value in module.state_dict().items()}
        net = convert(module)
        assert {name: id(value) for name, value in vars(module).items()} == before
        assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
        with torch.no_grad():
            net.fc.weight.add_(1)
        assert torch.equal(module.fc.weight, state["fc.weight"])

    def test_the_network_is_saved_copied_and_streamed(self, convert, tmp_path):
        module, x = Mean(), torch.rand(7, 2, 4)
        net = convert(module)
        wanted = net.time_loop.decide(net(x)[0])
        torch.testing.assert_close(wanted, module(x))
        for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
            torch.testing.assert_close(other.time_loop.decide(other(x)[0]), wanted)
        parts = [net.step(x_t)[0] for x_t in x]
        torch.testing.assert_close(torch.stack(parts), net(x)[0])

    def test_a_network_without_a_loop_has_none(self, convert):
        assert convert(nn.Sequential(nn.Linear(3, 4))).time_loop is None
