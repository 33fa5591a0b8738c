"""A forward that cannot become a Network is refused with every reason, by path and line."""

import re

import pytest
import torch
import torch.nn.functional as F
from helpers.neuro import Forward
from torch import nn

from axonal import neuro


def problems(call, **modules):
    """The lines, without their marks, with which a forward is refused."""
    with pytest.raises(neuro.NetworkError) as caught:
        neuro.Network(Forward(call, **modules))
    first, *lines = str(caught.value).split("\n")
    assert first == "Forward cannot become a Network:"
    assert lines and all(line.startswith("  - ") for line in lines)
    return [line.removeprefix("  - ") for line in lines]


def branch(self, x):
    if x.sum() > 0:
        x = x * 2
    return self.lif(x)


def endless(self, x):
    while (x > 0).any():
        x = x - 1
    return x


def loop_over_sizes(self, x):
    return torch.cat([self.lif(x) for _ in range(x.shape[0])], dim=2)


def loop_over_steps(self, x):
    for x_t in x:
        h = self.lif(x_t)
    return h


def hidden_state(self, x):
    self.v = x + 1
    return self.lif(x)


def hidden_list(self, x):
    self.seen.append(x)
    return self.lif(x)


def unpacked(self, x):
    y, _ = self.lif(x)
    return y


def assigned(self, x):
    x[0] = 0
    return self.lif(x)


UNDERSTOOD = "is not understood: it may mix time steps. Put it after the Network"
WORKS = "works over time steps or samples here: name a later axis, dim=-1, or put it after"


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (branch, "a branch on data: the graph must be the same for every input. Use torch.where"),
        (endless, "a branch on data"),
        (
            loop_over_sizes,
            "a size is used as a number, as in a loop over time: layers run the whole",
        ),
        (loop_over_steps, "a loop over a tensor (over time?): layers run the whole sequence"),
        (lambda self, x: self.lif(x) * int(x.sum()), "a value is read as a number"),
        (lambda self, x: self.lif(x) * float(x[..., 0]), "a value is read as a number"),
        (lambda self, x: self.lif(x) * len(x), "a value is read as a number"),
        (lambda self, x: self.lif(x) * x.item(), f"x.item(...) {UNDERSTOOD}"),
        (
            hidden_state,
            "keeps a tensor of the run on the module (self.v), a state that nobody sees",
        ),
        (hidden_list, "keeps a tensor of the run on the module (self.seen)"),
        (unpacked, "a layer returns its output alone, without the state: write y = self.lif(x)."),
        (lambda self, x: self.lif(self.lif(x)), "lif is called a second time (first: lif ("),
        (lambda self, x: self.lif(x, None), "lif takes one input inside a Network"),
        (lambda self, x: self.lstm(x), "lstm (LSTM) mixes time steps or hides a state"),
        (lambda self, x: x * 2 if self.training else x, "does something else while training"),
        (lambda self, x: self.lif(x).mean(0), f"x.mean(...) {WORKS}"),
        (lambda self, x: torch.cumsum(x, 0), f"cumsum(...) {WORKS}"),
        (lambda self, x: torch.roll(x, x.shape[1]), "roll(...) without an axis works over time"),
        (lambda self, x: F.softmax(x, 0), f"softmax(...) {WORKS}"),
        (lambda self, x: x.sort(-1), f"x.sort(...) {UNDERSTOOD}"),
        (lambda self, x: self.lif(x).add_(x), f"x.add_(...) {UNDERSTOOD}"),
        (assigned, "does not support item assignment (traced without data"),
        (
            lambda self, x: torch.cat([x, x]),
            "torch.cat joins time or batch here: name a later axis",
        ),
        (lambda self, x: x[1:], "indexing picks time steps or samples here"),
        (lambda self, x: x[:, 0], "indexing picks time steps or samples here"),
        (lambda self, x: x.permute(1, 0, 2), "permute moves time or batch: keep them in front"),
        (lambda self, x: torch.permute(x, (1, 0, 2)), "permute moves time or batch"),
        (lambda self, x: x / x.shape[0], "T or B takes part in the arithmetic"),
        (lambda self, x: x.mul(x.size(1) - 1), "T or B takes part in the arithmetic"),
        (lambda self, x: x / x.shape[-3], "T or B takes part in the arithmetic"),
        (lambda self, x: x / x.size(dim=-2), "T or B takes part in the arithmetic"),
        (lambda self, x: x * x.shape[:1][-1], "T or B takes part in the arithmetic"),
        (lambda self, x: x + torch.ones(3), "a tensor is made in forward: register it"),
        (lambda self, x: self.softmax(x), "softmax (Softmax) works along axis 0, over steps and s"),
        (lambda self, x: self.lifted(x), "lifted (Softmax) works along axis 0, over steps and sam"),
        (lambda self, x: None, "forward returns no sequence"),
        (lambda self, x: x.shape, "forward returns no sequence"),
        (lambda self, x: self.lif(x) @ undefined, "name 'undefined' is not defined"),  # noqa: F821
    ],
)
def test_a_forward_that_cannot_become_a_network(call, part):
    modules = {"lif": neuro.LIF(3), "lstm": nn.LSTM(3, 3), "softmax": nn.Softmax(dim=0)}
    modules["lifted"] = neuro.Lift(nn.Softmax(dim=0))
    module = Forward(call, **modules)
    module.seen = []
    with pytest.raises(neuro.NetworkError) as caught:
        neuro.Network(module)
    lines = str(caught.value).split("\n")[1:]
    found = [line for line in lines if part in line]
    assert len(found) == 1, lines
    # the user's own line, not one of this package
    own = re.search(r"line \d+ of ([\w.]+)", found[0])
    assert own is None or own[1] == "test_bad_forward.py", found


