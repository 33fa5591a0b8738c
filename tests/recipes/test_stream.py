"""Files through trained runs: the steps of a recipe's own samples, and decisions about them."""

import numpy as np
import pytest
import torch
from helpers.sound import write_wav

from axonal import recipes
from axonal.datasets import EventSet, Grid, MelDelta, Recording, Sensor, counts, write_evt2
from axonal.recipes import _learning, _steps, nmnist, smnist, spoken_digits
from axonal.recipes._feed import Feed, feed_of

FOLDER = recipes.trained("digits")


def test_a_stream_decides_as_the_run_predicts(tmp_path):
    net, settings = recipes.load_run(FOLDER)
    samples = recipes.find("digits").data(settings)["test"]
    predicted = _learning.predict(net, samples, settings)
    for sample in (0, 7):
        np.save(tmp_path / "x.npy", samples.dense([sample])[:, 0])
        stream = recipes.stream_run(FOLDER, tmp_path / "x.npy")
        *_, last = stream.decisions()
        y, _ = net(torch.from_numpy(samples.dense([sample])))
        torch.testing.assert_close(last.scores, _learning.READOUTS[settings.readout](y))
        assert last.labels.item() == predicted[sample]
        assert last.step + 1 == stream.steps.count == len(y)


def test_a_sound_becomes_the_steps_that_training_sees(tmp_path):
    settings = spoken_digits.Settings(silence=5)
    sound = np.rint(9000 * np.sin(np.arange(4800) ** 1.2))
    write_wav(tmp_path / "a.wav", sound)
    found = _steps.steps_of(tmp_path / "a.wav", feed_of("spoken-digits", settings), "")
    ((times, channels),) = MelDelta().encode([sound / 32768])
    events = EventSet.of(times, channels, [0, len(times)], [0], sensor=Sensor(80), classes="a")
    expected = counts(events, Grid(settings.dt, 60), dtype=np.float32).values[:, 0]
    rows = np.stack(list(found.rows))
    assert found.count == len(rows) == 65 and not rows[60:].any()
    assert np.array_equal(rows[:60], expected)


def test_a_recording_is_counted_in_pieces_as_at_once(tmp_path):
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(0, 1_300_000, 4000))
    recording = Recording(times, rng.integers(0, 6, 4000).astype(np.uint32), Sensor(6))
    found = _steps._counted(recording, Feed(0.001, counts=np.sqrt))
    whole = counts(recording, Grid(0.001, found.count), dtype=np.float32).values[:, 0]
    assert found.count > 2 * _steps.AT_ONCE
    assert np.array_equal(np.stack(list(found.rows)), np.sqrt(whole))


def test_tables_and_arrays_are_rows_of_steps(tmp_path):
    x = np.array([[0.0, 1.5], [2.0, -3.0], [4.0, 0.25]], np.float32)
    np.savez(tmp_path / "x.npz", x=x[:, None])
    named = ["time,left,right", *(f"{0.01 * t},{a},{b}" for t, (a, b) in enumerate(x))]
    (tmp_path / "x.csv").write_text("\n".join(named))
    np.savetxt(tmp_path / "x.txt", x)
    for name in ("x.npz", "x.csv", "x.txt"):
        found = _steps.steps_of(tmp_path / name, Feed(0.01), "")
        assert np.array_equal(np.stack(list(found.rows)), x), name


def _files(folder):
    write_wav(folder / "fast.wav", np.ones(1600), rate=16000)
    write_wav(folder / "short.wav", np.ones(3))
    np.save(folder / "narrow.npy", np.zeros((4, 63)))
    np.save(folder / "flat.npy", np.zeros(4))
    np.save(folder / "nan.npy", np.full((4, 64), np.nan))
    (folder / "cut.npy").write_bytes((folder / "narrow.npy").read_bytes()[:300])
    np.savez(folder / "y.npz", y=np.zeros((4, 64)))
    (folder / "slow.csv").write_text("t,a\n0,1\n0.02,1\n0.04,1\n")
    (folder / "words.csv").write_text("a,b\n1,2\n1,two\n")
    (folder / "some.bin").write_bytes(b"nothing")


@pytest.mark.parametrize(
    ("name", "feed", "text"),
    [
        ("fast.wav", "sound", "fast.wav has 16000 samples per second, expected 8000: resample"),
        ("short.wav", "sound", "short.wav: MelDelta expects sounds of at least"),
        ("fast.wav", "steps", "fast.wav is a sound, and digits hears none: give it steps"),
        ("flat.npy", "steps", r"flat.npy has the shape \(4,\), expected steps \[T, N\]"),
        ("nan.npy", "steps", "nan.npy: step 0 holds nan"),
        ("cut.npy", "steps", "cut.npy is damaged or not an .npy file of numbers"),
        ("y.npz", "steps", r"y.npz holds y, expected x \[T, N\]"),
        ("slow.csv", "steps", "rows 0.02 s apart, and a step of this run takes 0.001 s: resample"),
        ("words.csv", "steps", "words.csv expects numbers, a row per step: "),
        ("some.bin", "steps", "some.bin"),
        ("none.npy", "steps", "there is no file .*none.npy"),
    ],
)
def test_what_cannot_be_steps_is_refused_in_one_line(name, feed, text, tmp_path):
    _files(tmp_path)
    feeds = {"sound": feed_of("spoken-digits", spoken_digits.Settings()), "steps": Feed(0.001)}
    with pytest.raises((ValueError, OSError), match=text) as caught:
        list(_steps.steps_of(tmp_path / name, feeds[feed], "digits").rows)
    assert "\n" not in str(caught.value)


def test_other_channels_and_other_engines_are_refused(tmp_path):
    _files(tmp_path)
    with pytest.raises(ValueError, match=r"narrow.npy has 63 channels per step, and that is not"):
        recipes.stream_run(FOLDER, tmp_path / "narrow.npy")
    with pytest.raises(ValueError, match="quantiles tells the shares of a whole sound"):
        feed_of("spoken-digits", spoken_digits.Settings(front_end="quantiles"))
    exact = recipes.find("yin-yang").Settings()
    with pytest.raises(ValueError, match="learned spike times without steps"):
        feed_of("yin-yang", exact)
    assert feed_of("nmnist", nmnist.Settings(arm="linear")).counts is np.sqrt
    assert feed_of("smnist", smnist.Settings()) == Feed(dt=0.001)


def test_a_file_of_events_is_read_by_its_content(tmp_path):
    recording = Recording.of([0, 999, 2500], [1, 0, 1], [0, 0, 1], [1, 0, 1], Sensor(2, 2, 2))
    write_evt2(tmp_path / "a.raw", recording)
    found = _steps.steps_of(tmp_path / "a.raw", Feed(0.001), "smnist")
    rows = np.stack(list(found.rows))
    assert found.channels == 8 and rows.sum(axis=1).tolist() == [2, 0, 1]
