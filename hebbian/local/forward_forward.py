"""Forward-Forward: layers learn to tell true labels from false ones by their activity."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal import neuro
from axonal._base import checks
from axonal.hebbian.local._blockwise import Blockwise, check_classes, rate
from axonal.hebbian.local.stored import Stored


class ForwardForward(Blockwise):
    """Forward-Forward: layers learn to tell true labels from false ones by their activity.

        loss_l = softplus(theta - g_l(x with its label)) + softplus(g_l(x with another) - theta)

    The label of a sample is written into its first C inputs, one of them 1 and the others 0. The
    goodness g_l of a layer is the mean over its units (or the sum) of the squared activity, of
    spiking layers of the squared mean over time. What enters a layer, the first one included, is
    divided by its root mean square, so that no layer can read off the goodness of the one before.
    The score of a class is the sum of the goodness of all layers but the first, with the label of
    that class written in (of the first as well where it is the only one). The gradient of a layer's
    loss reaches its own weights alone. For a true label there is one false one, drawn anew in every
    batch.

    Trains Linear and DelayedLinear with any neurons or functions behind them, one after another,
    without an output layer.

    Source: Hinton, arXiv 2212.13345.

    Args:
        net: layers one after another, whose first C inputs are free for the label.
        classes: C.
        threshold: theta, > 0, in units of the goodness.
        goodness: ``"sum"`` or ``"mean"`` over units.
        label: the value that stands for the label, > 0.

    Raises:
        ValueError: for an output layer, for networks with branches, and for fewer than C inputs.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(9, 8), neuro.LIF(8), neuro.Linear(8, 6), neuro.LIF(6))
    >>> rule = local.ForwardForward(net, classes=2)
    >>> loss = rule.gradients(torch.rand(5, 4, 9), torch.zeros(4, dtype=torch.int64))
    >>> rule.scores(torch.rand(5, 4, 9)).shape
    torch.Size([4, 2])
    """

    def __init__(
        self,
        net: neuro.Network,
        *,
        classes: int,
        threshold: float = 2.0,
        goodness: str = "mean",
        label: float = 1.0,
    ) -> None:
        super().__init__(net, None)
        who = "ForwardForward"
        self.classes = checks.whole_number(who, "classes", classes, 2)
        self.threshold = checks.number(who, "threshold", threshold, 0, open_low=True)
        self.label = checks.number(who, "label", label, 0, open_low=True)
        self.kind = checks.one_of(who, "goodness", goodness, ("sum", "mean"))
        inputs = self._blocks[0].connections.in_features
        if inputs < self.classes:
            raise ValueError(
                f"{who} writes {self.classes} labels into the first inputs, got a network of "
                f"{inputs}."
            )

    def labelled(self, x: Tensor, label: Tensor) -> Tensor:
        """Return ``x`` [T, B, N] with a label [B] in its first C inputs, at every step."""
        written = torch.zeros_like(x[:, :, : self.classes])
        written[:, torch.arange(len(label)), label] = self.label
        return torch.cat((written, x[:, :, self.classes :]), 2)

    def goodness(self, y: Tensor) -> Tensor:
        """Return the goodness [B] of an activity [T, B, N]."""
        squares = rate(y).square()
        return squares.sum(1) if self.kind == "sum" else squares.mean(1)

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, N]; return the mean loss of the layers."""
        check_classes(self, self.classes, target)
        other = torch.randint(1, self.classes, target.shape, device=target.device)
        both = torch.cat(
            (self.labelled(x, target), self.labelled(x, (target + other) % self.classes)), 1
        )
        total, found, batch = x.new_zeros(()), self._blocks, x.shape[1]
        for block in found:
            y = block.run(normalised(both))
            g = self.goodness(y)
            loss = goodness_loss(g[:batch], g[batch:], self.threshold)
            loss.backward()
            total += loss.detach() / len(found)
            both = y.detach()
            del y, g, loss
        return total

    @torch.no_grad()
    def scores(self, x: Tensor) -> Tensor:
        """Return the goodness [B, C] of ``x`` [T, B, N] with each label."""
        found, batch = self._blocks, x.shape[1]
        every = torch.arange(self.classes, device=x.device).repeat_interleave(batch)
        y = self.labelled(x.repeat(1, self.classes, 1), every)
        total = x.new_zeros(self.classes * batch)
        for number, block in enumerate(found):
            y = block.run(normalised(y))
            if number or len(found) == 1:
                total += self.goodness(y)
        return total.reshape(self.classes, batch).T

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, N], in bytes."""
        # true and false labels together
        return Stored(self._largest(x, passes=2, copied=True))


def goodness_loss(true: Tensor, false: Tensor, threshold: float) -> Tensor:
    """Return ``mean(softplus(theta - true) + softplus(false - theta))`` of goodnesses [B].

    >>> goodness_loss(torch.tensor([3.0]), torch.tensor([1.0]), 2.0)
    tensor(0.6265)
    """
    return (F.softplus(threshold - true) + F.softplus(false - threshold)).mean()


def normalised(y: Tensor) -> Tensor:
    """Return an activity [T, B, N] divided by the root mean square of its mean over time."""
    size = rate(y).square().mean(1).sqrt().reshape(-1, *[1] * (y.ndim - 2))
    return y / (size + 1e-6)
