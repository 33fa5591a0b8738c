"""Physical Forward-Forward: unknown layers between trained weights, without a model of them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal import neuro
from axonal._base import checks
from axonal.hebbian.local._blockwise import Blockwise, check_classes, rate
from axonal.hebbian.local._chain import Block, stateless
from axonal.hebbian.local.forward_forward import normalised
from axonal.hebbian.local.rule import refused
from axonal.hebbian.local.stored import Stored


class PhysicalForwardForward(Blockwise):
    """Physical Forward-Forward: unknown layers between trained weights, no model of them.

    A block is an unknown function f, such as a :class:`RandomMixing`, and connections W. Losses of
    a block, with a its activity:

        "cosine"      log(1 + exp(theta cos(a(x with its label), a(x with another))))
        "prototypes"  CE(theta cos(a(x), p_c), target), p_c fixed random directions, one per class

    and ways to a gradient:

        "weights"      f stands before W: the derivative of the loss by W, which needs f(x) alone
        "directional"  f may stand behind W: u = W x is pushed along random v to both sides, and
                       (loss(u + h v) - loss(u - h v)) / 2h v, per sample, stands for dloss/du

    The second runs forward passes only, twice as many as directions. Activities are divided by
    their root mean square before the next block. Scores: the sum over blocks of cos(a, p_c), or for
    "cosine" of cos(a(x with label c), m), m a running mean of directions with true less with false
    labels (how the paper reads classes is not known here).

    Source: Momeni et al., Science 382 (2023) (arXiv 2304.11042): the cosine loss, by W alone;
    prototypes and directional derivatives after arXiv 2603.24790, in a form of our own.

    Args:
        net: ``Sequential(Lift(RandomMixing(...)), Linear(...), Lift(...), Linear(...))``, or with
            the functions behind the connections.
        classes: C.
        loss: ``"prototypes"`` or ``"cosine"``.
        gradient: ``"weights"`` or ``"directional"``.
        sharpness: theta, > 0; 5 for "cosine" and 10 for "prototypes" by default.
        directions: random directions per batch, >= 1.
        push: h, > 0, in units of the root mean square of u.
        label: the value that stands for a label in the first C inputs, > 0, for "cosine".
        like: an input [T, B, N] like those to come; by default the first size is asked of f or W.

    Raises:
        ValueError: for a function behind W with ``gradient="weights"``, and for neurons.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(
    ...     neuro.Lift(local.RandomMixing(9, 20)), neuro.Linear(20, 12),
    ...     neuro.Lift(local.RandomMixing(12, 20)), neuro.Linear(20, 12),
    ... )
    >>> rule = local.PhysicalForwardForward(net, classes=3)
    >>> loss = rule.gradients(torch.rand(1, 4, 9), torch.zeros(4, dtype=torch.int64))
    >>> rule.scores(torch.rand(1, 4, 9)).shape
    torch.Size([4, 3])
    """

    def __init__(
        self,
        net: neuro.Network,
        *,
        classes: int,
        loss: str = "prototypes",
        gradient: str = "weights",
        sharpness: float | None = None,
        directions: int = 1,
        push: float = 0.1,
        label: float = 1.0,
        like: Tensor | None = None,
    ) -> None:
        who = "PhysicalForwardForward"
        ways = ("weights", "directional")
        vars(self)["_gradient"] = checks.one_of(who, "gradient", gradient, ways)
        vars(self)["_last"] = gradient == "weights"
        super().__init__(net, like if like is not None else _like(net))
        self.classes = checks.whole_number(who, "classes", classes, 2)
        self.kind = checks.one_of(who, "loss", loss, ("cosine", "prototypes"))
        sharpness = {"cosine": 5.0, "prototypes": 10.0}[loss] if sharpness is None else sharpness
        self.sharpness = checks.number(who, "sharpness", sharpness, 0, open_low=True)
        self.directions = checks.whole_number(who, "directions", directions)
        self.push = checks.number(who, "push", push, 0, open_low=True)
        self.label = checks.number(who, "label", label, 0, open_low=True)
        for number, width in enumerate(self.widths):
            drawn = torch.zeros(width)
            if loss == "prototypes":
                drawn = F.normalize(torch.randn(self.classes, width), dim=1)
            self.register_buffer(f"direction_{number}", drawn)

    def _check(self, found: list[Block]) -> None:
        for block in found:
            for path, layer in block.after:
                if isinstance(layer, neuro.Layer):
                    raise refused(self, path, layer, "a block is a function and connections.")
                if self._gradient == "weights":
                    raise refused(
                        self, path, layer,
                        "nobody knows its derivative: put it before the connections, or write "
                        'gradient="directional".',
                    )  # fmt: skip

    def _direction(self, number: int) -> Tensor:
        direction: Tensor = getattr(self, f"direction_{number}")
        return direction

    def _losses(self, activity: Tensor, number: int, target: Tensor) -> Tensor:
        """Return the loss of every sample [B] of activities [B, W], or [2 B, W] of both labels."""
        if self.kind == "cosine":
            true, false = activity.chunk(2)
            return cosine_loss(true, false, self.sharpness)
        return F.cross_entropy(
            self.sharpness * _cosines(activity, self._direction(number)), target, reduction="none"
        )

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, N]; return the mean loss of the blocks."""
        check_classes(self, self.classes, target)
        if self.kind == "cosine":
            other = torch.randint(1, self.classes, target.shape, device=target.device)
            false = (target + other) % self.classes
            x = torch.cat((self.labelled(x, target), self.labelled(x, false)), 1)
        total, found = x.new_zeros(()), self._blocks
        for number, block in enumerate(found):
            x = x.detach()
            for layer in block.before:
                x = stateless(layer, x)
            u = block.connections(x)
            if self._gradient == "weights":
                y = u
                loss = self._losses(rate(y), number, target).mean()
                loss.backward()
            else:
                y, loss = self._pushed(block, u, number, target)
            total += loss.detach() / len(found)
            x = self._handed_on(y.detach(), number)
            del u, y, loss
        return total

    def _pushed(
        self, block: Block, u: Tensor, number: int, target: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Give W the gradient that pushes of u tell; return the answer and the loss."""
        with torch.no_grad():
            y = _behind(block, u)
            losses = self._losses(rate(y), number, target)
            size = self.push * u.square().mean().sqrt()
            slope = torch.zeros_like(u)
            for _ in range(self.directions):
                v = torch.randn_like(u)
                up, down = (
                    self._losses(rate(_behind(block, u + sign * size * v)), number, target)
                    for sign in (1, -1)
                )
                per_sample = (up - down) / (2 * size)
                slope += per_sample.repeat(u.shape[1] // len(per_sample)).reshape(-1, 1) * v
            slope /= self.directions * len(losses)
        u.backward(slope)
        return y, losses.mean()

    @torch.no_grad()
    def _handed_on(self, y: Tensor, number: int) -> Tensor:
        """Return what the next block gets; remember what true labels look like."""
        if self.kind == "cosine":
            true, false = F.normalize(rate(y), dim=1).chunk(2)
            self._direction(number).lerp_((true - false).mean(0), 0.01)
        return normalised(y)

    def labelled(self, x: Tensor, label: Tensor) -> Tensor:
        """Return ``x`` [T, B, N] with a label [B] in its first C inputs, at every step."""
        written = torch.zeros_like(x[:, :, : self.classes])
        written[:, torch.arange(len(label)), label] = self.label
        return torch.cat((written, x[:, :, self.classes :]), 2)

    @torch.no_grad()
    def scores(self, x: Tensor) -> Tensor:
        """Return the scores [B, C] of ``x`` [T, B, N]."""
        batch = x.shape[1]
        if self.kind == "cosine":
            every = torch.arange(self.classes, device=x.device).repeat_interleave(batch)
            x = self.labelled(x.repeat(1, self.classes, 1), every)
        total = x.new_zeros(batch, self.classes)
        for number, block in enumerate(self._blocks):
            y = block.run(x)
            likeness = _cosines(rate(y), self._direction(number).reshape(-1, self.widths[number]))
            if self.kind == "cosine":
                likeness = likeness.reshape(self.classes, batch).T
            total += likeness
            x = normalised(y)
        return total

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, N], in bytes."""
        both = 2 if self.kind == "cosine" else 1
        steps = both * x.shape[0] * x.shape[1] * x.element_size()
        kept = max(b.connections.in_features + b.connections.out_features for b in self._blocks)
        return super().stored(x)._replace(activity=steps * kept)


def cosine_loss(true: Tensor, false: Tensor, sharpness: float = 5.0) -> Tensor:
    """Return ``log(1 + exp(theta cos(true, false)))`` [B] of activities [B, N].

    >>> cosine_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.2, 0.96**0.5]]))
    tensor([1.3133])
    """
    return F.softplus(sharpness * F.cosine_similarity(true, false, dim=1))


def _cosines(activity: Tensor, directions: Tensor) -> Tensor:
    """Return the cosines [B, C] of activities [B, N] and directions [C, N]."""
    return F.normalize(activity, dim=1) @ F.normalize(directions, dim=1).T


def _behind(block: Block, u: Tensor) -> Tensor:
    for _, layer in block.after:
        u = stateless(layer, u)
    return u


def _like(net: neuro.Network) -> Tensor | None:
    """Return an input of the size that the first function or connections take, if they say it."""
    for module in net.modules():
        size = getattr(module, "inputs", getattr(module, "in_features", None))
        if isinstance(size, int):
            return torch.zeros(1, 1, size)
    return None
