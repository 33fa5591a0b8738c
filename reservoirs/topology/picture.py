"""A picture of a liquid in space."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from axonal._base.colours import BLACK, BLUE, ORANGE
from axonal.reservoirs.topology.wiring import Wiring

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_wiring(
    wiring: Wiring,
    ax: "Axes | None" = None,
    *,
    spikes: npt.ArrayLike | None = None,
    synapses: int = 400,
    seed: int = 0,
) -> "Axes":
    """Draw neurons at their places in space, the larger the more they spike, and some synapses.

    Args:
        wiring: with positions.
        ax: axes in three dimensions; new ones if None.
        spikes: spike count of each neuron `[N]`.
        synapses: how many synapses are drawn, chosen at random.
        seed: of that choice.

    Returns:
        the axes.

    Raises:
        ValueError: the neurons have no positions, or there are not as many counts.

    >>> from axonal.reservoirs import topology
    >>> topology.plot_wiring(topology.grid((3, 3, 3), seed=0)).get_zlabel()
    'z'
    """
    import matplotlib.pyplot as plt

    if wiring.positions is None:
        raise ValueError("plot_wiring expects a wiring with positions: grid makes one.")
    counts = np.zeros(wiring.neurons) if spikes is None else np.asarray(spikes, float)
    if counts.shape != (wiring.neurons,):
        raise ValueError(
            f"plot_wiring expects spikes [N] with N = {wiring.neurons}, got {counts.shape}."
        )
    if ax is None:
        ax = plt.figure(figsize=(5, 5), layout="constrained").add_subplot(projection="3d")
    axes: Any = ax
    rng = np.random.default_rng(seed)
    shown = rng.choice(len(wiring.pre), min(synapses, len(wiring.pre)), replace=False)
    for synapse in shown:
        ends = wiring.positions[[wiring.pre[synapse], wiring.post[synapse]]]
        axes.plot(*ends.T, color=BLACK, linewidth=0.6, alpha=0.4, zorder=1)
    size = 6 + 54 * counts / max(counts.max(), 1)
    for chosen, colour, name in (
        (wiring.excitatory, BLUE, "excitatory"),
        (~wiring.excitatory, ORANGE, "inhibitory"),
    ):
        axes.scatter(
            *wiring.positions[chosen].T, s=size[chosen], color=colour, label=name, alpha=0.8
        )
    axes.set(xlabel="x", ylabel="y", zlabel="z")
    axes.legend(frameon=False, loc="upper left")
    return ax
