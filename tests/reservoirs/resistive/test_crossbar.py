"""Crossbars: exact where nothing is wrong, and wrong by as much as each fault says."""

import numpy as np
import pytest

from axonal.reservoirs import ADC, Crossbar, ResistiveDevice

RNG = np.random.default_rng(5)
W = RNG.standard_normal((7, 11))
X = RNG.uniform(-1, 1, (50, 11))


def test_ideal_devices_multiply() -> None:
    for options in ({}, {"unit": 3.0}, {"base": 20.0}, {"voltage": 1.5}):
        crossbar = Crossbar(W, **options)
        np.testing.assert_allclose(crossbar.product(X), X @ W.T, rtol=0, atol=1e-13)
        np.testing.assert_allclose(crossbar.weights(), W, rtol=0, atol=1e-14)
        assert crossbar.linear
    assert Crossbar(W).product(X[0]).shape == (7,)
    assert Crossbar(W).product(X.reshape(5, 10, 11)).shape == (5, 10, 7)
    assert not Crossbar(np.zeros((2, 3)), adc=ADC(8)).product(np.ones(3)).any()


def test_programmed_targets_lie_in_the_window() -> None:
    crossbar = Crossbar(W, ResistiveDevice(2.0, 50.0))
    assert crossbar.conductances.min() == 2.0
    assert crossbar.conductances.max() == pytest.approx(50.0)
    # one device of each pair holds no weight
    assert (crossbar.conductances.min(0) == 2.0).all()


