"""The NEST simulator, whose `iaf_psc_delta` is a leaky integrate-and-fire neuron."""

from pathlib import Path

from axonal.deploy.backends._backend import Backend
from axonal.deploy.backends._support import Support


class Nest(Backend):
    """NEST at one step per millisecond."""

    requires = ("nest",)
    install = "pip install 'axonal[deploy]'"
    simulation = Path(__file__).parent / "simulations" / "nest.py"

    def support(self) -> Support:
        """Everything that iaf_psc_delta has a form for."""
        return Support(resets=("zero",), bias=False, decays=(0.0, 1.0), positive_threshold=True)
