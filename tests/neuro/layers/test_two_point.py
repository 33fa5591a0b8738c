"""Two-point cells: published values, what context may do, and their place in a network."""

import pytest
import torch

from axonal import neuro
from axonal.neuro.layers.two_point import TRANSFERS


def answer(transfer: str, r: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    x = torch.stack((r, c), -1).reshape(1, -1, 2)
    return neuro.TwoPoint(1, transfer)(x).flatten()


def test_the_cooperative_transfer_has_its_published_values():
    pairs = [(1, 1), (1, -1), (-1, 1), (0.5, 0), (1, 0.5), (0, 1), (-2, 0), (2, 1)]
    r, c = torch.tensor(pairs, dtype=torch.float64).T
    wanted = torch.tensor([5, 1, 1, 1.25, 4, 1, 0, 6], dtype=torch.float64)
    assert torch.equal(answer("mod", r, c), wanted)


def test_the_others_have_those_of_their_equations():
    one = torch.ones(1, dtype=torch.float64)
    found = {name: answer(name, 0.5 * one, 2 * one).item() for name in TRANSFERS}
    e, tanh = torch.exp(one).item(), torch.tanh(one).item()
    wanted = {
        "product": 1.5, "kay-phillips": 0.25 * (1 + e), "tanh": 0.5 * (1 + tanh), "power": 1.0,
        "mod": 4.25,
    }  # fmt: skip
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_context_that_agrees_amplifies_and_context_that_does_not_suppresses(transfer):
    c = torch.linspace(-1, 1, 21, dtype=torch.float64)
    for level in (0.1, 0.4, 0.8):
        y = answer(transfer, torch.full_like(c, level), c)
        assert (y.diff() >= 0).all() and y[0] < y[10] < y[-1]
    if transfer != "mod":
        assert not answer(transfer, torch.zeros_like(c), c).any()
        same = torch.full((1,), 0.3, dtype=torch.float64)
        assert torch.equal(answer(transfer, same, 0 * same), same)


def test_a_network_runs_it_step_by_step_as_at_once():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.sound, self.picture = neuro.Linear(6, 4), neuro.Linear(3, 4)
            self.cells, self.out = neuro.TwoPoint(4), neuro.LIF(4)

        def forward(self, sound, picture):
            return self.out(self.cells(torch.cat((self.sound(sound), self.picture(picture)), -1)))

    torch.manual_seed(1)
    net = neuro.Network(Net()).eval()
    sound, picture = 5 * torch.rand(7, 2, 6), torch.rand(7, 2, 3)
    whole, _ = net(sound, picture)
    assert whole.any()
    stream = neuro.Streamer(net)
    assert torch.equal(torch.stack([stream(*x) for x in zip(sound, picture, strict=True)]), whole)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: neuro.TwoPoint(2, "gain"), "knows the transfers product, kay-phillips, tanh"),
        (lambda: neuro.TwoPoint(0), "size as a whole number >= 1"),
        (lambda: neuro.TwoPoint(2)(torch.zeros(5, 3, 2)), r"N = 4, got \(5, 3, 2\)"),
        (lambda: neuro.TwoPoint(2)(torch.zeros(5, 3, 4).int()), "floating-point"),
    ],
)
def test_what_does_not_fit_is_one_line(call, said):
    with pytest.raises(ValueError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)
