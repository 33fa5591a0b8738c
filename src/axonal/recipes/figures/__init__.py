"""Figures of a run.

Every one takes the Axes ``ax`` to draw into, returns it, and shows nothing by itself.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from axonal import neuro
from axonal._base.colours import BLUE, GREEN, VERMILION
from axonal._base.files import whole_file
from axonal.recipes import _learning
from axonal.recipes._samples import Samples
from axonal.recipes._settings import Settings

GREY = "#666666"
SHOWN_CLASSES = 3


def raster(
    ax: Axes, inputs: npt.NDArray[np.float32], hidden: npt.NDArray[np.float32], dt: float
) -> Axes:
    """Spikes of one sample over the time in ms, inputs below and hidden neurons above.

    Args:
        ax: where to draw.
        inputs: `[T, N]`, 0 or 1.
        hidden: `[T, H]`, 0 or 1.
        dt: seconds per step.

    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> raster(ax, np.eye(4, 3, dtype="f"), np.eye(4, 5, dtype="f"), dt=0.001).get_xlabel()
    'time (ms)'
    """
    size = inputs.shape[1]
    for spikes, offset, colour, label in (
        (inputs, 0, BLUE, "inputs"),
        (hidden, size, VERMILION, "hidden"),
    ):
        step, neuron = np.nonzero(spikes)
        time = step * dt * 1e3
        ax.scatter(time, neuron + offset, s=5, marker="|", linewidths=1.2, color=colour)
        key(ax, colour, label, marker="|")
    ax.axhline(size - 0.5, color=GREY, linewidth=0.6)
    ax.set(xlabel="time (ms)", xlim=(-dt * 500, (len(inputs) - 0.5) * dt * 1e3))
    ax.set_ylim(-1, size + hidden.shape[1])
    return ax


def key(ax: Axes, colour: str, label: str, *, marker: str) -> None:
    """Give marks that are small where they are drawn an entry in the legend that is not.

    Args:
        ax: where they are drawn.
        colour: of the marks.
        label: entry of the legend.
        marker: the mark.

    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> key(ax, BLUE, "inputs", marker="|")
    >>> ax.get_legend_handles_labels()[1]
    ['inputs']
    """
    thick = 3.0 if marker == "|" else 0.0
    ax.plot(
        [], [], linestyle="", marker=marker, markersize=9, markeredgewidth=thick, color=colour,
        label=label,
    )  # fmt: skip


def learning_curve(ax: Axes, history: Sequence[dict[str, float]]) -> Axes:
    """Accuracy over the epochs, with the epoch from which delays are whole and frozen, if any.

    Args:
        ax: where to draw.
        history: a dict for each epoch, as metrics.csv has them: "epoch" (from 0), "train_accuracy",
            "validation_accuracy" and, where there are delays, "delays_frozen" (0 or 1).

    >>> from matplotlib.figure import Figure
    >>> row = {"train_accuracy": 0.5, "validation_accuracy": 0.4}
    >>> len(learning_curve(Figure().subplots(), [{"epoch": k, **row} for k in range(3)]).lines)
    2
    """
    epochs = [row["epoch"] + 1 for row in history]
    for split, colour in (("train", BLUE), ("validation", VERMILION)):
        values = [row[f"{split}_accuracy"] for row in history]
        ax.plot(epochs, values, color=colour, marker=".", label=split)
    frozen = [row["epoch"] + 1 for row in history if row.get("delays_frozen")]
    if frozen:
        ax.axvline(frozen[0] - 0.5, color=GREY, linestyle="--", label="delays frozen")
    ax.set(xlabel="epoch", ylabel="accuracy (share of samples)", ylim=(None, 1.01))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower right")
    return ax


def delays(
    ax: Axes, before: npt.NDArray[np.floating], after: npt.NDArray[np.floating], dt: float
) -> Axes:
    """Histogram of all delays in ms, before and after training, in bins of one width.

    Args:
        ax: where to draw.
        before: delays in steps, any shape.
        after: delays of the same synapses in steps.
        dt: seconds per step.

    >>> from matplotlib.figure import Figure
    >>> delays(Figure().subplots(), np.zeros(4), np.ones(4), dt=0.001).get_title()
    'a delay moved by 1.00 ms on average'
    """
    longest = int(np.ceil(max(before.max(), after.max())))
    # as many equal bins from 0 to the longest as there are whole delays, each of which has its own:
    # bins around whole delays would leave those at both ends with half of their width
    edges = (np.linspace(0, max(longest, 1), longest + 2) * dt * 1e3).tolist()
    values = [before.ravel() * dt * 1e3, after.ravel() * dt * 1e3]
    ax.hist(values, bins=edges, color=[GREY, GREEN], label=["before training", "after training"])
    ax.set(xlabel="delay (ms)", ylabel="synapses")
    ax.margins(y=0.25)  # room for the legend above the bars
    moved = np.abs(after - before).mean() * dt * 1e3
    ax.set_title(f"a delay moved by {moved:.2f} ms on average", fontsize=10)
    ax.legend(loc="upper center", ncols=2)
    return ax


def confusion(
    ax: Axes, labels: npt.NDArray[np.int64], found: npt.NDArray[np.int64], classes: int
) -> Axes:
    """Confusion matrix: samples by their class, downwards, and the class found, across.

    Args:
        ax: where to draw.
        labels: class of every sample `[n]`.
        found: class found for it `[n]`.
        classes: number of classes.

    >>> from matplotlib.figure import Figure
    >>> ax = confusion(Figure().subplots(), np.array([0, 1]), np.array([0, 0]), classes=2)
    >>> [text.get_text() for text in ax.texts]
    ['1', '1']
    """
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, found), 1)
    ax.imshow(counts, cmap="cividis")
    bright = counts.max() / 2
    for (true, taken), count in np.ndenumerate(counts):
        if count:
            colour = "black" if count > bright else "white"
            ax.text(taken, true, str(count), ha="center", va="center", color=colour, fontsize=8)
    ax.set(xlabel="class found", ylabel="class of the sample")
    ax.set_xticks(range(classes))
    ax.set_yticks(range(classes))
    return ax


@torch.no_grad()
def save_all(
    folder: Path,
    untrained: neuro.Network,
    net: neuro.Network,
    settings: Settings,
    test: Samples,
    history: Sequence[dict[str, float]],
) -> None:
    """Draw every figure of a run into ``folder``; those without anything to show are left out."""
    found = _learning.predict(net, test, settings)
    classes = int(max(test.labels.max(), found.max())) + 1

    figure, ax = _figure(5.4, 3.6)
    learning_curve(ax, history)
    _save(figure, folder / "learning_curve.png")

    figure, ax = _figure(5.2, 5.0)
    confusion(ax, test.labels, found, classes)
    ax.set_title(f"test accuracy {(found == test.labels).mean():.3f} of {len(test)} samples")
    _save(figure, folder / "confusion.png")

    before, after = _delays_of(untrained), _delays_of(net)
    if before.size and max(before.max(), after.max()) > 0:
        figure, ax = _figure(5.4, 3.6)
        delays(ax, before, after, settings.dt)
        _save(figure, folder / "delays.png")

    spiking = next((path for path, m in net.stateful_layers.items() if m.spiking), None)
    if spiking is None:
        return
    present = np.unique(test.labels)
    chosen = [int(np.flatnonzero(test.labels == c)[0]) for c in present[_some(len(present))]]
    x = torch.from_numpy(test.dense(chosen))
    _, traces = neuro.record(net.eval(), x, {spiking: ("spikes",)})
    hidden = traces[spiking]["spikes"]
    figure = Figure(figsize=(3.2 * len(chosen), 4.2), layout="constrained")
    axes = figure.subplots(1, len(chosen), sharey=True, squeeze=False)[0]
    for k, ax in enumerate(axes):
        raster(ax, x[:, k].flatten(1).numpy(), hidden[:, k].flatten(1).numpy(), settings.dt)
        ax.set_title(f"class {test.labels[chosen[k]]}, taken for {found[chosen[k]]}", fontsize=10)
    axes[0].set_ylabel("neuron")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2)
    _save(figure, folder / "raster.png")


def _some(classes: int) -> list[int]:
    return sorted({round(c) for c in np.linspace(0, classes - 1, min(classes, SHOWN_CLASSES))})


def _delays_of(net: neuro.Network) -> npt.NDArray[np.float64]:
    layers = [m for m in net.modules() if isinstance(m, neuro.DelayedLinear)]
    values = [layer.delay.detach().double().numpy().ravel() for layer in layers]
    return np.concatenate(values) if values else np.zeros(0)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _save(figure: Figure, path: Path) -> None:
    # the canvas of this figure alone: the reader's choice of a back end stays untouched
    FigureCanvasAgg(figure)
    with whole_file(path) as part:
        figure.savefig(part, dpi=130)
