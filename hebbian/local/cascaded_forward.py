"""Cascaded Forward: fixed random blocks, each with a predictor of its own."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal._base import checks
from axonal.hebbian.local._blockwise import Blockwise, check_classes, rate
from axonal.hebbian.local.stored import Stored


class CascadedForward(Blockwise):
    """Cascaded Forward (CaFo): fixed random blocks, each with a predictor of its own.

        P_l = softmax(W_l a_l + b_l),   loss_l = CE(P_l, target),   score = sum_l P_l

    with a_l the activity of block l, flattened, of spiking blocks its mean over time. The blocks
    stay as they were drawn; their weights take no gradient. No error passes from block to block,
    nor into a block.

    Trains predictors of Linear, Conv2d and DelayedLinear blocks with any neurons or functions
    behind them, one after another, without an output layer. The published blocks are Conv2d (3 x 3,
    padding 1), ReLU, MaxPool2d(2) and BatchNorm. A BatchNorm takes its statistics from the
    batches that pass while the rule learns; its scale and shift stay 1 and 0.

    Source: Zhao et al., arXiv 2303.09728 (with random blocks and cross-entropy; they also train the
    blocks by direct feedback alignment, and the predictors by least squares or sparsemax).

    Args:
        net: layers one after another; its parameters are frozen.
        classes: C.
        like: an input [T, B, ...] like those to come, where the first layer is a Conv2d.

    Raises:
        ValueError: for an output layer, and for networks with branches.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 8), nn.ReLU(), neuro.Linear(8, 6), nn.ReLU())
    >>> rule = local.CascadedForward(net, classes=2)
    >>> loss = rule.gradients(torch.rand(1, 4, 3), torch.zeros(4, dtype=torch.int64))
    >>> rule.scores(torch.rand(1, 4, 3)).sum(1).round(decimals=4)
    tensor([2., 2., 2., 2.])
    """

    def __init__(self, net: neuro.Network, *, classes: int, like: Tensor | None = None) -> None:
        super().__init__(net, like)
        self.classes = checks.whole_number("CascadedForward", "classes", classes, 2)
        net.requires_grad_(False)
        self.predictors = nn.ModuleList(nn.Linear(width, self.classes) for width in self.widths)

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...]; return the mean loss of the predictors."""
        check_classes(self, self.classes, target)
        total = x.new_zeros(())
        for block, predictor in zip(self._blocks, self.predictors, strict=True):
            with torch.no_grad():
                x = block.run(x)
            loss = F.cross_entropy(predictor(rate(x)), target)
            loss.backward()
            total += loss.detach() / len(self.predictors)
            del loss
        return total

    @torch.no_grad()
    def scores(self, x: Tensor) -> Tensor:
        """Return the sum of the shares of all predictors [B, C] for ``x`` [T, B, ...]."""
        total = x.new_zeros(x.shape[1], self.classes)
        for block, predictor in zip(self._blocks, self.predictors, strict=True):
            x = block.run(x)
            total += torch.softmax(predictor(rate(x)), 1)
        return total

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        batch = x.shape[1] * x.element_size()
        # the rates in front of one predictor at a time, and its shares
        return super().stored(x)._replace(activity=batch * (max(self.widths) + self.classes))
