"""Learnable delays of spikes, forward and backward, beside DCLS."""

import importlib
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops.delayed_linear import delayed_linear
from benchmarks._agree import seeded
from benchmarks._measure import TIMED, Table, compare

# steps, batch, inputs, outputs, longest delay
CASES = {
    "D25": (100, 32, 256, 256, 24),
    "D250": (1000, 8, 256, 256, 250),
    "D300": (400, 8, 140, 256, 300),
}
QUICK = {"D25": (50, 8, 32, 32, 24), "D250": (300, 4, 16, 16, 250), "D300": (300, 4, 16, 16, 300)}
SIGMA = 0.5
RATE = 0.1

Gradients = tuple[Tensor, ...]


def ours(kernel: str, backend: str, *tensors: Tensor) -> Callable[[], Gradients]:
    """Our operator: y, and gradients of x, weight and delay."""
    x, weight, delay, g, history = tensors
    longest = len(history)

    def work() -> Gradients:
        leaves = [a.detach().requires_grad_() for a in (x, weight, delay)]
        y, _ = delayed_linear(
            leaves[0], history, *leaves[1:], SIGMA,
            kernel=kernel, max_delay=longest, backend=backend,
        )  # fmt: skip
        return y.detach(), *torch.autograd.grad(y, leaves, g)

    return work


def dcls(version: str, *tensors: Tensor) -> Callable[[], Gradients]:
    """DCLS' delays: a dense kernel is built and convolved; the input is padded by us before."""
    x, weight, delay, g, history = tensors
    taps = len(history) + 1
    module = importlib.import_module("DCLS.construct.modules")
    # an even number of taps has no centre: the kernel is one longer and its delays stay the same
    size = taps + 1 - taps % 2
    layer = module.Dcls1d(
        weight.shape[1], weight.shape[0], kernel_count=1, dilated_kernel_size=size,
        version=version, bias=False,
    )  # fmt: skip
    with torch.no_grad():
        layer.weight.copy_(weight.unsqueeze(-1))
        layer.P.copy_((size - 1 - size // 2 - delay)[None, ..., None])
        if version == "gauss":
            layer.SIG.fill_(SIGMA - 0.27)
    channels = F.pad(x.permute(1, 2, 0).contiguous(), (size - 1, 0))
    g_channels = g.permute(1, 2, 0).contiguous()

    def work() -> Gradients:
        leaf = channels.detach().requires_grad_()
        y = layer(leaf)
        g_x, g_weight, g_position = torch.autograd.grad(
            y, (leaf, layer.weight, layer.P), g_channels
        )
        return (
            y.detach().permute(2, 0, 1),
            g_x[..., size - 1 :].permute(2, 0, 1),
            g_weight.squeeze(-1),
            -g_position[0, ..., 0],
        )

    return work


def deviation(mine: Callable[[], Gradients], definition: Callable[[], Gradients]) -> str:
    """Largest deviation of any result, relative to its size."""
    worst = max(
        float((a - b).abs().max() / b.abs().max())
        for a, b in zip(mine(), definition(), strict=True)
    )
    return f"all results to {worst:.0e}"


def run(peers: set[str], *, quick: bool) -> Table:
    """Time all cases; DCLS' v1 is the two-tap kernel, its gauss the Gaussian."""
    table = Table(TIMED)
    for case, (steps, batch, sources, targets, longest) in (QUICK if quick else CASES).items():
        x = (seeded(steps, batch, sources) < RATE).float()
        generator = torch.Generator().manual_seed(1)
        weight = torch.randn(targets, sources, generator=generator) / sources**0.5
        delay = torch.rand(targets, sources, generator=generator) * longest
        g = torch.randn(steps, batch, targets, generator=generator)
        given = x, weight, delay, g, torch.zeros(longest, batch, sources)
        for kernel, version in (("two-tap", "v1"), ("gaussian", "gauss")):
            works = {"axonal": ours(kernel, "auto", *given)}
            if kernel == "two-tap":
                works["torch-conv1d"] = ours(kernel, "reference", *given)
            if "dcls" in peers:
                works[f"dcls-{version}"] = dcls(version, *given)
            definition = ours(kernel, "reference", *given)
            agrees = {name: deviation(work, definition) for name, work in works.items()}
            name = case if kernel == "two-tap" else f"{case} gaussian"
            compare(table, name, works, agrees, repetitions=3 if longest > 100 else 7)
    table.remarks.append(f"Inputs are spikes, {RATE} a channel and step.")
    if "dcls" in peers:
        table.remarks.append(
            "dcls-v1 counts delays from the middle of its kernel: one that lies within rounding of "
            "a whole step falls between two other taps, whose slope is another. At D250 that is "
            "one synapse in 65536; everything else agrees to 1e-05."
        )
    return table
