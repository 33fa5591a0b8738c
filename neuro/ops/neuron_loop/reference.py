"""Neurons of any kind, with feedback or without, written out: the definition of the loops."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.delayed_linear.reference import delay_kernel
from axonal.neuro.ops.neuron_loop._feedback import Feedback
from axonal.neuro.ops.neuron_loop._state import State
from axonal.neuro.ops.neuron_loop.kinds import KINDS, Parameters


def neuron_loop(
    x: Tensor,
    state: State,
    feedback: Feedback | None,
    parameters: Parameters,
    convention: Convention,
    kind: str,
) -> tuple[Tensor, State]:
    """Run ``x`` [T, B, ...]; see :func:`axonal.neuro.ops.neuron_loop.neuron_loop`."""
    step, (v, a, wait), made = KINDS[kind].step, state, []
    past = [] if feedback is None else [*feedback.past.unbind(0)]  # the oldest first
    taps = [] if feedback is None else _taps(feedback)
    for x_t in x.unbind(0):
        if feedback is not None:
            heard = feedback.bias
            for j, rows in enumerate(taps):
                heard = heard + F.linear(past[-1 - j], rows)
            x_t = x_t + heard
        s, v, a, wait = step(x_t, v, a, wait, parameters, convention)
        made.append(s)
        past.append(s)
    return torch.stack(made), State(v, a, wait)


def _taps(feedback: Feedback) -> list[Tensor]:
    """Return the weights of every delay [N, N], from no delay on."""
    _, weight, _, delay, sigma, kernel, max_delay = feedback
    if not kernel:
        return [weight]
    return [*delay_kernel(weight, delay, sigma, kernel, max_delay).unbind(-1)]
