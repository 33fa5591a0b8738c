"""Modules whose ``forward`` loops over time, as a step and the time around it."""

import torch
from torch import Tensor, nn

from axonal.neuro.importers._rules import Framework
from axonal.neuro.importers.loops.memory import Memory
from axonal.neuro.importers.loops.parts import LoopParts
from axonal.neuro.importers.loops.rows import with_length
from axonal.neuro.importers.loops.step_module import StepModule
from axonal.neuro.importers.loops.steps import BATCH_FIRST, FORMS, STATIC, LoopSteps
from axonal.neuro.importers.loops.time_loop import TimeLoop
from axonal.neuro.importers.loops.tracer import SAMPLES, STEPS, LoopError, LoopTracer, unrolled


def as_step(
    framework: Framework, root: nn.Module, module: nn.Module, shape: tuple[int, ...] | None
) -> tuple[StepModule, TimeLoop, set[str]]:
    """Read a loop over time.

    Args:
        framework: whose neurons it steps.
        root: a copy of the module with its parts exchanged.
        module: with the loop.
        shape: of one step of one sample; by default the first features that a module names.

    Returns:
        what it does in a step, the rest, and the paths of neurons whose potential is the output.

    Raises:
        LoopError: with what is in the way.
    """
    if shape is None:
        shape = _first_features(module)
    tensors: list[Tensor] = [*module.parameters(), *module.buffers()]
    like = next((t for t in tensors if t.is_floating_point()), torch.zeros(()))
    problems = []
    for form in FORMS:
        try:
            chosen, other = (
                _parts(framework, module, shape, like, form, mode)
                for mode in (module.training, not module.training)
            )
            _alike(chosen, other)
        except LoopError as error:
            problems.append(error)
            if not error.of_form:
                break
            continue
        step = StepModule(root, chosen.rows, chosen.outputs, type(module).__name__)
        for name, made in chosen.steps.calls.made.items():
            step.add_module(name, made)
        left_out = tuple(dict.fromkeys(chosen.left_out))
        loop = TimeLoop(chosen.length, form, chosen.rule, left_out, chosen.decision)
        return step, loop, chosen.unreset
    # that of the form in which most of the loop ran: the last, unless it did not run at all
    ran = [p for p in problems if not str(p).startswith(("it does not run", "it picks"))]
    raise (ran or problems)[-1 if not ran else 0]


def _parts(
    framework: Framework,
    module: nn.Module,
    shape: tuple[int, ...],
    like: Tensor,
    form: str,
    training: bool,
) -> LoopParts:
    memory = _memory(framework)
    # examples of two sizes, so that a size that is taken as a number is noticed
    steps, samples = STEPS + training, SAMPLES + training
    front = {STATIC: (samples,), BATCH_FIRST: (samples, steps)}.get(form, (steps, samples))
    tracer = LoopTracer(framework.package, memory.returned, _Widths(framework))
    graph = unrolled(tracer, module, like.new_zeros(*front, *shape), training=training)
    return LoopParts(LoopSteps(module, tracer, graph, memory, form))


def _alike(one: LoopParts, other: LoopParts) -> None:
    """Refuse what differs between modes and examples, but for the number of steps in the result."""
    rows = one.decision._rows, other.decision._rows
    if one.length is None:
        rows = (
            with_length(*rows, (one.ran, other.ran)),
            with_length(*rows[::-1], (other.ran, one.ran)),
        )
    if repr((one.rows, one.outputs)) != repr((other.rows, other.outputs)):
        raise LoopError("it does something else while training or for another batch")
    if repr(rows[0]) != repr(rows[1]):
        raise LoopError("its result depends on the size of the batch, or on the mode")
    one.decision._rows = rows[0]


def _memory(framework: Framework) -> Memory:
    def of_framework(module: nn.Module) -> bool:
        return type(module).__module__.partition(".")[0] == framework.package

    def returned(module: nn.Module) -> int | None:
        if not of_framework(module):
            return None
        theirs = filter(of_framework, module.modules())
        if not any(type(m).__name__ in framework.neurons for m in theirs):
            return None
        return framework.returned(module)

    def unreset(module: nn.Module) -> bool:
        return type(module).__name__ in framework.potentials and framework.unreset(module)

    def repeats(module: nn.Module) -> int | None:
        encodes = of_framework(module) and type(module).__name__ in framework.encoders
        return int(module.seq_length) if encodes else None  # type: ignore[arg-type]

    return Memory(returned, framework.keeps, unreset, repeats)


class _Widths:
    """Shapes that leave modules with memory."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework

    def __call__(self, module: nn.Module, x: Tensor) -> Tensor:
        """Return a value of the shape of the output for an input ``x``."""
        name = type(module).__name__
        if name in self.framework.encoders:
            return x.expand(int(module.seq_length), *x.shape)  # type: ignore[arg-type]
        if name in self.framework.neurons:
            width = getattr(module, "hidden_size", None)
            return x if width is None else x[..., :1].expand(*x.shape[:-1], int(width))
        chains = {"Sequential", *self.framework.containers, *self.framework.wrappers}
        if name in chains:
            for child in module.children():
                x = self(child, x)
            return x
        y: Tensor = type(module).forward(module, x)
        return y


def _first_features(module: nn.Module) -> tuple[int, ...]:
    """Return the features of the first module that names them."""
    for part in module.modules():
        for name in ("in_features", "input_size", "linear_features"):
            if isinstance(getattr(part, name, None), int):
                return (int(getattr(part, name)),)
    raise LoopError("nothing tells the shape of one input step: name it, input_shape=(C, H, W)")
