"""Steps of neurons of any kind compiled for the CPU: a range of steps, for all cells.

Without feedback all steps are one call. In a loop every step is one, and between two of them the
feedback is summed (see `_plain_feedback` and `_delayed_feedback`). Choices that never change within
a call, the kind of neuron among them, are constants of a kernel made for them.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from numba.extending import overload
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._neuron_cpu import after, charge, derivative, number_of
from axonal.neuro.ops.neuron_loop._delayed_feedback import DelayedFeedback
from axonal.neuro.ops.neuron_loop._feedback import Feedback
from axonal.neuro.ops.neuron_loop._kept import Kept
from axonal.neuro.ops.neuron_loop._needs import Needs
from axonal.neuro.ops.neuron_loop._plain_feedback import Grads, PlainFeedback
from axonal.neuro.ops.neuron_loop._state import State
from axonal.neuro.ops.neuron_loop.kinds import KINDS, Parameters

RESETS = ("zero", "subtract", "delayed", "none")
ZERO, SUBTRACT, DELAYED, NONE = range(4)

BLOCK = 4096
"""Cells whose state stays in the cache while all steps go by."""


def _of_kind(name: str) -> Callable[..., Any]:
    """Return a function that stands for the field ``name`` of a kind, in compiled functions only.

    Its first argument is the number of the kind, a constant; see `_neuron_cpu.derivative`.
    """
    compiled = [jit(getattr(kind, name)) for kind in KINDS.values()]

    def stands(kind: int, *arguments: Any) -> Any:
        raise NotImplementedError

    def choose(kind, *arguments):  # type: ignore[no-untyped-def]
        function = compiled[kind.literal_value]
        return lambda kind, *arguments: function(*arguments)

    overload(stands, prefer_literal=True)(choose)
    return stands


_enter, _drive, _level, _leave, _entered = map(
    _of_kind, ("enter", "drive", "level", "leave", "entered")
)
_of_spike, _of_middle, _of_input, _of_before, _of_other = map(
    _of_kind, ("of_spike", "of_middle", "of_input", "of_before", "of_other")
)
_scale, _unscale, _of_scale, _of_unscale, _of_factor = map(
    _of_kind, ("scale", "unscale", "of_scale", "of_unscale", "of_factor")
)


def forward(
    x: Tensor,
    state: State,
    feedback: Feedback,
    parameters: Parameters,
    convention: Convention,
    kind: str,
    out: Sequence[Tensor],
) -> None:
    """Fill spikes, h, a and held [T, B, ...], as far as they are kept; move the state."""
    decay_input, reset, _, refractory, _, _ = convention
    spikes, h, a, held = out
    loops = bool(feedback.weight.numel())
    run = forward_loops(kind, decay_input, reset, refractory > 0, loops, len(h) > 0)
    wait = state.v if state.wait is None else state.wait
    before = (*_per_cell(parameters, state.v), *map(_row, (state.v, state.a, wait)))
    after_x = (*map(_series, (spikes, h, a, held)), refractory)
    series = _series(x)
    if not loops:
        run(0, len(x), series, series[0], *before, *after_x)
        return
    net, fired = _running(feedback), 0
    net.begin(spikes)
    for t in range(len(x)):
        fired = run(t, t + 1, series, _row(net.hear(t, fired)), *before, *after_x)


def backward(
    g: Tensor,
    kept: Kept,
    state: State,
    feedback: Feedback,
    parameters: Parameters,
    convention: Convention,
    kind: str,
    needs: Needs,
    gradients: tuple[Tensor, ...],
) -> Grads:
    """Fill g_x, move the gradients of v and a, add to those of the parameters.

    Returns:
        gradients of past, weight and delay of the feedback, or ``None`` each.
    """
    decay_input, reset, detach, refractory, surrogate, alpha = convention
    assert isinstance(surrogate, str)
    learns = (needs.decay, needs.threshold, needs.other)
    loops = bool(feedback.weight.numel())
    run = backward_loops(kind, decay_input, reset, refractory > 0, detach, surrogate, loops, learns)
    series = _series(g)
    given = (
        *map(_series, kept), _row(state.v), _row(state.a), *_per_cell(parameters, state.v), alpha,
        _series(gradients[0]), *map(_row, gradients[1:]),
    )  # fmt: skip
    if not loops:
        run(0, len(g), series, series[0], *given)
        return None, None, None
    net = _running(feedback)
    net.begin_back(gradients[0])
    for t in range(len(g) - 1, -1, -1):
        run(t, t + 1, series, _row(net.back(t)), *given)
    return net.gradients(kept.spikes, (needs.past, needs.weight, needs.delay))


def _running(feedback: Feedback) -> PlainFeedback | DelayedFeedback:
    """Return the feedback as it runs, with delays or without."""
    return DelayedFeedback(feedback) if feedback.kernel else PlainFeedback(feedback)


def _series(x: Tensor) -> Any:
    """Return a tensor [T, B, ...] as an array [T, M]."""
    return x.detach().contiguous().numpy().reshape(len(x), x.shape[1:].numel())


def _row(x: Tensor) -> Any:
    """Return a tensor [B, ...] as an array [M]."""
    return x.detach().contiguous().numpy().reshape(-1)


def _per_cell(parameters: Parameters, v: Tensor) -> list[Any]:
    """Return the parameters with a value for every cell [M]."""
    return [_row(value.detach().expand(v.shape)) for value in parameters]


@functools.cache
def forward_loops(
    kind: str, decay_input: bool, reset: str, refractory: bool, feedback: bool, keep: bool
) -> Callable[..., int]:
    """Make the forward loops of one kind and convention, which return how many spikes they made.

    They take the first step and the one behind the last; x [T, M]; what is heard of other neurons
    [M], if there is feedback; decay, threshold, other and gain [M]; v, a and wait [M], which become
    those after the last step; spikes, h and a of all steps [T, M] and held of int8 [T, M], to fill,
    the last three only to be kept; and the refractory steps.
    """
    number, way = tuple(KINDS).index(kind), RESETS.index(reset)
    second, scaled = KINDS[kind].second, KINDS[kind].scaled
    at_once = reset in ("zero", "subtract")

    @kernel
    def neuron_loop_forward(
        first: int, last: int, x: Any, heard: Any, decay: Any, threshold: Any, other: Any,
        gain: Any, v: Any, a: Any, wait: Any, spikes: Any, h: Any, a_of: Any, held_of: Any,
        steps_held: int,
    ) -> int:  # fmt: skip
        one, zero = x.dtype.type(1), x.dtype.type(0)
        made = 0
        for low in range(0, v.size, BLOCK):
            high = min(low + BLOCK, v.size)
            u, b = v[low:high], a[low:high]
            d, theta = decay[low:high], threshold[low:high]
            p, q = other[low:high], gain[low:high]
            left = wait[low:high] if refractory else wait
            for t in range(first, last):
                x_t, s_t = x[t, low:high], spikes[t, low:high]
                back = heard[low:high] if feedback else x_t
                h_t = h[t, low:high] if keep else s_t
                a_t = a_of[t, low:high] if keep and second else s_t
                held_t = held_of[t, low:high] if keep and refractory else held_of[0, low:high]
                for k in range(high - low):
                    x_k = x_t[k] + back[k] if feedback else x_t[k]
                    m = _enter(number, b[k], x_k, p[k])
                    z = _drive(number, x_k, m)
                    level = _level(number, theta[k], m, q[k])
                    h_k = charge(u[k], z, d[k], one - d[k], decay_input)
                    if way == DELAYED:
                        h_k = h_k - level if u[k] >= level else h_k
                    f = _scale(number, h_k, p[k], zero) if scaled else h_k
                    fired = f >= level
                    if refractory:
                        held = left[k] > 0
                        f = h_k = u[k] if held else h_k
                        fired = fired and not held
                        left[k] = steps_held if fired else max(left[k] - 1, 0)
                        if keep:
                            held_t[k] = held
                    s = one if fired else zero
                    after_step = _leave(number, m, s, p[k], one)
                    if keep:
                        h_t[k] = h_k
                        if second:
                            a_t[k] = after_step
                    s_t[k] = s
                    made += 1 if fired else 0
                    if at_once:
                        f = after(f, fired, level, zero, way == SUBTRACT)
                    u[k] = _unscale(number, f, p[k]) if scaled else f
                    if second:
                        b[k] = after_step
        return made

    return neuron_loop_forward


@functools.cache
def backward_loops(
    kind: str,
    decay_input: bool,
    reset: str,
    refractory: bool,
    detach: bool,
    surrogate: str,
    feedback: bool,
    learns: tuple[bool, bool, bool],
) -> Callable[..., None]:
    """Make the backward loops of one kind and convention.

    They take the first step and the one behind the last, which is done first; the gradient g of
    the spikes [T, M] and that through the feedback [M]; spikes, h, a and held of all steps [T, M];
    v and a before the first step [M]; decay, threshold, other and gain [M]; alpha of the surrogate;
    g_x [T, M] to fill; the gradients of v and a [M], which become those before the step; and those
    of decay, threshold and other [M] to add to. ``learns`` says which of these three are wanted.
    """
    number, way = tuple(KINDS).index(kind), RESETS.index(reset)
    second, scaled = KINDS[kind].second, KINDS[kind].scaled
    at_once = reset in ("zero", "subtract")
    slopes = number_of(surrogate)
    learns_decay, learns_threshold, learns_other = learns

    @kernel
    def neuron_loop_backward(
        first: int, last: int, g: Any, back: Any, spikes: Any, h: Any, a_of: Any, held_of: Any,
        v: Any, a: Any, decay: Any, threshold: Any, other: Any, gain: Any, alpha: float,
        g_x: Any, g_v: Any, g_a: Any, g_decay: Any, g_threshold: Any, g_other: Any,
    ) -> None:  # fmt: skip
        dtype = g.dtype.type
        one, zero = dtype(1), dtype(0)
        for low in range(0, g_v.size, BLOCK):
            high = min(low + BLOCK, g_v.size)
            c, e = g_v[low:high], g_a[low:high]
            d, theta = decay[low:high], threshold[low:high]
            p, q = other[low:high], gain[low:high]
            g_d = g_decay[low:high] if learns_decay else c
            g_theta = g_threshold[low:high] if learns_threshold else c
            g_p = g_other[low:high] if learns_other else c
            for t in range(last - 1, first - 1, -1):
                g_t, g_x_t = g[t, low:high], g_x[t, low:high]
                back_t = back[low:high] if feedback else g_t
                h_t, s_t = h[t, low:high], spikes[t, low:high]
                a_t = a_of[t, low:high] if second else s_t
                held_t = held_of[t, low:high] if refractory else held_of[0, low:high]
                a_before = a_of[t - 1, low:high] if second and t > 0 else a[low:high]
                # only for the potential before the step, which is that after the step before
                h_before = h[t - 1, low:high] if t > 0 else v[low:high]
                s_before = spikes[t - 1, low:high] if t > 0 else s_t
                a_early = a_of[t - 2, low:high] if second and t > 1 else a[low:high]
                for k in range(high - low):
                    m = _entered(number, a_before[k], a_t[k], p[k])
                    level = _level(number, theta[k], m, q[k])
                    fired = s_t[k] != zero
                    f = _scale(number, h_t[k], p[k], zero) if scaled else h_t[k]
                    c_k = _of_unscale(number, c[k], p[k]) if scaled else c[k]
                    slope = derivative(f - level, slopes, alpha, dtype)
                    if refractory:
                        slope = zero if held_t[k] else slope
                    pull = g_t[k] + back_t[k] if feedback else g_t[k]
                    pull += _of_spike(number, e[k], p[k], one)
                    if not detach:
                        if way == SUBTRACT:
                            pull -= c_k * level
                        if way == ZERO:
                            pull -= c_k * f
                    g_level = -pull * slope
                    if way == SUBTRACT:
                        g_level -= c_k if fired else zero
                    g_h = (zero if fired else c_k) if way == ZERO else c_k
                    g_h += pull * slope
                    if scaled:
                        if learns_other:
                            v_k = after(f, fired, level, zero, way == SUBTRACT)
                            v_k = _unscale(number, v_k, p[k])
                            g_p[k] += _of_factor(number, g_h, h_t[k], c[k], v_k, p[k], zero)
                        g_h = _of_scale(number, g_h, h_t[k], p[k], zero)
                    emitted, passed = g_h, g_h * d[k]
                    if refractory:
                        emitted, passed = (zero, g_h) if held_t[k] else (emitted, passed)
                    if way == DELAYED or learns_decay:
                        u = h_before[k]
                        if at_once and t > 0:
                            m_before = _entered(number, a_early[k], a_before[k], p[k])
                            level_before = _level(number, theta[k], m_before, q[k])
                            u = _scale(number, u, p[k], zero) if scaled else u
                            u = after(u, s_before[k] != zero, level_before, zero, way == SUBTRACT)
                            u = _unscale(number, u, p[k]) if scaled else u
                        charged = h_t[k]
                        if way == DELAYED:
                            was = u >= level
                            charged = charged + level if was else charged
                            g_level -= g_h if was else zero
                            if not detach:
                                steep = g_h * level * derivative(u - level, slopes, alpha, dtype)
                                passed -= steep
                                g_level += steep
                        if learns_decay:
                            # (1 - d) (u - z) = u - h
                            g_d[k] += emitted * ((u - charged) / (one - d[k]) if decay_input else u)
                    if learns_threshold:
                        g_theta[k] += g_level
                    g_z = emitted * (one - d[k]) if decay_input else emitted
                    g_m = _of_middle(number, e[k], p[k], g_level, q[k])
                    g_in = _of_input(number, g_z, g_m)
                    if learns_other and not scaled:
                        g_p[k] += _of_other(number, e[k], g_in, g_m, a_before[k], s_t[k])
                    g_x_t[k] = g_in
                    if second:
                        e[k] = _of_before(number, g_in, g_m, p[k])
                    c[k] = passed

    return neuron_loop_backward
