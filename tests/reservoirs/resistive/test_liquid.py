"""Liquids: the spikes of a reference, an exact invariant, and the same layer three ways."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import needs

from axonal.reservoirs import ADC, Crossbar, ResistiveDevice, ResistiveLiquid
from axonal.reservoirs.resistive import _layer


def raster(steps: int = 30, samples: int = 5, inputs: int = 12, rate: float = 0.3) -> np.ndarray:
    return (np.random.default_rng(0).random((steps, samples, inputs)) < rate).astype(float)


def on_grid(seed: int, n: int = 20, inputs: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Weights whose sums are exact in any order."""
    rng = np.random.default_rng(seed)
    return rng.integers(-32, 48, (n, inputs)) / 64, rng.integers(-32, 32, (n, n)) / 64


@pytest.fixture
def reference() -> dict[str, np.ndarray]:
    path: Path = needs.data("fixtures") / "lsm_zeroshot" / "lsm_own_reference.npz"
    with np.load(path) as file:
        return dict(file)


def test_spikes_and_counts_are_those_of_the_reference(reference: dict[str, np.ndarray]) -> None:
    liquid = ResistiveLiquid(
        reference["Win"],
        reference["Wrec"],
        decay=float(reference["decay"]),
        threshold=float(reference["thr"]),
    )
    x = reference["x"].transpose(1, 0, 2)
    np.testing.assert_array_equal(liquid.spikes(x).transpose(1, 0, 2), reference["spikes"])
    np.testing.assert_array_equal(liquid.features(x), reference["count"])


def test_weights_and_threshold_scaled_together_leave_every_spike() -> None:
    w_in, w_rec = (np.random.default_rng(1).standard_normal(s) for s in ((20, 12), (20, 20)))
    spikes = ResistiveLiquid(w_in, w_rec, threshold=1.0).spikes(raster())
    assert 0.05 < spikes.mean() < 0.6
    # a power of two scales without rounding
    for scale in (2.0**-7, 0.5, 64.0):
        other = ResistiveLiquid(scale * w_in, scale * w_rec, threshold=scale)
        np.testing.assert_array_equal(other.spikes(raster()), spikes)


def test_the_threshold_has_to_be_exceeded() -> None:
    x, zero = np.ones((1, 1, 1)), [[0.0]]
    for weight, fires in ((1.0, 0), (np.nextafter(1.0, 2.0), 1)):
        assert ResistiveLiquid([[weight]], zero).spikes(x).item() == fires


def test_the_operator_and_the_written_out_loop_agree() -> None:
    w_in, w_rec = on_grid(2)
    liquid, x = ResistiveLiquid(w_in, w_rec, decay=0.5), raster()
    fast = liquid.spikes(x)
    np.testing.assert_array_equal(fast, liquid._step_by_step(x, None, None))
    assert 0.05 < fast.mean() < 0.9


def test_on_ideal_crossbars_a_liquid_is_what_it_was() -> None:
    x, options = raster(), {"scale": 0.4, "seed": 3, "size": 40}
    plain = ResistiveLiquid.random(12, **options)
    held = ResistiveLiquid.random(12, device=ResistiveDevice(), **options)
    for a, b in zip(plain.weights(), held.weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-14)
    np.testing.assert_array_equal(plain.spikes(x), held.spikes(x))
    fine = ResistiveLiquid.random(12, device=ResistiveDevice(), adc=ADC(24), **options)
    # read once per step, finer than what decides a spike here
    assert (plain.spikes(x) != fine.spikes(x)).mean() < 0.01


