"""The compiled LIF and leaky integrator equal their definitions: outputs, gradients, states."""

import itertools
import math

import pytest
import torch
from helpers.lif import ATAN, CONVENTIONS, OTHERS, arguments, gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.ops.lif import lif, online_lif
from axonal.neuro.ops.lif.cpu import BLOCK, LONG_BLOCK


def assert_parity(given, choices, used=(1, 1), tolerance=1e-12):
    """The compiled loops, keeping h and keeping x, against the definition."""
    exact = lif(*given, Convention(**choices), backend="reference")
    wanted = gradients(exact[:2], given, used)
    for recompute in (False, True):
        fast = lif(*given, Convention(**choices), backend="cpu", recompute=recompute)
        assert torch.equal(fast[0], exact[0])
        assert torch.equal(fast[1], exact[1])
        assert (fast[2] is None and exact[2] is None) or torch.equal(fast[2], exact[2])
        for mine, definition in zip(gradients(fast[:2], given, used), wanted, strict=True):
            # sums over more steps and larger cotangents: relative to the size of the gradient
            torch.testing.assert_close(mine, definition, rtol=tolerance, atol=tolerance)
    return exact, wanted


@pytest.mark.parametrize("choices", CONVENTIONS)
def test_the_compiled_loops_equal_the_definition(choices):
    tolerance = 1e-9 if choices["surrogate"] == "sigmoid" else 1e-12
    fired = 0.0
    # 70 steps are more than two segments, which the backward pass computes one after another
    for steps, per_neuron in ((1, False), (7, True), (32, False), (70, True)):
        given = arguments(steps, per_neuron, choices["refractory"])
        results, grads = assert_parity(given, choices, tolerance=tolerance)
        assert all(g.abs().sum() > 0 for g in grads)
        fixed = (*given[:3], given[3].detach(), given[4].detach())
        assert_parity(fixed, choices, tolerance=tolerance)
        fired += float(results[0].detach().sum())
    assert fired > 20


@pytest.mark.parametrize("used", [(1, 0), (0, 1)])
@pytest.mark.parametrize("learns", list(itertools.product((True, False), repeat=2)))
def test_gradients_of_some_outputs_to_some_inputs(used, learns):
    choices = {"decay_input": True, "reset": "subtract", "detach_reset": False, "refractory": 2}
    x, v, wait, decay, threshold = arguments(9, True, 2)
    decay, threshold = (
        p if wanted else p.detach() for p, wanted in zip((decay, threshold), learns, strict=True)
    )
    assert_parity((x, v, wait, decay, threshold), choices | ATAN, used)
    assert_parity((x.detach(), v, wait, decay, threshold), choices | ATAN, used)


@settings(max_examples=15)
@given(
    st.integers(1, 40),
    st.integers(1, 3),
    st.sampled_from([1, 15, 17, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5]),
    st.booleans(),
)
def test_every_size_fits_the_blocks(steps, batch, size, per_neuron):
    given = arguments(steps, per_neuron, 0, shape=(batch, size))
    assert_parity(given, {"reset": "zero", **ATAN})


@pytest.mark.parametrize("size", [LONG_BLOCK - 1, LONG_BLOCK, LONG_BLOCK + 1])
def test_every_size_fits_the_long_blocks(size):
    assert_parity(arguments(3, False, 0, shape=(1, size)), {"reset": "zero", **ATAN})


@pytest.mark.parametrize("shape", [(2, 3, 4, 2), (0, 4), (3, 0)])
def test_images_and_nothing_at_all(shape):
    given = arguments(7, False, 0, shape=shape)
    assert_parity(given, {"reset": "zero", **ATAN})


def test_strided_inputs():
    x, v, _, decay, threshold = arguments(7, False, 0)
    x = x.detach().transpose(0, 2).contiguous().transpose(0, 2).requires_grad_()
    v = v.detach().T.contiguous().T.requires_grad_()
    assert not x.is_contiguous()
    assert not v.is_contiguous()
    assert_parity((x, v, None, decay, threshold), {"reset": "zero", **ATAN})


@pytest.mark.parametrize("surrogate", [("atan", 2.0), *OTHERS])
def test_single_precision(surrogate):
    name, alpha = surrogate
    given = arguments(50, False, 0, dtype=torch.float32)
    assert_parity(given, {"surrogate": name, "alpha": alpha}, tolerance=1e-5)


