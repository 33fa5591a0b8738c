"""Measures of a matrix of accuracies over a stream of tasks."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def average_accuracy(matrix: ArrayLike) -> float:
    """Average accuracy over all tasks after the last one, ACC = mean_i A_last,i.

    Args:
        matrix: A [n, n], accuracy on task i after task k has been learnt in row k, column i; one
            row of n for what was learnt jointly.

    Raises:
        ValueError: for another shape.

    >>> average_accuracy([[0.9, 0.1], [0.7, 0.9]])
    0.8
    """
    return float(_matrix(matrix)[-1].mean())


def backward_transfer(matrix: ArrayLike) -> float:
    """Backward transfer, BWT = mean over i < n of A_n,i - A_i,i: below 0 where tasks are forgotten.

    Source: Lopez-Paz and Ranzato, NeurIPS 2017 (arXiv 1706.08840); 0 for one task.

    Args:
        matrix: A [n, n] of :func:`average_accuracy`.

    Raises:
        ValueError: for another shape.

    >>> round(backward_transfer([[0.9, 0.1], [0.7, 0.9]]), 3)
    -0.2
    """
    a = _square("backward_transfer", matrix)
    return float((a[-1, :-1] - a.diagonal()[:-1]).mean()) if len(a) > 1 else 0.0


def forward_transfer(matrix: ArrayLike, untrained: ArrayLike) -> float:
    """Forward transfer, FWT = mean over i > 1 of A_i-1,i - b_i.

    Source: Lopez-Paz and Ranzato, NeurIPS 2017 (arXiv 1706.08840); 0 for one task.

    Args:
        matrix: A [n, n] of :func:`average_accuracy`.
        untrained: b [n], accuracies of the network before anything was learnt.

    Raises:
        ValueError: for another shape.

    >>> forward_transfer([[0.9, 0.25], [0.7, 0.9]], [0.5, 0.125])
    0.125
    """
    a, b = _square("forward_transfer", matrix), np.asarray(untrained, np.float64)
    if b.shape != a.shape[:1]:
        raise ValueError(
            f"forward_transfer expects {len(a)} accuracies of the untrained network, got {b.shape}."
        )
    return float((a.diagonal(1) - b[1:]).mean()) if len(a) > 1 else 0.0


def plot_accuracy_matrix(matrix: ArrayLike, ax: "Axes | None" = None, **kwargs: Any) -> "Axes":
    """Figure of a matrix of accuracies: what is known of each task after each task.

    Args:
        matrix: A [n, n] of :func:`average_accuracy`, 0 to 1.
        ax: where it is drawn; an Axes of its own if not given.
        kwargs: of ``Axes.imshow``.

    Returns:
        The Axes.

    Raises:
        ValueError: for another shape.

    >>> ax = plot_accuracy_matrix([[0.9, 0.1], [0.7, 0.9]])
    >>> ax.get_xlabel()
    'tested on task'
    """
    a = _matrix(matrix)
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(layout="constrained").add_subplot()
    ax.imshow(a, **{"vmin": 0.0, "vmax": 1.0, "cmap": "cividis", **kwargs})
    for (row, column), share in np.ndenumerate(a):
        ink = "black" if share > 0.6 else "white"
        ax.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=ink)
    ax.set(xlabel="tested on task", ylabel="after task", title="accuracy (%)")
    ax.set_xticks(range(a.shape[1]), [str(k + 1) for k in range(a.shape[1])])
    ax.set_yticks(range(a.shape[0]), [str(k + 1) for k in range(a.shape[0])])
    return ax


def _matrix(matrix: ArrayLike) -> Float64Array:
    a = np.asarray(matrix, np.float64)
    if a.ndim != 2 or not a.size:
        raise ValueError(f"expected a matrix of accuracies [n, n], got {a.shape}.")
    return a


def _square(who: str, matrix: ArrayLike) -> Float64Array:
    a = _matrix(matrix)
    if a.shape[0] != a.shape[1]:
        raise ValueError(
            f"{who} expects a row for each of {a.shape[1]} tasks, got {a.shape[0]}: what was "
            "learnt jointly has no order."
        )
    return a