def test_the_spread_is_log_normal_and_of_the_seed() -> None:
    device = ResistiveDevice(1.0, 100.0, spread=0.2)
    w = np.full((100, 100), 1.0)
    first, again, other = (Crossbar(w, device, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.conductances, again.conductances)
    assert (first.conductances != other.conductances).all()
    logs = np.log(first.conductances[0] / 100.0)
    # 10 000 devices: four standard errors
    assert abs(logs.mean()) < 4 * 0.2 / 100
    assert logs.std() == pytest.approx(0.2, abs=4 * 0.2 / np.sqrt(2 * 10_000))


def test_devices_draw_the_same_faults_for_all_targets() -> None:
    device = ResistiveDevice(spread=0.3, stuck_low=0.1)
    one, two = Crossbar(W, device, seed=3), Crossbar(-W, device, seed=3)
    ratio = one.conductances / Crossbar(W).conductances
    other = two.conductances / Crossbar(-W).conductances
    free = one.conductances != 1.0
    np.testing.assert_allclose(ratio[free], other[free])


def test_stuck_devices_hold_an_end_of_the_window_and_do_not_age() -> None:
    device = ResistiveDevice(1.0, 100.0, stuck_low=0.2, stuck_high=0.1, drift=0.1)
    crossbar = Crossbar(np.full((100, 100), 0.5), device, unit=50.0, base=20.0)
    low, high = (crossbar.conductances == end for end in (1.0, 100.0))
    assert low[0].mean() == pytest.approx(0.2, abs=0.016)
    assert high[0].mean() == pytest.approx(0.1, abs=0.012)
    late = crossbar.weights(1e6) * 50
    both = (high[0] & low[1]) | (low[0] & high[1])
    np.testing.assert_allclose(np.abs(late[both])[high[0][both]], 99.0)
    everything = Crossbar(W, ResistiveDevice(stuck_low=1.0))
    assert not everything.weights().any()


def test_drift_is_a_power_of_time() -> None:
    crossbar = Crossbar(W, ResistiveDevice(drift=0.05, t_0=20.0))
    np.testing.assert_allclose(crossbar.weights(20.0), W, atol=1e-14)
    np.testing.assert_allclose(crossbar.weights(20e4), W * 1e4**-0.05, atol=1e-13)
    spread = Crossbar(W, ResistiveDevice(drift=0.05, drift_spread=0.02), seed=1)
    share = spread.weights(1e4) / W
    assert share.std() > 0.02 and (share <= 1).all()
    with pytest.raises(ValueError, match="time >= t_0 = 20 s"):
        crossbar.weights(1.0)


def test_read_noise_has_the_moments_of_single_devices() -> None:
    w, x = W[:2, :3], np.array([1.0, -0.5, 0.0])
    crossbar = Crossbar(w, ResistiveDevice(5.0, 100.0, read_noise=0.1))
    reads = 40_000
    got = crossbar.product(np.tile(x, (reads, 1)), seed=0)
    # the definition: every device of every read has noise of its own
    rng = np.random.default_rng(1)
    g = crossbar.conductances * (
        1 + 0.1 * rng.standard_normal((reads, *crossbar.conductances.shape))
    )
    wanted = (g[:, 0] - g[:, 1]) @ x / crossbar.unit
    deviation = wanted.std(0)
    np.testing.assert_allclose(got.mean(0), w @ x, atol=4 * deviation.max() / np.sqrt(reads))
    np.testing.assert_allclose(got.std(0), deviation, rtol=4 * np.sqrt(2 / (2 * reads)) * 1.5)
    np.testing.assert_array_equal(crossbar.product(x, seed=2), crossbar.product(x, seed=2))
    assert not crossbar.product(np.zeros(3), seed=2).any()
    with pytest.raises(ValueError, match="expects a seed"):
        crossbar.product(x)


def test_measured_weights_are_those_of_reads() -> None:
    wires = Crossbar(W, ResistiveDevice(spread=0.2, drift=0.1), wire_resistance=5.0, seed=4)
    found = wires.measured_weights(time=100.0)
    np.testing.assert_allclose(found, wires.weights(100.0), atol=1e-12)
    noisy = Crossbar(W, ResistiveDevice(read_noise=0.1))
    few, many = (np.abs(noisy.measured_weights(reads=k, seed=0) - W).max() for k in (1, 400))
    assert 0 < many < few / 5


@pytest.mark.parametrize("bits", [2, 4, 8, 12])
def test_a_converter_errs_by_half_a_step_at_most(bits: int) -> None:
    crossbar = Crossbar(W, adc=ADC(bits))
    full = np.abs(W).sum(1).max()
    step = full / (2 ** (bits - 1) - 1)
    y = crossbar.product(X)
    assert np.abs(y - X @ W.T).max() <= step / 2 * (1 + 1e-9)
    assert len(np.unique(np.rint(y / step))) <= 2**bits
    np.testing.assert_allclose(np.rint(y / step) * step, y, atol=1e-12)


def test_a_converter_saturates_at_its_full_scale() -> None:
    crossbar = Crossbar([[1.0]], ResistiveDevice(1.0, 101.0), adc=ADC(8, full_scale=10.0))
    # 1 is 100 µS at 0.2 V, 20 µA
    np.testing.assert_allclose(crossbar.product([[1.0], [-1.0], [0.25]])[:, 0], [0.5, -0.5, 0.25],
                               atol=0.5 * 10 / 127 / 20)  # fmt: skip


def test_random_weights_are_the_spread_of_the_devices() -> None:
    device = ResistiveDevice(4.0, 25.0, spread=0.4)
    crossbar = Crossbar.random(120, 100, device, deviation=0.5, seed=2)
    w = crossbar.weights()
    assert w.std() == pytest.approx(0.5, rel=0.05)
    assert abs(w.mean()) < 4 * 0.5 / np.sqrt(w.size)
    assert np.log(crossbar.conductances).mean() == pytest.approx(np.log(10.0), abs=0.01)
    with pytest.raises(ValueError, match="spread above 0"):
        Crossbar.random(2, 2, ResistiveDevice())
    with pytest.raises(ValueError, match="full scale"):
        Crossbar.random(2, 2, device, adc=ADC(8))


def test_the_heat_of_a_read_is_that_of_all_devices() -> None:
    crossbar = Crossbar(W, ResistiveDevice(1.0, 50.0), voltage=0.3)
    x = X[0]
    by_hand = sum(
        (0.3 * x[n]) ** 2 * crossbar.conductances[k, m, n] * 1e-6 * 250e-9
        for k in range(2)
        for m in range(7)
        for n in range(11)
    )
    assert crossbar.energy(x, 250e-9) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Crossbar([[1.0, np.nan]]), r"finite weights \[M, N\], got nan"),
        (lambda: Crossbar([1.0, 2.0]), r"expects weights \[M, N\], got shape \(2,\)"),
        (lambda: Crossbar(np.empty((0, 3))), "something in it"),
        (lambda: Crossbar([["a"]]), "real numbers"),
        (lambda: Crossbar([[2.0]], unit=60.0), "do not fit between 1 and 100 µS: write unit=49.5"),
        (lambda: Crossbar([[2.0]], base=200.0), "base in the window from 1 to 100"),
        (lambda: Crossbar(W, wire_resistance=-1), "wire_resistance"),
        (lambda: Crossbar(W, seed=-1), "seed"),
        (lambda: Crossbar(W).product(X.T), r"x \[..., 11\], got \(11, 50\). Is it transposed"),
        (lambda: Crossbar(W).product([np.inf] * 11), "finite x"),
        (lambda: Crossbar(W).energy(X[:, :5], 1e-7), r"x \[..., 11\], got \(50, 5\)"),
        (lambda: Crossbar(np.ones((400, 300)), wire_resistance=1.0).product(np.ones(300)),
         "at most 100000 devices"),
        (lambda: ResistiveDevice(10.0, 5.0), "g_max above g_min = 10 µS"),
        (lambda: ResistiveDevice(spread=-0.1), "spread"),
        (lambda: ResistiveDevice(stuck_low=5), "percents"),
        (lambda: ADC(1), "bits"),
        (lambda: ADC(8, full_scale=0), "full_scale"),
    ],
)  # fmt: skip
def test_errors_are_one_line(make, told: str) -> None:
    with pytest.raises((ValueError, TypeError), match=told) as error:
        make()
    assert "\n" not in str(error.value)
