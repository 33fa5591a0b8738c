"""A report on whether a network can learn: rates, dead and saturated neurons, gradients."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from axonal.neuro.layers import Layer
from axonal.neuro.layers._delayed import Delayed
from axonal.neuro.network.network import Network
from axonal.neuro.network.recording import watched


@dataclass(frozen=True)
class LayerReport:
    """One spiking layer of a :class:`SpikeReport`.

    Attributes:
        path: module path of the layer.
        rate: mean spikes per neuron and step.
        dead: share of neurons that never fired.
        saturated: share of neurons that fired in at least 9 of 10 steps.
        gradient: norm of the loss' gradient at the layer's output.
    """

    path: str
    rate: float
    dead: float
    saturated: float
    gradient: float


@dataclass(frozen=True)
class SpikeReport:
    """Result of :func:`spike_report`.

    Attributes:
        layers: a :class:`LayerReport` for every spiking layer, in the order they run.
        gradients: norm of the loss' gradient for every trained parameter by name.
        problems: why the network cannot learn as it is, one line each; empty if it can.
    """

    layers: tuple[LayerReport, ...]
    gradients: dict[str, float] = field(repr=False)
    problems: tuple[str, ...]

    def __str__(self) -> str:
        width = max([len(row.path) for row in self.layers] + [5])
        lines = [f"{'layer':<{width}}   rate   dead  saturated  gradient"]
        lines += [
            f"{row.path:<{width}}  {row.rate:5.3f}  {row.dead:5.1%}  {row.saturated:9.1%}"
            f"  {row.gradient:8.2e}"
            for row in self.layers
        ]
        return "\n".join([*lines, *(f"! {problem}" for problem in self.problems)])


def spike_report(
    net: Network, *inputs: Tensor, loss: Callable[[Any], Tensor] | None = None, state: Any = None
) -> SpikeReport:
    """Report rates, dead and saturated neurons and gradients; warn if nothing can be learned.

    Args:
        net: the network, in the mode of interest.
        inputs: its inputs [T, B, ...].
        loss: function of the output to a scalar; by default the sum of every output.
        state: the state to go on from.

    Returns:
        A :class:`SpikeReport`; print it for a table.

    Warns:
        UserWarning: if a layer is silent or saturated as a whole, a trained parameter gets no
            gradient, or a gradient is not finite.

    >>> from axonal import neuro
    >>> _ = torch.manual_seed(0)
    >>> net = neuro.Sequential(neuro.Linear(8, 16), neuro.LIF(16))
    >>> report = spike_report(net, torch.ones(20, 4, 8))
    >>> report.problems, 0 < report.layers[0].rate < 1
    ((), True)
    """
    spiking = {
        path: m for path, m in net.named_modules() if isinstance(m, Layer) and m.spiking and path
    }
    with torch.enable_grad(), watched(net, spiking) as calls:
        output, _ = net(*inputs, state=state)
        leaves = [y for y in pytree.tree_leaves(output) if isinstance(y, Tensor)]
        value = loss(output) if loss else torch.stack([y.sum() for y in leaves]).sum()
    # evaluation and freezing round the delays, so that no gradient is meant to reach them
    rounded = {
        id(m.position)
        for m in net.modules()
        if isinstance(m, Delayed) and (m.frozen or not m.training)
    }
    trained = {
        name: p for name, p in net.named_parameters() if p.requires_grad and id(p) not in rounded
    }
    outputs = [(path, y) for path, made in calls.items() for _, _, y in made if y.requires_grad]
    wanted = [*trained.values(), *(y for _, y in outputs)]
    grads: tuple[Tensor | None, ...] = (None,) * len(wanted)
    if wanted and value.requires_grad:
        grads = torch.autograd.grad(value, wanted, allow_unused=True)
    norms = [0.0 if g is None else float(g.norm()) for g in grads]
    gradients = dict(zip(trained, norms, strict=False))
    at_output: dict[str, float] = dict.fromkeys(spiking, 0.0)
    for (path, _), norm in zip(outputs, norms[len(trained) :], strict=True):
        at_output[path] = float((at_output[path] ** 2 + norm**2) ** 0.5)

    rows = []
    for path, made in calls.items():
        if made:
            y = torch.cat([y.detach() for _, _, y in made]).flatten(0, 1)
            per_neuron = (y != 0).to(y.dtype).mean(0)  # a graded spike is one spike
            rows.append(
                LayerReport(
                    path,
                    rate=float(per_neuron.mean()),
                    dead=float((per_neuron == 0).float().mean()),
                    saturated=float((per_neuron >= 0.9).float().mean()),
                    gradient=at_output[path],
                )
            )
    problems = _problems(rows, gradients)
    if problems:
        warnings.warn("this network cannot learn: " + "; ".join(problems), stacklevel=2)
    return SpikeReport(tuple(rows), gradients, tuple(problems))


def _problems(rows: list[LayerReport], gradients: dict[str, float]) -> list[str]:
    problems = []
    for row in rows:
        if row.dead == 1:
            problems.append(
                f"{row.path}: no neuron fired. Raise the weights before it, lower its threshold or "
                "normalise its input"
            )
        elif row.saturated == 1:
            problems.append(
                f"{row.path}: every neuron fires all the time. Lower the weights before it or "
                "raise its threshold"
            )
    broken = [name for name, norm in gradients.items() if not norm < float("inf")]
    if broken:
        problems.append(f"the gradient is not finite for {', '.join(broken)}")
    unreached = [name for name, norm in gradients.items() if norm == 0]
    if unreached:
        problems.append(f"no gradient reaches {', '.join(unreached)}")
    return problems
