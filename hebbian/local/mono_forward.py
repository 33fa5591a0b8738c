"""Mono-Forward: every layer learns to tell the classes by a projection of its own."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from axonal._base import checks
from axonal.hebbian.local._blockwise import Blockwise, check_classes, rate


class MonoForward(Blockwise):
    """Mono-Forward: every layer learns to tell the classes by a projection of its own.

        G_l = a_l M_l^T,   loss_l = CE(G_l, target)

    with a_l the activity of layer l, for spiking layers its mean over time, and M_l [C, N] a
    learned projection. The gradient of a layer's loss reaches its own weights and its own M alone.
    The score of a class is the G of the last layer, or the sum of all.

    Trains Linear, Conv2d and DelayedLinear with any neurons or functions behind them, one after
    another, without an output layer.

    Source: Gong, Li and Abdulla, arXiv 2501.09238.

    Args:
        net: layers one after another.
        classes: C.
        prediction: ``"last"`` or ``"sum"``.
        like: an input [T, B, ...] like those to come, where the first layer is a Conv2d.

    Raises:
        ValueError: for an output layer, and for networks with branches.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 8), neuro.LIF(8), neuro.Linear(8, 6), neuro.LIF(6))
    >>> rule = local.MonoForward(net, classes=2)
    >>> loss = rule.gradients(torch.rand(5, 4, 3), torch.zeros(4, dtype=torch.int64))
    >>> [tuple(m.shape) for m in rule.projections], rule.scores(torch.rand(5, 4, 3)).shape
    ([(2, 8), (2, 6)], torch.Size([4, 2]))
    """

    def __init__(
        self,
        net: neuro.Network,
        *,
        classes: int,
        prediction: str = "sum",
        like: Tensor | None = None,
    ) -> None:
        super().__init__(net, like)
        self.classes = checks.whole_number("MonoForward", "classes", classes, 2)
        known = ("last", "sum")
        self.prediction = checks.one_of("MonoForward", "prediction", prediction, known)
        self.projections = nn.ParameterList(
            nn.init.kaiming_uniform_(torch.empty(self.classes, width), a=5**0.5)
            for width in self.widths
        )

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...]; return the mean loss of the layers."""
        check_classes(self, self.classes, target)
        total, found = x.new_zeros(()), self._blocks
        for block, projection in zip(found, self.projections, strict=True):
            y = block.run(x.detach())
            loss = F.cross_entropy(rate(y) @ projection.T, target)
            loss.backward()
            total += loss.detach() / len(found)
            x = y.detach()
            del y, loss
        return total

    @torch.no_grad()
    def scores(self, x: Tensor) -> Tensor:
        """Return the scores [B, C] of ``x`` [T, B, ...]."""
        found = []
        for block, projection in zip(self._blocks, self.projections, strict=True):
            x = block.run(x)
            found.append(rate(x) @ projection.T)
        return found[-1] if self.prediction == "last" else torch.stack(found).sum(0)
