"""Measurement of what a rule keeps."""

from torch import Tensor

from axonal.hebbian.local._ledger import Ledger
from axonal.hebbian.local._sizes import bytes_of
from axonal.hebbian.local.rule import Rule
from axonal.hebbian.local.stored import Stored


def measured(rule: Rule, x: Tensor, target: Tensor) -> Stored:
    """Take the gradients of a batch once, and count what was kept meanwhile, in bytes.

    Counted are tensors that are saved for a backward pass, each once and at most at one time, and
    those that the rule carries from step to step; the batch, parameters and the rule's own tensors
    are there anyway. Gradients are added to ``.grad`` as ever.

    Args:
        rule: the rule.
        x: the input [T, B, ...].
        target: of :meth:`Rule.gradients`.

    Returns:
        what was kept.

    >>> import torch
    >>> from axonal import neuro
    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    >>> x, target = torch.rand(5, 8, 3), torch.zeros(8, dtype=torch.int64)
    >>> local.measured(local.Backprop(net), x, target).traces
    0
    """
    beside = [
        t
        for name, t in (*rule.named_parameters(), *rule.named_buffers())
        if not name.startswith("net.")
    ]
    known = [*rule.parameters(), *rule.buffers(), x, target]
    with Ledger(known) as ledger:
        rule.gradients(x, target)
    return Stored(ledger.activity, ledger.traces, bytes_of(*beside))
