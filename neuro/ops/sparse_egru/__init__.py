"""Event-based gated units in inference, at the cost of weights that are there and units heard."""

from torch import Tensor

from axonal.neuro.ops import _dispatch
from axonal.neuro.ops.egru._feedback import Feedback
from axonal.neuro.ops.egru._loop_state import LoopState
from axonal.neuro.ops.sparse_egru import _op, reference
from axonal.neuro.ops.sparse_egru._compressed import Compressed

__all__ = ["Compressed", "sparse_egru"]


def sparse_egru(
    x: Tensor,
    y: Tensor,
    c: Tensor,
    incoming: Compressed,
    bias_in: Tensor,
    recurrent: Compressed,
    bias: Tensor,
    threshold: Tensor,
    *,
    share: float = 1.0,
    backend: str = "auto",
) -> tuple[Tensor, Tensor]:
    """Run :func:`axonal.neuro.ops.egru.egru` on inputs, with weights that are mostly zero.

    A step costs a product per weight of an input that is not zero, and of a unit that was heard:
    sparse weights and few events multiply. Compiled loops are for inference, without gradients.

    Source: pruned event-based gated units on SpiNNaker 2, Nazeer et al., 2023 (arXiv 2312.09084).

    Args:
        x: inputs [T, B, I].
        y: output of the last step before ``x`` [B, N].
        c: state after the last step before ``x`` [B, N].
        incoming: weights of the input [3N, I], the gates z, r, g one after the other.
        bias_in: their bias [3N].
        recurrent: W [3N, N].
        bias: b [3N].
        threshold: theta, >= 0 [N].
        share: share of a change that is taken, 1 less zoneout.
        backend: ``"auto"``, ``"reference"`` (the definition, dense) or ``"cpu"``.

    Returns:
        y and c after every step, each [T, B, N].

    Raises:
        ValueError: if the back end is unknown or cannot run these tensors, and for other shapes.

    >>> import torch
    >>> rest, none = torch.zeros(1, 1), Compressed.of(torch.zeros(3, 1))
    >>> bias, theta = torch.tensor([-1.0, 0.0, 1.0]), torch.tensor([0.3])
    >>> y, c = sparse_egru(torch.zeros(3, 1, 1), rest, rest, none, bias, none, 0 * bias, theta)
    >>> y.flatten()
    tensor([0.5568, 0.6258, 0.6444])
    """
    state, links = LoopState(y, c), Feedback(recurrent.weight, bias)
    floats = (x, *state, incoming.weight, bias_in, *links, threshold)
    arguments = (x, state, incoming, bias_in, recurrent, bias, threshold, float(share))
    if _dispatch.use_compiled("sparse_egru", backend, *floats):
        return _op.sparse_egru(*arguments)
    return reference.sparse_egru(*arguments)
