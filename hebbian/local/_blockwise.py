"""Base of the rules in which every block has a loss of its own."""

import torch
from torch import Tensor, nn

from axonal import neuro
from axonal.hebbian.local._chain import Block, blocks
from axonal.hebbian.local._sizes import fields, sizes
from axonal.hebbian.local.rule import Rule, refused
from axonal.hebbian.local.stored import Stored


class Blockwise(Rule):
    """Blocks one after another, each of which learns from a loss of its own. Abstract.

    Args:
        net: layers one after another, without an output layer.
        like: an input like those to come [T, B, ...], where the first layer does not say its size.
    """

    _last = False
    """Whether a block ends with its connections."""

    def __init__(self, net: neuro.Network, like: Tensor | None) -> None:
        super().__init__(net)
        self._blocks = found = blocks(self, net, last=self._last)
        self._check(found)
        self.widths = self._numbers(found, like)

    def _check(self, found: list[Block]) -> None:
        """Refuse blocks whose activity cannot be read."""
        last = found[-1]
        if not last.after:
            raise refused(
                self, last.path, last.connections,
                "classes are read from hidden layers: leave out the output layer, or put neurons "
                "behind it.",
            )  # fmt: skip
        for block in found[:-1]:
            if not block.after:
                raise refused(
                    self, block.path, block.connections,
                    "connections without neurons in front of others; put neurons behind them.",
                )  # fmt: skip

    def _numbers(self, found: list[Block], like: Tensor | None) -> list[int]:
        """Return how many numbers every block hands on, per sample and step."""
        first = found[0].connections
        if like is None:
            if isinstance(first, neuro.Conv2d):
                raise ValueError(
                    f"{type(self).__name__} cannot tell the size of its layers from "
                    f"{type(first).__name__}: give it an input, like=x[:1, :1]."
                )
            like = first.weight.new_zeros(1, 1, first.in_features)
        widths, x = [], like[:1, :1]
        training = self.net.training
        self.net.eval()
        with torch.no_grad():
            for block in found:
                x = block.run(x)
                widths.append(x[0, 0].numel())
        self.net.train(training)
        return widths

    def _largest(self, x: Tensor, passes: int = 1, *, copied: bool = False) -> int:
        """Return the bytes that the largest block keeps for its own backward pass.

        Args:
            x: the batch.
            passes: how often it runs at once.
            copied: whether what enters the first block is another tensor than the batch.
        """
        found = {size.path: size for size in sizes(self.net, x)}
        each, samples = [], passes * x.shape[1] * x.element_size()
        for block, width in zip(self._blocks, self.widths, strict=True):
            given = found[block.path].given and not copied
            numbers = 0 if given else found[block.path].inputs
            for path, layer in block.after:
                if isinstance(layer, neuro.Layer):
                    numbers += found[path].outputs * fields(layer)
                elif isinstance(layer, nn.ReLU):
                    numbers += found[block.path].outputs
            # the means over time, from which the loss is made
            each.append(numbers * x.shape[0] + width)
        return max(each) * samples

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        own = [
            p
            for name, p in (*self.named_parameters(), *self.named_buffers())
            if not name.startswith("net.")
        ]
        return Stored(self._largest(x), own=sum(p.numel() * p.element_size() for p in own))


def rate(y: Tensor) -> Tensor:
    """Return the mean over time of what a block hands on, [B, N] for [T, B, ...]."""
    return y.mean(0).flatten(1)


def check_classes(rule: Rule, classes: int, target: Tensor) -> None:
    """Refuse targets that are no classes."""
    fine = isinstance(target, Tensor) and target.dtype == torch.int64 and target.ndim == 1
    if not fine or (len(target) and not 0 <= int(target.min()) <= int(target.max()) < classes):
        came = (
            f"{tuple(target.shape)} of {target.dtype}"
            if isinstance(target, Tensor) and not fine
            else f"classes up to {int(target.max())}"
            if isinstance(target, Tensor)
            else type(target).__name__
        )
        raise ValueError(
            f"{type(rule).__name__} expects the class of each sample [B], int64 from 0 to "
            f"{classes - 1}, got {came}."
        )
