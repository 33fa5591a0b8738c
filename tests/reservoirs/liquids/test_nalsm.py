"""The neuron-astrocyte liquid and its readout as estimators."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from axonal.datasets import digits
from axonal.reservoirs import NALSM, Astrocyte, CountReadout, PairSTDP
from axonal.reservoirs.liquids._bernoulli import bernoulli

SMALL = {"initial": 40, "steps": 60, "density": 0.3}


def pictures():
    samples = digits("train")
    return samples.dense(range(80)).sum(axis=0), samples.labels[:80]


def test_it_fits_into_a_pipeline_and_learns_something():
    x, y = pictures()
    scores = {}
    for parity in (False, True):
        liquid = NALSM((5, 5, 5), parity=parity, **SMALL)
        line = make_pipeline(liquid, StandardScaler(), RidgeClassifier())
        scores[parity] = line.fit(x, y).score(x, y)
    assert min(scores.values()) > 0.5


def test_a_clone_gives_the_same_counts_and_another_seed_gives_others():
    x, _ = pictures()
    liquid = NALSM((4, 4, 4), **SMALL)
    counts = liquid.fit_transform(x)
    assert counts.sum() > 0
    assert np.array_equal(counts, clone(liquid).fit_transform(x))
    assert not np.array_equal(counts, NALSM((4, 4, 4), seed=1, **SMALL).fit_transform(x))


def test_counts_of_a_sample_do_not_depend_on_its_company_unless_parity_is_kept():
    x, _ = pictures()
    for parity in (False, True):
        liquid = NALSM((4, 4, 4), parity=parity, **SMALL).fit(x)
        first = liquid.transform(x)[:10]
        alike = np.array_equal(first, liquid.transform(x[:10]))
        assert alike is not parity


def test_plasticity_alone_excites_a_liquid_more_than_an_astrocyte_lets_it():
    x, _ = pictures()
    options = {"initial": 80, "steps": 100, "density": 0.3}
    spikes = [
        NALSM((6, 6, 6), modulator=modulator, **options).fit_transform(x).sum()
        for modulator in (Astrocyte(strength=0.1), None)
    ]
    assert spikes[0] < 0.9 * spikes[1]


def test_a_liquid_that_does_not_learn_keeps_its_weights():
    x, _ = pictures()
    still = NALSM((4, 4, 4), plasticity=None, modulator=None, weight=0.7, **SMALL).fit(x)
    assert np.allclose(np.abs(still.weights_), 0.7)


def test_recordings_drive_it_as_pictures_do_not():
    rng = np.random.default_rng(0)
    events = [np.column_stack([np.sort(rng.integers(0, 60, 50)), rng.integers(0, 9, 50)])] * 3
    counts = NALSM((4, 4, 4), plasticity=PairSTDP(), **SMALL).fit_transform(events)
    assert counts.shape == (3, 64)
    assert np.array_equal(counts[0], counts[1])


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, 3, 4)), r"expects pictures \[B, M\], got \(2, 3, 4\)"),
        (np.full((2, 3), np.nan), "expects finite pixels >= 0"),
        ([np.zeros((2, 3), int)], r"number 0 is int64 \(2, 3\)"),
        ([np.full((2, 2), -1)], "recording 0 has less"),
        ([], "at least one sample"),
    ],
)
def test_wrong_samples_are_one_line(samples, message):
    with pytest.raises(ValueError, match=message):
        NALSM((3, 3, 3)).fit(samples)


def test_other_inputs_than_those_of_fit_are_refused():
    x, _ = pictures()
    liquid = NALSM((3, 3, 3), initial=0).fit(x)
    with pytest.raises(ValueError, match="fitted on 64 inputs, got samples with 65"):
        liquid.transform(np.ones((1, 65)))


def test_a_black_picture_is_silent_and_divides_by_nothing():
    x, y = pictures()
    liquid = NALSM((4, 4, 4), **SMALL).fit(x)
    counts = liquid.transform(np.vstack([x, np.zeros_like(x[:1])]))
    assert counts[-1].sum() == 0
    readout = CountReadout(passes=3).fit(counts, np.append(y, 0))
    assert np.isfinite(readout.decision_function(counts)).all()


def test_the_softened_labels_are_those_of_the_paper():
    soft = np.exp(2.0 * np.eye(10)[0] - 1.0)
    assert np.allclose((soft / soft.sum())[:2], [0.45085, 0.06102], atol=1e-5)


def test_the_first_update_of_the_readout_is_adadeltas():
    counts, y = np.array([[3, 1], [1, 3]]), np.array([0, 1])
    readout = CountReadout(passes=1, batch=2, penalty=0.0).fit(counts, y)
    shares = np.array([[0.75, 0.25], [0.25, 0.75]]) / 0.75
    soft = np.exp([1.0, -1.0]) / np.exp([1.0, -1.0]).sum()
    error = (0.5 - np.array([soft, soft[::-1]])) / 2
    gradient = shares.T @ error
    step = gradient * np.sqrt(1e-8 / (0.05 * gradient**2 + 1e-8))
    assert np.allclose(readout.coef_, -0.1 * step, rtol=1e-4)


def test_validation_chooses_the_pass():
    x, y = pictures()
    counts = NALSM((4, 4, 4), **SMALL).fit_transform(x)
    readout = CountReadout(passes=20, batch=20)
    readout.fit(counts[:60], y[:60], validation=(counts[60:], y[60:]))
    last = CountReadout(passes=readout.pass_, batch=20).fit(counts[:60], y[:60])
    assert np.array_equal(readout.coef_, last.coef_)


def test_a_readout_on_one_class_is_one_line():
    with pytest.raises(ValueError, match="two classes or more, got only"):
        CountReadout().fit(np.ones((3, 2)), [1, 1, 1])
    with pytest.raises(ValueError, match="one class per sample, got 2 for 3"):
        CountReadout().fit(np.ones((3, 2)), [0, 1])
    with pytest.raises(ValueError, match="finite counts >= 0"):
        CountReadout().fit(-np.ones((3, 2)), [0, 1, 1])


def test_impulses_have_the_rates_that_were_asked_for():
    rates = np.array([[0.0, 0.1, 0.5, 1.0]] * 20)
    events = bernoulli(rates, 500, seed=3, numbers=np.arange(20), offset=0, value=1.0)
    shares = np.bincount(events.source, minlength=4) / 10_000
    assert np.allclose(shares, rates[0], atol=0.02)
    one = bernoulli(rates[:1], 500, seed=3, numbers=np.array([7]), offset=0, value=1.0)
    bounds = events.bounds[7 * 500 : 8 * 500 + 1]
    assert np.array_equal(one.source, events.source[bounds[0] : bounds[-1]])


def test_a_table_of_pixels_is_taken_whoever_holds_it():
    class Frame:
        """As pandas has one: it iterates over its columns, and gives its rows as an array."""

        def __init__(self, rows):
            self.rows = rows

        def __array__(self, dtype=None, copy=None):
            return np.array(self.rows, dtype)

        def __iter__(self):
            return iter(range(self.rows.shape[1]))

    x, _ = pictures()
    liquid = NALSM((3, 3, 3), initial=5, steps=20).fit(x)
    assert np.array_equal(liquid.transform(Frame(x)), liquid.transform(x))
    with pytest.raises(ValueError, match=r"Pictures come as one array \[B, M\]"):
        liquid.transform(x.astype(float).tolist())


def test_the_last_inputs_may_be_silent_in_the_samples_of_fit():
    few, many = [np.array([[0, 1], [3, 2]])], [np.array([[0, 5]])]
    with pytest.raises(ValueError, match=r"fitted on 3 inputs, got samples with 6. Write inputs="):
        NALSM((3, 3, 3), initial=1, steps=5).fit(few).transform(many)
    liquid = NALSM((3, 3, 3), initial=1, steps=5, inputs=6).fit(few)
    assert liquid.transform(many).shape == (1, 27)
    with pytest.raises(ValueError, match="expects 6 inputs, got samples with 64"):
        liquid.fit(pictures()[0])


def test_a_run_asks_for_what_transform_asks_for():
    x, _ = pictures()
    with pytest.raises(NotFittedError):
        NALSM((3, 3, 3)).run(x)
    liquid = NALSM((3, 3, 3), initial=0).fit(x)
    for width in (63, 65):
        with pytest.raises(ValueError, match=f"fitted on 64 inputs, got samples with {width}"):
            liquid.run(np.ones((1, width)))


def test_counts_of_another_liquid_are_refused():
    readout = CountReadout(passes=2).fit(np.ones((4, 3)), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="counts of 3 neurons, got 5"):
        readout.predict(np.ones((2, 5)))
    with pytest.raises(ValueError, match="counts of 3 neurons, got 2"):
        readout.fit(np.ones((4, 3)), [0, 1, 0, 1], validation=(np.ones((1, 2)), [0]))
    with pytest.raises(ValueError, match=r"per validation sample, got \(3,\) for 2"):
        readout.fit(np.ones((4, 3)), [0, 1, 0, 1], validation=(np.ones((2, 3)), [0, 1, 0]))
