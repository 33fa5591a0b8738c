"""Leaky rate units: the backward pass by hand equals the definition, in both forms."""

import pytest
import torch

from axonal import neuro
from axonal.neuro.ops.leaky_rnn import leaky_rnn

pytest.importorskip("numba")


def arguments(steps=9, batch=3, units=5, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=dtype)

    share = torch.rand(units, generator=generator, dtype=dtype)
    share[0] = 1.0
    given = draw(steps, batch, units), draw(batch, units), 0.5 * draw(units, units), share
    return tuple(tensor.requires_grad_() for tensor in given)


def run(backend, given, **options):
    y = leaky_rnn(*given, backend=backend, **options)
    cotangent = torch.randn(y.shape, generator=torch.Generator().manual_seed(1), dtype=y.dtype)
    return y, *torch.autograd.grad((y * cotangent).sum(), given)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("steps", [1, 9])
def test_outputs_and_every_gradient_equal_the_definition(inside, slope, steps):
    given = arguments(steps)
    made = (run(backend, given, slope=slope, inside=inside) for backend in ("cpu", "reference"))
    for mine, definition in zip(*made, strict=True):
        torch.testing.assert_close(mine, definition, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("inside", [False, True])
def test_it_is_an_operator_as_torch_wants_one(inside):
    given = arguments(4)
    torch.library.opcheck(torch.ops.axonal.leaky_rnn.default, (*given, 0.01, inside))


@pytest.mark.parametrize(
    ("place", "name", "shape"),
    [(1, "h", (1, 5)), (1, "h", (3, 4)), (2, "weight", (5, 4)), (3, "share", (1,))],
)
def test_tensors_of_another_shape_are_refused(place, name, shape):
    given = list(arguments())
    given[place] = torch.zeros(shape, dtype=torch.float64)
    with pytest.raises(ValueError, match=f"leaky_rnn expects {name}"):
        leaky_rnn(*given, backend="cpu")


@pytest.mark.parametrize("nonlinearity", ["outside", "inside"])
def test_a_layer_goes_on_from_its_state_bit_for_bit(nonlinearity):
    torch.manual_seed(0)
    layer = neuro.LeakyRNN(6, [1.0, 1.5, 2.0, 4.0, 9.0, 99.0], nonlinearity=nonlinearity)
    x = torch.randn(12, 3, 6)
    whole, end = layer(x)
    first, state = layer(x[:5])
    rest, last = layer(x[5:], state)
    assert torch.equal(torch.cat((first, rest)), whole)
    assert torch.equal(last.h, end.h)


def test_a_time_constant_of_one_is_a_network_without_a_leak():
    torch.manual_seed(0)
    layers = [neuro.LeakyRNN(4, 1.0, nonlinearity=form).double() for form in ("outside", "inside")]
    layers[1].load_state_dict(layers[0].state_dict())
    x, h = torch.randn(7, 2, 4, dtype=torch.float64), torch.zeros(2, 4, dtype=torch.float64)
    weight = layers[0].weight * (1 - torch.eye(4))
    for x_t, *both in zip(x, *(layer(x)[0] for layer in layers), strict=True):
        h = torch.nn.functional.leaky_relu(x_t + h @ weight.T)
        for mine in both:
            torch.testing.assert_close(mine, h)


def test_units_do_not_feed_themselves():
    layer = neuro.LeakyRNN(3)
    before = layer(torch.ones(5, 1, 3))[0]
    with torch.no_grad():
        layer.weight.fill_diagonal_(7.0)
    assert torch.equal(layer(torch.ones(5, 1, 3))[0], before)
    layer(torch.ones(5, 1, 3))[0].sum().backward()
    assert not layer.weight.grad.diagonal().any()


def test_a_time_constant_stays_at_one_step_or_above_and_can_return():
    layer = neuro.LeakyRNN(2, 1.0)
    with torch.no_grad():
        layer.tau_parameter.copy_(torch.tensor([0.2, 0.9]))
    assert layer.tau.tolist() == [1.0, 1.0]
    for sign, moved in ((1, False), (-1, True)):
        layer.zero_grad()
        (sign * layer.tau.sum()).backward()
        assert bool(layer.tau_parameter.grad.any()) is moved


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tau": 0.5}, "finite tau >= 1 step, got 0.5"),
        ({"tau": float("inf")}, "finite tau >= 1 step, got inf"),
        ({"tau": [1.0, 2.0]}, r"tau as a scalar or of shape \(3,\)"),
        ({"nonlinearity": "tanh"}, "outside"),
        ({"slope": -0.1}, "slope >= 0"),
        ({"learn": "weight"}, 'can learn "tau"'),
        ({"backend": "cuda"}, "knows the backends auto, reference, cpu"),
    ],
)
def test_settings_out_of_range_are_one_line(given, said):
    with pytest.raises(ValueError, match=said) as caught:
        neuro.LeakyRNN(3, **given)
    assert "\n" not in str(caught.value)
