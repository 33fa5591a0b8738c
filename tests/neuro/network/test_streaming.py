"""Properties of random Networks in evaluation mode: how a run is cut changes nothing."""

import pytest
import torch
from helpers.layers import NAMES
from helpers.neuro import observed, same_run, spike_train
from helpers.random_networks import networks
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from torch.utils import _pytree as pytree

from axonal import neuro

STEPS = 12
seeds = st.integers(0, 2**16)


def inputs(shape, seed, steps=STEPS, batch=3):
    return spike_train(seed, steps, batch, *shape)


def joined(parts):
    """Join runs over time: outputs (perhaps tuples of them) and spikes by path."""
    outputs = [y for y, _ in parts]
    y = pytree.tree_map(lambda *pieces: torch.cat(pieces), *outputs)
    spikes = {path: torch.cat([s[path] for _, s in parts]) for path in parts[0][1]}
    return y, spikes


@given(networks(), seeds, st.lists(st.integers(1, STEPS - 1), unique=True))
def test_any_split_into_chunks_equals_one_call(drawn, seed, cuts):
    net, shape = drawn
    x = inputs(shape, seed)
    y, end, spikes = observed(net, x)
    parts, state = [], None
    for chunk in x.tensor_split(sorted(cuts)):
        y_chunk, state, chunk_spikes = observed(net, chunk, state)
        parts.append((y_chunk, chunk_spikes))
    same_run((y, spikes), joined(parts))
    torch.testing.assert_close(state, end, rtol=0, atol=1e-12)


@given(networks(), seeds)
def test_single_steps_equal_one_call(drawn, seed):
    net, shape = drawn
    x = inputs(shape, seed)
    y, end = net(x)
    outputs, state = [], None
    for x_t in x.unbind(0):
        y_t, state = net.step(x_t, state)
        outputs.append(y_t)
    stacked = pytree.tree_map(lambda *steps: torch.stack(steps), *outputs)
    torch.testing.assert_close(stacked, y, rtol=0, atol=1e-12)
    torch.testing.assert_close(state, end, rtol=0, atol=1e-12)


@given(networks(), seeds, st.integers(0, STEPS))
def test_a_streamer_equals_one_call_and_starts_anew_after_reset(drawn, seed, cut):
    net, shape = drawn
    x = inputs(shape, seed)
    y, _ = net(x)
    stream = neuro.Streamer(net)
    for _ in range(2):
        pieces = [pytree.tree_map(lambda a: a.unsqueeze(0), stream(x_t)) for x_t in x[:cut]]
        pieces += [stream.run(x[cut:])] if cut < STEPS else []
        whole = pytree.tree_map(lambda *parts: torch.cat(parts), *pieces)
        torch.testing.assert_close(
            whole, y.detach() if torch.is_tensor(y) else y, rtol=0, atol=1e-12
        )
        stream.reset()


@given(networks(), seeds, st.integers(1, STEPS - 1))
def test_the_future_does_not_reach_back(drawn, seed, t):
    net, shape = drawn
    x = inputs(shape, seed)
    other = torch.cat((x[:t], 1 - x[t:]))
    y, _, spikes = observed(net, x)
    other_y, _, other_spikes = observed(net, other)
    same_run(
        (pytree.tree_map(lambda a: a[:t], y), {p: s[:t] for p, s in spikes.items()}),
        (pytree.tree_map(lambda a: a[:t], other_y), {p: s[:t] for p, s in other_spikes.items()}),
    )


@given(networks(), seeds, st.permutations(range(4)))
def test_samples_do_not_see_each_other(drawn, seed, order):
    net, shape = drawn
    x = inputs(shape, seed, batch=4)
    y, _, spikes = observed(net, x)
    other_y, _, other_spikes = observed(net, x[:, order])
    same_run(
        (pytree.tree_map(lambda a: a[:, order], y), {p: s[:, order] for p, s in spikes.items()}),
        (other_y, other_spikes),
    )


@given(networks(biased=False), seeds, st.integers(1, 5))
def test_a_later_input_gives_the_same_output_later(drawn, seed, shift):
    net, shape = drawn
    x = inputs(shape, seed)
    silence = x.new_zeros(shift, *x.shape[1:])
    y, _, spikes = observed(net, x)
    late_y, _, late = observed(net, torch.cat((silence, x)))
    assert all(not a[:shift].any() for a in pytree.tree_leaves(late_y))
    same_run(
        (y, spikes),
        (pytree.tree_map(lambda a: a[shift:], late_y), {p: s[shift:] for p, s in late.items()}),
    )


@given(seeds, st.integers(0, 4))
def test_longer_delays_shift_the_output(seed, shift):
    generator = torch.Generator().manual_seed(seed)
    delay = torch.randint(0, 4, (5, 3), generator=generator)
    early = neuro.DelayedLinear(3, 5, max_delay=8, delay=delay).double().eval()
    late = neuro.DelayedLinear(3, 5, max_delay=8, delay=delay + shift).double().eval()
    late.weight = early.weight
    x = torch.randn(STEPS, 2, 3, dtype=torch.float64, generator=generator)
    y, late_y = early(x)[0], late(x)[0]
    torch.testing.assert_close(late_y[shift:], y[: STEPS - shift], rtol=0, atol=1e-12)
    assert not late_y[:shift].any()


@pytest.mark.slow
def test_random_networks_hold_every_kind_of_layer_and_fire():
    # without this, the properties above could hold because nothing ever happens
    found = set()
    # a readout does not fire, and a network is what is drawn
    wanted = set(NAMES) - {"LeakyIntegrator", "Sequential"} | {"Conv2d", "BatchNorm"}

    def complete(drawn):
        net, shape = drawn
        new = {type(m).__name__ for m in net.modules()} & wanted - found
        if new:
            _, _, spikes = observed(net, inputs(shape, 0))
            if all(0 < (s != 0).double().mean() < 1 for s in spikes.values()):
                found.update(new)
        return wanted <= found

    # the first that completes them will do: to look for the smallest takes most of the time
    first = settings(phases=[Phase.generate], max_examples=3000)
    try:
        # there are many layers with connections inside, of which one is seldom drawn
        find(st.one_of(networks(), networks(sequences=True)), complete, settings=first)
    except NoSuchExample:
        assert wanted - found == set()
