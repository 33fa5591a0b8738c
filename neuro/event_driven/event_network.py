"""A network of ordinary layers, run spike by spike."""

import math
from typing import Any

from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.event_driven._engines import known_engine
from axonal.neuro.event_driven.event_lif import EventLIF
from axonal.neuro.event_driven.event_readout import READINGS, EventReadout
from axonal.neuro.events import Events
from axonal.neuro.layers import CuBaLIF, DelayedLinear, LeakyIntegrator, Linear
from axonal.neuro.network import Network, Recurrent


class EventNetwork(nn.Module):
    """A chain of ordinary layers run by an engine of :class:`EventLIF`, with their parameters.

    The network given stays what it is: it shares every parameter, has the same ``state_dict``, and
    is what ``deploy.export`` takes. Its layers are, one after another,

    * :class:`DelayedLinear` or :class:`Linear`, then :class:`CuBaLIF`: an :class:`EventLIF`;
    * the same with ``Recurrent(CuBaLIF, DelayedLinear or Linear)``: one with feedback;
    * at the end, connections and two :class:`LeakyIntegrator`: an :class:`EventReadout`.

    Everything else has no exact gradient here and is refused by name: batch norm and dropout act on
    steps, adaptive neurons have a second variable, and a count of spikes has derivative zero.

    Args:
        net: the network.
        engine: ``"exact"``, ``"eventprop"`` or ``"surrogate"``; an attribute that can be set.
        reading: of :class:`EventReadout`, where the network ends in one.
        clip: of :class:`EventLIF`, for each layer by itself.
        limit: of :class:`EventLIF`.

    Returns:
        Called with :class:`Events`, or whole numbers of spikes [T, B, N]: what the last
        layer returns.

    Raises:
        ValueError: for layers that have no event-driven form, by path.

    >>> import torch
    >>> from axonal import neuro
    >>> net = neuro.Sequential(
    ...     neuro.DelayedLinear(2, 8, max_delay=5), neuro.CuBaLIF(8, decay_input=True),
    ...     neuro.DelayedLinear(8, 3, max_delay=5),
    ...     neuro.LeakyIntegrator(3, tau=5.0), neuro.LeakyIntegrator(3, tau=10.0, decay_input=True),
    ... )
    >>> exact = neuro.EventNetwork(net, engine="exact", reading="max")
    >>> z = exact(neuro.Events.of([[1.0, 2.5]], [[0, 1]], size=2, duration=30))
    >>> z.shape, list(exact.state_dict()) == list(net.state_dict())
    (torch.Size([1, 3]), True)
    """

    def __init__(
        self,
        net: Network,
        *,
        engine: str = "exact",
        reading: str = "mean",
        clip: float = math.inf,
        limit: int = 100_000,
    ) -> None:
        super().__init__()
        known_engine(_checks.name_of(self), engine)
        if reading not in READINGS:
            raise ValueError(
                f"EventNetwork knows the readings {', '.join(READINGS)}; got {reading!r}."
            )
        # not as a part of its own name, so that parameters are called as they are in the network
        self._modules.update(net._modules)
        vars(self)["_net"] = net
        vars(self)["_parts"] = tuple(_chain(net)) if isinstance(net, Network) else ()
        vars(self)["_layers"] = tuple(_event_layers(net, engine, reading, clip, limit))

    @property
    def engine(self) -> str:
        """The engine of every layer."""
        return self.layers[0].engine

    @engine.setter
    def engine(self, engine: str) -> None:
        for layer in self.layers:
            layer.engine = known_engine(_checks.name_of(self), engine)

    @property
    def layers(self) -> tuple[EventLIF | EventReadout, ...]:
        """The event-driven layers in the order they run."""
        layers: tuple[EventLIF | EventReadout, ...] = vars(self)["_layers"]
        return layers

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "engine":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def forward(self, x: Events | Tensor) -> Any:
        """Run the layers over events, or over spikes [T, B, N]."""
        net, made = vars(self)["_net"], vars(self)["_parts"]
        if any(net.get_submodule(path) is not part for path, part in made):
            raise ValueError(
                "EventNetwork: a layer of the network was replaced since it was made: make another "
                "EventNetwork of it."
            )
        y: Any = x
        for layer in self.layers:
            y = layer(y)
        return y

    def train(self, mode: bool = True) -> "EventNetwork":
        """Set the mode of the network, too."""
        vars(self)["_net"].train(mode)
        return super().train(mode)

    def extra_repr(self) -> str:
        """Return the text of ``print(network)``."""
        return f'engine="{self.engine}"'


def _event_layers(
    net: Network, engine: str, reading: str, clip: float, limit: int
) -> list[EventLIF | EventReadout]:
    """Group the layers of a chain into event-driven ones."""
    if not isinstance(net, Network):
        raise TypeError(f"EventNetwork expects a Network, got {_checks.name_of(net)}.")
    chain, made = _chain(net), list[EventLIF | EventReadout]()
    while chain:
        path, synapses = chain.pop(0)
        if not isinstance(synapses, (DelayedLinear, Linear)):
            raise _refused(path, synapses, "connections (DelayedLinear or Linear)")
        if not chain:
            raise ValueError(f"EventNetwork expects neurons after the connections {path!r}.")
        path, neurons = chain.pop(0)
        if isinstance(neurons, LeakyIntegrator) and len(chain) == 1:
            path, potential = chain.pop(0)
            if not isinstance(potential, LeakyIntegrator):
                raise _refused(path, potential, "a second LeakyIntegrator, the potential")
            made.append(EventReadout(synapses, neurons, potential, reading=reading, engine=engine))
            continue
        feedback = None
        if isinstance(neurons, Recurrent):
            if neurons.delay != 1:
                raise ValueError(
                    f"EventNetwork expects Recurrent(..., delay=1) at {path!r}, got "
                    f"{neurons.delay}: let a DelayedLinear as feedback hold the delay."
                )
            neurons, feedback = _inside(neurons.body), _inside(neurons.feedback)
        if not isinstance(neurons, CuBaLIF):
            raise _refused(path, neurons, "CuBaLIF, or two LeakyIntegrators at the end")
        made.append(EventLIF(synapses, neurons, feedback, engine=engine, clip=clip, limit=limit))
    return made


def _inside(part: Any) -> Any:
    """Return the one layer of a part that Recurrent wrapped in a Network, or the part itself."""
    layers = _chain(part) if isinstance(part, Network) else []
    return layers[0][1] if len(layers) == 1 else part


def _chain(net: Network) -> list[tuple[str, nn.Module]]:
    """Return the layers of a network that calls one after another, by path."""
    found: list[tuple[str, nn.Module]] = []
    previous = None
    for node in net.traced.nodes:
        if node.op == "placeholder":
            if previous is not None:
                raise ValueError("EventNetwork expects a network of one input.")
        elif node.op == "call_module" and node.args == (previous,):
            module = net.get_submodule(str(node.target))
            inner = _chain(module) if isinstance(module, Network) else [("", module)]
            found += [(f"{node.target}.{path}".rstrip("."), layer) for path, layer in inner]
        elif node.op != "output":
            raise ValueError(
                f"EventNetwork expects layers one after another, found {node.name!r} between "
                "them: exact gradients need spikes alone between layers."
            )
        previous = node
    return found


def _refused(path: str, layer: nn.Module, expected: str) -> ValueError:
    return ValueError(
        f"EventNetwork has no exact gradient of {_checks.name_of(layer)} at {path!r}: expected "
        f"{expected}. Train it by surrogate gradients, as the Network itself."
    )
