"""WKV: the weighted mean of values that an RWKV model has in the place of attention."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.wkv import _op, reference
from axonal.neuro.ops.wkv._state import WKVState

__all__ = ["WKVState", "wkv"]


def wkv(
    k: Tensor,
    v: Tensor,
    w: Tensor,
    u: Tensor,
    state: WKVState | None = None,
    *,
    backend: str = "auto",
) -> tuple[Tensor, WKVState]:
    """Average values over all steps so far, by weights that decay, in every channel on its own.

        y_t = (sum_{i<t} exp((t - 1 - i) w + k_i) v_i + exp(u + k_t) v_t)
              / (sum_{i<t} exp((t - 1 - i) w + k_i) + exp(u + k_t))

    Both sums are kept divided by exp(o), with o the exponent of their largest term, so that none
    overflows (Peng et al. 2023, arXiv 2305.13048; SpikeGPT, arXiv 2302.13939, has the same).

    Args:
        k: logarithms of the weights [T, B, C].
        v: values [T, B, C].
        w: logarithm of the decay per step, below zero [C].
        u: logarithm of what the weight of the present step is multiplied with [C].
        state: after the last step before ``k``; at rest by default.
        backend: ``"auto"``, ``"reference"`` (the definition, differentiable twice), ``"cpu"``
            (compiled loops with an exponential of their own, to two units in the last place) or
            ``"cuda"``. Compiled code gives the same bits for any split of a sequence.

    Returns:
        y [T, B, C] and the state after the last step.

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors, and for other shapes.

    >>> import torch
    >>> v, zero = torch.tensor([1.0, 2.0, 6.0]).view(3, 1, 1), torch.zeros(1)
    >>> y, state = wkv(torch.zeros(3, 1, 1), v, zero, zero)
    >>> y.flatten(), state.q
    (tensor([1.0000, 1.5000, 3.0000]), tensor([[3.]]))
    """
    state = WKVState.rest(k[0]) if state is None else state
    if _dispatch.use_compiled("wkv", backend, k, v, w, u, *state, cuda=True):
        return _op.wkv(k, v, w, u, state)
    return reference.wkv(k, v, w, u, state)
