"""Neurons that hear each other, forward and backward, beside the peers."""

import copy
import importlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.recurrent_lif import recurrent_lif
from benchmarks._agree import required, seeded
from benchmarks._measure import TIMED, Table, compare
from benchmarks.lif import ADDED, HALF, SUPER

SHAPE, QUICK = (100, 64, 256), (50, 16, 32)
# The size of the input decides how many neurons fire, and that how long our forward pass takes.
INPUT = {"T100": 1.5, "T100 sparse": 1.2, "T100 dense": 3.0}

Function = Callable[[Tensor], Tensor]
Results = tuple[Tensor, ...]


def ours(weight: Tensor, convention: dict[str, Any], **choice: Any) -> Function:
    """Our operator at a decay of one half."""

    def run(x: Tensor) -> Tensor:
        half, one, rest = torch.tensor(0.5), torch.tensor(1.0), torch.zeros_like(x[0])
        return recurrent_lif(
            x, rest, rest, None, weight, None, half, one, Convention(**convention), **choice
        )[0]

    return run


def spikingjelly(weight: nn.Parameter) -> Function:
    """SpikingJelly's neuron in its container for loops."""
    activation = importlib.import_module("spikingjelly.activation_based")
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    layer = importlib.import_module("spikingjelly.activation_based.layer")
    surrogate = importlib.import_module("spikingjelly.activation_based.surrogate")
    functional = importlib.import_module("spikingjelly.activation_based.functional")
    assert activation
    node = neuron.LIFNode(
        tau=2.0, detach_reset=True, surrogate_function=surrogate.ATan(2.0), step_mode="s"
    )
    loop = layer.ElementWiseRecurrentContainer(
        node, lambda s, x: x + F.linear(s, weight), step_mode="s"
    )

    def run(x: Tensor) -> Tensor:
        functional.reset_net(loop)
        # its own loop over time indexes x, whose gradient then costs it more
        return torch.stack([loop(x_t) for x_t in x.unbind(0)])

    return run


def snntorch(weight: nn.Parameter) -> Function:
    """snntorch's RLeaky in a loop over time."""
    library = importlib.import_module("snntorch")
    surrogate = importlib.import_module("snntorch.surrogate")
    node = library.RLeaky(
        beta=0.5, linear_features=len(weight), reset_mechanism="zero", reset_delay=False,
        spike_grad=surrogate.atan(alpha=2.0),
    )  # fmt: skip
    node.recurrent = nn.Linear(len(weight), len(weight), bias=False)
    node.recurrent.weight = weight

    def run(x: Tensor) -> Tensor:
        s, v = node.reset_mem()
        spikes = []
        for x_t in x.unbind(0):
            s, v = node(x_t, s, v)
            spikes.append(s)
        return torch.stack(spikes)

    return run


def norse(weight: nn.Parameter) -> Function:
    """norse's LIFBox cell, which has no feedback of its own: the product is ours."""
    box = importlib.import_module("norse.torch.functional.lif_box")
    parameters = box.LIFBoxParameters(tau_mem_inv=torch.tensor(500.0))

    def run(x: Tensor) -> Tensor:
        s = torch.zeros_like(x[0])
        state, spikes = box.LIFBoxFeedForwardState(v=s), []
        for x_t in x.unbind(0):
            drive = x_t + F.linear(s, weight)
            s, state = box.lif_box_feed_forward_step(drive, state, parameters)
            spikes.append(s)
        return torch.stack(spikes)

    return run


PEERS = {
    "spikingjelly": (spikingjelly, HALF),
    "norse": (norse, SUPER),
    "snntorch": (snntorch, ADDED),
}


def backward(
    function: Function, learnt: Sequence[Tensor], x: Tensor, g: Tensor
) -> Callable[[], Results]:
    """Forward and backward from a fresh leaf: spikes, and the gradients of x and what is learnt."""

    def work() -> Results:
        leaf = x.detach().requires_grad_()
        spikes = function(leaf)
        return spikes.detach(), *torch.autograd.grad(spikes, (leaf, *learnt), g)

    return work


def agreement(mine: Callable[[], Results], definition: Callable[[], Results]) -> str:
    """Compare spikes and all gradients; say how much differs, if anything does."""
    (spikes, *grads), (expected, *expected_grads) = mine(), definition()
    different = int((spikes != expected).sum())
    said = (
        "same spikes" if not different else f"{different / expected.numel():.1e} of spikes differ"
    )
    deviation = max(
        float((a - b).abs().max() / b.abs().max())
        for a, b in zip(grads, expected_grads, strict=True)
    )
    return f"{said}, gradients to {deviation:.0e}"


