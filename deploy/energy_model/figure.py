"""The figure of an estimate."""

from typing import TYPE_CHECKING

import numpy as np

from axonal.deploy.energy_model.energy_estimate import EnergyEstimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR, SPREAD, OTHER = "#56B4E9", "#222222", "#D55E00"


def plot_energy(found: EnergyEstimate, ax: "Axes") -> "Axes":
    """Estimated energy of a sample, by part and in all, each with its spread.

    Args:
        found: what `energy` returned.
        ax: where to draw.

    Returns:
        ``ax``: a bar at the typical value and a line from low to high; SANA-FE's estimate is a
        mark of its own.

    >>> from axonal.deploy import energy, example
    >>> from matplotlib.figure import Figure
    >>> plot_energy(energy(example(), sanafe=False), Figure().subplots()).get_xlabel()
    'estimated energy of a sample (uJ)'
    """
    unit, one = found.unit
    names = [part.cost.what for part in found.parts] + ["in all"]
    each = [(part.low, part.typical, part.high) for part in found.parts]
    joules = np.array([*each, (found.low, found.typical, found.high)]) / (found.samples * one)
    low, typical, high = joules.T
    place = np.arange(len(names))
    ax.barh(place, typical, color=BAR, label="estimate, typical constants")
    ax.hlines(place, low, high, color=SPREAD, linewidth=2.5, label="from low to high constants")
    if found.sanafe is not None:
        other = found.sanafe
        total, own = (
            j / found.samples * 1e6 for j in (other.joules["total"], other.without_relays)
        )
        ax.plot(total, place[-1], "D", color=OTHER, label="SANA-FE's estimate, Loihi 1")
        if other.relays:
            ax.plot(own, place[-1], "o", color=OTHER, label="the same, less relays at rest")
    ax.set_yticks(place, labels=names)
    ax.invert_yaxis()
    ax.set(xlabel=f"estimated energy of a sample ({unit})", title=f"{found.chip}: an estimate")
    ax.legend(fontsize="small", loc="best")
    return ax
