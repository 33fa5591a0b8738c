"""Real-time recurrent learning with a diagonal Jacobian: traces of every synapse."""

from typing import Any

import torch
from torch import Tensor

from axonal import neuro
from axonal.hebbian.local import _ledger
from axonal.hebbian.local._broadcast import Broadcast
from axonal.hebbian.local._chain import neurons_of
from axonal.hebbian.local._eligibility import Eligibility, Output
from axonal.hebbian.local._losses import step_loss
from axonal.hebbian.local._sizes import sizes
from axonal.hebbian.local.eprop import check_block, check_output
from axonal.hebbian.local.rule import Loss
from axonal.hebbian.local.stored import Stored


class DRTRL(Broadcast):
    """Real-time recurrent learning with a diagonal Jacobian: traces of every synapse.

        eps_t = D_t eps_{t-1} + x_t,   dL/dW = sum_t dL_t/dh_t eps_t

    with D_t = dh_t / dh_{t-1} of a neuron through its own state, the diagonal of the Jacobian; what
    neurons do to one another later is left out. dL_t/dh_t is sent back through the layers within
    the step, as in :class:`OTTT`, which is the case of one trace for all neurons; here every neuron
    may have its own time constant, a reset to zero, or a threshold that adapts. Memory does not
    grow with T, but with every synapse and sample, [B, N, M].

    Trains Linear with LIF, IF or ALIF neurons, loops of them, one after another, and a Linear as
    output, alone or with a LeakyIntegrator. In a loop all of its weights learn, and their effect
    within D_t is left out, too.

    Source: the algorithm D-RTRL of Wang et al., as in BrainTrace, in the form of these neurons.

    Args:
        net: layers one after another, of which the last connections are the output.
        loss: of the output of some steps [K, B, C] and the target, a mean over steps.

    Raises:
        ValueError: for layers that have no such trace, by path.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    >>> rule = local.DRTRL(net)
    >>> loss = rule.gradients(torch.rand(5, 8, 3), torch.zeros(8, dtype=torch.int64))
    >>> rule.stored(torch.rand(5, 8, 3)) == rule.stored(torch.rand(500, 8, 3))
    True
    """

    def __init__(self, net: neuro.Network, *, loss: Loss = step_loss) -> None:
        super().__init__(net, loss)
        for block in self._blocks[:-1]:
            check_block(self, block, online=True)
        check_output(self, self._blocks[-1])

    @torch.no_grad()
    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, N], step by step; return the mean loss."""
        *hidden, last = self._blocks
        widths = [x.shape[2], *(block.connections.out_features for block in hidden)]
        output, loss = Output(last, x.new_zeros(x.shape[1], widths[-1])), x.new_zeros(())
        units = [
            Eligibility(block, x.new_zeros(()), x.new_zeros(x.shape[1], width))
            for block, width in zip(hidden, widths, strict=False)
        ]
        for x_t in x:
            s = x_t
            for unit in units:
                s = unit.step(s)
            error, part = output.step(s, self.loss, target, len(x))
            loss += part
            weights: Any = last.connections.masked_weight
            for unit in reversed(units):
                signal = error @ weights
                unit.learn(signal)
                error, weights = unit.through(signal), unit.block.connections.masked_weight
            _ledger.next_step()
        for unit in units:
            unit.finish()
        output.finish()
        return loss

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, N], in bytes."""
        found = {size.path: size for size in sizes(self.net, x)}
        numbers = 0
        for block in self._blocks[:-1]:
            numbers += Eligibility.numbers(block, found[block.path].inputs)
        last = self._blocks[-1]
        numbers += last.connections.in_features + 1
        numbers += last.connections.out_features * (neurons_of(last)[0] is not None)
        return Stored(0, numbers * x.shape[1] * x.element_size())
