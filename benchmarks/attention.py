"""Spiking attention of linear cost, forward and backward, beside SpikingJelly and softmax."""

import importlib
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from axonal import neuro
from benchmarks._agree import agreement, required, seeded
from benchmarks._measure import TIMED, Table, compare
from benchmarks.growth import exponent

STEPS, BATCH, FEATURES = 4, 4, 64
TOKENS = (64, 256, 1024)
RATE = 0.2
Gradients = tuple[Tensor, Tensor]


def neurons(tokens: int) -> neuro.LIF:
    """The neurons of both publications."""
    convention: dict[str, Any] = {"decay": "euler", "decay_input": True}
    return neuro.LIF((tokens, FEATURES), 2.0, surrogate=neuro.Sigmoid(4.0), **convention)


class Fires(neuro.Network):
    """Attention and neurons behind it, so that forms are compared by their spikes."""

    def __init__(self, attention: neuro.Network, tokens: int) -> None:
        super().__init__()
        self.attention, self.neurons = attention, neurons(tokens)

    def forward(self, x: Tensor) -> Tensor:
        """Run spikes of tokens [T, B, L, C]."""
        spikes: Tensor = self.neurons(self.attention(x))
        return spikes


class Block(neuro.Network):
    """Attention with neurons before it and what came added, and neurons behind."""

    def __init__(self, attention: neuro.Network, tokens: int) -> None:
        super().__init__()
        self.heard, self.attention, self.neurons = neurons(tokens), attention, neurons(tokens)

    def forward(self, x: Tensor) -> Tensor:
        """Run numbers of tokens [T, B, L, C]."""
        spikes: Tensor = self.neurons(x + self.attention(self.heard(x)))
        return spikes


def ours(form: str, tokens: int) -> neuro.Network:
    """Our module, with norms by which a part of the neurons fires."""
    net: neuro.Network
    if form == "spike-driven":
        net = Block(neuro.SpikeDrivenSelfAttention(tokens, FEATURES), tokens)
    else:
        net = Fires(neuro.QKAttention(tokens, FEATURES, masks="tokens", heads=8), tokens)
    for module in net.modules():
        if isinstance(module, neuro.BatchNorm):
            nn.init.constant_(module.weight, 2.0)
            nn.init.constant_(module.bias, 1.0)
    return net


def spikingjelly(form: str, net: neuro.Network) -> nn.Module:
    """SpikingJelly's module with the weights of ours; it takes [T, B, C, L]."""
    based = "spikingjelly.activation_based"
    layer, neuron = (importlib.import_module(f"{based}.{name}") for name in ("layer", "neuron"))
    fired, outputs = net.attention.fired.connected, net.attention.outputs
    ends: list[nn.Module] = []
    if form == "spike-driven":
        module = layer.SpikeDrivenSelfAttention(FEATURES, num_heads=8)
        # there keys and values choose channels of the queries: the same, by other names
        pairs = [
            (getattr(module, f"{name}_conv"), getattr(module, f"{name}_bn"), fired, i)
            for i, name in enumerate("kvq")
        ]
        pairs.append((module.proj_conv, module.proj_bn, outputs, 0))
        ends = [neuron.LIFNode(2.0, detach_reset=True, step_mode="m")]
    else:
        module = layer.TokenQKAttention(FEATURES, num_heads=8)
        pairs = [
            (*part, ours, 0)
            for part, ours in ((module.qk_conv_bn, fired), (module.proj_conv_bn, outputs))
        ]
    for conv, norm, from_, i in pairs:
        rows = slice(i * len(conv.weight), (i + 1) * len(conv.weight))
        with torch.no_grad():
            conv.weight.copy_(from_.weights.weight[rows].view_as(conv.weight))
            norm.weight.copy_(from_.norm.weight[rows])
            norm.bias.copy_(from_.norm.bias[rows])
    return nn.Sequential(module, *ends)


class Softmax(nn.Module):
    """Softmax attention of torch over the tokens of a step, with equal weights."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(FEATURES, 8, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(0, 1)
        y: Tensor = self.attention(flat, flat, flat, need_weights=False)[0]
        return y.unflatten(0, x.shape[:2])


def work(run: Callable[[Tensor], Tensor], net: nn.Module, x: Tensor) -> Callable[[], Gradients]:
    """A training step: outputs and gradients of input and weights."""
    weights = list(net.parameters())

    def step() -> Gradients:
        leaf = x.detach().requires_grad_()
        y = run(leaf)
        grad, *_ = torch.autograd.grad(y, (leaf, *weights), torch.ones_like(y))
        return y.detach(), grad

    return step


def of_spikingjelly(module: nn.Module, form: str) -> Callable[[Tensor], Tensor]:
    """Run a module on [T, B, L, C], from rest; the spike-driven one wants pictures of tokens."""
    functional = importlib.import_module("spikingjelly.activation_based.functional")

    def run(x: Tensor) -> Tensor:
        functional.reset_net(module)
        tokens = x.transpose(2, 3)
        if form == "spike-driven":
            side = math.isqrt(x.shape[2])
            tokens = tokens.unflatten(3, (side, side))
        y: Tensor = module(tokens)
        return y.flatten(3).transpose(2, 3)

    return run


def run(peers: set[str], *, quick: bool) -> Table:
    """Compare spikes and gradients in double precision, then time single precision."""
    table = Table(TIMED)
    taken: dict[str, list[float]] = {}
    for tokens in (16,) if quick else TOKENS:
        for form in ("spike-driven", "qk-token"):
            torch.manual_seed(0)
            net = ours(form, tokens)
            x = seeded(STEPS, BATCH, tokens, FEATURES)
            # a block hears numbers
            x = 4 * x if form == "spike-driven" else (x < RATE).float()
            runs: dict[str, tuple[Callable[[Tensor], Tensor], nn.Module]] = {
                "axonal": (lambda y, net=net: net(y)[0], net)
            }
            agrees = {"axonal": f"{net.double()(x.double())[0].mean():.2f} fire"}
            if "spikingjelly" in peers:
                peer = spikingjelly(form, net).double()
                mine, theirs = (
                    work(call, module, x.double())
                    for call, module in (runs["axonal"], (of_spikingjelly(peer, form), peer))
                )
                agrees["spikingjelly"] = required(agreement(theirs, mine), "SpikingJelly")
                runs["spikingjelly"] = of_spikingjelly(peer, form), peer.float()
            net.float()
            softmax = Softmax()
            runs["torch, softmax"], agrees["torch, softmax"] = (
                (softmax, softmax),
                "another function",
            )
            works = {name: work(*pair, x) for name, pair in runs.items()}
            compare(table, f"{form}, {tokens} tokens", works, agrees)
            for row in table.json[-len(works) :]:
                name = f"{form}, {row['implementation']}"
                taken.setdefault(name, []).append(row["median_s"])
    if not quick:
        slopes = ", ".join(
            f"{name} {exponent([float(n) for n in TOKENS], seconds):.2f}"
            for name, seconds in taken.items()
        )
        table.remarks.append(f"Exponents of the number of tokens: {slopes}.")
    table.remarks.append(
        f"{STEPS} steps of {BATCH} samples with {FEATURES} features per token, 8 heads where a "
        f"form has them; Q-K attention hears spikes at a rate of {RATE}, and the spike-driven form "
        "numbers, as SpikingJelly's module has the neurons before it and the sum behind it; a "
        "training step with gradients of input and weights, norms in training. Spikes and "
        "gradients of the spiking forms were compared in double precision first. Softmax "
        "attention is no spiking network: it shows how a quadratic cost grows."
    )
    return table
