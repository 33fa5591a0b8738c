"""A placement: where every neuron is, what that takes of each core, and what crosses between."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from axonal._base.array_types import Float64Array, Int64Array
from axonal._base.tables import text_table
from axonal.deploy.chips import CoreLimits
from axonal.deploy.graph import EventGraph
from axonal.deploy.placement.constraints import LIMITS
from axonal.deploy.placement.mesh import axons, hops, sent
from axonal.deploy.placement.partition import sizes
from axonal.deploy.placement.traffic import Traffic

SHUFFLES = 3
"""Random placements that a placement is compared with."""


@dataclass(frozen=True, eq=False)
class Placement:
    """The core of every neuron; ``print`` it for a report. Events are those of the golden run.

    Args:
        graph: the graph that was placed, retimed.
        limits: of the chip.
        core: of every lif population and integrator, the core of each neuron `[N]`.
        used: of each limit, what every core holds `[K]`: neurons, memory in bytes, axons in and
            out.
        sent: spikes from core to core, one for each core that a spike reaches `[K, K]`; those that
            stay are on the diagonal.
        from_outside: events of inputs and constants, one for each core that they reach.
        random_spikes: spikes between cores if as many neurons per core were dealt at random, mean
            of three deals.

    >>> from axonal.deploy import example, place
    >>> placed = place(example())
    >>> placed.cross_core_spikes, int(placed.sent.trace())
    (0, 2247)
    """

    graph: EventGraph
    limits: CoreLimits
    core: dict[str, Int64Array]
    used: dict[str, Int64Array]
    sent: Int64Array
    from_outside: int
    random_spikes: float

    @classmethod
    def of(
        cls, graph: EventGraph, limits: CoreLimits, traffic: Traffic, core: dict[str, Int64Array]
    ) -> "Placement":
        """Count what a placement takes."""
        where = np.concatenate([np.zeros(0, np.int64), *core.values()])
        cores = int(where.max(initial=0)) + 1
        source, target = axons(traffic, where, cores)
        inside = source < traffic.placed
        used = {
            "neurons": np.bincount(where, minlength=cores),
            "memory": np.bincount(where, sizes(traffic, limits), cores).astype(np.int64),
            "axons_in": np.bincount(target, minlength=cores),
            "axons_out": np.bincount(where[source[inside]], minlength=cores),
        }
        random = np.random.default_rng(0)
        deals = [
            _crossing(sent(traffic, random.permutation(where), cores)) for _ in range(SHUFFLES)
        ]
        return cls(
            graph,
            limits,
            core,
            used,
            sent(traffic, where, cores),
            int(traffic.events[source[~inside]].sum()),
            float(np.mean(deals)),
        )

    @property
    def cores_used(self) -> int:
        """Cores that hold a neuron."""
        return int(np.count_nonzero(self.used["neurons"]))

    @property
    def cross_core_spikes(self) -> int:
        """Spikes that leave their core, one for each core that they reach."""
        return _crossing(self.sent)

    @property
    def hops(self) -> int:
        """TrafficLinks between routers that the spikes take, along columns and rows of the mesh."""
        every = np.arange(len(self.sent))
        return int((self.sent * hops(self.limits, every[:, None], every)).sum())

    def utilisation(self) -> dict[str, Float64Array]:
        """Share of each limit that every core uses `[K]`; a limit that there is not is left out."""
        return {
            name: self.used[name] / most for name, most in self._most().items() if most is not None
        }

    def _most(self) -> dict[str, int | None]:
        delay = max((int(q.delay.max(initial=0)) for q in self.graph.projections), default=0)
        most: dict[str, int | None] = {name: getattr(self.limits, name) for name in LIMITS}
        return most | {"neurons": self.limits.neurons_with(delay)}

    def table(self) -> str:
        """Use of every limit by the fullest core and the mean core, as plain text."""
        busy = self.used["neurons"] > 0
        rows = [
            [
                name.replace("_", " "),
                most,
                int(self.used[name].max()),
                int(self.used[name].argmax()),
                f"{self.used[name].max() / most:.1%}",
                f"{self.used[name][busy].mean() / most:.1%}",
            ]
            for name, most in self._most().items()
            if most is not None
        ]
        return text_table(
            ["limit", "of a core", "fullest", "core", "used there", "used on average"], rows
        )

    def core_table(self) -> str:
        """Contents of every core, as a share of its limits, and spikes across its border."""
        used = self.utilisation()
        crossing = self.sent - np.diag(np.diag(self.sent))
        rows = []
        for core in np.flatnonzero(self.used["neurons"]).tolist():
            names = [name for name, cores in self.core.items() if (cores == core).any()]
            shares = [f"{share[core]:.1%}" for share in used.values()]
            spikes = [int(crossing[core].sum()), int(crossing[:, core].sum())]
            rows.append([core, *shares, *spikes, ", ".join(names)])
        limits = [name.replace("_", " ") for name in used]
        return text_table(["core", *limits, "spikes out", "spikes in", "populations"], rows)

    def to_json(self) -> dict[str, Any]:
        """Everything as a dict that JSON can hold."""
        return {
            "chip": self.limits.chip,
            "cores_used": self.cores_used,
            "cores": self.limits.cores,
            "cross_core_spikes": self.cross_core_spikes,
            "spikes_that_stay": int(self.sent.trace()),
            "random_cross_core_spikes": self.random_spikes,
            "events_from_outside": self.from_outside,
            "hops": self.hops,
            "limits": self._most(),
            "sources": dict(self.limits.sources),
            "used": {name: x.tolist() for name, x in self.used.items()},
            "core": {name: x.tolist() for name, x in self.core.items()},
        }

    def __str__(self) -> str:
        crossing, stay = self.cross_core_spikes, int(self.sent.trace())
        share = f", {crossing / self.random_spikes:.0%} of a random placement's" if crossing else ""
        lines = [
            f"{self.limits.chip}: {self.cores_used} of {self.limits.cores} cores",
            f"{crossing} spikes between cores{share}; {stay} stay on their core; "
            f"{self.from_outside} events come from outside",
        ]
        where = [f"{name}: {source}" for name, source in self.limits.sources.items()]
        tables = [self.table(), self.core_table()]
        return "\n\n".join(["\n".join(lines), *tables, *(["\n".join(where)] if where else [])])

    def __repr__(self) -> str:
        return (
            f"Placement({self.limits.chip}, {self.cores_used} of {self.limits.cores} cores, "
            f"{self.cross_core_spikes} spikes between cores)"
        )


def _crossing(between: Int64Array) -> int:
    return int(between.sum() - between.trace())
