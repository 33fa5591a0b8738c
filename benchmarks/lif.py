"""Leaky integrate-and-fire over a sequence, forward and backward, beside every peer."""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.lif import lif
from benchmarks._agree import agreement, required, seeded
from benchmarks._measure import TIMED, Table, compare

CASES = {"T100": (100, 64, 512), "T1000": (1000, 16, 256), "T16": (16, 128, 4096)}
QUICK = {"T100": (100, 16, 128), "T1000": (1000, 4, 64), "T16": (16, 32, 512)}
BYTES = 24  # x, spike and potential once forward; gradient, potential and gradient backward

# The convention of each peer, as our operator says it.
HALF = {"decay_input": True, "surrogate": "atan", "alpha": 2.0}
ADDED = {"decay_input": False, "surrogate": "atan", "alpha": 2.0, "detach_reset": False}
SUPER = {"decay_input": True, "surrogate": "fast_sigmoid", "alpha": 1.0, "detach_reset": False}

Function = Callable[[Tensor], Tensor]


def ours(convention: dict[str, Any], **choice: Any) -> Function:
    """Our operator at a decay of one half."""

    def run(x: Tensor) -> Tensor:
        half, one = torch.tensor(0.5), torch.tensor(1.0)
        return lif(x, torch.zeros_like(x[0]), None, half, one, Convention(**convention), **choice)[
            0
        ]

    return run


def spikingjelly() -> Function:
    """SpikingJelly's multi-step neuron on its torch back end, the only one of its on a CPU."""
    activation = importlib.import_module("spikingjelly.activation_based")
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    surrogate = importlib.import_module("spikingjelly.activation_based.surrogate")
    functional = importlib.import_module("spikingjelly.activation_based.functional")
    assert activation
    node = neuron.LIFNode(
        tau=2.0, detach_reset=True, surrogate_function=surrogate.ATan(2.0), step_mode="m"
    )

    def run(x: Tensor) -> Tensor:
        functional.reset_net(node)
        return node(x)

    return run


def snntorch() -> Function:
    """snntorch's Leaky in a loop over time, as its documentation writes it."""
    library = importlib.import_module("snntorch")
    surrogate = importlib.import_module("snntorch.surrogate")
    node = library.Leaky(
        beta=0.5, reset_mechanism="zero", reset_delay=False, spike_grad=surrogate.atan(alpha=2.0)
    )

    def run(x: Tensor) -> Tensor:
        v, spikes = node.reset_mem(), []
        for t in range(x.shape[0]):
            s, v = node(x[t], v)
            spikes.append(s)
        return torch.stack(spikes)

    return run


def norse() -> Function:
    """norse's LIFBox cell in a loop over time."""
    box = importlib.import_module("norse.torch.functional.lif_box")
    parameters = box.LIFBoxParameters(tau_mem_inv=torch.tensor(500.0))

    def run(x: Tensor) -> Tensor:
        state, spikes = box.LIFBoxFeedForwardState(v=torch.zeros_like(x[0])), []
        for x_t in x:
            s, state = box.lif_box_feed_forward_step(x_t, state, parameters)
            spikes.append(s)
        return torch.stack(spikes)

    return run


def sinabs() -> Function:
    """sinabs' LIF, which takes the batch first: the transposition is not timed against it."""
    layers = importlib.import_module("sinabs.layers")
    activation = importlib.import_module("sinabs.activation")
    node = layers.LIF(
        tau_mem=1.4426950408889634,
        spike_fn=activation.SingleSpike,
        reset_fn=activation.MembraneReset(),
    )

    def run(x: Tensor) -> Tensor:
        node.reset_states()
        return node(x.transpose(0, 1)).transpose(0, 1)

    return run


PEERS = {
    "spikingjelly": (spikingjelly, HALF),
    "snntorch": (snntorch, ADDED),
    "norse": (norse, SUPER),
    "sinabs": (sinabs, HALF),
}


def backward(function: Function, x: Tensor, g: Tensor) -> Callable[[], tuple[Tensor, Tensor]]:
    """Forward and backward from a fresh leaf, as one piece of work."""

    def work() -> tuple[Tensor, Tensor]:
        leaf = x.detach().requires_grad_()
        spikes = function(leaf)
        spikes.backward(g)
        assert leaf.grad is not None
        return spikes.detach(), leaf.grad

    return work


def run(peers: set[str], *, quick: bool) -> Table:
    """Time all cases."""
    warnings.simplefilter("ignore")
    table = Table(TIMED)
    for case, shape in (QUICK if quick else CASES).items():
        x = seeded(*shape, high=3.0)
        g = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        functions: dict[str, tuple[Function, dict[str, Any]]] = {
            "axonal": (ours(HALF), HALF),
            "axonal-recompute": (ours(HALF, recompute=True), HALF),
            "torch-unbind": (ours(HALF, backend="reference"), HALF),
        }
        functions |= {name: (PEERS[name][0](), PEERS[name][1]) for name in PEERS if name in peers}
        works, agrees = {}, {}
        for name, (function, convention) in functions.items():
            works[name] = backward(function, x, g)
            definition = backward(ours(convention, backend="reference"), x, g)
            agrees[name] = agreement(works[name], definition)
            if name.startswith("axonal"):
                required(agrees[name], name)
        compare(table, case, works, agrees, least_bytes=BYTES * x.numel())
    if "sinabs" in peers:
        table.remarks.append(
            "sinabs' surrogate is its own, a single exponential: its gradients differ by that."
        )
    return table
