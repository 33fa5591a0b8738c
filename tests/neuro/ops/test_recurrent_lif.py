"""The compiled loop of LIF neurons equals its definition: outputs, gradients, states.

Weights, biases and inputs lie on a grid, so that sums are exact in any order and spikes must be the
same. Elsewhere a potential within rounding of the threshold may fire on one back end only.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from helpers.lif import ATAN, CONVENTIONS, OTHERS
from helpers.recurrent import arguments
from hypothesis import given, settings
from hypothesis import strategies as st

from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops.recurrent_lif import cpu, recurrent_lif
from axonal.neuro.ops.recurrent_lif.cpu import BLOCK

NAMES = ("x", "spikes", "v", "weight", "bias", "decay", "threshold")


def gradients(outputs, given, used):
    """Gradients of everything that takes one, for random cotangents on the ``used`` outputs."""
    generator = torch.Generator().manual_seed(1)
    loss = sum(
        (torch.randn(y.shape, generator=generator, dtype=torch.float64).to(y.dtype) * y).sum()
        * wanted
        for y, wanted in zip(outputs, used, strict=True)
    )
    leaves = {n: a for n, a in given.items() if a is not None and a.requires_grad}
    grads = torch.autograd.grad(loss, leaves.values(), allow_unused=True)
    return {
        name: torch.zeros_like(a) if g is None else g
        for (name, a), g in zip(leaves.items(), grads, strict=True)
    }


def assert_parity(given, choices, used=(1, 1), tolerance=1e-11):
    """The compiled loops, keeping h and keeping x, against the definition."""
    exact = recurrent_lif(**given, convention=Convention(**choices), backend="reference")
    wanted = gradients(exact[:2], given, used)
    for recompute in (False, True):
        fast = recurrent_lif(
            **given, convention=Convention(**choices), backend="cpu", recompute=recompute
        )
        assert torch.equal(fast[0], exact[0])
        torch.testing.assert_close(fast[1], exact[1], rtol=tolerance, atol=tolerance)
        assert (fast[2] is None and exact[2] is None) or torch.equal(fast[2], exact[2])
        found = gradients(fast[:2], given, used)
        for name, definition in wanted.items():
            # sums over steps and samples: relative to the size of the gradient
            size = float(definition.abs().max()) if definition.numel() else 0.0
            torch.testing.assert_close(
                found[name], definition, rtol=tolerance, atol=tolerance * (1 + size), msg=name
            )
    return exact, wanted


@pytest.fixture(params=[0.0, cpu.DENSE, 1.0], ids=["dense", "mixed", "sparse"])
def product(request, monkeypatch):
    """Whichever way the feedback is computed."""
    monkeypatch.setattr(cpu, "DENSE", request.param)


@pytest.mark.usefixtures("product")
@pytest.mark.parametrize("choices", CONVENTIONS)
def test_the_compiled_loop_equals_the_definition(choices):
    tolerance = 1e-9 if choices["surrogate"] == "sigmoid" else 1e-11
    rates = []
    for steps, per_neuron in ((1, False), (7, True), (30, False)):
        given = arguments(
            steps, 3, 5, per_neuron=per_neuron, refractory=choices["refractory"], bias=per_neuron
        )
        results, grads = assert_parity(given, choices, tolerance=tolerance)
        assert all(g.abs().sum() > 0 for g in grads.values())
        rates.append(float(results[0].detach().mean()))
    assert 0.1 < rates[-1] < 0.8


@pytest.mark.parametrize("used", [(1, 0), (0, 1)])
@pytest.mark.parametrize("alone", NAMES)
def test_gradients_of_some_outputs_to_one_input(used, alone):
    choices = {"decay_input": True, "reset": "subtract", "detach_reset": False, **ATAN}
    given = {
        name: a if name == alone or a is None else a.detach()
        for name, a in arguments(9, 3, 5).items()
    }
    _, grads = assert_parity(given, choices, used)
    assert list(grads) == [alone]
    assert grads[alone].any()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(1, 5), st.sampled_from([1, 2, 15, 17, 33]), st.booleans())
def test_every_size_fits(steps, batch, size, per_neuron):
    assert_parity(arguments(steps, batch, size, per_neuron=per_neuron), ATAN)


@pytest.mark.usefixtures("product")
@pytest.mark.parametrize("refractory", [0, 2])
def test_more_neurons_than_a_block_holds(refractory):
    given = arguments(3, 2, BLOCK + 3, refractory=refractory, high=1.0)
    assert_parity(given, {"decay_input": True, "refractory": refractory, **ATAN})


@pytest.mark.parametrize("refractory", [0, 2])
def test_no_sample_at_all(refractory):
    given = arguments(4, 0, 5, refractory=refractory)
    assert_parity(given, {"refractory": refractory, **ATAN})


@pytest.mark.parametrize("size", [6, 70])
def test_strided_tensors(size):
    given = arguments(7, 3, size, refractory=2)
    for name in ("x", "spikes", "v", "wait", "weight"):
        a = given[name].detach()
        strided = a.transpose(0, -1).contiguous().transpose(0, -1)
        assert not strided.is_contiguous()
        given[name] = strided.requires_grad_(a.is_floating_point())
    assert_parity(given, {"refractory": 2, **ATAN})


@pytest.mark.usefixtures("product")
@pytest.mark.parametrize("surrogate", [("atan", 2.0), *OTHERS])
def test_single_precision(surrogate):
    name, alpha = surrogate
    given = arguments(50, 4, 33, dtype=torch.float32, high=1.0)
    assert_parity(given, {"surrogate": name, "alpha": alpha}, tolerance=1e-5)


def test_a_state_of_other_values_than_spikes():
    given = arguments(5, 3, 6)
    given["spikes"] = (torch.rand(3, 6, dtype=torch.float64) * 64).round().div(64).requires_grad_()
    assert_parity(given, ATAN)
    given["spikes"] = torch.full((3, 6), -0.0, dtype=torch.float64)
    assert_parity(given, ATAN)


def test_parts_of_a_sequence_give_bit_for_bit_the_whole():
    given = arguments(12, 4, 40, refractory=2, dtype=torch.float32)
    # not on a grid: a row of weights is added for each spike in the same order in every part
    given["weight"] = torch.randn(40, 40) / 6
    given = {name: None if a is None else a.detach() for name, a in given.items()}
    whole = recurrent_lif(**given, convention=Convention(refractory=2), backend="cpu")
    made = []
    for x in given["x"].split((1, 4, 7)):
        spikes, v, wait = recurrent_lif(
            **{**given, "x": x}, convention=Convention(refractory=2), backend="cpu"
        )
        given |= {"spikes": spikes[-1], "v": v, "wait": wait}
        made.append(spikes)
    assert 0 < whole[0].mean() < cpu.DENSE
    assert torch.equal(torch.cat(made), whole[0])
    assert torch.equal(v, whole[1])
    assert torch.equal(wait, whole[2])


def test_several_python_threads_and_two_of_torch():
    given = arguments(20, 16, 64, dtype=torch.float32)

    def run(_):
        outputs = recurrent_lif(**given, convention=PLAIN, backend="cpu")[:2]
        return *outputs, *gradients(outputs, given, (1, 1)).values()

    alone = run(0)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(run, range(8)):
            for one, other in zip(found, alone, strict=True):
                assert torch.equal(one, other)
    torch.set_num_threads(2)
    try:
        for one, other in zip(run(0), alone, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("save", [0, 1, 2])
@pytest.mark.parametrize("refractory", [0, 2])
def test_the_operator_keeps_the_rules_of_torch(refractory, save):
    if refractory and save == 1:
        save = 2  # refractory neurons keep x
    given = arguments(5, 3, 4, refractory=refractory)
    if save == 1:
        given["decay"] = given["decay"].detach()
    if save == 0:
        given = {name: None if a is None else a.detach() for name, a in given.items()}
    wait = torch.empty(0, dtype=torch.int32) if given["wait"] is None else given["wait"]
    tensors = [given[name] for name in ("x", "spikes", "weight", "bias", "v")]
    tensors += [wait, given["decay"], given["threshold"]]
    choices = (True, "zero", False, refractory, "atan", 2.0, save)
    torch.library.opcheck(torch.ops.axonal.recurrent_lif.default, (*tensors, *choices))


@pytest.fixture
def poisoned():
    """Fill fresh memory with NaN, so that reading before writing shows."""
    torch.use_deterministic_algorithms(True)
    try:
        assert torch.empty(3).isnan().all()
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("poisoned", "product")
@pytest.mark.parametrize("refractory", [0, 3])
@pytest.mark.parametrize("recompute", [False, True])
def test_nothing_is_read_before_it_is_written(refractory, recompute):
    given = arguments(9, 3, 7, refractory=refractory)
    outputs = recurrent_lif(
        **given,
        convention=Convention(refractory=refractory, decay_input=True, **ATAN),
        recompute=recompute,
        backend="cpu",
    )[:2]
    grads = gradients(outputs, given, (1, 1))
    assert all(a.isfinite().all() for a in (*outputs, *grads.values()))


def test_recompute_keeps_x_and_the_spikes_and_nothing_of_that_size_beside():
    given = {n: None if a is None else a.detach() for n, a in arguments(50, 4, 8).items()}
    given["x"].requires_grad_()
    for recompute, extra in ((False, 1), (True, 0)):
        kept = {}

        def pack(tensor, kept=kept):
            kept[tensor.untyped_storage().data_ptr()] = tensor
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            spikes, _, _ = recurrent_lif(**given, recompute=recompute, backend="cpu")
        own = {a.untyped_storage().data_ptr() for a in (given["x"], spikes)}
        large = [a for at, a in kept.items() if at not in own and a.numel() >= spikes.numel()]
        assert len(large) == extra


def test_the_definition_can_be_differentiated_twice():
    given = {n: None if a is None else a.detach() for n, a in arguments(5, 3, 4).items()}
    weight = given.pop("weight").requires_grad_()
    v = recurrent_lif(
        **given, convention=Convention(detach_reset=False), weight=weight, backend="reference"
    )[1]
    (grad,) = torch.autograd.grad(v.square().sum(), weight, create_graph=True)
    (second,) = torch.autograd.grad(grad.sum(), weight)
    assert second.any()


def test_half_precision_and_mixed_types_take_the_definition():
    given = {n: None if a is None else a.detach().bfloat16() for n, a in arguments(5, 3, 4).items()}
    assert recurrent_lif(**given)[0].dtype == torch.bfloat16
    with pytest.raises(ValueError, match=r'backend="cpu" of recurrent_lif expects tensors of one'):
        recurrent_lif(**given, backend="cpu")
    with pytest.raises(ValueError, match="unknown backend 'tpu' of recurrent_lif; known: auto"):
        recurrent_lif(**given, backend="tpu")


def test_a_misspelt_reset_is_refused():
    with pytest.raises(ValueError, match="unknown reset 'hard' of recurrent_lif; known: zero"):
        recurrent_lif(**arguments(5, 3, 4), convention=Convention(reset="hard"))
