"""A walk through a traced network: once for running code, once for event graphs."""

from typing import Any

from torch import fx

from axonal.neuro.network._composition import Composition


class Walker(fx.Interpreter):
    """Visit the nodes of a Network's graph with values of another kind in place of tensors.

    A ``torch.fx.Interpreter`` over ``net.traced``, whose ``call_module``, ``call_function``,
    ``call_method`` and ``get_attr`` a subclass overrides; ``run(*inputs)`` returns what the
    network's ``forward`` returns, made of those values. Running a network needs no walker: its
    code is generated.

    Args:
        net: the Network.

    Attributes:
        net: the Network.
        node: the node that is being visited.

    >>> from axonal import neuro
    >>> class Paths(Walker):
    ...     def call_module(self, target, args, kwargs):
    ...         return f"{target}({args[0]})"
    >>> Paths(neuro.Sequential({"fc": neuro.Linear(3, 4), "lif": neuro.LIF(4)})).run("x")
    'lif(fc(x))'
    """

    def __init__(self, net: Composition) -> None:
        super().__init__(net, graph=net.traced)
        self.net: Any = net
        self.node: fx.Node = next(iter(self.graph.nodes))
        # an error of a subclass is meant for the user as it is
        self.extra_traceback = False

    @property
    def here(self) -> str:
        """Path of the module whose forward is visited, and the user's line."""
        place: str = self.node.meta.get("here", "forward")
        return place

    def run_node(self, n: fx.Node) -> Any:
        """Visit one node."""
        self.node = n
        return super().run_node(n)
