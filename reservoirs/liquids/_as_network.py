"""A liquid as a network of layers, for export."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from axonal import neuro
from axonal.reservoirs.liquids.liquid import Liquid
from axonal.reservoirs.liquids.synapses import Exponential


def as_network(
    liquid: Liquid, weights: npt.ArrayLike | None = None, *, amplitude: float = 100.0
) -> neuro.Network:
    """Write a liquid whose weights stay as a `neuro.Network`, which `deploy.export` takes.

    The network is given events, `[T, B, M]`, of which each adds ``amplitude`` to the membrane of
    its input neuron, and returns the spikes of the liquid. A layer spikes in the step in which its
    membrane reaches the threshold, a neuron of a liquid at the start of the next one: spikes of the
    network come two steps earlier than those of the liquid. They are the same ones, as far as sums
    are rounded alike; weights on a grid of powers of two make that certain.

    Args:
        liquid: with inputs, `Exponential` synapses and no bias; where it has refractory steps its
            membranes have to hold meanwhile. Its plasticity is left out.
        weights: in the order of `Liquid.weights`; None for those.
        amplitude: of an event.

    Returns:
        the network, in double precision and evaluation mode.

    Raises:
        ValueError: the liquid has something that layers and graphs do not have.

    >>> from axonal.reservoirs import Exponential, Liquid, topology
    >>> wiring = topology.grid((3, 3, 3), seed=0)
    >>> inputs = topology.random_inputs(4, 27, 0.5, seed=0)
    >>> liquid = Liquid(wiring, inputs, synapses=Exponential(2.0), refractory=0)
    >>> as_network(liquid)(torch.zeros(5, 2, 4, dtype=torch.float64))[0].shape
    torch.Size([5, 2, 27])
    """
    net = liquid._network
    lacks = []
    if liquid.input_wiring is None:
        lacks.append("inputs")
    if not isinstance(liquid.synapses, Exponential):
        lacks.append("Exponential synapses (a graph knows no last-spike ones)")
    if net.refractory and not net.holds:
        lacks.append("holds=True (a refractory membrane of a graph does not go on)")
    if np.any(net.bias):
        lacks.append("a bias of 0 (that of a graph enters the current)")
    if lacks:
        raise ValueError(f"as_network expects a liquid with {', with '.join(lacks)}.")
    values = np.asarray(liquid.weights if weights is None else weights, np.float64)
    own = len(liquid.wiring.pre)
    n, inputs = liquid.neurons, liquid.inputs
    assert liquid.input_wiring is not None
    common: dict[str, Any] = {"threshold": float(net.threshold[0]), "refractory": net.refractory}
    cells = neuro.CuBaLIF(n, **common)
    first = neuro.LIF(inputs, decay_input=False, **common)
    impulse = neuro.Linear(inputs, inputs, False, torch.eye(inputs))
    layers = {
        "impulse": impulse,
        "input": first,
        "given": _connections(
            liquid.input_wiring.pre, liquid.input_wiring.post, values[own:], liquid.delays[own:],
            (n, inputs),
        ),
        "liquid": neuro.Recurrent(
            cells,
            _connections(
                liquid.wiring.pre, liquid.wiring.post, values[:own], liquid.delays[:own], (n, n)
            ),
        ),
    }  # fmt: skip
    built = neuro.Sequential(layers).double().eval()
    with torch.no_grad():
        impulse.weight.copy_(amplitude * torch.eye(inputs))
        # the very numbers of the liquid: a time constant and back may round
        cells.decay.fill_(float(net.decay[0]))
        first.decay.fill_(float(net.decay[0]))
        cells.decay_synapse.fill_(float(net.kernel_decay[0]))
    return built.requires_grad_(False)


def _connections(
    pre: npt.NDArray[np.int32],
    post: npt.NDArray[np.int32],
    weights: npt.NDArray[np.float64],
    delays: npt.NDArray[Any],
    shape: tuple[int, int],
) -> neuro.Linear | neuro.DelayedLinear:
    dense, mask, late = torch.zeros(shape).double(), torch.zeros(shape), torch.zeros(shape)
    dense[post, pre] = torch.from_numpy(weights)
    mask[post, pre] = 1.0
    if not delays.any():
        layer: neuro.Linear | neuro.DelayedLinear = neuro.Linear(*shape[::-1], False, mask)
    else:
        late[post, pre] = torch.from_numpy(np.asarray(delays, np.float32))
        layer = neuro.DelayedLinear(*shape[::-1], int(delays.max()), delay=late, mask=mask)
    layer.double()
    with torch.no_grad():
        layer.weight.copy_(dense)
    return layer
