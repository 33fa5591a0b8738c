"""The part of the experiment ``tutorials`` that runs in the environment of the peers.

``python -m experiments._tutorials_peer FILE NAME GRAPH SEED`` trains a network on the images in
FILE, imports it, compares and exports it to GRAPH, and answers with JSON.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from axonal import deploy, neuro

BATCH = 100


def main() -> None:
    """Train, import, compare, export."""
    warnings.simplefilter("ignore")  # what a framework says at import is not ours to answer
    from experiments._tutorials_networks import TUTORIALS

    torch.set_num_threads(1)
    torch.manual_seed(int(sys.argv[4]))
    data: dict[str, Tensor] = torch.load(sys.argv[1], weights_only=True)
    tutorial, graph = TUTORIALS[sys.argv[2]], sys.argv[3]
    module = tutorial.make()
    run = _runner(module, tutorial)
    begun = time.process_time()
    _train(module, run, tutorial, data)
    found: dict[str, Any] = {"training_seconds": round(time.process_time() - begun, 1)}
    module.eval()
    images, labels = _given(data["test"], tutorial), data["test_labels"]
    convert = getattr(neuro, f"from_{tutorial.framework}")
    try:
        net = convert(module, input_shape=tutorial.given)
    except neuro.ConversionError as error:
        json.dump({**found, "not_imported": str(error)}, sys.stdout)
        return
    found |= _compared(module, run, net, tutorial, images, labels)
    found["different_in_double"] = _in_double(module, convert, tutorial, images, labels)
    found |= _exported(net, tutorial, data["shown"], graph)
    json.dump(found, sys.stdout)


def _given(images: Tensor, tutorial: Any) -> Tensor:
    return images.view(-1, *tutorial.given)


def _drawn(images: Tensor, steps: int) -> Tensor:
    """Return spikes [T, B, ...] that fire as often as a pixel is bright."""
    generator = torch.Generator().manual_seed(1)
    shape = (steps, *images.shape)
    return (torch.rand(shape, generator=generator) < images).to(images.dtype)


def _runner(module: nn.Module, tutorial: Any) -> Callable[[Tensor], Any]:
    """Return how the framework runs a network on images."""
    if not tutorial.steps:
        return module

    def stepped(images: Tensor) -> Tensor:
        from spikingjelly.activation_based import functional

        functional.reset_net(module)
        outputs: list[Tensor] = [module(x) for x in _drawn(images, tutorial.steps)]
        return torch.stack(outputs).mean(0)

    return stepped


def _train(
    module: nn.Module, run: Callable[[Tensor], Any], tutorial: Any, data: dict[str, Tensor]
) -> None:
    optimizer = torch.optim.Adam(module.parameters(), tutorial.rate)
    images, labels = _given(data["train"], tutorial), data["train_labels"]
    for few in torch.randperm(len(images)).split(BATCH):
        optimizer.zero_grad()
        tutorial.loss(run(images[few]), labels[few]).backward()
        optimizer.step()


@torch.no_grad()
def _compared(
    module: nn.Module,
    run: Callable[[Tensor], Any],
    net: neuro.Network,
    tutorial: Any,
    images: Tensor,
    labels: Tensor,
) -> dict[str, Any]:
    """Compare spikes of every layer and decisions."""
    right = mine = alike = spikes = cells = different = 0
    for x, y in zip(images.split(BATCH), labels.split(BATCH), strict=True):
        theirs: dict[str, list[Tensor]] = {}
        with _Watched(module, theirs):
            answer = tutorial.scores(run(x)).argmax(1)
        sequence = _drawn(x, tutorial.steps) if tutorial.steps else net.time_loop.sequence(x)
        names = {path: _place(net, path) for path in theirs}
        output, traces = neuro.record(net, sequence, dict.fromkeys(names.values(), ("output",)))
        made = output.mean(0) if tutorial.steps else net.time_loop.decide(output)
        decided = _scores(made, tutorial)
        for path, name in names.items():
            steps, got = theirs[path], traces[name]["output"]
            # many steps at once are one call
            wanted = steps[0] if steps[0].shape == got.shape else torch.stack(steps)
            spikes += int(wanted.count_nonzero())
            cells += wanted.numel()
            different += int((wanted != got).sum())
        right += int((answer == y).sum())
        mine += int((decided == y).sum())
        alike += int((decided == answer).sum())
    return {
        "accuracy": right / len(labels),
        "imported": mine / len(labels),
        "decisions_alike": alike / len(labels),
        "spikes": spikes,
        "cells": cells,
        "different": different,
        "left_out": list(net.time_loop.left_out) if net.time_loop else [],
    }


def _in_double(
    module: nn.Module, convert: Callable[..., Any], tutorial: Any, images: Tensor, labels: Tensor
) -> int:
    """Count the spikes that differ in double precision, on the first images."""
    torch.set_default_dtype(torch.float64)  # states at rest have it
    # made anew: snnTorch's reset passes over copies, which go on from where the original was
    twin = tutorial.make().double()
    twin.load_state_dict(module.state_dict())
    twin.eval()
    net = convert(twin, input_shape=tutorial.given)
    for part in twin.modules():  # snnTorch's spikes are single in any precision
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            part.register_forward_pre_hook(_doubled)
    few = images[:BATCH].double()
    found = _compared(twin, _runner(twin, tutorial), net, tutorial, few, labels[:BATCH])
    torch.set_default_dtype(torch.float32)
    return int(found["different"])


def _doubled(_: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(x.double() for x in given)


def _scores(made: Tensor, tutorial: Any) -> Tensor:
    """Return the class of an imported network, whose potentials may be left out."""
    scores: Tensor = tutorial.scores((made,) if made.ndim == 3 else made)
    return scores.argmax(1)


class _Watched:
    """Collects what neurons that fire return, call by call."""

    def __init__(self, module: nn.Module, found: dict[str, list[Tensor]]) -> None:
        self.module, self.found = module, found

    def __enter__(self) -> None:
        self.handles = [
            m.register_forward_hook(self._keeping(path)) for path, m in _firing(self.module)
        ]

    def __exit__(self, *error: object) -> None:
        for handle in self.handles:
            handle.remove()

    def _keeping(self, path: str) -> Callable[..., None]:
        def keep(_: nn.Module, given: Any, result: Any) -> None:
            y = result[0] if isinstance(result, tuple) else result
            self.found.setdefault(path, []).append(y)

        return keep


def _firing(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Go through neurons that fire by path."""
    names = ("Leaky", "LIFCell", "LIFRecurrentCell", "ConstantCurrentLIFEncoder", "LIFNode")
    for path, part in module.named_modules():
        if type(part).__name__ in (*names, "IFNode"):
            yield path, part


def _place(net: neuro.Network, path: str) -> str:
    """Return where the imported neurons of a path stand."""
    return path if path in net.stateful_layers else f"{path}.loop"


def _exported(net: neuro.Network, tutorial: Any, shown: Tensor, graph: str) -> dict[str, Any]:
    """Export with a golden run on images of black and white pixels."""
    images = _given((shown > 0.5).to(shown.dtype), tutorial)
    loop = net.time_loop
    inputs = _drawn(images, tutorial.steps) if tutorial.steps else loop.sequence(images)
    try:
        made = deploy.export(net, dt=1e-3, inputs=inputs, readout=loop.rule if loop else None)
    except deploy.ExportError as error:
        return {"not_exported": " ".join(str(error).split())}
    made.save(graph)
    synapses = sum(q.size for q in made.projections)
    return {"neurons": sum(p.size for p in made.populations), "synapses": synapses}


if __name__ == "__main__":
    main()
