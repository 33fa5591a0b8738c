"""Calls within a step [B, ...], written for sequences [T, B, ...]."""

import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from axonal.neuro.importers.loops.ref import Ref
from axonal.neuro.importers.loops.rows import CALL, MODULE, Row, Rows
from axonal.neuro.importers.loops.tracer import LoopError
from axonal.neuro.importers.loops.values import example
from axonal.neuro.layers import Dropout
from axonal.neuro.network._axes import name_of
from axonal.neuro.network._supported_calls import ELEMENTWISE, ELEMENTWISE_METHODS, LIFTED

SAME = frozenset({"detach", "contiguous", "clone", torch.clone})
"""Calls that change no number; gradients pass through all of them here."""
ADD = frozenset({
    operator.add, operator.iadd, torch.add, "add", "add_", "__add__", "__iadd__", "__radd__",
})  # fmt: skip
_OPERATORS: dict[Any, Any] = {
    operator.iadd: operator.add, operator.imul: operator.mul, operator.isub: operator.sub,
    operator.itruediv: operator.truediv, "add_": torch.add, "mul_": torch.mul, "sub_": torch.sub,
    "div_": torch.div, "__add__": operator.add, "__iadd__": operator.add,
    "__radd__": operator.add, "__mul__": operator.mul, "__rmul__": operator.mul,
    "__imul__": operator.mul, "__sub__": operator.sub, "__isub__": operator.sub,
    "__truediv__": operator.truediv, "relu_": "relu",
}  # fmt: skip
"""Calls that change a tensor in place, as ones that make a new one."""
_RESHAPES = frozenset({
    torch.flatten, torch.reshape, torch.unflatten, torch.squeeze, torch.unsqueeze,
    "flatten", "reshape", "view", "unflatten", "squeeze", "unsqueeze",
})  # fmt: skip
_JOINS = frozenset({torch.cat, torch.concat})


class StepCalls:
    """Writes calls of a step as rows.

    Args:
        rows: where they are written.

    Attributes:
        made: modules that stand for functions, by name.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.made: dict[str, nn.Module] = {}

    def row(self, node: fx.Node, args: Any, kwargs: Any, *, whole: bool) -> int | None:
        """Write a call down.

        Args:
            node: the call.
            args: its arguments, with :class:`Ref` for values of the step.
            kwargs: likewise.
            whole: whether the call is made on the sequence, not on a step.

        Returns:
            the number of its row; None for a call that is not known to keep steps apart.
        """
        target: Any = _OPERATORS.get(node.target, node.target)
        first = next((a for a in args if isinstance(a, Ref)), None)
        if target in SAME and first is not None:
            return first.row
        if target in _RESHAPES and first is not None:
            return self._reshaped(first, example(node.args[0]), example(node), whole)
        if target is F.dropout and first is not None:
            given = dict(zip(("p", "training"), args[1:], strict=False)) | kwargs
            return self._stand_in("dropout", Dropout(given.get("p", 0.5)), first)
        known = target in ELEMENTWISE or target in ELEMENTWISE_METHODS or target is F.linear
        known = known or (target in LIFTED and not whole)
        if target in _JOINS and not whole:
            axis = kwargs.get("dim", args[1] if len(args) > 1 else 0)
            if axis != 0:
                return self._call(target, (args[0], axis + (axis > 0)), {})
        if target is operator.getitem and not whole:
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            known = index[0] in (slice(None), Ellipsis)
            if index[0] == slice(None):
                args = (args[0], (slice(None), *index))
        return self._call(target, args, kwargs) if known else None

    def _call(self, target: Any, args: Any, kwargs: Any) -> int:
        return self.rows.number(Row(CALL, target, tuple(args), tuple(sorted(kwargs.items()))))

    def _stand_in(self, name: str, module: nn.Module, x: Ref) -> int:
        """Call a module in place of a function."""
        path = f"{name}_{len(self.made)}"
        known = [n for n, m in self.made.items() if repr(m) == repr(module)]
        if known:
            path = known[0]
        self.made.setdefault(path, module)
        return self.rows.number(Row(MODULE, path, (x,)))

    def _reshaped(self, x: Ref, before: Tensor, after: Tensor, whole: bool) -> int | None:
        """Write a change of the shape of a sample, whichever call made it."""
        axes = 2 if whole else 1
        if before.shape[:axes] != after.shape[:axes]:
            return None
        number = x.row
        old, new = before.shape[axes:], after.shape[axes:]
        if len(old) > 1 and old != new:
            number = self._call(torch.flatten, (Ref(number), 2), {})
        if len(new) != 1 and old != new:
            number = self._call("unflatten", (Ref(number), 2, tuple(new)), {})
        return number


def refusal(node: fx.Node) -> LoopError:
    """Return the reason for a call that is not known to keep the samples of a step apart."""
    apart = node.target in (torch.unbind, "unbind")
    reason = f"a step calls {name_of(node.target)}, which is not understood there"
    return LoopError(reason, of_form=apart)
