"""Events in space and time."""

from typing import TYPE_CHECKING, Any

from axonal._base.checks import whole_number
from axonal.datasets.events import Recording
from axonal.datasets.pictures._style import (
    check_camera,
    groups,
    label_time,
    polarity_legend,
    thinned,
)

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D


def plot_cloud(recording: Recording, ax: "Axes3D", *, most: int = 20_000) -> "Axes3D":
    """Events as points in space and time: what moves is a surface, noise is dust.

    Args:
        recording: of a camera.
        ax: where to draw, ``Figure().add_subplot(projection="3d")``.
        most: largest number of points; of more events every k-th is drawn, and the title says so.

    Returns:
        ``ax``: time to the right, columns into the depth, rows downwards.

    Raises:
        ValueError: a sensor without rows, or ``most`` below 1.
        TypeError: an Axes without depth.

    >>> from axonal.datasets import Recording, Sensor
    >>> from axonal.datasets.pictures import plot_cloud
    >>> from matplotlib.figure import Figure
    >>> recording = Recording.of([5, 7, 9], [0, 3, 2], [1, 1, 0], [0, 1, 1], Sensor(4, 2, 2))
    >>> plot_cloud(recording, Figure().add_subplot(projection="3d"), most=2).get_title()
    'every 2nd of 3 events'
    """
    from matplotlib.ticker import MaxNLocator

    check_camera("plot_cloud", recording)
    whole_number("plot_cloud", "most", most)
    space: Any = ax
    if not hasattr(space, "set_zlabel"):
        raise TypeError(
            "plot_cloud expects an Axes with depth. Write figure.add_subplot(projection='3d')."
        )
    sensor = recording.sensor
    shown, step = thinned(recording, most)
    one = label_time(space, recording)
    size = min(4.0, max(0.5, 10_000 / max(1, len(shown))))
    x, y, _ = sensor.coordinates(shown.addresses)
    for chosen, colour, _ in groups(shown):
        times = shown.times[chosen] / one
        space.scatter(times, x[chosen], y[chosen], s=size, color=colour, lw=0, alpha=0.6,
                      depthshade=False)  # fmt: skip
    space.set(
        ylabel="column x (pixel)",
        zlabel="row y (pixel)",
        ylim=(-0.5, sensor.width - 0.5),
        zlim=(sensor.height - 0.5, -0.5),
    )
    space.set_box_aspect(
        (2.0, 1.0, sensor.height / sensor.width),
        zoom=1.2 - 0.3 * min(1.0, sensor.height / sensor.width),
    )
    space.view_init(elev=22, azim=-55)
    for axis, distance in ((space.xaxis, 12), (space.yaxis, 6), (space.zaxis, 6)):
        axis.labelpad = distance
        axis.set_major_locator(MaxNLocator(4))
    space.tick_params(labelsize="small", pad=1)
    polarity_legend(space, recording, loc="upper left", frameon=False)
    count = f"{len(recording):,} events"
    space.set_title(count if step == 1 else f"every {_ordinal(step)} of {count}", fontsize="medium")
    return ax


def _ordinal(k: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th") if k % 100 // 10 != 1 else "th"
    return f"{k}{ending}"
