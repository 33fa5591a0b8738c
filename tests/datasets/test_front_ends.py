"""Sound becomes spikes causally, where the equations say, and the same in any company."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import HairCells, MelDelta, MelQuantiles

RATE = 8000
FRONT_ENDS = {"mel": MelDelta(), "gammatone": HairCells()}
both = pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)


def sound(seed: int, samples: int = 1500) -> npt.NDArray[np.float64]:
    """Noise whose colour and loudness change, with a silent beginning."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / RATE
    tone = np.sin(2 * np.pi * rng.uniform(150, 3000) * t)
    loudness = np.interp(t, np.sort(rng.uniform(0, t[-1], 4)), rng.uniform(0, 0.4, 4), left=0)
    return loudness * (tone + 0.2 * rng.standard_normal(samples)).clip(-1.5, 1.5)


def tone(frequency: float, level: float = 0.1, samples: int = 2400) -> npt.NDArray[np.float64]:
    return level * np.sin(2 * np.pi * frequency * np.arange(samples) / RATE)


def spikes_of(front_end: HairCells | MelDelta, x: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    ((times, units),) = front_end.encode([x])
    return list(zip(times.tolist(), units.tolist(), strict=True))


@both
@given(st.integers(0, 10_000), st.data())
def test_spikes_up_to_a_time_do_not_depend_on_later_samples(
    front_end: HairCells | MelDelta, seed: int, data: st.DataObject
) -> None:
    whole = sound(seed)
    cut = data.draw(st.integers(40, len(whole)))
    other = whole.copy()
    other[cut:] = data.draw(st.sampled_from([0.0, 1.0, -0.9]))
    until = cut * 1_000_000 // RATE  # when the first sample that differs is heard
    kept = [[s for s in spikes_of(front_end, x) if s[0] < until] for x in (whole, other)]
    assert kept[0] == kept[1]
    # nor on whether there is anything after it
    assert [s for s in spikes_of(front_end, whole[:cut]) if s[0] < until] == kept[0]


@both
def test_a_change_is_heard_from_its_own_time_on(front_end: HairCells | MelDelta) -> None:
    x = np.concatenate([np.zeros(800), tone(700)])
    times = [t for t, _ in spikes_of(front_end, x)]
    assert 100_000 <= min(times) < 120_000


@both
def test_a_sound_gives_the_same_spikes_in_any_company(front_end: HairCells | MelDelta) -> None:
    sounds = [sound(seed, samples) for seed, samples in enumerate((1500, 403, 2600, 997))]
    together = front_end.encode(sounds)
    for x, (times, units) in zip(sounds, together, strict=True):
        assert spikes_of(front_end, x) == list(zip(times.tolist(), units.tolist(), strict=True))
        assert (np.diff(times) >= 0).all()
        assert (times.dtype, units.dtype) == (np.int32, np.uint16)
        assert units.max() < front_end.channels
        assert times.max() < len(x) * 125


@both
def test_silence_is_silent(front_end: HairCells | MelDelta) -> None:
    assert spikes_of(front_end, np.zeros(4000)) == []


@pytest.mark.parametrize("frequency", [200.0, 500.0, 1200.0, 2500.0])
def test_a_tone_drives_the_hair_cells_of_its_frequency_most(frequency: float) -> None:
    cells = HairCells()
    units = [unit for _, unit in spikes_of(cells, tone(frequency))]
    busiest = cells.centres[np.bincount(units, minlength=64).argmax()]
    assert abs(np.log2(busiest / frequency)) < 0.2


@pytest.mark.parametrize("channel", [0, 20, 63])
def test_a_gammatone_is_its_cascade_of_complex_filters(channel: int) -> None:
    cells = HairCells(emphasis=0.0)
    centre = cells.centres[channel]
    x = np.random.default_rng(channel).uniform(-1, 1, 400)
    erb = 24.7 * (4.37 * centre / 1000 + 1)
    pole = np.exp((-2 * np.pi * 1.019 * erb + 2j * np.pi * centre) / RATE)
    z = x.astype(complex)
    for _ in range(4):
        state, out = 0j, []
        for value in z:
            state = pole * state + (1 - abs(pole)) * value
            out.append(state)
        z = np.array(out)
    np.testing.assert_allclose(cells.filtered(x)[:, channel], z.real, atol=1e-6)


def test_the_impulse_response_of_a_gammatone_is_the_published_one() -> None:
    # t^3 exp(-2 pi b t) cos(2 pi f t), here sampled: (t + 1)(t + 2)(t + 3) / 6 in steps
    cells = HairCells(emphasis=0.0)
    x = np.zeros(600)
    x[0] = 1.0
    n = np.arange(600)
    for channel in (10, 40):
        centre = cells.centres[channel]
        radius = np.exp(-2 * np.pi * 1.019 * 24.7 * (4.37 * centre / 1000 + 1) / RATE)
        envelope = (n + 1) * (n + 2) * (n + 3) / 6 * radius**n * (1 - radius) ** 4
        expected = envelope * np.cos(2 * np.pi * centre / RATE * n)
        np.testing.assert_allclose(cells.filtered(x)[:, channel], expected, atol=1e-7)


def test_centres_are_evenly_spaced_on_the_erb_scale() -> None:
    centres = HairCells().centres
    number = 21.4 * np.log10(4.37 * centres / 1000 + 1)
    assert centres[[0, -1]] == pytest.approx([100, 3600])
    np.testing.assert_allclose(np.diff(number), np.diff(number)[0])


def test_hair_cells_respect_their_refractory_time() -> None:
    times, units = HairCells().encode([tone(400, 0.9)])[0]
    for channel in np.unique(units):
        gaps = np.diff(times[units == channel])
        assert (gaps >= 2000).all()


def test_hair_cells_adapt() -> None:
    times, _ = HairCells().encode([tone(400, 0.3, 4000)])[0]
    early, late = [((times >= a) & (times < a + 100_000)).sum() for a in (0, 400_000)]
    assert early > late > 0


@pytest.mark.parametrize("frequency", [300.0, 1000.0, 2600.0])
def test_the_loudest_mel_band_is_that_of_the_tone(frequency: float) -> None:
    band = MelDelta().energies(tone(frequency))[20].argmax()
    edges = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (60, 3900)), 42)
    assert abs(2595 * np.log10(1 + frequency / 700) - edges[band + 1]) < np.diff(edges)[0]


