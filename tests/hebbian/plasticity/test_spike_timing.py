"""Windows of spike timing, measured from single spikes, and what becomes of weights in the end."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from axonal.hebbian.plasticity import (
    TRIPLETS,
    Triplets,
    pair_stdp,
    reward_modulated_stdp,
    triplet_stdp,
)
from axonal.reservoirs import Liquid, PairSTDP, topology


def changes(rule: object, pre: Tensor, post: Tensor, **options: object) -> Tensor:
    """Sum of the changes [M, N] over spikes [T, N] and [T, M]."""
    total, traces = torch.zeros(post.shape[1], pre.shape[1], dtype=torch.float64), None
    weight = torch.full_like(total, 0.5)
    for pre_t, post_t in zip(pre.double(), post.double(), strict=True):
        change, traces = rule(weight, traces, pre_t[None], post_t[None], **options)  # type: ignore[operator]
        total += change
    return total


def one_spike(times: list[int], steps: int) -> Tensor:
    return (torch.arange(steps)[:, None] == torch.tensor(times)).float()


LAGS = [-40, -7, -1, 0, 1, 7, 40]


def test_the_window_of_pairs_is_exponential_on_both_sides() -> None:
    post = one_spike([50 + lag for lag in LAGS], 100)
    given = {"potentiation": 0.3, "depression": 0.2, "tau_plus": 9.0, "tau_minus": 21.0}
    window = changes(pair_stdp, one_spike([50], 100), post, **given).flatten().tolist()
    wanted = [
        0.3 * math.exp(-lag / 9) if lag > 0 else -0.2 * math.exp(lag / 21) if lag < 0 else 0.0
        for lag in LAGS
    ]
    assert window == pytest.approx(wanted, abs=1e-12)


def test_it_is_the_pair_rule_of_liquids_without_its_inhibition_and_modulator() -> None:
    """One excitatory synapse of a liquid, whose two neurons are made to spike from outside."""
    rule = PairSTDP(rate=0.15, tau_pre=10.0, tau_post=14.0, increment=0.1)
    wiring = topology.Wiring(np.array([True, True]), np.array([0]), np.array([1]))
    liquid = Liquid(wiring, weight=1.0, plasticity=rule, dtype=np.float64)
    drive = 100.0 * (np.random.default_rng(0).random((80, 1, 2)) < 0.15)
    events = liquid.events(drive, to="liquid")
    run = liquid.run(
        events, samples=1, steps=80, consecutive=True, record=True, backend="reference"
    )
    spikes = torch.from_numpy(run.raster(80)[:, 0]).float()
    assert (spikes.sum(0) > 5).all()
    mine = {"potentiation": 0.015, "depression": 0.015, "tau_plus": 10.0, "tau_minus": 14.0}
    change = changes(pair_stdp, spikes[:, :1], spikes[:, 1:], **mine).item()
    assert abs(change) > 0.01
    assert run.weights.item() - 1.0 == pytest.approx(change, abs=1e-12)


def test_nearest_spikes_do_not_add_up() -> None:
    pre, post = torch.zeros(30, 1), one_spike([20], 30)
    pre[[5, 10, 15]] = 1
    found = [changes(pair_stdp, pre, post, nearest=n, depression=0.0).item() for n in (True, False)]
    each = [0.01 * math.exp(-lag / 20) for lag in (5, 10, 15)]
    assert found == pytest.approx([each[0], sum(each)])


def test_multiplicative_weights_rest_where_the_docstring_says() -> None:
    torch.manual_seed(0)
    given = {"potentiation": 0.02, "depression": 0.03, "tau_plus": 5.0, "tau_minus": 8.0}
    weight, traces, late = torch.rand(40, 40), None, []
    for step in range(3000):
        spikes = (torch.rand(2, 1, 40) < 0.1).float()
        change, traces = pair_stdp(weight, traces, *spikes, exponent=1.0, **given)
        weight = weight + change
        if step >= 1500:
            late.append(weight.mean().item())
    up, down = 0.02 / math.expm1(1 / 5), 0.03 / math.expm1(1 / 8)
    assert sum(late) / len(late) == pytest.approx(up / (up + down), rel=0.03)
    assert weight.std() < 0.1


def test_triplets_without_a_third_spike_are_pairs() -> None:
    torch.manual_seed(0)
    pre, post = (torch.rand(2, 60, 5) < 0.2).float()
    only_pairs = Triplets(pair_plus=0.3, triplet_plus=0.0, pair_minus=0.2)
    found = changes(triplet_stdp, pre, post, triplets=only_pairs)
    pairs = {"potentiation": 0.3, "depression": 0.2, "tau_plus": 16.8, "tau_minus": 33.7}
    torch.testing.assert_close(found, changes(pair_stdp, pre, post, **pairs))


@pytest.mark.parametrize("name", TRIPLETS)
def test_triplets_depend_on_the_frequency_of_pairs_as_in_visual_cortex(name: str) -> None:
    """Pairs 10 ms apart at 1 to 50 per second: the protocol of Pfister and Gerstner (2006)."""
    rates, lag, steps = (1, 10, 20, 40, 50), 10, 2200
    pre = torch.zeros(steps, len(rates))
    for place, rate in enumerate(rates):
        pre[100 : steps - 50 : 1000 // rate, place] = 1
    post = torch.cat([torch.roll(pre, sign * lag, 0) for sign in (1, -1)], 1)
    found = changes(triplet_stdp, pre, post, triplets=TRIPLETS[name])
    causal, reversed_ = (half.diagonal() / pre.sum(0) for half in found.split(len(rates)))
    assert causal.tolist() == sorted(causal.tolist())
    assert causal[0] < 0.1 * causal[-1]
    assert reversed_[0] < 0 and reversed_[1] < 0 < reversed_[-1]


REWARDED, SILENT = 0, 1


def trials(rewards: str, seed: int = 0) -> list[float]:
    """Share of right trials per block: fire for one of two patterns, and for the other not."""
    generator = torch.Generator().manual_seed(seed)
    weight, mean, right = torch.full((1, 10), 0.6), torch.zeros(2), []
    for _ in range(150):
        kinds = torch.randint(0, 2, (32,), generator=generator)
        mine = (torch.arange(10) < 5)[None] == (kinds == REWARDED)[:, None]
        times = torch.randint(0, 10, (32, 10), generator=generator)
        v, fired, traces = torch.zeros(32, 1), torch.zeros(32), None
        for t in range(12):
            pre = ((times == t) & mine).float()
            v = 0.9 * v + pre @ weight.T
            chance = torch.sigmoid(4 * (v - 1.5))
            post = (torch.rand(32, 1, generator=generator) < chance).float()
            v, fired = v * (1 - post), fired + post[:, 0]
            reward = torch.zeros(32)
            if t == 11:
                good = (fired > 0) == (kinds == REWARDED)
                signed = 2.0 * good.float() - 1
                reward = torch.ones(32) if rewards == "constant" else signed - mean[kinds]
                for kind in (0, 1):
                    mean[kind] += 0.1 * (signed[kinds == kind].mean() - mean[kind])
            change, traces = reward_modulated_stdp(
                weight, traces, pre, post, reward, depression=0.0, tau_plus=5.0
            )
            weight = (weight + 0.3 * change).clamp(-1, 2)
        right.append(good.float().mean().item())
    return right


def test_rewards_teach_which_pattern_to_answer() -> None:
    right, plain = trials("signed"), trials("constant")
    assert sum(right[:10]) / 10 < 0.7
    assert sum(right[-30:]) / 30 > 0.9
    assert sum(plain[-30:]) / 30 < 0.6


@pytest.mark.parametrize("rule", [pair_stdp, triplet_stdp])
def test_what_does_not_fit_is_one_line(rule: object) -> None:
    w, x, y = torch.zeros(4, 3), torch.zeros(2, 3), torch.zeros(2, 4)
    _, traces = rule(w, None, x, y)  # type: ignore[operator]
    for given, said in (
        ((w.T, None, x, y), r"targets first"),
        ((w, None, torch.zeros(5, 2, 3), y), "step by step"),
        ((w, None, x[:1], y), "of one batch, got B = 1 and 2"),
        ((w, traces, x[:1], y[:1]), "the traces that the step before returned"),
    ):
        with pytest.raises(ValueError, match=said) as caught:
            rule(*given)  # type: ignore[operator]
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tau_plus": 0.0}, "tau_plus as a finite number > 0"),
        ({"potentiation": -1.0}, "potentiation as a finite number >= 0"),
        ({"exponent": 2.0}, "exponent as a finite number from 0 to 1"),
    ],
)
def test_settings_out_of_range_are_one_line(given: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pair_stdp(torch.zeros(1, 1), None, torch.zeros(1, 1), torch.zeros(1, 1), **given)


def test_a_reward_is_one_number_or_one_per_sample() -> None:
    w, x = torch.zeros(1, 1), torch.zeros(2, 1)
    with pytest.raises(ValueError, match=r"one number, or one per sample \[2\], got \(3,\)"):
        reward_modulated_stdp(w, None, x, x, torch.zeros(3))