def test_the_line_of_a_problem_is_named():
    (line,) = problems(branch, lif=neuro.LIF(3))[:1]
    number = branch.__code__.co_firstlineno + 1
    assert line.startswith(
        f"forward (branch, line {number} of test_bad_forward.py): a branch on data"
    )


def test_all_problems_are_listed_at_once_by_path():
    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(3, 3)

        def forward(self, x):
            return self.rnn(x).cumsum(0)

    def forward(self, x):
        if x.max() > 1:
            x = x + 1
        h = self.block(x)
        for _ in range(len(x)):
            h = h + 1
        return self.lif(h).sum(0)

    found = problems(forward, block=Inner(), lif=neuro.LIF(3))
    expected = [
        "a branch on data",
        "a value is read as a number",
        "x.max(...)",
        "block.rnn (GRU) mixes",
        "x.cumsum(...)",
        "x.sum(...)",
    ]
    assert len(found) == len(expected)
    for line, part in zip(found, expected, strict=True):
        assert part in line
    assert found[3].startswith("block.rnn (") and found[4].startswith("block (")


def test_a_refused_module_is_left_as_it_was():
    module = Forward(hidden_state, lif=neuro.LIF(3))
    module.v, module.seen = None, None
    with pytest.raises(neuro.NetworkError):
        neuro.Network(module)
    assert module.v is None and module.training and module.lif.training


def test_tensors_of_a_nested_network_called_with_the_wrong_inputs():
    inner = neuro.Sequential(neuro.LIF(3))
    lines = problems(lambda self, x: self.inner(x, None), inner=inner)
    assert lines[0].endswith("a nested Network takes its 1 inputs alone.")


def test_a_name_that_is_a_word_of_python_is_refused():
    with pytest.raises(neuro.NetworkError, match="in: a word of Python, which generated code"):
        neuro.Sequential({"in": neuro.Linear(6, 5), "out": neuro.LIF(5)})


@pytest.mark.parametrize(
    "swap",
    [
        lambda x: x.reshape(x.shape[1], x.shape[0], -1),
        lambda x: x.view(x.size(1), x.size(0), 6),
        lambda x: torch.reshape(x, (x.size(1), x.size(0), 6)),
    ],
)
def test_a_reshape_that_moves_time_is_refused_where_there_are_as_many_samples(swap):
    class Net(nn.Module):
        def forward(self, x):
            return swap(x)

    with pytest.raises(neuro.NetworkError, match="reshape moves time or batch"):
        neuro.Network(Net())


@pytest.mark.parametrize(
    "meet",
    [
        lambda x: x - x.mean(-1),
        lambda x: x / x.sum(-1),
        lambda x: torch.where(x > 0.5, x, x.mean(-1)),
    ],
)
def test_sequences_of_unlike_ranks_are_refused_where_sizes_would_fit(meet):
    class Net(nn.Module):
        def forward(self, x):
            return meet(x)

    net = neuro.Network(Net())
    with pytest.raises(ValueError, match="sequences of 2 and 3 axes meet"):
        net(torch.rand(6, 6, 6))
