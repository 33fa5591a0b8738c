"""A loop over time in two parts: what it does in one step, and what it makes of all of them."""

import copy
import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from axonal.neuro.importers.loops.decision import Decision
from axonal.neuro.importers.loops.ref import Ref
from axonal.neuro.importers.loops.rows import CALL, INPUT, MODULE, POTENTIAL, Row, plain, replaced
from axonal.neuro.importers.loops.steps import LoopSteps
from axonal.neuro.importers.loops.tracer import LoopError
from axonal.neuro.importers.loops.values import (
    After,
    Fixed,
    State,
    Step,
    Total,
    Value,
    Whole,
)

_ORDER_KEPT = frozenset({torch.log_softmax, torch.softmax, F.log_softmax, F.softmax})
_ORDER_KEPT_NAMES = frozenset({"log_softmax", "softmax"})
_SCALES = frozenset({operator.truediv, operator.mul, torch.div, torch.mul, "div", "mul"})


class LoopParts:
    """Parts a loop that was read.

    Args:
        steps: the loop.

    Attributes:
        rows: what one step calls.
        outputs: rows that leave a step.
        decision: what is made of them.
        rule: its name, if it has one.
        left_out: paths of neurons whose potentials are returned and not kept.
        unreset: paths of neurons whose potentials are the output.
        length: number of steps, None if it is that of the input.
        ran: number of steps on the example.

    Raises:
        LoopError: for a loop whose result cannot be told in this way.
    """

    def __init__(self, steps: LoopSteps) -> None:
        self.steps = steps
        self._inputs: list[int] = []
        self._lasts: list[int] = []
        self._after: list[Row] = []
        self._known: dict[fx.Node, Ref] = {}
        self.left_out: list[str] = []
        outputs = self._result(steps.result)
        if isinstance(outputs, tuple) and len(outputs) == 1:
            outputs = outputs[0]
        if not self._inputs:
            raise LoopError(
                "it returns no output of a layer but potentials of neurons that fire "
                f"({', '.join(self.left_out) or 'none'}): neuro.record shows these"
            )
        self.decision = Decision(self._after, outputs)
        for row in self._after:
            if row.kind == MODULE:
                owner, _, name = row.target.rpartition(".")
                place: nn.Module = self.decision
                for part in owner.split(".") if owner else ():
                    if part not in place._modules:
                        place.add_module(part, nn.Module())
                    place = place._modules[part]  # type: ignore[assignment]
                place.add_module(name, copy.deepcopy(steps.module.get_submodule(row.target)))
        self.decision.train(steps.module.training)
        self.rule = self._rule(outputs)
        self._number()
        self.length = self._length()

    def _number(self) -> None:
        """Keep the rows that are needed, and number them anew."""
        wanted = self.steps.rows.reached(self._inputs)
        new = {number: place for place, number in enumerate(wanted)}

        def of(ref: Ref) -> Ref:
            return Ref(new[ref.row])

        self.rows = [
            row._replace(args=replaced(row.args, of), kwargs=tuple(replaced(row.kwargs, of)))
            for row in (self.steps.rows[number] for number in wanted)
        ]
        refs = tuple(Ref(new[number]) for number in self._inputs)
        self.outputs: Any = refs[0] if len(refs) == 1 else refs
        self.unreset = {row.target for row in self.rows if row.kind == POTENTIAL}
        both = self.unreset & {row.target for row in self.rows if row.kind == MODULE}
        if both:
            raise LoopError(f"it takes spikes and potentials of {', '.join(sorted(both))}")

    def _length(self) -> int | None:
        steps = self.steps
        lengths = set(steps.lengths)
        ran = {steps.taken[row.target] for row in self.rows if steps.taken.get(row.target)}
        if len(lengths | ran) > 1:
            raise LoopError(f"its parts run {' and '.join(map(str, sorted(lengths | ran)))} steps")
        length = next(iter(lengths | ran), None)
        self.ran = length or 0
        if any(last != (length or 0) - 1 for last in self._lasts):
            raise LoopError("it takes the output of a step that is not the last")
        return None if steps.tracer.length_is_asked and steps.form != "static" else length

    def _result(self, result: Any) -> Any:
        """Return the template of what is returned, without potentials."""
        if isinstance(result, fx.Node):
            value = self.steps.value(result)
            if isinstance(value, State):
                self.left_out.append(value.path)
                return None
            return self._of(result, value)
        if isinstance(result, dict):
            made = {name: self._result(entry) for name, entry in result.items()}
            return {name: entry for name, entry in made.items() if entry is not None}
        if isinstance(result, (list, tuple)):
            kept = [entry for entry in map(self._result, result) if entry is not None]
            return tuple(kept)
        return result

    def _of(self, node: fx.Node, value: Value) -> Ref:
        if node not in self._known:
            self._known[node] = self._made(node, value)
        return self._known[node]

    def _made(self, node: fx.Node, value: Value) -> Ref:
        if isinstance(value, Whole):
            return self._sequence(value.row)
        if isinstance(value, Total):
            self.steps.lengths.add(value.added)
            return self._add(Row(CALL, torch.sum, (self._sequence(value.row), 0)))
        if isinstance(value, Step) and value.step is not None:
            self._lasts.append(value.step)
            return self._add(Row(CALL, operator.getitem, (self._sequence(value.row), -1)))
        if isinstance(value, State):
            raise LoopError(
                f"its result is made of the potential of {value.path}, a neuron that fires: "
                "decide by its spikes"
            )
        if isinstance(value, Fixed) and node.op == "get_attr":
            raise LoopError(f"its result takes {node.target}, which is no part of a step")
        if not isinstance(value, After):
            raise LoopError("it returns what is no output of a step")

        def of(entry: Any) -> Any:
            if isinstance(entry, fx.Node):
                return self._of(entry, self.steps.value(entry))
            if isinstance(entry, dict):
                return {name: of(e) for name, e in entry.items()}
            return type(entry)(map(of, entry)) if isinstance(entry, (list, tuple)) else entry

        args, kwargs = of(plain(node.args)), of(plain(dict(node.kwargs)))
        kind = MODULE if node.op == "call_module" else CALL
        return self._add(Row(kind, node.target, args, tuple(kwargs.items())))

    def _sequence(self, number: int) -> Ref:
        if number not in self._inputs:
            self._inputs.append(number)
        return self._add(Row(INPUT, self._inputs.index(number)))

    def _add(self, row: Row) -> Ref:
        self._after.append(row)
        return Ref(len(self._after) - 1)

    def _rule(self, output: Any) -> str | None:
        """Return the rule of a readout that decides as the loop does."""
        if not isinstance(output, Ref) or len(self._inputs) != 1:
            return None
        row = self._after[output.row]
        first, *others = row.args or (None,)
        name = row.target if isinstance(row.target, str) else getattr(row.target, "__name__", "")
        axis = dict(row.kwargs).get("dim", others[0] if others else None)
        if row.kind == MODULE:
            module = self.steps.module.get_submodule(row.target)
            return self._rule(first) if isinstance(module, (nn.LogSoftmax, nn.Softmax)) else None
        if row.target in _ORDER_KEPT or name in _ORDER_KEPT_NAMES:
            return self._rule(first)
        if row.target in _SCALES and isinstance(axis, (int, float)) and axis > 0:
            return self._rule(first)
        if row.target is operator.getitem or row.target is getattr:
            inner = self._after[first.row]
            if axis == -1 and inner.kind == INPUT:
                return "last"
            of = inner.target if isinstance(inner.target, str) else inner.target.__name__
            dims = (*inner.args[1:], *dict(inner.kwargs).values())
            is_max = of == "max" and axis in (0, "values") and dims == (0,)
            return "max" if is_max and self._after[inner.args[0].row].kind == INPUT else None
        if not isinstance(first, Ref) or self._after[first.row].kind != INPUT or axis != 0:
            return None
        return {"mean": "mean", "sum": "mean", "amax": "max"}.get(name)
