"""Networks that learn as they run: the compiled step beside its definition, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonal._base import memory, threads
from axonal.neuro.ops.event_network import Events
from axonal.neuro.ops.plastic_network import (
    Plasticity,
    PlasticNetwork,
    PlasticState,
    simulate,
    unmodulated,
)


def astrocyte(state, parameters, liquid, inputs, scale):
    goal = parameters[0] * (liquid - inputs) + parameters[1]
    state[0] += (scale * goal - state[0]) / parameters[2]


def random_network(rng, *, last_spike, delays=False, kinds=1, holds=False, dtype=np.float64):
    n, inputs = 20, 5
    pairs = rng.choice((n + inputs) * n, 150, replace=False)
    pre, post = np.divmod(pairs, n)
    weight = np.where(pre < 16, 1.0, np.where(pre < n, -1.0, rng.choice([-1, 1], len(pre))))
    return PlasticNetwork.build(
        liquid=n,
        inputs=inputs,
        pre=pre,
        post=post,
        weight=3.0 * weight * rng.random(len(pre)),
        decay=1 - 1 / 64,
        threshold=8.0,
        bias=np.where(np.arange(n + inputs) < n, 0.1, 0.0),
        refractory=2,
        holds=holds,
        kernel_decay=np.exp(-1 / np.arange(1, kinds + 1)),
        gain=1 / np.arange(1, kinds + 1),
        kind=rng.integers(kinds, size=len(pre)),
        delay=rng.integers(0, 4, len(pre)) if delays else 0,
        last_spike=last_spike,
        dtype=dtype,
    )


def rule(width=np.inf, fading=0.99):
    kinds = np.where(np.arange(25) < 16, 1, np.where(np.arange(25) < 20, -1, 0))
    return Plasticity(
        potentiation=0.15,
        fading=fading,
        pre_decay=0.9,
        post_decay=0.85,
        increment=0.1,
        low=np.where(kinds == 1, 0.0, -3.0),
        high=np.where(kinds == -1, 0.0, 3.0),
        inhibitory=kinds == -1,
        modulation=np.array([0.15]),
        parameters=np.array([0.02, 0.15, 50.0]),
        step=astrocyte,
        watch=np.ones(25, np.int8),
        calcium_decay=0.95,
        level=1.5,
        width=width,
    )


def drive(rng, samples, steps):
    given = 30.0 * (rng.random((steps, samples, 5)) < 0.2)
    return Events.of([given], [20], samples=samples, steps=steps)


def same(a, b, tolerance=1e-11):
    assert np.array_equal(a.counts, b.counts)
    for name in ("sample", "step", "neuron"):
        assert np.array_equal(getattr(a, name), getattr(b, name))
    for own, other in zip(a.state, b.state, strict=True):
        assert np.allclose(own, other, rtol=tolerance, atol=tolerance)
    assert (a.weight is None) == (b.weight is None)
    if a.weight is not None:
        assert np.allclose(a.weight, b.weight, rtol=tolerance, atol=tolerance)


@given(
    seed=st.integers(0, 2**32),
    last_spike=st.booleans(),
    kinds=st.integers(1, 3),
    holds=st.booleans(),
    learns=st.booleans(),
    gated=st.booleans(),
    consecutive=st.booleans(),
    inherit=st.booleans(),
)
def test_the_compiled_step_equals_its_definition(
    seed, last_spike, kinds, holds, learns, gated, consecutive, inherit
):
    rng = np.random.default_rng(seed)
    delays = not (learns and last_spike)
    net = random_network(rng, last_spike=last_spike, delays=delays, kinds=kinds, holds=holds)
    learned = rule(1.0 if gated else np.inf) if learns else None
    options = {"samples": 2, "steps": 30, "plasticity": learned, "record": True}
    options |= {"consecutive": consecutive, "inherit": inherit}
    events = drive(rng, 2, 30)
    own = simulate(net, events, **options)
    assert own.counts.sum() > 0
    same(own, simulate(net, events, backend="reference", **options))


@given(seed=st.integers(0, 2**32), last_spike=st.booleans(), cut=st.integers(1, 39))
def test_a_run_in_two_parts_gives_the_same_bits(seed, last_spike, cut):
    rng = np.random.default_rng(seed)
    net = random_network(rng, last_spike=last_spike, kinds=2)
    given = 30.0 * (rng.random((40, 1, 5)) < 0.2)
    whole = Events.of([given], [20], samples=1, steps=40)
    parts = [Events.of([x], [20], samples=1, steps=len(x)) for x in (given[:cut], given[cut:])]
    options = {"samples": 1, "plasticity": rule(), "consecutive": True}
    once = simulate(net, whole, steps=40, **options)
    first = simulate(net, parts[0], steps=cut, **options)
    second = simulate(
        net, parts[1], steps=40 - cut, state=first.state, weight=first.weight, **options
    )
    assert np.array_equal(once.counts, first.counts + second.counts)
    for own, other in zip((*once.state, once.weight), (*second.state, second.weight), strict=True):
        assert np.array_equal(own, other)


def test_threads_change_no_bit(monkeypatch):
    rng = np.random.default_rng(0)
    net = random_network(rng, last_spike=True, dtype=np.float32)
    events = drive(rng, 8, 60)
    options = {"samples": 8, "steps": 60, "plasticity": rule(), "record": True}
    one = simulate(net, events, **options)
    monkeypatch.setattr(threads, "thread_count", lambda: 3)
    monkeypatch.setattr(threads, "SMALL", 1)
    three = simulate(net, events, **options)
    for own, other in zip((*one[:4], *one.state), (*three[:4], *three.state), strict=True):
        assert np.array_equal(own, other)


def test_samples_with_weights_of_their_own_keep_them_apart():
    rng = np.random.default_rng(1)
    net = random_network(rng, last_spike=False)
    events = drive(rng, 2, 40)
    rows = np.stack([net.weight, 0.5 * net.weight])
    both = simulate(net, events, samples=2, steps=40, plasticity=rule(), weight=rows)
    for b in range(2):
        bounds = events.bounds[40 * b : 40 * b + 41]
        own = Events(bounds - bounds[0], *(x[bounds[0] : bounds[-1]] for x in events[1:]))
        alone = simulate(
            net, own, samples=1, steps=40, plasticity=rule(), weight=rows[b], consecutive=True
        )
        assert np.array_equal(alone.weight, both.weight[b])
        assert np.array_equal(alone.counts[0], both.counts[b])


@pytest.mark.parametrize("consecutive", [False, True])
@pytest.mark.parametrize("samples", [1, 2])
def test_weights_of_each_sample_come_back_as_they_were_given(samples, consecutive):
    rng = np.random.default_rng(4)
    net = random_network(rng, last_spike=False)
    rows = np.stack([net.weight] * samples)
    run = simulate(
        net, drive(rng, samples, 30), samples=samples, steps=30, plasticity=rule(), weight=rows,
        consecutive=consecutive,
    )  # fmt: skip
    assert run.weight.shape == rows.shape
    assert (run.weight != rows).any(axis=1).all()


def test_last_spike_synapses_forget_all_but_the_latest_spike():
    net = PlasticNetwork.build(
        liquid=1, inputs=1, pre=np.array([1]), post=np.array([0]), weight=2.0, decay=1.0,
        threshold=100.0, kernel_decay=[0.5], gain=[1.0], last_spike=True, dtype=np.float64,
    )  # fmt: skip
    given = np.zeros((5, 1, 1))
    given[[0, 1]] = 100.0  # spikes at steps 1 and 2
    run = simulate(
        net, Events.of([given], [1], samples=1, steps=5), samples=1, steps=5, record=True
    )
    assert run.step.tolist() == [1, 2]
    # 2 · (1, then 1 anew, 1/2, 1/4)
    assert run.state.v[0, 0] == 2.0 + 2.0 + 1.0 + 0.5


def test_a_network_that_runs_to_nan_is_one_line():
    rng = np.random.default_rng(2)
    net = random_network(rng, last_spike=True)
    wild = rule()._replace(parameters=np.array([1e308, 1e308, 1e-300]))
    with pytest.raises(ValueError, match="sample 0 are no longer finite: lower the rates"):
        simulate(net, drive(rng, 2, 60), samples=2, steps=60, plasticity=wild)


def test_what_does_not_fit_is_one_line():
    rng = np.random.default_rng(3)
    net = random_network(rng, last_spike=True)
    events = drive(rng, 2, 10)
    with pytest.raises(ValueError, match="events are not ordered for 3 samples"):
        simulate(net, events, samples=3, steps=10)
    with pytest.raises(ValueError, match=r"events go to neurons 0 \.\. 24, got 20 \.\. 99"):
        far = Events(events.bounds, np.where(events.source == 24, 99, events.source), events.value)
        simulate(net, far, samples=2, steps=10)
    with pytest.raises(ValueError, match=r"weights are \[S\] or \[B, S\] with S = 150"):
        simulate(net, events, samples=2, steps=10, weight=np.zeros(3))
    with pytest.raises(ValueError, match="the state holds 4 samples, the input 2"):
        simulate(net, events, samples=2, steps=10, state=PlasticState.rest(net, 4))
    with pytest.raises(ValueError, match="unknown back end 'gpu'"):
        simulate(net, events, samples=2, steps=10, backend="gpu")
    delayed = random_network(rng, last_spike=True, delays=True)
    with pytest.raises(ValueError, match="needs delays of 0 steps"):
        simulate(delayed, events, samples=2, steps=10, plasticity=rule())
    with pytest.raises(ValueError, match=r"each source must lie in 0 \.\. 1, got 5 \.\. 5"):
        PlasticNetwork.build(
            liquid=2, pre=np.array([5]), post=np.array([0]), weight=1.0, decay=1.0, threshold=1.0
        )


def test_more_synapses_than_memory_are_told_before_they_are_made(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(MemoryError, match=r"a network of 100 synapses needs .* take fewer"):
        PlasticNetwork.build(
            liquid=10, pre=np.arange(100) // 10, post=np.arange(100) % 10, weight=1.0, decay=1.0,
            threshold=1.0,
        )  # fmt: skip


def test_no_modulator_leaves_its_state():
    state = np.array([0.3])
    unmodulated(state, np.zeros(0), 3, 4, 1.0)
    assert state[0] == 0.3
