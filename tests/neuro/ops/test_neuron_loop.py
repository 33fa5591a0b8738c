"""Compiled neurons of any kind equal their definition: outputs, every gradient, the last state.

Weights and inputs lie on a grid, so that sums of feedback are exact in any order.
"""

import pytest
import torch

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.neuron_loop import (
    Feedback,
    Parameters,
    State,
    _delayed_feedback,
    _plain_feedback,
    neuron_loop,
)

SIGMOID = {"surrogate": "sigmoid", "alpha": 4.0}
ALIF = {"reset": "subtract", "detach_reset": False, **SIGMOID}
UNUSED = {"lif": {"a", "other"}, "klif": {"a"}, "klif_back": {"a"}}
DELAY = 3


def grid(generator, *shape, high=1.0):
    """Numbers on a grid of 1 / 64."""
    return (torch.rand(*shape, generator=generator, dtype=torch.float64) * high * 64).round() / 64


def tensors(loop, *, refractory=0, decay_input=False, steps=9, batch=3, size=5):
    """Everything an operator takes that can have a gradient, and the rest."""
    make = torch.Generator().manual_seed(3)
    fill = {
        "x": grid(make, steps, batch, size, high=6.0 if decay_input else 1.6),
        "v": grid(make, batch, size),
        "a": grid(make, batch, size, high=0.5),
        "decay": torch.full((size,), 0.75, dtype=torch.float64),
        "threshold": torch.tensor(1.0, dtype=torch.float64),
        "other": torch.tensor(0.5, dtype=torch.float64),
    }
    span = DELAY + 1 if loop == "delayed" else 1
    if loop != "alone":
        fill["past"] = (grid(make, span, batch, size) > 0.7).double()
        fill["weight"] = grid(make, size, size) - 0.5
        fill["bias"] = grid(make, size, high=0.25)
    if loop == "delayed":
        fill["delay"] = grid(make, size, size, high=DELAY)
    given = {name: a.requires_grad_() for name, a in fill.items()}
    given["gain"] = torch.tensor(0.5, dtype=torch.float64)
    wait = torch.zeros(batch, size, dtype=torch.int32)
    wait[:1, 0] = 1
    given["wait"] = wait if refractory else None
    return given


def run(given, kind, loop, choices, backend, kernel="straight-through"):
    """Run the operator; return spikes, v and a."""
    feedback = None
    if loop != "alone":
        square = given["x"].new_empty(0, 0)
        feedback = Feedback(
            given["past"], given["weight"], given["bias"], given.get("delay", square),
            torch.tensor(0.7, dtype=given["x"].dtype),
            kernel if loop == "delayed" else "", DELAY if loop == "delayed" else 0,
        )  # fmt: skip
    spikes, state = neuron_loop(
        given["x"], State(given["v"], given["a"], given["wait"]),
        Parameters(*(given[name] for name in Parameters._fields)),
        Convention(**choices), kind=kind, feedback=feedback, backend=backend,
    )  # fmt: skip
    return spikes, state


def gradients(given, spikes, state):
    """Gradients of everything, for random cotangents on spikes, v and a."""
    make = torch.Generator().manual_seed(1)
    leaves = {name: a for name, a in given.items() if a is not None and a.requires_grad}
    outputs = (spikes, state.v, state.a)
    loss = sum(
        (torch.randn(y.shape, generator=make, dtype=torch.float64).to(y.dtype) * y).sum()
        for y in outputs
    )
    found = torch.autograd.grad(loss, leaves.values(), allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, found, strict=True))


def assert_equal(kind, loop, choices, given, tolerance=1e-11, **more):
    """The compiled loops against the definition."""
    spikes, state = run(given, kind, loop, choices, "reference", **more)
    wanted = gradients(given, spikes, state)
    own, moved = run(given, kind, loop, choices, "cpu", **more)
    assert torch.equal(own, spikes)
    for one, other in zip(moved, state, strict=True):
        assert (one is None and other is None) or torch.allclose(
            one, other, rtol=tolerance, atol=tolerance
        )
    found = gradients(given, own, moved)
    for name, gradient in wanted.items():
        size = float(gradient.abs().max())
        torch.testing.assert_close(
            found[name], gradient, rtol=tolerance, atol=tolerance * (1 + size), msg=name
        )
    return spikes, wanted


