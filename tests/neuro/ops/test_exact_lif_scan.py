"""The exact engine in parallel over time: spikes and gradients of the sequential one."""

from dataclasses import replace

import pytest
import torch
from helpers import exact
from hypothesis import given
from hypothesis import strategies as st

from axonal.neuro.events import Events
from axonal.neuro.ops.exact_lif import exact_lif, scan
from axonal.neuro.ops.exact_lif._linear_scan import BLOCK, linear_scan
from axonal.neuro.ops.exact_lif._problem import Connections, Neurons, Setting, Spikes

pytest.importorskip("numba")

VOLTAGES = None, "mean", "sum-exp", "end", "max"


def agree(net):
    """Compare spikes, readout and gradients of both engines; return the spikes."""
    out, readout, found = exact.gradients(net, "scan")
    wanted_out, wanted_readout, wanted = exact.gradients(net, "cpu")
    assert torch.equal(out.counts, wanted_out.counts)
    assert torch.equal(out.indices, wanted_out.indices)
    # a time is known to the last bits of the sample's length, times the slope at the threshold
    torch.testing.assert_close(out.times, wanted_out.times, rtol=0, atol=1e-12 * net.duration)
    torch.testing.assert_close(readout, wanted_readout, rtol=0, atol=1e-11)
    for name, g in wanted.items():
        wrong = torch.linalg.norm(found[name] - g) / max(float(torch.linalg.norm(g)), 1e-9)
        assert wrong <= 1e-9, f"{name}: {wrong:.1e}"
    return out


@given(
    seed=st.integers(0, 10**6), tau=st.floats(3, 30),
    ratio=st.sampled_from([0.3, 0.5, 1, 1.01, 2, 4]), refractory=st.sampled_from([0.0, 0.5, 2.0]),
    voltage=st.sampled_from(VOLTAGES), silent=st.integers(0, 2), spikes=st.integers(1, 150),
    duration=st.floats(5, 100),
)  # fmt: skip
def test_spikes_and_gradients_equal_those_of_the_sequential_engine(
    seed, tau, ratio, refractory, voltage, silent, spikes, duration
):
    agree(exact.network(
        seed, tau=tau, tau_synapse=tau / ratio, refractory=refractory, voltage=voltage,
        silent=silent, spikes=spikes, duration=duration, feedback=False,
    ))  # fmt: skip


@pytest.mark.parametrize("voltage", VOLTAGES)
def test_the_definition_agrees_too(voltage):
    net = exact.network(3, feedback=False, refractory=1.0, voltage=voltage, silent=1, spikes=20)
    out, readout = net.run("scan")
    wanted, wanted_readout = net.run("reference")
    assert out.counts.sum() > 10 and torch.equal(out.indices, wanted.indices)
    torch.testing.assert_close(out.times, wanted.times, rtol=0, atol=1e-11)
    torch.testing.assert_close(readout, wanted_readout, rtol=0, atol=1e-11)


def test_arrivals_at_one_time_and_at_the_end_are_heard_as_ever():
    net = exact.network(1, feedback=False, batch=2, spikes=40, duration=20.0, voltage="max")
    times = net.leaves["times"].round()
    times[0, -1] = 20.0
    net.leaves |= {"times": times, "delay": net.leaves["delay"].round()}
    assert agree(net).counts.sum() > 20


def test_a_weight_of_nothing_is_heard_by_nobody():
    net = exact.network(1, feedback=False, spikes=40, voltage="mean")
    net.leaves["weight"][:, 1] = 0
    agree(net)


def test_samples_may_run_in_any_groups(monkeypatch):
    net = exact.network(2, feedback=False, batch=5, spikes=80, silent=1, voltage="end")
    wanted, readout = net.run("scan")
    monkeypatch.setattr(scan, "SLAB", 1)
    alone, read = net.run("scan")
    assert torch.equal(alone.indices, wanted.indices)
    torch.testing.assert_close(alone.times, wanted.times, rtol=0, atol=1e-11)
    torch.testing.assert_close(read, readout)


def test_nothing_may_happen():
    net = exact.network(0, gain=1e-3, feedback=False, voltage="max")
    assert agree(net).counts.tolist() == [0, 0]
    empty = replace(net, counts=torch.zeros(2, dtype=torch.int64))
    out, highest = empty.run("scan")
    assert out.counts.tolist() == [0, 0] and not highest.any()


@pytest.mark.parametrize("length", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK**2 + 7])
def test_a_scan_is_the_loop(length):
    generator = torch.Generator().manual_seed(length)
    factor, x = torch.randn(2, 3, length, generator=generator, dtype=torch.float64).tanh()
    h, rows = torch.zeros(3, dtype=x.dtype), []
    for k in range(length):
        h = factor[:, k] * h + x[:, k]
        rows.append(h)
    torch.testing.assert_close(linear_scan(factor, x), torch.stack(rows, 1), rtol=0, atol=1e-13)


def test_rounds_are_few_where_spikes_are():
    net = exact.network(
        5, feedback=False, batch=1, size=2, spikes=20_000, duration=2000.0, gain=0.002
    )
    none = torch.empty(0, 0, dtype=torch.float64)
    p = net.leaves
    made, _, _, rounds = scan.run(
        Spikes(p["times"], net.indices, net.counts),
        Connections(p["weight"], p["delay"], none, none),
        Neurons(*(p[name] for name in Neurons._fields)),
        Setting(net.duration, "", 0.0, 1000, float("inf")),
    )
    most = int(torch.bincount(made.indices[0]).max())
    assert 10 < most < 400
    assert most < rounds < most + 60


def test_what_it_cannot_run_is_said_in_one_line():
    with pytest.raises(ValueError, match="without feedback") as e:
        exact.network(0).run("scan")
    assert "\n" not in str(e.value)
    net = exact.network(1, feedback=False, spikes=40)
    most = int(net.run()[0].counts.max())
    assert net.run("scan", limit=most)[0].counts.max() == most
    with pytest.raises(ValueError, match=r"limit = 2 spikes per sample, got more in sample 0"):
        net.run("scan", limit=2)


def test_torch_compile_knows_it():
    net = exact.network(9, voltage="mean", feedback=False)
    out, readout = torch.compile(lambda: net.run("scan"), backend="eager")()
    wanted, wanted_readout = net.run("scan")
    assert torch.equal(out.times, wanted.times) and torch.equal(readout, wanted_readout)


def test_single_precision_comes_out_as_it_came_in():
    events = Events.of([[1.0, 2.0]], [[0, 0]], size=1, duration=30)
    weight = torch.tensor([[6.0]], requires_grad=True)
    spikes, mean = exact_lif(
        events, weight, torch.ones(1, 1), tau=20, tau_synapse=10, threshold=1, voltage="mean",
        backend="scan",
    )  # fmt: skip
    assert spikes.times.dtype == mean.dtype == torch.float32
    (spikes.times.sum() + mean.sum()).backward()
    assert weight.grad.dtype == torch.float32 and weight.grad.abs().sum() > 0
