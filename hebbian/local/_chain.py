"""A network as blocks, each of connections and what follows them."""

from typing import Any, NamedTuple

from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.local.rule import refused
from axonal.neuro.layers.lift import over_time

CONNECTIONS = (neuro.Linear, neuro.Conv2d, neuro.DelayedLinear)


class Block(NamedTuple):
    """Connections of a network with the modules around them.

    Args:
        path: of the connections in the network.
        connections: the one layer of weights.
        before: modules between the block before and the connections.
        after: modules from the connections to the next block, neurons first.
        net: all of them as a network of their own, which shares their parameters.
    """

    path: str
    connections: Any
    before: tuple[nn.Module, ...]
    after: tuple[tuple[str, nn.Module], ...]
    net: neuro.Network

    def run(self, x: Tensor) -> Tensor:
        """Run the block on ``x`` [T, B, ...] from rest."""
        y: Tensor = self.net(x)[0]
        return y


def blocks(rule: object, net: neuro.Network, *, last: bool = False) -> list[Block]:
    """Return the blocks of a network that calls layers one after another.

    Args:
        rule: in whose name a network is refused.
        net: the network.
        last: let a block end with its connections; what stands between two of them belongs to the
            second, not to the first.

    Raises:
        ValueError: for a network with branches or without connections, in the name of the rule.
    """
    found = list[tuple[str, nn.Module]](chain(rule, net))
    places = [k for k, (_, layer) in enumerate(found) if isinstance(layer, CONNECTIONS)]
    if not places:
        raise ValueError(
            f"{type(rule).__name__} found no connections in the network: it trains Linear, Conv2d "
            "and DelayedLinear of axonal.neuro."
        )
    ends = [place + 1 for place in places[:-1]] if last else places[1:]
    starts = [0, *ends, len(found)]
    made = []
    for number, place in enumerate(places):
        parts = found[starts[number] : starts[number + 1]]
        path, connections = found[place]
        made.append(
            Block(
                path,
                connections,
                tuple(layer for _, layer in found[starts[number] : place]),
                tuple(found[place + 1 : starts[number + 1]]),
                neuro.Sequential({str(k): layer for k, (_, layer) in enumerate(parts)}).train(
                    net.training
                ),
            )
        )
    return made


def chain(rule: object, net: neuro.Network) -> list[tuple[str, nn.Module]]:
    """Return the layers of a network that calls one after another, by path."""
    who, found = type(rule).__name__, list[tuple[str, nn.Module]]()
    previous = None
    for node in net.traced.nodes:
        if node.op == "placeholder" and previous is None:
            pass
        elif node.op == "call_module" and node.args == (previous,):
            path = str(node.target)
            module = net.get_submodule(path)
            if isinstance(module, neuro.Network):
                found += [(f"{path}.{inner}", m) for inner, m in chain(rule, module)]
            else:
                found.append((path, module))
        elif node.op != "output":
            raise ValueError(
                f"{who} expects layers one after another, found {node.name!r} between them: "
                "write the network as neuro.Sequential, or train it by Backprop."
            )
        previous = node
    for path, module in found:
        if isinstance(module, nn.Linear | nn.Conv2d) and not isinstance(module, CONNECTIONS):
            raise refused(rule, path, module, f"write neuro.{type(module).__name__} in its place.")
    return found


def neurons_of(block: Block) -> tuple[Any, tuple[nn.Module, ...]]:
    """Return the neurons right behind the connections, or ``None``, and the modules after them."""
    layers = tuple(layer for _, layer in block.after)
    if layers and isinstance(layers[0], neuro.Layer):
        return layers[0], layers[1:]
    return None, layers


def stateless(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a module without memory to ``x`` [K, B, ...], as a Network does."""
    of_sequences = isinstance(layer, neuro.BatchNorm | neuro.Dropout | neuro.Lift)
    y: Tensor = layer(x) if of_sequences else over_time(layer, x)
    return y
