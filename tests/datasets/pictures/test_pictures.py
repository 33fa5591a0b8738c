"""Figures hold all events, label their units and refuse what they cannot show."""

import numpy as np
import pytest
from helpers import needs
from helpers.random_recordings import RECORDINGS, random_recording
from hypothesis import given, settings
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axonal.datasets import Recording, Sensor
from axonal.datasets.pictures import plot_cloud, plot_frame, plot_frames, plot_raster, plot_rate
from axonal.datasets.pictures._mixture import full_count, mixture
from axonal.datasets.pictures._style import pixel_counts

CAMERA = Sensor(16, 12, 2)
NOTHING = Recording.of([], 0, 0, 0, CAMERA)


def axes(**options: object) -> Axes:
    return Figure().add_subplot(**options)


def legend(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


@settings(max_examples=8)
@given(RECORDINGS)
def test_every_event_has_a_mark(recording: Recording) -> None:
    ax = plot_raster(recording, axes(), rows="x")
    marks = ax.collections[0].get_offsets()
    assert len(marks) == len(recording)
    np.testing.assert_array_equal(marks[:, 1], recording.x)


def test_polarities_are_drawn_in_their_order_and_named() -> None:
    recording = Recording.of([0, 10, 20], [1, 2, 3], 0, [1, 0, 1], CAMERA)
    ax = plot_raster(recording, axes())
    colours = ax.collections[0].get_facecolors()[:, :3]
    assert np.allclose(colours[0], colours[2])
    assert not np.allclose(colours[0], colours[1])
    assert legend(ax) == ["brighter (ON)", "darker (OFF)"]
    assert ax.get_ylim() == (11.5, -0.5)


def test_more_events_than_marks_are_counted() -> None:
    recording = random_recording(Sensor(1280, 720, 2), 30_000, 0, span=10**6)
    ax = plot_raster(recording, axes())
    assert not ax.collections
    assert ax.images[0].get_array().shape == (360, 600, 3)
    assert legend(ax) == ["brighter (ON)", "darker (OFF)", "both"]
    assert ax.get_ylabel() == "row y (pixel)"


@settings(max_examples=8)
@given(RECORDINGS)
def test_rates_add_up_to_all_events(recording: Recording) -> None:
    ax = plot_rate(recording, axes(), bins=7)
    scale = {"k": 1e3, "M": 1e6, "G": 1e9}.get(ax.get_ylabel().split("(")[1][0], 1.0)
    steps = {id(one): one for one in ax.patches if not one.get_fill()}
    total = 0.0
    for one in steps.values():
        values, edges, _ = one.get_data()
        seconds = (edges[1] - edges[0]) * (1e-3 if "ms" in ax.get_xlabel() else 1e-6)
        total += values.sum() * scale * seconds
    assert round(total) == len(recording)
    assert f"{len(recording)} events, bins of" in ax.get_title()


def test_the_clock_of_a_long_recording_is_read_off() -> None:
    ax = plot_rate(Recording.of(np.arange(100) * 10**6 + 10**12, 0, 0, 0, Sensor(1)), axes())
    ax.figure.canvas.draw()
    assert ax.xaxis.get_offset_text().get_text() == ""
    assert ax.get_xlabel() == "time (s)"


def test_a_picture_has_the_events_where_they_were() -> None:
    recording = Recording.of([0, 1, 2, 3], [3, 5, 5, 7], [1, 2, 2, 4], [1, 0, 1, 0], CAMERA)
    picture = np.asarray(plot_frame(recording, axes(), full=1).images[0].get_array())
    on, off, both = picture[1, 3], picture[4, 7], picture[2, 5]
    assert (np.argwhere((picture < 1).any(-1)) == [[1, 3], [2, 5], [4, 7]]).all()
    assert on[2] > on[0]
    assert off[0] > off[2]
    assert both.max() < min(on.max(), off.max())


def test_other_numbers_of_polarities_are_drawn_in_one_colour() -> None:
    recording = random_recording(Sensor(4, 4, 3), 50, 0)
    ax = plot_frame(recording, axes())
    assert legend(ax) == ["events"]
    assert plot_raster(recording, axes()).get_legend() is None


def test_one_event_is_seen_beside_many() -> None:
    counts = np.zeros((2, 1, 3), int)
    counts[0, 0, :2] = 1, 1000
    seen = mixture(counts, full=1000)
    assert seen[0, 0].min() < 0.85
    assert seen[0, 1].min() < seen[0, 0].min()
    assert seen[0, 2].tolist() == [1, 1, 1]
    assert full_count(counts[:, :, 2:]) == 1


@settings(max_examples=8)
@given(RECORDINGS)
def test_pictures_in_a_row_hold_every_event_once(recording: Recording) -> None:
    if recording.sensor.height == 1:
        return
    found = plot_frames(recording, list(Figure().subplots(1, 3)))
    assert len(found) == 3
    inked = [np.asarray(ax.images[0].get_array()) < 1 for ax in found]
    seen = np.logical_or.reduce(inked).any(-1)
    np.testing.assert_array_equal(seen, pixel_counts(recording).sum(0) > 0)


def test_the_cloud_says_how_many_of_the_events_it_shows() -> None:
    recording = random_recording(CAMERA, 1000, 0)
    ax = plot_cloud(recording, axes(projection="3d"), most=100)
    assert sum(len(one.get_offsets()) for one in ax.collections) == 100
    assert ax.get_title() == "every 10th of 1,000 events"
    assert plot_cloud(recording, axes(projection="3d")).get_title() == "1,000 events"
    with pytest.raises(TypeError, match="expects an Axes with depth"):
        plot_cloud(recording, axes())


def test_a_line_of_channels_has_no_picture() -> None:
    sound = Recording.of([1], [1], 0, 0, Sensor(700))
    for plot in (plot_frame, plot_cloud):
        with pytest.raises(ValueError, match="expects a sensor with rows, got Sensor"):
            plot(sound, axes())
    with pytest.raises(ValueError, match="at most 67108864 pixels"):
        plot_frame(Recording.of([1], [1], 0, 0, Sensor(2**16, 2**16)), axes())


def test_no_events_make_empty_figures() -> None:
    plot_raster(NOTHING, axes())
    plot_rate(NOTHING, axes())
    plot_frame(NOTHING, axes())
    plot_frames(NOTHING, list(Figure().subplots(1, 3)))
    ax = plot_cloud(NOTHING, axes(projection="3d"))
    ax.figure.canvas.draw()
    assert ax.get_title() == "0 events"


def test_a_real_recording_is_drawn() -> None:
    """A shape of 1280 x 720 on a clock that started long before."""
    events = np.load(needs.data("event-samples") / "prophesee" / "evt3_sample.npy")
    columns = (events[name].astype(np.int64) for name in ("t", "x", "y", "p"))
    recording = Recording.of(*columns, Sensor(1280, 720, 2))
    figure = Figure(layout="constrained")
    plot_frame(recording, figure.add_subplot(2, 1, 1))
    plot_raster(recording, figure.add_subplot(2, 1, 2))
    figure.canvas.draw()
    assert [ax.get_title() for ax in figure.axes] == ["219,596 events in 53.9 ms", ""]
