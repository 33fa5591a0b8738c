"""Layers under torch.func, on the meta device and in programs for sequences of any length."""

import copy

import pytest
import torch
from helpers.layers import LAYERS
from helpers.neuro import spike_train
from torch.func import functional_call, grad, stack_module_state, vmap

from axonal import neuro

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),
]

X = spike_train(0, 6, 3, 4, dtype=torch.float32)
LONGER = spike_train(1, 11, 3, 4, dtype=torch.float32)
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(params=LAYERS)
def name(request):
    return request.param


@pytest.fixture
def layer(name):
    torch.manual_seed(0)
    return LAYERS[name]()


def learned(layer):
    return {name: p.detach() for name, p in layer.named_parameters() if p.requires_grad}


def test_samples_are_mapped_one_by_one(layer):
    each = vmap(lambda x: layer(x.unsqueeze(1))[0].squeeze(1), in_dims=1, out_dims=1)
    with torch.no_grad():
        torch.testing.assert_close(each(X), layer(X)[0], **CLOSE)


def test_gradients_of_every_sample_are_those_of_the_sample_alone(layer):
    parameters = learned(layer)
    if not parameters or isinstance(layer, neuro.SparseEGRU):
        return

    def loss(parameters, x):
        return functional_call(layer, parameters, (x.unsqueeze(1),))[0].square().sum()

    each = vmap(grad(loss), in_dims=(None, 1))(parameters, X)
    for sample in range(X.shape[1]):
        layer.zero_grad()
        layer(X[:, sample : sample + 1])[0].square().sum().backward()
        for name, parameter in layer.named_parameters():
            if parameter.grad is not None:
                torch.testing.assert_close(each[name][sample], parameter.grad, **CLOSE)


def test_an_ensemble_is_mapped_over_its_parameters():
    torch.manual_seed(0)
    members = [neuro.Sequential(neuro.Linear(4, 5), neuro.LIF(5)) for _ in range(3)]
    parameters, buffers = stack_module_state(members)
    skeleton = copy.deepcopy(members[0])
    together = vmap(lambda p, b: functional_call(skeleton, (p, b), (X,))[0])(parameters, buffers)
    torch.testing.assert_close(together, torch.stack([net(X)[0] for net in members]), **CLOSE)


def test_a_gradient_of_a_gradient_is_right_or_refused_in_one_line(layer):
    if isinstance(layer, neuro.SparseEGRU):
        return
    x = X.clone().requires_grad_()
    (g,) = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
    try:
        g.square().sum().backward()
    except ValueError as error:
        line = str(error)
        assert "no second derivative in compiled code" in line and "\n" not in line
        assert 'backend="reference"' in line


@pytest.mark.parametrize(
    "make",
    [
        lambda **b: neuro.LIF(4, 3.0, threshold=0.5, learn="tau", **b),
        lambda **b: neuro.CuBaLIF(4, 4.0, 2.0, threshold=0.2, **b),
        lambda **b: neuro.KLIF(4, 4.0, 1.5, threshold=0.4, learn="k", **b),
        lambda **b: neuro.LSNN(4, 4.0, 2.0, 9.0, threshold=0.2, **b),
        lambda **b: neuro.LeakyRNN(4, 2.0, **b),
        lambda **b: neuro.LeakyIntegrator(4, 3.0, **b),
        lambda **b: neuro.DelayedLinear(4, 3, 14, kernel="two-tap", **b),
        lambda **b: neuro.EGRU(4, 3, **b),
    ],
)
def test_the_reference_has_second_derivatives(make):
    torch.manual_seed(0)
    layer = make(backend="reference")
    x = (X + 0.3 * torch.rand(X.shape)).requires_grad_()
    (g,) = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(g.square().sum(), x)
    assert second.isfinite().all() and second.any()
    layer = make(backend="cpu")
    (g,) = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
    with pytest.raises(ValueError, match=r"no second derivative in compiled code: make the layer"):
        g.square().sum().backward()


def test_layers_are_made_without_memory_and_filled_from_a_file(name, layer):
    if name == "sparse_egru":  # made of an EGRU that has weights
        return
    with torch.device("meta"):
        empty = LAYERS[name]()
    assert all(a.is_meta for a in (*empty.parameters(), *empty.buffers()))
    assert repr(empty)
    y, _ = empty(X.to("meta"))
    assert y.is_meta and y.shape == layer(X)[0].shape
    filled = empty.to_empty(device="cpu")
    for tensor in (*filled.parameters(), *filled.buffers()):
        if tensor.is_floating_point():
            tensor.data.fill_(torch.nan)
    filled.load_state_dict(layer.state_dict())
    torch.testing.assert_close(filled(X)[0], layer(X)[0], rtol=0, atol=0)


COMPILED = [
    "lif", "lif_learned", "lif_none", "if", "if_held", "if_charged", "if_charged_late", "plif",
    "plif_each", "klif", "klif_back", "cuba", "cuba_held", "cuba_scaled", "cuba_late", "cuba_none",
    "alif", "alif_held", "alif_each", "lsnn", "lsnn_held", "integrator", "leaky_rnn",
    "leaky_rnn_inside", "delayed", "ternary_delays", "delayed_line", "delayed_picture",
    "temporal_conv", "egru", "sparse_egru", "network", "rwkv", "rwkv_real", "rffn", "mlgru",
    "mlgru_spiking", "ternary_glu", "attention", "attention_qk",
]  # fmt: skip
STEPWISE = [
    "adex", "adex_each", "resonator", "resonator_each", "graded", "graded_held", "cell",
    "recurrent", "legendre", "lmu",
]  # fmt: skip


def test_every_layer_has_such_a_program_or_says_why_not():
    assert {*COMPILED, *STEPWISE} == set(LAYERS)


def exported(layer, steps):
    shapes = {0: steps}
    # a Network takes any number of inputs
    given = (
        ((shapes,),)
        if isinstance(layer, neuro.Network) and not isinstance(layer, neuro.Sequential)
        else (shapes,)
    )
    return torch.export.export(layer, (X,), dynamic_shapes=given, strict=False)


@pytest.mark.parametrize("name", COMPILED)
def test_a_program_takes_sequences_of_any_length(name):
    torch.manual_seed(0)
    layer = LAYERS[name]().eval()
    program = exported(layer, torch.export.Dim("T", min=2, max=1000))
    torch.testing.assert_close(program.module()(LONGER)[0], layer(LONGER)[0], **CLOSE)


@pytest.mark.parametrize("name", STEPWISE)
def test_a_loop_of_python_says_why_it_has_no_such_program(name):
    layer = LAYERS[name]().eval()
    with pytest.raises(ValueError, match=r"runs step by step in Python.*export it with T fixed"):
        exported(layer, torch.export.Dim("T", min=2, max=1000))


def test_a_program_of_many_connections_takes_sequences_of_any_length():
    torch.manual_seed(0)
    net = neuro.Sequential(neuro.Linear(4, 300), neuro.Linear(300, 300), neuro.LIF(300)).eval()
    program = exported(net, torch.export.Dim("T", min=2, max=100_000)).module()
    torch.testing.assert_close(program(LONGER)[0], net(LONGER)[0], **CLOSE)


@pytest.mark.parametrize("name", ["lif_learned", "rwkv_real"])
def test_a_program_that_keeps_nothing_refuses_to_train(name):
    layer = LAYERS[name]().eval()
    program = exported(layer, torch.export.Dim("T", min=2, max=1000)).module()
    y, _ = program(X)
    with pytest.raises(ValueError, match="exported to run, without what a backward pass needs"):
        y.sum().backward()
