"""Neurons of any kind compiled, alone or in a loop, with delays or without."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops._dispatch import WRITTEN_OUT
from axonal.neuro.ops.neuron_loop import _op, reference
from axonal.neuro.ops.neuron_loop._feedback import Feedback
from axonal.neuro.ops.neuron_loop._state import State
from axonal.neuro.ops.neuron_loop.kinds import KINDS, Parameters

__all__ = ["KINDS", "Feedback", "Parameters", "State", "neuron_loop"]


def neuron_loop(
    x: Tensor,
    state: State,
    parameters: Parameters,
    convention: Convention = PLAIN,
    *,
    kind: str,
    feedback: Feedback | None = None,
    backend: str = "auto",
) -> tuple[Tensor, State]:
    """Run spiking neurons with up to two numbers each, alone or hearing each other.

    Every step is that of a kind in ``kinds`` ("lif", "alif", "cubalif", "klif", ...) for the input

        x_t + b + sum_j W_j s_{t - 1 - j}

    with W_j the weights of the synapses whose delay, beyond the step of the loop, is j steps, or
    their share of it, see :func:`axonal.neuro.ops.delayed_linear.delayed_linear`. All four resets
    have a compiled form ("klif" has two of them, and no refractory steps). Sums of feedback are
    rounded in another order than in the definition: a potential within rounding of the threshold
    may fire on one back end and not on the other. With weights and inputs on a grid, where sums are
    exact, spikes are the same.

    Args:
        x: input [T, B, ...]; [T, B, N] with feedback.
        state: v, a and wait after the last step before ``x``, each [B, ...].
        parameters: decays, threshold and gain, each a scalar or one per neuron.
        convention: that of :func:`axonal.neuro.ops.lif.lif`.
        kind: a key of `KINDS`.
        feedback: spikes before ``x``, weights and delays, or ``None``.
        backend: ``"auto"``, ``"reference"`` (the definition, differentiable twice) or ``"cpu"``
            (compiled loops, which keep h, a and the spikes for the backward pass).

    Returns:
        spikes [T, B, ...] and the state after the last step.

    Raises:
        ValueError: if the kind or the back end is unknown, or cannot run these tensors; for an
            unknown reset or surrogate, and for a user's own where the back end is compiled.

    >>> import torch
    >>> rest, half, one = torch.zeros(1, 1), torch.tensor(0.5), torch.tensor(1.0)
    >>> adaptive = Parameters(decay=half, threshold=one, other=half, gain=4 * one)
    >>> x = torch.full((4, 1, 1), 1.2)
    >>> spikes, state = neuron_loop(x, State(rest, rest, None), adaptive, kind="alif")
    >>> spikes.flatten(), state.a.flatten()
    (tensor([1., 0., 0., 1.]), tensor([0.5625]))
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r} of neuron_loop; known: {', '.join(KINDS)}.")
    if KINDS[kind].scaled and (state.wait is not None or convention.reset in WRITTEN_OUT):
        raise ValueError(
            f'neuron_loop of kind {kind!r} expects reset "zero" or "subtract" and no refractory '
            f"steps, got reset {convention.reset!r} and refractory {convention.refractory}."
        )
    backend = _dispatch.for_convention(
        "neuron_loop", convention, state.wait, backend, written_out=()
    )
    given = [x, state.v, state.a, *parameters]
    if feedback is not None:
        given += feedback[:4]
    # the loops have no gradient of these two
    fixed = not parameters.gain.requires_grad
    fixed = fixed and not (feedback is not None and feedback.sigma.requires_grad)
    if _dispatch.use_compiled("neuron_loop", backend, *given, pays=fixed):
        return _op.neuron_loop(x, state, feedback, parameters, convention, kind)
    return reference.neuron_loop(x, state, feedback, parameters, convention, kind)
