"""Echo state networks and their cheap control, as estimators of scikit-learn."""

from axonal.reservoirs.echo_state.echo_state import EchoState
from axonal.reservoirs.echo_state.next_generation import NextGeneration

__all__ = ["EchoState", "NextGeneration"]