# every kind, loop, reset and choice at least once; a kernel is compiled for each line
CASES = (
    ("lif", "alone", {"reset": "delayed", "detach_reset": False, "decay_input": True}),
    ("lif", "plain", {"reset": "none"}),
    ("lif", "delayed", {"reset": "zero", "refractory": 2}),
    ("alif", "alone", {"reset": "zero", "detach_reset": False, "decay_input": True}),
    ("alif", "plain", {"reset": "subtract", "refractory": 2, "decay_input": True}),
    ("alif", "delayed", {"reset": "subtract", "detach_reset": False}),
    ("klif", "alone", {"reset": "subtract", "detach_reset": False}),
    ("klif", "plain", {"reset": "zero", "decay_input": True}),
    ("klif_back", "delayed", {"reset": "subtract", "detach_reset": False}),
    ("lsnn", "alone", {"reset": "subtract", "detach_reset": False, "decay_input": True}),
    ("lsnn", "plain", {"reset": "zero", "refractory": 2}),
    ("cubalif", "plain", {"reset": "zero", "detach_reset": False, "decay_input": True}),
    ("cubalif", "delayed", {"reset": "subtract", "refractory": 2}),
)


@pytest.mark.parametrize(("kind", "loop", "choices"), CASES)
def test_the_loops_equal_the_definition(kind, loop, choices):
    given = tensors(loop, **{k: choices[k] for k in ("refractory", "decay_input") if k in choices})
    if kind.startswith("klif"):  # a factor above 1, and potentials below 0
        with torch.no_grad():
            given["other"].fill_(1.5)
            given["x"][::4] -= 2
    spikes, wanted = assert_equal(kind, loop, {**SIGMOID, **choices}, given)
    assert 0.05 < float(spikes.detach().mean()) < 0.95
    assert {name for name, g in wanted.items() if not g.any()} <= UNUSED.get(kind, set())


@pytest.mark.parametrize("dense", [0.0, 1.0])
def test_plain_feedback_is_the_same_however_it_is_summed(dense, monkeypatch):
    monkeypatch.setattr(_plain_feedback, "DENSE", dense)
    assert_equal("alif", "plain", ALIF, tensors("plain", size=67))


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap", "one-tap"])
def test_every_kernel_of_delays_in_a_loop(kernel):
    given = tensors("delayed", size=6)
    if kernel == "gaussian":  # its taps are on no grid
        given["x"] = (given["x"].detach() + 1 / 128).requires_grad_()
    assert_equal("alif", "delayed", ALIF, given, kernel=kernel)


@pytest.mark.parametrize("share", [-1.0, 2.0])
def test_delayed_feedback_is_the_same_however_it_is_summed(share, monkeypatch):
    monkeypatch.setattr(_delayed_feedback, "FEW", -1.0)
    monkeypatch.setattr(_delayed_feedback, "FEW_BACK", share)
    monkeypatch.setattr(_delayed_feedback, "DENSE", share)
    assert_equal("alif", "delayed", ALIF, tensors("delayed", batch=9, steps=12), kernel="two-tap")


def test_weights_learn_the_same_where_the_delays_are_not_asked_for():
    given = tensors("delayed")
    wanted = gradients(given, *run(given, "alif", "delayed", ALIF, "reference"))
    given["delay"].requires_grad_(False)
    found = gradients(given, *run(given, "alif", "delayed", ALIF, "cpu"))
    torch.testing.assert_close(found["weight"], wanted["weight"], rtol=1e-11, atol=1e-10)


def test_parts_of_a_sequence_are_the_whole():
    given = tensors("delayed", steps=12)
    given = {name: None if a is None else a.detach() for name, a in given.items()}
    whole, last = run(given, "alif", "delayed", ALIF, "cpu")
    made, past = [], given["past"]
    for x in given["x"].split((1, 2, 9)):
        given["x"], given["past"] = x, past
        spikes, state = run(given, "alif", "delayed", ALIF, "cpu")
        made.append(spikes)
        past = torch.cat((past, spikes))[-len(past) :]
        given.update(v=state.v, a=state.a)
    assert torch.equal(torch.cat(made), whole)
    assert torch.equal(state.v, last.v) and torch.equal(state.a, last.a)


def test_cells_beyond_a_block_and_no_sample_at_all():
    assert_equal("alif", "delayed", ALIF, tensors("delayed", steps=3, size=90, batch=60))
    none = tensors("delayed", batch=0)
    spikes, state = run(none, "alif", "delayed", ALIF, "cpu")
    assert not any(g.any() for g in gradients(none, spikes, state).values())


def test_unknown_kinds_and_shapes_are_refused():
    given = tensors("plain")
    with pytest.raises(ValueError, match="unknown kind 'izhikevich' of neuron_loop; known: lif,"):
        run(given, "izhikevich", "plain", {}, "auto")
    for choices in ({"reset": "none"}, {"refractory": 2}):
        odd = tensors("plain", refractory=choices.get("refractory", 0))
        with pytest.raises(ValueError, match="of kind 'klif' expects reset \"zero\" or"):
            run(odd, "klif", "plain", choices, "auto")
    given["weight"] = torch.zeros(2, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"neuron_loop expects weight \(5, 5\), got \(2, 2\)"):
        run(given, "alif", "plain", {}, "cpu")
