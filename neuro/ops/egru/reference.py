"""Event-based gated units, written out: the definition of every faster path."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops.egru._events import Events
from axonal.neuro.ops.egru._feedback import Feedback
from axonal.neuro.ops.egru._loop_state import LoopState


def egru(
    x: Tensor, state: LoopState, feedback: Feedback, events: Events, taken: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Run ``x`` [T, B, 3N]; see :func:`axonal.neuro.ops.egru.egru`."""
    y, c = state
    shares = None if taken is None else taken.expand(len(x), *c.shape).unbind(0)
    outputs, states = [], []
    for t, x_t in enumerate(x.unbind(0)):
        a_z, a_r, a_g = x_t.chunk(3, dim=-1)
        b_z, b_r, b_g = F.linear(y, *feedback).chunk(3, dim=-1)
        z, r = torch.sigmoid(a_z + b_z), torch.sigmoid(a_r + b_r)
        g = torch.tanh(a_g + r * b_g)
        h = z * c + (1 - z) * g
        if shares is not None:
            h = c + shares[t] * (h - c)
        o = heard(h - events.threshold, events)
        y, c = o * h, h - o * events.threshold
        outputs.append(y)
        states.append(c)
    return torch.stack(outputs), torch.stack(states)


def heard(above: Tensor, events: Events) -> Tensor:
    """1 where a state is above its threshold, with the pseudo-derivative."""
    slope = events.damping * (1 - events.support * above.detach().abs()).clamp(min=0)
    return (above > 0).to(above.dtype) + slope * (above - above.detach())
