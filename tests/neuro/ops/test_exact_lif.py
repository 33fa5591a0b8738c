"""The exact engine: another implementation's arrays, its definition, identities, differences."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import exact, needs
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import forward_ad

from axonal.neuro.events import Events
from axonal.neuro.ops.exact_lif import exact_lif

pytest.importorskip("numba")

CASES = ("avg_LI", "max_LI", "spkint", "ttfs_refrac", "ttfs_tm2ts", "ttfs_tmeqts")
RATIOS = {"2:1": (20, 10), "4:1": (20, 5), "1:1": (10, 10), "1:2": (5, 10), "near": (10, 9.9),
          "1:1.4": (7, 10)}  # fmt: skip


def fixture(name):
    with np.load(needs.data("fixtures") / "eventprop" / f"{name}.npz") as arrays:
        return dict(arrays)


def close(found, wanted, tolerance=1e-9):
    """Compare by relative L2, name by name."""
    for name, g in wanted.items():
        wrong = torch.linalg.norm(found[name] - g) / max(float(torch.linalg.norm(g)), 1e-9)
        assert wrong <= tolerance, f"{name}: {wrong:.1e}"


@pytest.mark.needs("data")
@pytest.mark.parametrize("name", CASES)
def test_another_implementation_gives_the_same_spikes_loss_and_gradients(name):
    z = fixture(name)
    out, loss, found = exact.fixture_gradients(z)
    own = z["spike_src"] >= z["n_in"]
    assert (out.indices[0].numpy() == z["spike_src"][own] - z["n_in"]).all()
    np.testing.assert_allclose(out.times[0].detach(), z["spike_t"][own], rtol=0, atol=1e-10)
    assert abs(loss.item() - z["loss"]) <= 1e-11
    close(found, {key: torch.from_numpy(z[key]) for key in found})


REGIMES = {
    f"{ratio} {voltage}": (*RATIOS[ratio], voltage, refractory, silent)
    for ratio, voltage, refractory, silent in (
        ("2:1", None, 0.0, 0), ("4:1", "end", 1.0, 2), ("1:1", "sum-exp", 0.0, 2),
        ("1:2", "mean", 1.5, 0), ("near", "max", 0.0, 3), ("1:1.4", "sum-exp", 1.5, 1),
        ("2:1", "mean", 1.5, 0), ("1:2", "end", 0.0, 2), ("1:2", "max", 2.0, 3),
        ("4:1", "sum-exp", 0.0, 0), ("near", "mean", 0.7, 1), ("4:1", "max", 1.0, 4),
    )
}  # fmt: skip


@pytest.mark.parametrize("regime", REGIMES)
def test_compiled_code_equals_its_definition(regime):
    tau, tau_synapse, voltage, refractory, silent = REGIMES[regime]
    net = exact.network(
        len(regime), tau=tau, tau_synapse=tau_synapse, voltage=voltage, refractory=refractory,
        silent=silent,
    )  # fmt: skip
    out, readout, found = exact.gradients(net)
    wanted_out, wanted_readout, wanted = exact.gradients(net, "reference")
    assert out.counts.sum() > 3
    assert torch.equal(out.indices, wanted_out.indices)
    torch.testing.assert_close(out.times, wanted_out.times, rtol=0, atol=1e-11)
    torch.testing.assert_close(readout, wanted_readout, rtol=0, atol=1e-11)
    close(found, wanted)


def test_an_arrival_that_turns_a_rising_voltage_moves_its_maximum():
    weight = torch.tensor([[2.0, -4.0]], dtype=torch.float64)
    net = exact.Net(
        {
            "times": torch.tensor([[1.0, 3.0]], dtype=torch.float64),
            "weight": weight,
            "delay": torch.tensor([[0.5, 1.0]], dtype=torch.float64),
        }
        | {k: torch.tensor([v], dtype=torch.float64)
           for k, v in {"tau": 20, "tau_synapse": 10, "threshold": np.inf, "v_reset": 0,
                        "refractory": 0}.items()},
        torch.tensor([[0, 1]]), torch.tensor([2]), 20.0, "max",
    )  # fmt: skip
    _, top, found = exact.gradients(net)
    _, wanted_top, wanted = exact.gradients(net, "reference")
    torch.testing.assert_close(top, wanted_top)
    close(found, wanted)
    assert found["delay"][0, 1] > 0


@pytest.mark.parametrize("shortest", [1e-9, 1e-3])
def test_delays_much_shorter_than_all_times_between_spikes_are_exact(shortest):
    net = exact.network(3, shortest=shortest, batch=1, duration=20.0)
    net.leaves["feedback_delay"] = torch.where(
        torch.arange(25).view(5, 5) % 2 == 0, net.leaves["feedback_delay"], shortest
    )
    out, _, found = exact.gradients(net)
    wanted_out, _, wanted = exact.gradients(net, "reference")
    assert torch.equal(out.indices, wanted_out.indices) and out.counts.min() > 5
    torch.testing.assert_close(out.times, wanted_out.times, rtol=0, atol=1e-11)
    close(found, wanted)


def test_stacked_layers_are_one_network():
    """Two layers, gradients through the times between them, are one with feedback."""
    one = exact.network(5, silent=1, voltage="mean", size=6, feedback=True)
    below, above = slice(0, 3), slice(3, 6)
    weight, feedback = one.leaves["weight"], one.leaves["feedback_weight"]
    weight[above] = 0
    feedback[:, above] = 0
    whole = one.learning()
    out, readout = whole.run()
    wanted = torch.autograd.grad(readout[:, above].sum(), whole.leaves["weight"])[0][below]

    parts = one.learning().leaves
    events = Events(parts["times"], one.indices, one.counts, 3, one.duration)

    def layer(events, rows, prefix, feedback, **other):
        kept = {k: parts[k][rows] for k in ("tau", "tau_synapse", "v_reset", "refractory")}
        threshold = parts["threshold"].masked_fill(one.silent, torch.inf)[rows]
        columns = below if prefix else slice(None)
        if feedback:
            other |= {
                f"feedback_{k}": parts[f"feedback_{k}"][rows, rows] for k in ("weight", "delay")
            }
        return exact_lif(
            events, parts[f"{prefix}weight"][rows, columns], parts[f"{prefix}delay"][rows, columns],
            threshold=threshold, **kept, **other,
        )  # fmt: skip

    hidden, _ = layer(events, below, "", True)
    top, read = layer(hidden, above, "feedback_", False, voltage="mean")
    torch.testing.assert_close(read, readout[:, above], rtol=0, atol=1e-12)
    assert hidden.counts.sum() + top.counts.sum() == out.counts.sum() > 0
    torch.testing.assert_close(
        torch.autograd.grad(read.sum(), parts["weight"])[0][below], wanted, rtol=1e-10, atol=1e-13
    )


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("refractory", [0.0, 1.5])
def test_potentials_have_no_scale(ratio, refractory):
    tau, tau_synapse = RATIOS[ratio]
    for voltage in ("mean", "sum-exp", "end", "max"):
        net = exact.network(
            7, tau=tau, tau_synapse=tau_synapse, refractory=refractory, voltage=voltage, silent=2,
            size=8,
        ).learning()  # fmt: skip
        out, readout = net.run()
        assert len(out.times[0]) > 5
        _, r = exact.weights_of(out, readout)
        total = (r * readout).sum()
        names = ("weight", "feedback_weight", "threshold", "v_reset")
        leaves = [net.leaves[name] for name in names]
        parts = torch.autograd.grad(total, leaves)
        terms = torch.cat([(p * g).detach().flatten() for p, g in zip(leaves, parts, strict=True)])
        assert abs(terms.sum() - total.detach()) <= 1e-12 * terms.abs().sum()


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("refractory", [0.0, 1.5])
def test_times_have_no_scale(ratio, refractory):
    tau, tau_synapse = RATIOS[ratio]
    net = exact.network(
        11, tau=tau, tau_synapse=tau_synapse, refractory=refractory, size=8
    ).learning()  # fmt: skip
    out, _ = net.run()
    assert len(out.times[0]) > 5
    c, _ = exact.weights_of(out, None)
    total = (c * out.times.masked_fill(~out.valid, 0)).sum()
    names = ("tau", "tau_synapse", "delay", "feedback_delay", "refractory", "times")
    leaves = [net.leaves[name] for name in names]
    parts = torch.autograd.grad(total, leaves)
    terms = torch.cat(
        [(p * g).detach()[torch.isfinite(p)] for p, g in zip(leaves, parts, strict=True)]
    )
    scale = terms.abs().sum() + (c * out.times.masked_fill(~out.valid, 0)).abs().sum()
    assert abs(terms.sum() - total.detach()) <= 1e-12 * scale


STEP = 2e-6


def slope(net, name, direction):
    """Difference quotient along a direction; None where a spike is born, dies, or jumps."""

    def at(step):
        moved = replace(net, leaves=net.leaves | {name: net.leaves[name] + step * direction})
        out, readout = moved.run()
        return out, float(exact.loss_of(out, readout))

    outs, losses = zip(*(at(k * STEP) for k in (-2, -1, 1, 2)), strict=True)
    for out in outs[1:]:
        if not torch.equal(out.indices, outs[0].indices):
            return None
        if (out.times - outs[0].times).nan_to_num(0).abs().max() > 1e4 * STEP:
            return None
    far, near = (losses[3] - losses[0]) / (4 * STEP), (losses[2] - losses[1]) / (2 * STEP)
    # a spike and an arrival that swap their order bend the loss
    if abs(far - near) > 1e-4 * (1 + abs(near)):
        return None
    return (4 * near - far) / 3


def test_differences_agree_with_gradients_on_random_networks():
    """A few here, 500 with HYPOTHESIS_PROFILE=fuzz; steps across births and deaths are counted."""
    seen = Counter()

    @given(
        seed=st.integers(0, 10**6), tau=st.floats(3, 30),
        ratio=st.sampled_from([0.3, 0.5, 1, 1.01, 2, 4]),
        refractory=st.sampled_from([0.0, 0.5, 2.0]), feedback=st.booleans(),
        voltage=st.sampled_from([None, "mean", "sum-exp", "end", "max"]), silent=st.integers(0, 2),
    )  # fmt: skip
    def agree(seed, tau, ratio, refractory, feedback, voltage, silent):
        net = exact.network(
            seed, tau=tau, tau_synapse=tau / ratio, refractory=refractory, feedback=feedback,
            voltage=voltage, silent=silent,
        )  # fmt: skip
        _, _, grads = exact.gradients(net)
        seen["networks"] += 1
        generator = torch.Generator().manual_seed(seed)
        for name, g in grads.items():
            if name == "refractory" and refractory == 0:
                continue
            direction = torch.randn(g.shape, generator=generator, dtype=g.dtype)
            seen["steps"] += 1
            difference = slope(net, name, direction)
            if difference is None:
                seen["rejected"] += 1
                continue
            size = float((g * direction).abs().sum())
            assert abs(difference - float((g * direction).sum())) <= 2e-5 * (size + 1e-2), name

    agree()
    assert seen["steps"] > 6 * seen["networks"]
    assert seen["rejected"] <= 0.2 * seen["steps"], seen


def test_silent_neurons_have_no_gradient():
    net = exact.network(0, gain=1e-3, voltage=None)
    out, _, grads = exact.gradients(net)
    assert out.counts.tolist() == [0, 0] and out.times.shape == (2, 0)
    assert all((g == 0).all() for g in grads.values())
    net = replace(net, counts=torch.zeros(2, dtype=torch.int64), voltage="max")
    assert not net.run()[1].any()


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_too_many_spikes_raise_and_name_the_sample(backend):
    net = exact.network(1)
    most = net.run()[0].counts
    assert net.run(backend, limit=int(most.max()))[0].counts.equal(most)
    with pytest.raises(ValueError, match=r"limit = 2 spikes per sample, got more in sample 0"):
        net.run(backend, limit=2)


def test_a_network_that_runs_away_is_stopped_at_once():
    net = exact.network(1, tau=5.0, gain=300.0, size=8, duration=1000.0)
    net.leaves["feedback_weight"].abs_()
    net.leaves["weight"].abs_()
    with pytest.raises(ValueError, match="run away"):
        net.run()
    net.leaves["feedback_delay"].fill_(1e-200)
    with pytest.raises(ValueError, match=r"runs? away"):
        net.run()


WRONG = {
    "delay": (lambda p: p.sub_(100), r"delay finite and >= 0 steps, got -"),
    "weight": (lambda p: p.fill_(float("nan")), "finite weight, got nan"),
    "tau": (lambda p: p.fill_(float("inf")), "tau finite and > 0 steps, got inf"),
    "tau_synapse": (lambda p: p.fill_(0), "tau_synapse finite and > 0 steps, got 0"),
    "threshold": (lambda p: p.fill_(-1), "threshold > 0 and > v_reset, got -1"),
    "v_reset": (lambda p: p.fill_(2), "threshold > 0 and > v_reset"),
    "refractory": (lambda p: p.fill_(-1), "refractory finite and >= 0 steps, got -1"),
    "feedback_delay": (
        lambda p: p.fill_(0),
        "feedback_delay > 0 wherever feedback_weight is not 0",
    ),
    "times": (lambda p: p[0, 0].fill_(float("nan")), "times of events from 0 to duration = 30"),
}


@pytest.mark.parametrize("name", WRONG)
def test_numbers_without_a_result_are_refused_in_one_line(name):
    spoil, message = WRONG[name]
    net = exact.network(0)
    spoil(net.leaves[name])
    for backend in ("auto", "reference"):
        with pytest.raises(ValueError, match=message) as e:
            net.run(backend)
        assert "\n" not in str(e.value)


def test_what_does_not_fit_is_refused_in_one_line():
    events = Events.of([[1.0]], [[0]], size=2, duration=5)
    base = {"tau": 20, "tau_synapse": 10, "threshold": 1}
    weight = torch.ones(3, 2)
    for message, call in {
        r"with I = 2, the size of events, got \(2, 3\).*weight.T": lambda: exact_lif(
            events, weight.T, weight.T, **base),
        r"delay \(3, 2\), got \(2, 3\)": lambda: exact_lif(events, weight, weight.T, **base),
        "got no feedback_delay": lambda: exact_lif(
            events, weight, weight, feedback_weight=torch.eye(3), **base),
        r"tau as a scalar or \[N\] with N = 3": lambda: exact_lif(
            events, weight, weight, **base | {"tau": torch.ones(2)}),
        "unknown voltage 'sum'": lambda: exact_lif(events, weight, weight, voltage="sum", **base),
        "rate with voltage": lambda: exact_lif(events, weight, weight, rate=1.0, **base),
        "limit as a whole number": lambda: exact_lif(events, weight, weight, limit=2.5, **base),
        "unknown backend": lambda: exact_lif(events, weight, weight, backend="gpu", **base),
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=message) as e:
            call()
        assert "\n" not in str(e.value)


def test_single_precision_comes_out_as_it_came_in():
    net = exact.network(2, voltage="mean").learning()
    single = replace(
        net, leaves={k: p.detach().float().requires_grad_() for k, p in net.leaves.items()}
    )
    (out, readout), (wanted, wanted_readout) = single.run(), net.run()
    assert out.times.dtype == readout.dtype == torch.float32
    torch.testing.assert_close(out.times.double(), wanted.times, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(readout.double(), wanted_readout, rtol=1e-3, atol=1e-4)
    exact.loss_of(out, readout).backward()
    assert single.leaves["weight"].grad.dtype == torch.float32


def test_any_number_of_threads_gives_the_same_bits():
    net = exact.network(4, batch=11, size=40, inputs=30, spikes=200, duration=40.0, gain=0.1)
    alone = exact.gradients(net)
    torch.set_num_threads(2)
    try:
        both = exact.gradients(net)
    finally:
        torch.set_num_threads(1)
    assert torch.equal(alone[0].times, both[0].times)
    for name, g in alone[2].items():
        assert torch.equal(g, both[2][name]), name


def test_a_batch_is_its_samples():
    net = exact.network(6, voltage="mean", batch=3)
    out, readout, _ = exact.gradients(net)
    for b in range(3):
        n = int(net.counts[b])
        alone = replace(
            net, leaves=net.leaves | {"times": net.leaves["times"][b : b + 1, :n]},
            indices=net.indices[b : b + 1, :n], counts=net.counts[b : b + 1],
        )  # fmt: skip
        one, read = alone.run()
        assert torch.equal(one.times[0].detach(), out.times[b, : out.counts[b]].detach())
        assert torch.equal(read[0], readout[b].detach())


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
def test_compiled_code_refuses_forward_mode_which_the_definition_has():
    net = exact.network(8, batch=1, spikes=3)
    with forward_ad.dual_level():
        weight = net.leaves["weight"]
        dual = forward_ad.make_dual(weight.clone(), torch.ones_like(weight))
        moving = replace(net, leaves=net.leaves | {"weight": dual})
        with pytest.raises(ValueError, match="forward-mode"):
            moving.run("cpu")
        out, _ = moving.run("auto")
        tangent = forward_ad.unpack_dual(out.times).tangent
    _, _, grads = exact.gradients(net)
    c, _ = exact.weights_of(out, None)
    torch.testing.assert_close((c * tangent).sum(), grads["weight"].sum())


def test_torch_compile_knows_the_operator():
    net = exact.network(9, voltage="mean")
    out, readout = torch.compile(net.run, backend="eager")()
    wanted, wanted_readout = net.run()
    assert torch.equal(out.times, wanted.times) and torch.equal(readout, wanted_readout)


def test_what_is_kept_per_spike_is_at_most_56_bytes():
    for refractory in (0.0, 2.0):
        net = exact.network(4, batch=1, size=40, inputs=30, spikes=200, refractory=refractory,
                            gain=0.1, voltage="mean").learning()  # fmt: skip
        held = {}

        def keep(tensor, held=held):
            held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
            out, _ = net.run()
        parameters = sum(p.numel() * 8 for k, p in net.leaves.items() if k != "times")
        spikes = int(out.counts.sum() + net.counts.sum())
        assert sum(held.values()) - parameters <= 56 * spikes
