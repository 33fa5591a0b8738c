"""Figures of a run show what is there: bins of one width, legends that can be read."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from axonal.recipes import figures
from axonal.recipes.figures import sound as sound_figures


@pytest.mark.parametrize("longest", [1, 8, 25])
def test_delays_that_are_spread_evenly_have_a_flat_histogram(longest: int) -> None:
    spread = np.linspace(0, longest, 100 * (longest + 1), endpoint=False) + 1e-9
    whole = np.repeat(np.arange(longest + 1.0), 100)
    ax = figures.delays(Figure().subplots(), spread, whole, dt=0.001)
    before, after = ([bar.get_height() for bar in bars] for bars in ax.containers)
    assert before == after == [100] * (longest + 1)
    widths = {round(float(bar.get_width()), 9) for bars in ax.containers for bar in bars}
    assert len(widths) == 1


def test_delays_that_are_all_zero_have_a_histogram() -> None:
    ax = figures.delays(Figure().subplots(), np.zeros(4), np.zeros(4), dt=0.001)
    assert sum(bar.get_height() for bar in ax.containers[0]) == 4


@pytest.mark.parametrize(("frozen", "labels"), [(None, 2), (0, 2), (1, 3)])
def test_a_learning_curve_needs_no_delays(frozen: int | None, labels: int) -> None:
    row = {"train_accuracy": 0.5, "validation_accuracy": 0.4}
    row |= {} if frozen is None else {"delays_frozen": frozen}
    ax = figures.learning_curve(Figure().subplots(), [{"epoch": k, **row} for k in range(3)])
    assert len(ax.get_legend_handles_labels()[1]) == labels


def test_legends_of_spikes_have_marks_that_can_be_seen() -> None:
    spikes = np.eye(6, 5, dtype=np.float32)
    raster = figures.raster(Figure().subplots(), spikes, spikes, 0.001)
    events = sound_figures.events(Figure().subplots(), [1, 2], [0, 3], 4, signed=True)
    for ax, names in ((raster, ["inputs", "hidden"]), (events, ["ON", "OFF"])):
        legend = ax.legend()
        assert [text.get_text() for text in legend.get_texts()] == names
        drawn = [mark.get_facecolor()[0] for mark in ax.collections if mark.get_offsets().size]
        for mark, colour in zip(legend.legend_handles, drawn, strict=True):
            assert mark.get_markersize() >= 6
            assert mark.get_marker() != "|" or mark.get_markeredgewidth() >= 2
            assert np.allclose(matplotlib_colour(mark.get_color()), colour)


def matplotlib_colour(name: str) -> np.ndarray:
    from matplotlib.colors import to_rgba

    return np.asarray(to_rgba(name))