def test_mel_energies_rise_by_twenty_decibels_for_ten_times_the_amplitude() -> None:
    quiet, loud = (MelDelta().energies(tone(1000, level))[10:].max() for level in (0.01, 0.1))
    assert loud - quiet == pytest.approx(20, abs=1e-6)


@given(st.integers(0, 10_000))
def test_on_and_off_spikes_follow_the_energies_to_within_a_threshold(seed: int) -> None:
    front_end = MelDelta()
    x = sound(seed)
    energies = front_end.energies(x)
    counts = np.zeros((len(energies), 80))
    for time, unit in spikes_of(front_end, x):
        counts[time // 5000, unit] += 1
    floor = np.maximum.accumulate(np.maximum(energies.max(1), -45.0)) - 42
    level = np.full(40, -87.0)
    for k, energy in enumerate(energies):
        level = np.maximum(level, floor[k]) + 4 * (counts[k, :40] - counts[k, 40:])
        assert (np.abs(np.maximum(energy, floor[k]) - level) < 4 + 1e-9).all()
    assert not (counts[:, :40] * counts[:, 40:]).any()


@pytest.mark.parametrize("front_end", [MelDelta(quiet=-90), HairCells()], ids=FRONT_ENDS)
def test_the_level_of_a_sound_that_begins_loud_does_not_matter(
    front_end: HairCells | MelDelta,
) -> None:
    x = 0.2 * np.cos(2 * np.pi * 600 * np.arange(1600) / RATE) * np.linspace(1, 0.01, 1600)
    assert spikes_of(front_end, x) == spikes_of(front_end, 4 * x)


@given(st.integers(0, 10_000), st.integers(300, 9000))
def test_quantiles_tell_by_their_times_alone(seed: int, samples: int) -> None:
    front_end = MelQuantiles()
    x = sound(seed, samples)
    ((times, units),) = front_end.encode([x])
    assert (np.bincount(units, minlength=40) == 4).all()
    assert (np.diff(times) >= 0).all()
    assert (times.dtype, units.dtype) == (np.int32, np.uint16)
    assert times.max() < 600_000
    magnitude = 10 ** (MelDelta().energies(x)[:120] / 20)
    for band in (0, 17, 39):
        passed = np.cumsum(magnitude[:, band]) / magnitude[:, band].sum()
        for time, share in zip(times[units == band], (0.1, 0.35, 0.65, 0.9), strict=True):
            frame = time // 5000
            assert passed[frame] >= share - 1e-9
            assert frame == 0 or passed[frame - 1] < share + 1e-9


def test_quantiles_do_not_hear_how_loud_a_sound_is() -> None:
    x = 0.2 * sound(3).clip(-1, 1)
    quiet, loud = MelQuantiles().encode([x, 4 * x])
    np.testing.assert_array_equal(quiet, loud)


ERRORS: dict[str, tuple[Callable[[], object], str]] = {
    "stereo": (lambda: MelDelta().encode([np.zeros((800, 2))]), "Is it stereo"),
    "integers": (lambda: HairCells().encode([np.full(800, 900)]), "Divide them by 32768"),
    "nan": (lambda: MelDelta().encode([np.full(800, np.nan)]), "800 NaN or infinite"),
    "short": (lambda: MelDelta().encode([np.zeros(39)]), "at least 40 samples, got 39"),
    "empty": (lambda: HairCells().encode([np.zeros(0)]), "at least 1 samples, got 0"),
    "above half the rate": (lambda: MelDelta(highest=5000), "rate / 2 = 4000"),
    "crossed": (lambda: HairCells(lowest=900, highest=800), "lowest < highest"),
    "hop": (lambda: MelDelta(hop=0.05), "at most the window of 0.025 s"),
    "threshold": (lambda: MelDelta(threshold=0), "threshold as a finite number > 0"),
    "emphasis": (lambda: HairCells(emphasis=1.0), "emphasis from 0 to below 1"),
    "shares": (lambda: MelQuantiles(shares=(0.5, 0.2)), "rising shares above 0 and at most 1"),
    "no shares": (lambda: MelQuantiles(shares=()), "rising shares"),
    "length": (lambda: MelQuantiles(length=0.004), "length of at least a hop of 0.005 s"),
    "bands": (lambda: MelDelta(bands=0), "bands"),
}


@pytest.mark.parametrize(("call", "message"), ERRORS.values(), ids=ERRORS)
def test_what_is_no_sound_is_refused_in_one_line(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
