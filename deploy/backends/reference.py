"""The reference back end: on this machine, exact in float64 and in the integers of each chip."""

from collections.abc import Mapping

from axonal._base.array_types import AnyArray
from axonal.deploy import chips
from axonal.deploy.backends._backend import Backend
from axonal.deploy.backends._support import Support
from axonal.deploy.executor.float_executor import Executor
from axonal.deploy.executor.integer_executor import IntegerExecutor
from axonal.deploy.executor.request import Request
from axonal.deploy.executor.run import Run
from axonal.deploy.graph import EventGraph
from axonal.deploy.kinds import READOUTS, RESETS, SPIKING
from axonal.neuro.ops.event_network import EventState


class Reference(Backend):
    """The executor of axonal itself: every kind, every reset, every arithmetic."""

    def support(self) -> Support:
        """Everything, at once."""
        return Support(
            hop=0,
            neurons=SPIKING,
            readouts=READOUTS,
            resets=RESETS,
            any_gain=True,
            arithmetics=("float64", *chips.names()),
        )

    def unsupported(self, graph: EventGraph) -> list[str]:
        """Nothing that a valid graph holds."""
        return []

    def run(self, graph: EventGraph, inputs: Mapping[str, AnyArray], request: Request) -> Run:
        """Run a graph once; see `axonal.deploy.run`."""
        if graph.arithmetic != "float64":
            return IntegerExecutor(graph).run(inputs, request.state, request.probe)
        state = request.state
        if state is not None and not isinstance(state, EventState):
            raise ValueError(f"state must come from an earlier run (run.state), got {type(state)}")
        executor = Executor(graph)
        if request.probe is None:
            return executor.run(inputs, state)
        return executor.probed(inputs, state, request.probe)
