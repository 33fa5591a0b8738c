"""Lateral connections that learn the subspaces of one layer's activity."""

import torch
from torch import Tensor, nn

from axonal._base.checks import number, whole_number
from axonal.hebbian.continual.signed_rate import signed_rate
from axonal.hebbian.continual.subspaces import Subspaces

CLAMP = 10.0
"""Largest entry of a change of weights, of the published code."""


class Lateral(Subspaces):
    """Hebbian and anti-Hebbian lateral connections of a layer, H [m, n].

    Lateral units answer presynaptic activity x by y = H x, and feed H^T y back. New rows learn by
    Oja's rule (:func:`axonal.hebbian.plasticity.oja`) beside the frozen ones, a few times on every
    batch:

        dH = clip(mean_r y (x - H^T H x)^T, -10, 10),    v <- mu v + (1 - mu) dH,    H <- H + eta v

    What frozen rows explain does not change meanwhile: it is taken from x once.

    Source: Xiao et al., ICLR 2024 (arXiv 2402.11984); ``reorthogonalise`` is not theirs: there rows
    stay as Oja's rule leaves them.

    Args:
        features: n, presynaptic directions of the layer.
        rate: eta, > 0. The rule is stable below about 1 over the largest eigenvalue of mean x x^T.
        momentum: mu, 0 to below 1.
        iterations: times that a batch is learnt.
        levels: of spiking lateral units, see :func:`signed_rate`; None for real responses.
        largest: response of a unit that fires at every step.
        reorthogonalise: make new rows orthonormal, and orthogonal to frozen ones, when a task
            begins and when it ends; their span beside the frozen ones stays what it was.
        name: of the layer, for messages.

    Attributes:
        velocity: v [m, n], a buffer.

    Raises:
        ValueError: for numbers out of range, and more rows than the layer has directions.

    >>> _ = torch.manual_seed(0)
    >>> lateral, x = Lateral(3, rate=0.1), torch.tensor([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0]])
    >>> lateral.grow(1)
    >>> for _ in range(50):
    ...     lateral.learn(x)
    >>> lateral.freeze()
    >>> lateral.project(x).abs().max() < 1e-4
    tensor(True)
    """

    velocity: Tensor

    def __init__(
        self,
        features: int,
        *,
        rate: float = 0.01,
        momentum: float = 0.9,
        iterations: int = 5,
        levels: int | None = None,
        largest: float = 20.0,
        reorthogonalise: bool = False,
        name: str = "",
    ) -> None:
        super().__init__(features, name)
        who = type(self).__name__
        self.rate = number(who, "rate", rate, 0, open_low=True)
        self.momentum = number(who, "momentum", momentum, 0)
        if self.momentum >= 1:
            raise ValueError(f"{who} expects momentum from 0 to below 1, got {momentum!r}.")
        self.iterations = whole_number(who, "iterations", iterations)
        self.levels = None if levels is None else whole_number(who, "levels", levels)
        self.largest = number(who, "largest", largest, 0, open_low=True)
        self.reorthogonalise = reorthogonalise
        self.register_buffer("velocity", torch.empty(0, features))

    def grow(self, rows: int) -> None:
        """Begin a task with so many new rows, orthonormal and drawn at random."""
        self.check(rows)
        self.add(nn.init.orthogonal_(self.weight.new_empty(rows, self.features)))

    def add(self, rows: Tensor) -> None:
        """Begin a task with rows [r, n] of its own."""
        super().add(rows)
        self.velocity = torch.cat((self.velocity, torch.zeros_like(self.free)))
        self._tidy()

    def freeze(self) -> None:
        """End the task: from here its rows project."""
        self._tidy()
        super().freeze()

    @torch.no_grad()
    def _tidy(self) -> None:
        if not self.reorthogonalise or not len(self.free):
            return
        before = torch.linalg.qr(self.frozen.double().T)[0]
        new = self.free.double().T
        for _ in range(2):  # once leaves what rounding makes of nearly dependent rows
            new = torch.linalg.qr(new - before @ (before.T @ new))[0]
        self.weight[self._frozen :] = new.T.to(self.weight)

    def respond(self, x: Tensor, rows: Tensor) -> Tensor:
        """The responses of rows [m, n] to x [R, n]: [R, m], of few levels where units spike."""
        y = super().respond(x, rows)
        return y if self.levels is None else signed_rate(y, self.levels, self.largest)

    def inside(self, x: Tensor) -> Tensor:
        """The part of rows x [R, n] inside the frozen subspaces, as the units say it."""
        return (
            super().inside(x) if self.levels is None else self.respond(x, self.frozen) @ self.frozen
        )

    @torch.no_grad()
    def learn(self, x: Tensor) -> None:
        """Learn rows x [R, n] of presynaptic activity."""
        if not len(self.free):
            raise ValueError(f"{self.name} has no rows to learn with: call begin_task() first.")
        if not len(x):
            return
        remaining, few = self.project(x), len(x) <= len(self.free)
        rows, velocity = self.free, self.velocity[self._frozen :]
        change, left = torch.empty_like(rows), torch.empty_like(x) if few else None
        for _ in range(self.iterations):
            post = self.respond(x, rows)
            # mean_r y (z - H^T y)^T by the shorter way: over few rows of activity, or of H
            if left is not None:
                torch.addmm(remaining, post, rows, alpha=-1, out=left)
                torch.mm(post.div_(len(x)).T, left, out=change)
            else:
                among = (post.T @ post).div_(-len(x))
                torch.mm(post.div_(len(x)).T, remaining, out=change).addmm_(among, rows)
            velocity.lerp_(change.clamp_(-CLAMP, CLAMP), 1 - self.momentum)
            rows.add_(velocity, alpha=self.rate)
