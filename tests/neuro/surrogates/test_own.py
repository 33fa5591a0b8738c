"""A surrogate of the user's own: its derivative is the one that is used, everywhere."""

import copy
import logging
import pickle

import pytest
import torch
from helpers import layers
from helpers.neuro import spike_train

from axonal import deploy, neuro
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.recurrent_lif import recurrent_lif

NEURONS = sorted({type(neuron.make(1)) for neuron in layers.NEURONS.values()}, key=str)


class Laplace(neuro.Surrogate):
    """A class of its own."""

    def derivative(self, u):
        return torch.exp(-self.alpha * u.abs())


class Renamed(neuro.ATan):
    """A public one with another derivative."""

    def derivative(self, u):
        return torch.exp(-u.abs())


class Duck:
    """No surrogate at all, but it has a derivative."""

    def derivative(self, u):
        return torch.exp(-u.abs())


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * torch.exp(-ctx.saved_tensors[0].abs())


def step_of_another_library(u):
    return _Step.apply(u)


def slope(u):
    return torch.exp(-u.abs())


ALIKE = [Laplace(), Renamed(), Duck(), step_of_another_library, slope]


def gradient(layer, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(layer(x)[0].square().sum(), x)[0]


@pytest.mark.parametrize("kind", NEURONS)
def test_every_form_of_one_derivative_gives_the_same_gradient(kind):
    # long enough for currents and slow membranes
    x = 1.7 * spike_train(0, 40, 2, 5, dtype=torch.float32)
    exact, *others = (gradient(kind(5, surrogate=s), x) for s in ALIKE)
    assert exact.abs().sum() > 0 and not torch.equal(exact, gradient(kind(5), x))
    for other in others:
        assert torch.equal(exact, other)


def test_a_loop_a_copy_a_pickle_and_a_state_dict_keep_it():
    x = 1.7 * spike_train(1, 7, 2, 5, dtype=torch.float32)
    for s in ALIKE:
        loop = neuro.Recurrent(neuro.LIF(5, surrogate=s), neuro.Linear(5, 5))
        exact = gradient(loop, x)
        assert torch.equal(exact, gradient(copy.deepcopy(loop), x))
        assert torch.equal(exact, gradient(pickle.loads(pickle.dumps(loop)), x))
        plain = neuro.Recurrent(neuro.LIF(5), neuro.Linear(5, 5))
        plain.load_state_dict(loop.state_dict())
        assert not torch.equal(exact, gradient(plain, x))


def test_the_operators_take_one_too():
    one, x = torch.tensor(0.5), spike_train(2, 5, 1, 3).float().requires_grad_()
    rest = torch.zeros(1, 3)
    for run in (
        lambda s: lif(x, rest, None, one, one, Convention(surrogate=s)),
        lambda s: recurrent_lif(
            x, rest, rest, None, torch.eye(3), None, one, one, Convention(surrogate=s)
        ),
    ):
        grads = [torch.autograd.grad(run(s)[0].sum(), x)[0] for s in (Laplace(), "atan")]
        assert not torch.equal(*grads)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_a_compiled_network_and_an_exported_one_keep_it():
    torch.manual_seed(0)
    neuron = neuro.LIF(3, threshold=0.1, surrogate=Laplace(2.0))
    net = neuro.Sequential(neuro.Linear(3, 3), neuron)
    x = spike_train(3, 5, 2, 3, dtype=torch.float32)
    exact = gradient(net, x)
    assert torch.equal(exact, gradient(torch.compile(net, fullgraph=True, backend="eager"), x))
    assert deploy.export(net, dt=1e-3) is not None


def test_auto_says_that_it_falls_back_and_compiled_code_is_refused_by_name(caplog):
    caplog.set_level(logging.INFO, logger="axonal")
    for kind in (neuro.LIF, neuro.IF, neuro.PLIF, neuro.CuBaLIF):
        caplog.clear()
        kind(3, surrogate=Laplace())
        (record,) = caplog.records
        assert kind.__name__ in record.getMessage() and "Laplace" in record.getMessage()
        kind(3, surrogate=Laplace(), backend="reference")
        kind(3, surrogate=neuro.Sigmoid())
        assert len(caplog.records) == 1
        for backend in ("cpu", "cuda"):
            with pytest.raises(ValueError, match=f"{kind.__name__} .*Laplace.*{backend}"):
                kind(3, surrogate=Laplace(), backend=backend)
    x, one = torch.zeros(3, 1, 3), torch.tensor(0.5)
    with pytest.raises(ValueError, match=r"lif .*Laplace.*cpu"):
        lif(x, x[0], None, one, one, Convention(surrogate=Laplace()), backend="cpu")


def test_a_public_one_with_another_default_stays_compiled(caplog):
    class Sharp(neuro.ATan):
        pass

    neuro.LIF(3, surrogate=Sharp(9.0))
    assert not caplog.records


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (neuro.ATan, "instance such as ATan"),
        ("atan", "got 'atan'"),
        (torch.sigmoid, "returns ds/du"),
        (lambda u: (u >= 0).to(u.dtype), "step without a derivative"),
        (lambda u: u.sum(), "shape of u"),
        (torch.nn.PReLU(), "parameters"),
    ],
)
def test_what_is_no_surrogate_is_refused_in_one_line(given, part):
    with pytest.raises(TypeError, match=part) as caught:
        neuro.LIF(3, surrogate=given)
    assert "\n" not in str(caught.value)


def test_a_class_without_a_derivative_and_one_of_the_wrong_shape():
    class Empty(neuro.Surrogate):
        pass

    class Wrong(neuro.Surrogate):
        def derivative(self, u):
            return u.sum()

    with pytest.raises(TypeError, match="Empty has no derivative"):
        Empty()
    x = torch.ones(2, 1, 3, requires_grad=True)
    with pytest.raises(ValueError, match=r"Wrong.derivative must return .* \(1, 3\), got \(\)"):
        neuro.LIF(3, surrogate=Wrong())(x)[0].sum().backward()


@pytest.mark.parametrize("surrogate", ALIKE, ids=lambda given: type(given).__name__)
def test_a_surrogate_that_is_assigned_is_that_of_the_constructor(surrogate):
    x = torch.rand(5, 2, 4)
    layer = neuro.LIF(4)
    layer.surrogate = surrogate
    assert torch.equal(gradient(layer, x), gradient(neuro.LIF(4, surrogate=surrogate), x))
    with pytest.raises(TypeError, match="LIF expects surrogate as an instance"):
        layer.surrogate = neuro.ATan
