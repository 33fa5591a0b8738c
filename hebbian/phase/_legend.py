"""A legend of what can be seen."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def seen(ax: "Axes") -> list[Any]:
    """Lines and areas of a legend without the lines that lie outside the limits of the axes.

    Args:
        ax: axes whose limits are set.

    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> _ = ax.plot([0, 1], [0, 1], label="inside"), ax.plot([2, 3], [0, 1], label="outside")
    >>> _ = ax.set_xlim(0, 1)
    >>> [line.get_label() for line in seen(ax)]
    ['inside']
    """
    from matplotlib.lines import Line2D
    from matplotlib.transforms import Bbox

    limits = Bbox.from_extents(
        ax.get_xlim()[0], ax.get_ylim()[0], ax.get_xlim()[1], ax.get_ylim()[1]
    )
    handles, _ = ax.get_legend_handles_labels()
    return [
        one
        for one in handles
        if not isinstance(one, Line2D)
        or one.get_path().cleaned(remove_nans=True).intersects_bbox(limits, filled=False)
    ]
