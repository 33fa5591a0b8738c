"""Event-based gated recurrent units (EGRU): a GRU whose units are heard when above a threshold."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.egru import _op, reference
from axonal.neuro.ops.egru._events import Events
from axonal.neuro.ops.egru._feedback import Feedback
from axonal.neuro.ops.egru._loop_state import LoopState

__all__ = ["egru"]


def egru(
    x: Tensor,
    y: Tensor,
    c: Tensor,
    weight: Tensor,
    bias: Tensor,
    threshold: Tensor,
    *,
    damping: float = 0.7,
    support: float = 1.0,
    taken: Tensor | None = None,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """Run event-based gated units, with all sums of a step inside it but for that of the input.

    With (a_z, a_r, a_g) = x_t and (b_z, b_r, b_g) = W y_{t-1} + b, every step does

        z = sigmoid(a_z + b_z),  r = sigmoid(a_r + b_r),  g = tanh(a_g + r b_g)
        u = z c_{t-1} + (1 - z) g
        h = u, or c_{t-1} + k_t (u - c_{t-1}) where ``taken`` gives k
        o = 1 where h > theta, else 0
        y_t = o h,  c_t = h - o theta

    and gradients take damping · max(0, 1 - support · abs(h - theta)) for the derivative of o by
    h - theta (Subramoney et al. 2023, arXiv 2206.06178; the reset is that of its published code).

    Args:
        x: products of the input with its weights, the gates z, r, g one after the other [T, B, 3N].
        y: output of the last step before ``x`` [B, N].
        c: state after the last step before ``x`` [B, N].
        weight: W [3N, N].
        bias: b [3N].
        threshold: theta, >= 0 [N].
        damping: height of the pseudo-derivative.
        support: the inverse of its half-width.
        taken: share k of a change that is taken, 0 to 1, a scalar or of the shape of the result:
            zoneout has a random mask in training and the mean of it afterwards.
        backend: ``"auto"``, ``"reference"`` (the definition, differentiable twice) or ``"cpu"``
            (compiled loops, which add the weights of the units that are heard where these are few;
            sums are then rounded in another order).

    Returns:
        y and c after every step, each [T, B, N].

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors, and for other shapes.

    >>> import torch
    >>> x = torch.tensor([-1.0, 0.0, 1.0]).expand(3, 1, 3)
    >>> y, c = egru(x, torch.zeros(1, 1), torch.zeros(1, 1), torch.zeros(3, 1), torch.zeros(3),
    ...             torch.tensor([0.3]))
    >>> y.flatten()
    tensor([0.5568, 0.6258, 0.6444])
    """
    given = (x, y, c, weight, bias, threshold, *(() if taken is None else (taken,)))
    state, feedback = LoopState(y, c), Feedback(weight, bias)
    events = Events(threshold, float(damping), float(support))
    if _dispatch.use_compiled("egru", backend, *given):
        return _op.egru(x, state, feedback, events, taken)
    return reference.egru(x, state, feedback, events, taken)
