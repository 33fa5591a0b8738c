"""Lava's simulation of Loihi 2, in floating point and in the integers of the chip."""

from pathlib import Path

from axonal.deploy.backends._backend import Backend
from axonal.deploy.backends._lava_environment import COMMAND, interpreter
from axonal.deploy.backends._support import Support
from axonal.deploy.graph import EventGraph

LONGEST = 63
"""Longest hop: 62 steps of delay, as lava-dl stores it, and the step that any hop takes."""


class Lava(Backend):
    """Lava, which has a Python of its own."""

    simulation = Path(__file__).parent / "simulations" / "lava.py"

    def support(self) -> Support:
        """Everything that Lava's LIF has a form for."""
        return Support(
            neurons=("lif", "cuba"),
            resets=("zero",),
            refractory=False,
            graded=False,
            decays=(0.0, 1.0),
            longest_delay=LONGEST,
            arithmetics=("float64", "loihi2"),
        )

    def missing(self) -> str | None:
        """Command that makes Lava's environment; None if it is there."""
        return None if interpreter() else COMMAND

    def unsupported(self, graph: EventGraph) -> list[str]:
        """Parts of a graph without a form in Lava, one line each."""
        return super().unsupported(graph) + [
            f"population {p.name!r} has a bias, which joins its membrane in Lava and not its "
            "current: retime(graph) makes it an always-on source"
            for p in graph.of_kind("cuba")
            if p.bias.any()
        ]

    def python(self) -> str:
        """Interpreter of Lava's environment."""
        python = interpreter()
        assert python is not None
        return str(python)
