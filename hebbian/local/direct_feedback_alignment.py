"""Direct feedback alignment: the error of the output goes to every layer at once."""

from torch import Tensor

from axonal import neuro
from axonal.hebbian.local._broadcast import Broadcast
from axonal.hebbian.local._sizes import activity, bytes_of
from axonal.hebbian.local.rule import Loss
from axonal.hebbian.local.stored import Stored


class DirectFeedbackAlignment(Broadcast):
    """Direct feedback alignment: every layer gets the error of the output through a fixed matrix.

        dL/ds_l = B_l^T e,   e = dL/du of the output's connections

    in place of what the layers behind would send back. Within a layer the gradient is that of
    :class:`Backprop`, through its neurons and through time, feedback of a loop included; no error
    passes from layer to layer, so that all of them can learn at once. The output's own weights
    learn by their gradient.

    Trains Linear and DelayedLinear, neurons of any kind behind them and loops, one after another.

    Source: Nøkland, NeurIPS 2016 (arXiv 1609.01596).

    Args:
        net: layers one after another, of which the last connections are the output; B_l is drawn
            from torch's generator, uniform within 1 / sqrt(neurons of the layer), once.
        loss: of the output [T, B, C] and the target.

    Raises:
        ValueError: for layers that the error cannot be handed to, by path.

    >>> import torch
    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2))
    >>> rule = local.DirectFeedbackAlignment(net)
    >>> loss = rule.gradients(torch.rand(5, 8, 3), torch.zeros(8, dtype=torch.int64))
    >>> rule.feedback(0).shape
    torch.Size([2, 4])
    """

    def __init__(self, net: neuro.Network, *, loss: Loss = neuro.rate_loss) -> None:
        super().__init__(net, loss)
        self._draw(range(len(self._blocks) - 1))

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...]; return the loss."""
        hidden, spikes = [], x
        for block in self._blocks[:-1]:
            spikes = block.run(spikes.detach())
            hidden.append(spikes)
        loss, error, _ = self._output(spikes, target)
        for layer, y in enumerate(hidden):
            y.backward(error @ self.feedback(layer))
        return loss

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        return Stored(activity(self.net, x), own=bytes_of(*self.buffers(recurse=False)))
