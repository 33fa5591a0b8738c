"""The NEST simulator: `iaf_psc_delta`, and `iaf_psc_exp_multisynapse` for what has a current."""

from pathlib import Path

from axonal.deploy.backends._backend import Backend
from axonal.deploy.backends._support import Support
from axonal.deploy.graph import EventGraph

_CURRENTS = ("cuba", "current_integrator")


class Nest(Backend):
    """NEST at one step per millisecond.

    A potential there takes up the current of the step before, so that a synapse into a current
    needs two steps. `retime` gives them to every network but one whose loops have no such delay.
    """

    requires = ("nest",)
    install = "pip install 'axonal[deploy]'"
    simulation = Path(__file__).parent / "simulations" / "nest.py"

    def support(self) -> Support:
        """Everything that the two models have a form for."""
        return Support(
            hops=dict.fromkeys(_CURRENTS, 2),
            neurons=("lif", "cuba"),
            resets=("zero",),
            readouts=("integrator", "current_integrator"),
            bias=False,
            decays=(0.0, 1.0),
            positive_threshold=True,
        )

    def unsupported(self, graph: EventGraph) -> list[str]:
        """Parts of a graph without a form here, one line per population or projection."""
        lines = super().unsupported(graph)
        for p in graph.of_kind(*_CURRENTS):
            nothing = (p.decay == 0) & (p.synapse_decay == 0)
            if nothing.any():
                lines.append(
                    f"population {p.name!r} has neurons that keep neither potential nor current, "
                    f"the first of which is {int(nothing.argmax())}: make them lif"
                )
        return lines
