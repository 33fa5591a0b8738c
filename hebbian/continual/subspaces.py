"""Directions of activity that were used before, and what is left beside them."""

from typing import Any

import torch
from torch import Tensor, nn

from axonal._base.checks import whole_number


class Subspaces(nn.Module):
    """Rows H [m, n] that span the presynaptic activity of a layer, task by task.

    The rows of tasks that have ended are frozen: they alone project, x - H^T H x. Those of the task
    that runs come after them.

    Args:
        features: n, presynaptic directions of the layer.
        name: of the layer, for messages.

    Attributes:
        weight: H [m, n], a buffer.
        counts: rows that each task has added [tasks] of int64, a buffer.
        ended: tasks that have ended, a buffer.

    >>> held = Subspaces(3)
    >>> held.add(torch.eye(3)[:1])
    >>> held.freeze()
    >>> held.project(torch.ones(1, 3))
    tensor([[0., 1., 1.]])
    """

    weight: Tensor
    counts: Tensor
    ended: Tensor

    def __init__(self, features: int, name: str = "") -> None:
        super().__init__()
        self.features = whole_number(type(self).__name__, "features", features)
        self.name = name or type(self).__name__
        self.register_buffer("weight", torch.empty(0, features))
        self.register_buffer("counts", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("ended", torch.zeros((), dtype=torch.int64))
        self._frozen = 0
        self._within: Tensor | None = None

    @property
    def frozen(self) -> Tensor:
        """The rows of tasks that have ended [k, n]."""
        return self.weight[: self._frozen]

    @property
    def free(self) -> Tensor:
        """The rows of the task that runs [m - k, n]."""
        return self.weight[self._frozen :]

    def check(self, rows: int) -> None:
        """Refuse more rows than the layer has directions."""
        whole_number(self.name, "rank", rows)
        if len(self.weight) + rows > self.features:
            held = f" beside {len(self.weight)} of earlier tasks" if len(self.weight) else ""
            raise ValueError(
                f"{self.name} has {self.features} presynaptic directions: a rank of {rows}{held} "
                "is above them. Choose smaller ranks."
            )

    def add(self, rows: Tensor) -> None:
        """Begin a task with rows [r, n] of its own."""
        self.check(len(rows))
        self.weight = torch.cat((self.weight, rows.to(self.weight)))
        self.counts = torch.cat((self.counts, self.counts.new_tensor([len(rows)])))

    def freeze(self) -> None:
        """End the task: from here its rows project."""
        self.ended.fill_(len(self.counts))
        self._look()

    def _look(self) -> None:
        """Read how many rows are frozen, which are made anew where they change."""
        self._frozen = int(self.counts[: int(self.ended)].sum())
        self._within = None

    def inside(self, x: Tensor) -> Tensor:
        """The part of rows x [R, n] inside the frozen subspaces, H^T H x."""
        rows = self.frozen
        if 2 * len(rows) > self.features:
            # one product in the place of two; sums in another order
            if self._within is None:
                self._within = rows.T @ rows
            return x @ self._within
        return self.respond(x, rows) @ rows

    def respond(self, x: Tensor, rows: Tensor) -> Tensor:
        """The responses of rows [m, n] to x [R, n]: [R, m]."""
        return x @ rows.T

    def project(self, x: Tensor) -> Tensor:
        """The part of rows x [R, n] beside the frozen subspaces, x - H^T H x."""
        return x - self.inside(x) if self._frozen else x

    def residual(self, x: Tensor) -> float:
        """Share of the energy of rows x [R, n] outside the span of all subspaces, 0 to 1.

        The span is exact: rows that are not quite orthonormal make no difference.
        """
        basis = torch.linalg.qr(self.weight.double().T)[0]
        given = x.double()
        energy = given.square().sum()
        left = energy - (given @ basis).square().sum()
        return float((left / energy).clamp(0, 1)) if energy > 0 else 0.0

    def check_state(self, counts: Tensor) -> None:
        """Refuse the state of subspaces that have begun other tasks than these."""
        given, own = counts.tolist(), self.counts.tolist()
        more = len(given) - len(own)
        if more:
            remedy = f"call begin_task() {more} more times" if more > 0 else "make a new one"
            raise ValueError(
                f"{self.name}: the checkpoint has subspaces of {len(given)} tasks, this one of "
                f"{len(own)}: {remedy} before load_state_dict."
            )
        if given != own:
            raise ValueError(
                f"{self.name}: the checkpoint has subspaces of {given} rows, this one of {own}: "
                "give the ranks that it was made with."
            )

    def _load_from_state_dict(self, state: Any, prefix: str, *args: Any) -> None:
        super()._load_from_state_dict(state, prefix, *args)
        self._look()

    def extra_repr(self) -> str:
        """Return the text of ``print(subspaces)``."""
        return f"{self.features}, rows={self.counts.tolist()}, ended={int(self.ended)}"


def beside(covariance: Tensor, rows: Tensor) -> Tensor:
    """The covariance [n, n] of what is left of activity beside the span of rows [m, n]."""
    basis = torch.linalg.qr(rows.double().T)[0]
    left: Tensor = covariance - basis @ (basis.T @ covariance)
    left = left - (left @ basis) @ basis.T
    return left