def test_two_threads_give_what_one_gives():
    given = arguments(40, True, 0, shape=(16, 2100), dtype=torch.float32)
    ends = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            outputs = lif(*given, PLAIN, backend="cpu")
            ends.append((*outputs[:2], *gradients(outputs[:2], given, (1, 1))))
        finally:
            torch.set_num_threads(1)
    for one, two in zip(*ends, strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("save", [0, 1, 2])
@pytest.mark.parametrize("refractory", [0, 2])
def test_the_operator_keeps_the_rules_of_torch(refractory, save):
    if refractory and save == 1:
        save = 2  # refractory neurons need checkpoints
    x, v, wait, decay, threshold = arguments(5, True, refractory)
    wait = torch.empty(0, dtype=torch.int32) if wait is None else wait
    choices = (True, "zero", False, refractory, "atan", 2.0, save)
    if save != 2:
        decay = decay.detach()
    given = (x, v, wait, decay, threshold)
    if save == 0:
        given = tuple(a.detach() for a in given)
    torch.library.opcheck(torch.ops.axonal.lif.default, (*given, *choices))


def test_the_operator_of_the_integrator_keeps_the_rules_of_torch():
    x, v, _, decay, _ = arguments(5, True, 0)
    for factor in (decay, decay.detach()):
        torch.library.opcheck(torch.ops.axonal.leaky_integrator.default, (x, v, factor, True))


@pytest.fixture
def poisoned():
    """Fill fresh memory with NaN, so that reading before writing shows."""
    torch.use_deterministic_algorithms(True)
    try:
        assert torch.empty(3).isnan().all()
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize("refractory", [0, 3])
@pytest.mark.parametrize("recompute", [False, True])
def test_nothing_is_read_before_it_is_written(refractory, recompute):
    given = arguments(40, True, refractory)
    outputs = lif(
        *given, Convention(refractory=refractory, **ATAN), recompute=recompute, backend="cpu"
    )[:2]
    y = leaky_integrator(given[0], given[1], given[3], decay_input=True, backend="cpu")
    grads = gradients(outputs, given, (1, 1)) + gradients((y,), given, (1,))
    assert all(a.isfinite().all() for a in (*outputs, y, *grads))


@pytest.mark.parametrize("decay_input", [True, False])
@pytest.mark.parametrize("learns", [True, False])
def test_the_integrator_equals_its_definition_and_is_differentiated_exactly(decay_input, learns):
    for per_neuron in (True, False):
        x, v, _, decay, _ = arguments(6, per_neuron, 0)
        decay = decay if learns else decay.detach()

        def integrate(x, v, decay, backend="cpu"):
            return leaky_integrator(x, v, decay, decay_input=decay_input, backend=backend)

        assert torch.equal(integrate(x, v, decay), integrate(x, v, decay, "reference"))
        assert torch.autograd.gradcheck(integrate, (x, v, decay))


def test_the_definition_can_be_differentiated_twice():
    x, v, _, decay, threshold = arguments(5, False, 0)

    def potential(x):
        return lif(
            x, v, None, decay, threshold, Convention(detach_reset=False), backend="reference"
        )[1]

    (grad,) = torch.autograd.grad(potential(x).square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(grad.sum(), x)
    assert second.abs().sum() > 0


def test_half_precision_and_mixed_types_take_the_definition():
    x, v, _, decay, threshold = (
        None if a is None else a.detach().bfloat16() for a in arguments(5, False, 0)
    )
    spikes, last, _ = lif(x, v, None, decay, threshold)
    assert spikes.dtype == last.dtype == torch.bfloat16
    with pytest.raises(
        ValueError, match=r'backend="cpu" of lif expects tensors of one type, float'
    ):
        lif(x, v, None, decay, threshold, backend="cpu")
    with pytest.raises(
        ValueError, match="unknown backend 'tpu' of lif; known: auto, reference, cpu"
    ):
        lif(x, v, None, decay, threshold, backend="tpu")


def test_a_neuron_that_gets_infinity_says_so_or_fires():
    x = torch.tensor([math.inf, 0.0]).reshape(2, 1, 1)
    one = torch.tensor(1.0)
    spikes, v, _ = lif(
        x, torch.zeros(1, 1), None, one / 2, one, Convention(reset="subtract"), backend="cpu"
    )
    assert spikes[0] == 1
    assert not v.isfinite()


@pytest.mark.parametrize("backend", ["auto", "cpu", "reference"])
@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            {"reset": "substract"},
            "unknown reset 'substract' of lif; known: zero, subtract, delayed",
        ),
        ({"surrogate": "tanh"}, "unknown surrogate 'tanh' of lif; known: atan, sigmoid"),
    ],
)
def test_misspelt_choices_are_refused_before_anything_runs(backend, choice, message):
    x, v, _, decay, threshold = arguments(3, False, 0)
    with pytest.raises(ValueError, match=message):
        lif(x, v, None, decay, threshold, Convention(**choice), backend=backend)


@pytest.mark.parametrize("choices", [{"reset": "subtract", "decay_input": True}, {"reset": "none"}])
def test_gradients_of_neurons_that_learn_online_stay_within_a_step(choices):
    x, v, _, decay, threshold = arguments(12, False, 0, shape=(3, 4))
    convention = Convention(**choices)
    spikes, last = online_lif(x, v, decay, threshold, convention)
    g = torch.randn(x.shape, generator=torch.Generator().manual_seed(1), dtype=x.dtype)
    (found,) = torch.autograd.grad(spikes, x, g)
    # by the definition, a step at a time
    wanted, state = [], v.detach()
    for x_t, g_t in zip(x.detach(), g, strict=True):
        x_t.requires_grad_()
        s, state, _ = lif(x_t[None], state, None, decay, threshold, convention, backend="reference")
        wanted.append(torch.autograd.grad(s[0], x_t, g_t)[0])
        state = state.detach()
    torch.testing.assert_close(found, torch.stack(wanted))
    torch.testing.assert_close(last, state)
    with pytest.raises(ValueError, match='online_lif expects reset "subtract" or "none"'):
        online_lif(x, v, decay, threshold, Convention(reset="zero"))
