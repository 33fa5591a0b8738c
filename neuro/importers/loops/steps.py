"""An unrolled loop over time, read as one step that is taken again and again."""

import operator
from typing import Any

import torch
from torch import fx, nn

from axonal.neuro.importers.loops.calls import ADD, StepCalls, refusal
from axonal.neuro.importers.loops.memory import Memory
from axonal.neuro.importers.loops.ref import Ref
from axonal.neuro.importers.loops.rows import (
    ATTRIBUTE,
    INPUT,
    MODULE,
    POTENTIAL,
    Row,
    Rows,
    nodes_in,
    plain,
)
from axonal.neuro.importers.loops.tracer import LoopError, LoopTracer
from axonal.neuro.importers.loops.values import (
    After,
    Entries,
    Fixed,
    Framed,
    Outputs,
    State,
    Step,
    Total,
    Value,
    Whole,
    example,
    is_zero,
)

STATIC, SEQUENCE, BATCH_FIRST = "static", "sequence", "batch first"
FORMS = (STATIC, SEQUENCE, BATCH_FIRST)
_STACKS = frozenset({torch.stack, torch.cat, torch.concat})
_APART, _FRAMES = {torch.unbind, "unbind"}, {torch.unsqueeze, "unsqueeze"}
_POINTWISE = (nn.Linear, nn.Dropout, nn.Identity, nn.ReLU, nn.Sigmoid, nn.Tanh, nn.GELU, nn.SiLU)
"""Modules of torch that treat the last axis or each number alike, whatever stands before it."""

_RETURNS = " (what is heard a step later is a neuro.Recurrent, and a layer runs once per step)"


