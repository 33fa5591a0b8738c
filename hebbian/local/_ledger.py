"""Memory as a rule really keeps it: tensors saved for a backward pass, and those it carries."""

import weakref
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

_active: "ContextVar[Ledger | None]" = ContextVar("axonal_ledger", default=None)


class _Held:
    """A tensor that waits for the backward pass; the ledger hears when it is let go."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class Ledger:
    """Counts the bytes that are saved for a backward pass, each storage once, and carried traces.

    Args:
        known: tensors that are there anyway: parameters, buffers and the batch.

    Attributes:
        activity: most bytes saved at one time.
        traces: most bytes carried at one time.

    >>> w = torch.ones(3, requires_grad=True)
    >>> with Ledger([w]) as ledger:
    ...     y = (w * torch.zeros(3)).sum()
    >>> ledger.activity
    12
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        self._known = {_place(t) for t in known}
        self._uses: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._now = 0
        self._carried: dict[int, int] = {}
        self.activity = self.traces = 0

    def __enter__(self) -> "Ledger":
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, _unpack)
        self._hooks.__enter__()
        self._token = _active.set(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _active.reset(self._token)
        self._hooks.__exit__(*error)

    def _pack(self, tensor: Tensor) -> _Held:
        held, place = _Held(tensor), _place(tensor)
        if place not in self._known and place not in self._carried and tensor.numel():
            if not self._uses.get(place):
                self._sizes[place] = tensor.untyped_storage().nbytes()
                self._now += self._sizes[place]
                self.activity = max(self.activity, self._now)
            self._uses[place] = self._uses.get(place, 0) + 1
            weakref.finalize(held, self._release, place)
        return held

    def _release(self, place: int) -> None:
        self._uses[place] -= 1
        if not self._uses[place]:
            self._now -= self._sizes[place]


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _unpack(held: _Held) -> Tensor:
    return held.tensor


def carry(traces: Any) -> None:
    """Tell a ledger, if one counts, which tensors go on to the next step; call it for each."""
    ledger = _active.get()
    if ledger is not None:
        for leaf in pytree.tree_leaves(traces):
            if isinstance(leaf, Tensor) and _place(leaf) not in ledger._known:
                ledger._carried[_place(leaf)] = leaf.untyped_storage().nbytes()
        ledger.traces = max(ledger.traces, sum(ledger._carried.values()))


def next_step() -> None:
    """Tell a ledger, if one counts, that what was carried has been replaced."""
    ledger = _active.get()
    if ledger is not None:
        ledger._carried.clear()