NEURONS: dict[str, Callable[[int], nn.Module]] = {
    "axonal": lambda n: neuro.LIF(n, 2.0),
    "PLIF": lambda n: neuro.PLIF(n, 2.0, decay_input=False),
    "ALIF": lambda n: neuro.ALIF(n, 2.0, 20.0, reset="zero"),
    "CuBaLIF": lambda n: neuro.CuBaLIF(n, 2.0, 2.0),
    "LIF, reset delayed": lambda n: neuro.LIF(n, 2.0, reset="delayed"),
    "LIF, reset none": lambda n: neuro.LIF(n, 2.0, reset="none"),
}
DELAYED = {
    "LIF, fixed delays": "one-tap",
    "LIF, one delay each": "straight-through",
    "LIF, Gaussian delays": "gaussian",
}
WRITTEN_OUT = ("ALIF", "CuBaLIF", "LIF, one delay each")
"""Neurons whose loop is also timed step by step, as any body runs."""
FEW = ("axonal", "ALIF", "LIF, one delay each")
"""Those of a quick run: every one has kernels of its own, which are compiled first."""
LONGEST = 20


def every_neuron(table: Table, shape: tuple[int, int, int], *, quick: bool) -> None:
    """Time loops of every neuron that has a compiled form, and of delayed feedback."""
    steps, batch, size = shape
    x = ((seeded(steps, batch, size, high=1.5) * 2048).floor() * 2 + 1) / 4096
    g = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    works, agrees = {}, {}
    for name, make in (NEURONS | dict.fromkeys(DELAYED, NEURONS["axonal"])).items():
        if quick and name not in FEW:
            continue
        torch.manual_seed(0)
        feedback: Any = neuro.Linear(size, size, bias=False)
        if name in DELAYED:
            feedback = neuro.DelayedLinear(size, size, LONGEST, kernel=DELAYED[name], bias=False)
            if not feedback.frozen:
                feedback.set_sigma(1.0)
        with torch.no_grad():
            feedback.weight.copy_((torch.randn(size, size) * 128 / size**0.5).round() / 256)
        loop = neuro.Recurrent(make(size), feedback)
        watched = copy.deepcopy(loop)
        watched.body.register_forward_hook(lambda *_: None)  # which makes it run step by step
        works[name] = _pass(loop, x, g)
        agrees[name] = agreement(works[name], _pass(watched, x, g))
        if name not in DELAYED:  # the taps of a Gaussian are on no grid
            required(agrees[name], name)
        if name in WRITTEN_OUT:
            works[f"{name}, step by step"], agrees[f"{name}, step by step"] = (
                _pass(watched, x, g), "the definition",
            )  # fmt: skip
    case = f"T {steps}, B {batch}, N {size}"
    compare(table, case, works, agrees)
    table.remarks.append(
        f"{case}: loops as layers, over the time of LIF's; delays of 0 to {LONGEST} steps, "
        "gradients of weights and of delays that are not fixed."
    )


def _pass(loop: nn.Module, x: Tensor, g: Tensor) -> Callable[[], Results]:
    """A forward and a backward pass of a loop as a layer, to all that its connections learn."""
    parts = loop.named_parameters()
    learnt = [p for name, p in parts if name.startswith("feedback") and p.requires_grad]
    return backward(lambda leaf: loop(leaf)[0], learnt, x, g)


def run(peers: set[str], *, quick: bool) -> Table:
    """Time all cases."""
    warnings.simplefilter("ignore")
    table = Table(TIMED)
    every_neuron(table, QUICK if quick else (92, 64, 128), quick=quick)
    steps, batch, size = QUICK if quick else SHAPE
    generator = torch.Generator().manual_seed(1)
    g = torch.randn(steps, batch, size, generator=generator)
    # on grids, so that sums are the same in any order and spikes can be compared; inputs are odd
    # multiples, so that no potential is exactly the threshold, where peers differ
    weight = (torch.randn(size, size, generator=generator) * 128 / size**0.5).round() / 256
    weight = nn.Parameter(weight)
    for case, high in INPUT.items():
        x = ((seeded(steps, batch, size, high=high) * 2048).floor() * 2 + 1) / 4096
        functions: dict[str, tuple[Function, dict[str, Any]]] = {
            "axonal": (ours(weight, HALF), HALF),
            "axonal-recompute": (ours(weight, HALF, recompute=True), HALF),
            "torch-unbind": (ours(weight, HALF, backend="reference"), HALF),
        }
        functions |= {name: (made(weight), c) for name, (made, c) in PEERS.items() if name in peers}
        works, agrees = {}, {}
        for name, (function, convention) in functions.items():
            works[name] = backward(function, [weight], x, g)
            definition = backward(ours(weight, convention, backend="reference"), [weight], x, g)
            agrees[name] = agreement(works[name], definition)
            if name.startswith("axonal"):
                required(agrees[name], name)
        rate = float(works["axonal"]()[0].mean())
        compare(table, case, works, agrees)
        table.remarks.append(f"{case}: {100 * rate:.0f} % of the neurons fire at a step.")
    return table
