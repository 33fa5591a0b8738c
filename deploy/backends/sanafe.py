"""SANA-FE's model of Loihi: spikes, and an estimate of energy and time."""

from pathlib import Path
from typing import Any

from axonal.deploy.backends._backend import Backend
from axonal.deploy.backends._support import Support
from axonal.deploy.backends.simulations.sanafe import CORE, CORES
from axonal.deploy.graph import EventGraph


class SanaFe(Backend):
    """SANA-FE, as many samples at a time as fit on the chip."""

    requires = ("sanafe",)
    install = "pip install 'axonal[energy]'"
    simulation = Path(__file__).parent / "simulations" / "sanafe.py"

    def support(self) -> Support:
        """Everything that SANA-FE's leaky_integrate_fire has a form for."""
        return Support(
            refractory=False,
            graded=False,
            bias=False,
            decays=(0.0, 1.0),
            readout_error=1e-5,
            positive_threshold=True,
        )

    def unsupported(self, graph: EventGraph) -> list[str]:
        """Parts of a graph without a form here, and more neurons than the chip has."""
        lines = super().unsupported(graph)
        taken = _neurons(graph)
        if sum(taken.values()) > CORES * CORE:
            name = max(taken, key=taken.__getitem__)
            lines.append(
                f"population {name!r} takes {taken[name]} of {sum(taken.values())} neurons, relays "
                f"of delays among them; {CORES} cores of {CORE} hold {CORES * CORE}: make it "
                "smaller, or train with a smaller max_delay"
            )
        return lines

    def options(self, graph: EventGraph) -> dict[str, Any]:
        """Samples side by side."""
        return {"copies": CORES * CORE // sum(_neurons(graph).values())}


def _neurons(graph: EventGraph) -> dict[str, int]:
    """Neurons of one copy by population, relays among them."""
    longest = dict.fromkeys((p.name for p in graph.populations), 1)
    for q in graph.projections:
        longest[q.source] = max(longest[q.source], int(q.delay.max(initial=1)))
    return {p.name: p.size * longest[p.name] for p in graph.populations}