def test_noise_and_age_change_spikes_by_seed_and_time() -> None:
    x, options = raster(), {"scale": 0.4, "size": 40}
    noisy = ResistiveLiquid.random(12, device=ResistiveDevice(read_noise=0.2), **options)
    first, again, other = (noisy.spikes(x, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    with pytest.raises(ValueError, match="expects a seed"):
        noisy.spikes(x)
    aging = ResistiveLiquid.random(12, device=ResistiveDevice(drift=0.08), **options)
    rates = [aging.spikes(x, time=t).mean() for t in (1.0, 1e4, 1e8)]
    assert rates[0] > rates[1] > rates[2]


def test_features_count_fade_and_split() -> None:
    liquid, x = ResistiveLiquid.random(12, 30, scale=0.4, decay=0.75), raster(steps=10)
    spikes = liquid.spikes(x)
    np.testing.assert_array_equal(liquid.features(x), spikes.sum(0))
    np.testing.assert_array_equal(liquid.features(x, "rates"), spikes.mean(0))
    halves = np.concatenate([spikes[:5].sum(0), spikes[5:].sum(0)], 1)
    np.testing.assert_array_equal(liquid.features(x, parts=2), halves)
    trace = sum(0.75 ** (9 - t) * spikes[t] for t in range(10))
    np.testing.assert_allclose(liquid.features(x, "trace"), trace)


def test_many_samples_run_as_few(monkeypatch: pytest.MonkeyPatch) -> None:
    from axonal.reservoirs.resistive import resistive_liquid

    liquid, x = ResistiveLiquid(*on_grid(4)), raster(samples=11)
    whole = liquid.features(x)
    monkeypatch.setattr(resistive_liquid, "BATCH", 4)
    np.testing.assert_array_equal(liquid.features(x), whole)


def test_the_trained_layer_starts_as_the_liquid_and_learns() -> None:
    liquid, x = ResistiveLiquid(*on_grid(5), decay=0.5), raster()
    layer = liquid.trained()
    found = layer(torch.from_numpy(x).float())
    np.testing.assert_array_equal(found.detach().numpy(), liquid.features(x))
    found.square().mean().backward()
    for weight in layer.parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0


def test_the_trained_layer_refuses_what_does_not_fit() -> None:
    layer = ResistiveLiquid.random(12, 8).trained()
    for shape in ((3, 12), (3, 2, 7), (3, 0, 12)):
        with pytest.raises(ValueError, match=r"x \[T, B, 12\], not empty"):
            layer(torch.zeros(shape))


def test_gradients_are_those_of_the_definition() -> None:
    w_in, w_rec = (torch.from_numpy(w).requires_grad_() for w in on_grid(6))
    x = torch.from_numpy(raster())
    _layer.spikes(x, w_in, w_rec, 0.5, 1.0).pow(2).sum().backward()
    found = [w_in.grad, w_rec.grad]
    w_in.grad = w_rec.grad = None
    from axonal.neuro.ops.recurrent_lif import recurrent_lif

    rest, above = torch.zeros(5, 20).double(), np.nextafter(1.0, 2.0)
    fired, _, _ = recurrent_lif(
        x @ w_in.T, rest, rest, None, w_rec, None, torch.tensor(0.5).double(),
        torch.tensor(above).double(), _layer.SURROGATE, backend="reference",
    )  # fmt: skip
    fired.pow(2).sum().backward()
    for a, b in zip(found, [w_in.grad, w_rec.grad], strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda liquid: liquid.spikes(np.zeros((3, 2, 7))), r"x \[T, B, 12\], got \(3, 2, 7\)"),
        (lambda liquid: liquid.spikes(np.zeros((3, 12))), r"got shape \(3, 12\)"),
        (lambda liquid: liquid.spikes(np.zeros((3, 0, 12))), "something in it"),
        (lambda liquid: liquid.spikes(np.full((3, 1, 12), np.nan)), "finite x"),
        (lambda liquid: liquid.features(np.zeros((3, 2, 12))), "no neuron fires in any of 2"),
        (lambda liquid: liquid.features(raster(), "rate"), "counts, rates, trace"),
        (lambda liquid: liquid.features(raster(), "trace", parts=2), "parts=1 for a trace"),
        (lambda liquid: ResistiveLiquid(np.ones((12, 3)), np.ones((3, 3))), "transposed"),
        (lambda liquid: ResistiveLiquid(Crossbar([[1.0]]), [[1.0]], decay=1.5), "decay"),
        (lambda liquid: ResistiveLiquid.random(3, adc=ADC(8)), "belong to crossbars"),
    ],
)
def test_errors_are_one_line(call, told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        call(ResistiveLiquid.random(12, 8))
    assert "\n" not in str(error.value)