class LoopSteps:
    """Reads the graph of an unrolled loop.

    Args:
        module: whose loop it is.
        tracer: that made the graph.
        graph: of the loop.
        memory: of the modules.
        form: of the input: one value for all steps, a sequence, or a sequence behind the batch.

    Raises:
        LoopError: where the steps differ, with what differs.
    """

    def __init__(
        self, module: nn.Module, tracer: LoopTracer, graph: fx.Graph, memory: Memory, form: str
    ) -> None:
        self.module, self.tracer, self.memory, self.form = module, tracer, memory, form
        self.rows = Rows()
        self.calls = StepCalls(self.rows)
        self.values: dict[fx.Node, Value] = {}
        self.taken: dict[str, int] = {}
        self.lengths: set[int] = set()
        self.result: Any = None
        for node in graph.nodes:
            if node.op == "output":
                self.result = plain(node.args[0])
            else:
                self.values[node] = self._read(node)

    def value(self, node: Any) -> Value:
        """Return what a node is; a tensor into which steps were written is their sequence."""
        if not isinstance(node, fx.Node):
            return Fixed(is_zero(node))
        written = self.tracer.written.get(node)
        return self.values[node] if written is None else self._written(written)

    def _read(self, node: fx.Node) -> Value:
        if node.op == "placeholder":
            number = self.rows.number(Row(INPUT, "x"))
            return Step(number, None) if self.form == STATIC else Whole(number)
        if node.op == "get_attr":
            return Fixed(is_zero(example(node)) and not isinstance(example(node), nn.Parameter))
        if node.op == "call_module":
            return self._module(str(node.target), node)
        return self._call(node)

    # modules

    def _module(self, path: str, node: fx.Node) -> Value:
        module = self.module.get_submodule(path)
        given = [*node.args, *node.kwargs.values()]
        x = self._as_step(self.value(given[0]))
        if self.memory.returned(module) is not None:
            return self._with_memory(path, module, x, given[1:])
        if isinstance(x, (After, Fixed)):
            self._no_parameters(path, module, x)
            return After() if isinstance(x, After) else Fixed(False)
        if not isinstance(x, (Step, Whole)) or len(given) != 1:
            raise LoopError(f"{path} takes what is no output of a step")
        row = self.rows.number(Row(MODULE, path, (Ref(x.row),)))
        if isinstance(x, Step):
            if _many_steps(module):
                raise LoopError(f"{path} takes many steps at once, but is given one", of_form=True)
            return Step(row, x.step)
        if _many_steps(module) or isinstance(module, _POINTWISE):
            return Whole(row)
        if type(module) is nn.Flatten and module.start_dim == 2:
            number = self.calls.row(_like(node, torch.flatten), (Ref(x.row),), {}, whole=True)
            assert number is not None
            return Whole(number)
        self._no_parameters(path, module, After())
        return After()

    def _no_parameters(self, path: str, module: nn.Module, x: Value) -> None:
        if any(True for _ in module.parameters()):
            when = "after all steps" if isinstance(x, After) else "on what is no input"
            raise LoopError(f"{path} runs {when}, not within a step", of_form=True)

    def _with_memory(self, path: str, module: nn.Module, x: Value, states: list[Any]) -> Value:
        times = self.memory.repeats(module)
        if times is not None and isinstance(x, Step) and x.step is None:
            self.lengths.add(times)
            return Whole(self.rows.number(Row(MODULE, path, (Ref(x.row),))))
        if not isinstance(x, (Step, Whole)):
            raise LoopError(f"{path} takes what is no output of a step")
        row = self.rows.number(Row(MODULE, path, (Ref(x.row),)))
        if isinstance(x, Whole):
            if path in self.taken or any(s is not None for s in states):
                raise LoopError(f"{path} runs over all steps and once more", of_form=True)
            if not _many_steps(module) and self.memory.keeps:
                raise LoopError(f"{path} is given all steps at once", of_form=True)
            self.taken[path] = 0
            return Outputs(path, row, None) if self.memory.returned(module) else Whole(row)
        step = self.taken.get(path, 0)
        if x.step not in (None, step):
            raise LoopError(f"{path} hears at its call {step} a value of step {x.step}{_RETURNS}")
        if _many_steps(module):
            raise LoopError(f"{path} takes many steps at once, but is given one", of_form=True)
        self._follows(path, step, states)
        self.taken[path] = step + 1
        return Outputs(path, row, step) if self.memory.returned(module) else Step(row, step)

    def _follows(self, path: str, step: int, states: list[Any]) -> None:
        """Refuse states that are not those of the step before, or not at rest at the first."""
        none = not any(s is not None for s in states)
        if none and (step == 0 or self.memory.keeps):
            return
        if none:
            raise LoopError(f"{path} is given no state at step {step}: each step starts from rest")
        count = self.memory.returned(self.module.get_submodule(path)) or 0
        for index, state in enumerate(states, count - len(states)):
            value = self.value(state)
            if step == 0 and isinstance(value, Fixed) and (value.zero or state is None):
                continue
            if step == 0 or self._after_of(value, path) != (step - 1, index):
                wanted = f"its own of step {step - 1}" if step else "rest (zeros)"
                raise LoopError(f"{path} is given at step {step} another state than {wanted}")

    def _after_of(self, value: Value, path: str) -> tuple[int | None, int] | None:
        """Return the step and the place of a value that the module at ``path`` returned."""
        if isinstance(value, State):
            return (value.step, value.place) if value.path == path else None
        if not isinstance(value, Step) or self.rows[value.row].target != path:
            return None
        last = (self.memory.returned(self.module.get_submodule(path)) or 0) - 1
        return value.step, last if self.rows[value.row].kind == POTENTIAL else 0

    # functions and methods

    def _call(self, node: fx.Node) -> Value:
        target, given = node.target, plain(node.args)
        if target is operator.getitem:
            picked = self._picked(self.value(given[0]), given[1], node)
            if picked is not None:
                return picked
        if target is getattr:
            source = self.value(given[0])
            return source if isinstance(source, State) else After()
        if target in _STACKS and isinstance(given[0], (list, tuple)):
            stacked = self._stacked(node, [self.value(n) for n in given[0]])
            if stacked is not None:
                return stacked
        sources = {n: self.value(n) for n in nodes_in((given, dict(node.kwargs)))}
        kinds = set(map(type, sources.values()))
        if kinds <= {Fixed}:
            shown = example(node)
            return Fixed(is_zero(shown))
        if target in ADD and len(given) == 2 and not node.kwargs:
            total = self._added(self.value(given[0]), self.value(given[1]))
            if total is not None:
                return total
        sources = {n: self._as_step(v) for n, v in sources.items()}
        kinds = set(map(type, sources.values()))
        if After in kinds or Total in kinds or State in kinds:
            return After()
        first = next(iter(sources.values()))
        if isinstance(first, Whole) and target in _APART and given[1:] in ((), (0,)):
            return Entries(first.row)
        if isinstance(first, Step) and target in _FRAMES and given[1:] == (0,):
            return Framed(first.row, first.step)
        repeated = self._repeated(node, sources)
        if repeated is not None:
            return repeated
        if not kinds <= {Step, Whole, Fixed}:
            raise refusal(node)
        return self._of_a_step(node, given, sources)

    def _of_a_step(self, node: fx.Node, given: Any, sources: dict[fx.Node, Value]) -> Value:
        whole = any(isinstance(v, Whole) for v in sources.values())
        steps = {v.step for v in sources.values() if isinstance(v, Step) and v.step is not None}
        if len(steps) > 1 or (whole and steps):
            first, *others = sorted(steps)
            late = f"values of steps {first} and {others[0]}" if others else "a step and all steps"
            raise LoopError(f"{_name(node)} takes {late} together{_RETURNS}")

        def number(entry: Any) -> Any:
            if isinstance(entry, fx.Node):
                value = sources[entry]
                if isinstance(value, Fixed):
                    return Ref(self._constant(entry))
                return Ref(value.row)  # type: ignore[union-attr]
            if isinstance(entry, dict):
                return {k: number(e) for k, e in entry.items()}
            return type(entry)(map(number, entry)) if isinstance(entry, (list, tuple)) else entry

        row = self.calls.row(node, number(given), number(plain(dict(node.kwargs))), whole=whole)
        if row is None:
            if whole:
                return After()
            raise refusal(node)
        return Whole(row) if whole else Step(row, steps.pop() if steps else None)

    def _constant(self, node: fx.Node) -> int:
        if node.op != "get_attr" or str(node.target).startswith("_tensor_constant"):
            raise LoopError(
                "a step takes a tensor that forward makes: register it, "
                'self.register_buffer("name", tensor)'
            )
        return self.rows.number(Row(ATTRIBUTE, str(node.target)))

    def _picked(self, source: Value, index: Any, node: fx.Node) -> Value | None:
        if isinstance(source, Outputs):
            if index == 0:
                whole = source.step is None
                return Whole(source.row) if whole else Step(source.row, source.step)
            return self._state(source, index)
        if isinstance(source, Entries):
            return Step(source.row, index)
        if isinstance(source, State):
            return source
        entries = index if isinstance(index, tuple) else (index,)
        if isinstance(source, Step) and type(entries[0]) is int and self.form == STATIC:
            raise LoopError("it picks samples of its input", of_form=True)
        if not isinstance(source, Whole):
            return None
        axis = 1 if self.form == BATCH_FIRST and self._is_input(source) else 0
        rest = [e for place, e in enumerate(entries) if place != axis]
        if len(entries) <= axis or any(e not in (slice(None), Ellipsis) for e in rest):
            raise LoopError(f"it picks {index} of a sequence", of_form=True)
        step = entries[axis]
        if type(step) is not int:
            return After()
        if step == -1:
            return After() if not self._is_input(source) else None
        return Step(source.row, step)

    def _is_input(self, source: Whole) -> bool:
        return self.rows[source.row].kind == INPUT

    def _state(self, source: Outputs, index: int) -> Value:
        module = self.module.get_submodule(source.path)
        last = index == (self.memory.returned(module) or 0) - 1
        if last and self.memory.unreset(module):
            row = self.rows.number(Row(POTENTIAL, source.path, self.rows[source.row].args))
            return Whole(row) if source.step is None else Step(row, source.step)
        return (
            State(source.path, None, index)
            if source.step is None
            else State(source.path, source.step, index)
        )

    # sequences made of steps

    def _stacked(self, node: fx.Node, entries: list[Value]) -> Value | None:
        axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        framed = node.target is not torch.stack
        kind = Framed if framed else Step
        if entries and all(isinstance(e, State) for e in entries) and axis == 0:
            return State(entries[0].path, None, 0)  # type: ignore[union-attr]
        if not entries or axis != 0 or not all(isinstance(e, kind) for e in entries):
            return None
        return self._sequence(entries)

    def _written(self, written: list[tuple[Any, Any]]) -> Value:
        """Return what steps that were written into a tensor, one after another, amount to."""
        entries = []
        for step, (index, node) in enumerate(written):
            whole = index if isinstance(index, tuple) else (index,)
            if whole[0] != step or any(e not in (slice(None), Ellipsis) for e in whole[1:]):
                raise LoopError(f"it writes to {index} of a tensor at step {step}")
            entries.append(self.value(node))
        if all(isinstance(e, State) for e in entries):
            return State(entries[0].path, None, 0)  # type: ignore[union-attr]
        if not all(isinstance(e, Step) for e in entries):
            raise LoopError("it writes what is no output of a step into a tensor")
        return self._sequence(entries)

    def _sequence(self, entries: list[Any]) -> Value:
        self.lengths.add(len(entries))
        for step, entry in enumerate(entries):
            self._alike(entries[0].row, entry.row, step)
            if entry.step not in (None, step):
                raise LoopError(f"its output number {step} is that of step {entry.step}")
        return Whole(entries[0].row)

    def _alike(self, first: int, row: int, step: int) -> None:
        if row != first:
            wanted, got = self.rows.difference(first, row)
            raise LoopError(f"its steps differ: step 0 takes {wanted}, step {step} {got}")

    def _repeated(self, node: fx.Node, sources: dict[fx.Node, Value]) -> Value | None:
        """Read the repetition of an input that is the same at every step."""
        if node.target not in ("repeat", "expand") or len(sources) != 1:
            return None
        ((source, value),) = sources.items()
        before, after = example(source), example(node)
        still = isinstance(value, (Step, Framed)) and value.step is None
        lasting = before.shape[isinstance(value, Framed) :]
        if not still or after.shape[1:] != lasting:
            raise refusal(node)
        self.lengths.add(len(after))
        return Whole(value.row)  # type: ignore[union-attr]

    def _added(self, a: Value, b: Value) -> Value | None:
        """Read a sum over time, taken step by step."""
        if isinstance(a, Fixed) and a.zero and isinstance(b, Step) and b.step == 0:
            return Total(b.row, 1)
        if isinstance(a, Step) and a.step == 0 and isinstance(b, Step) and b.step == 1:
            a = Total(a.row, 1)
        if not isinstance(a, Total) or not isinstance(b, Step) or b.step != a.added:
            return None
        self._alike(a.row, b.row, a.added)
        return Total(a.row, a.added + 1)

    def _as_step(self, value: Value) -> Value:
        """Return the first step for a sum of one: 0 + x is x."""
        return Step(value.row, 0) if isinstance(value, Total) and value.added == 1 else value


def _many_steps(module: nn.Module) -> bool:
    """Return whether a module takes [T, B, ...], by the step mode that SpikingJelly gives it."""
    if type(module).__name__ == "SeqToANNContainer":
        return True
    # attention has no mode of its own, but that of its neurons
    own = getattr(module, "step_mode", None)
    modes = [getattr(part, "step_mode", "s") for part in module.modules()]
    return "m" in modes if own is None else own == "m"


def _like(node: fx.Node, target: Any) -> fx.Node:
    """Return a call of a function where a module was called."""
    made = fx.Node(node.graph, node.name, "call_function", target, node.args, {})
    made.meta.update(node.meta)
    return made


def _name(node: fx.Node) -> str:
    return f"{getattr(node.target, '__name__', node.target)}(...)"
