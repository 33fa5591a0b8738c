"""Eligibility propagation: traces of every synapse, and a learning signal from the output."""

import torch
from torch import Tensor

from axonal import neuro
from axonal._base import checks
from axonal.hebbian.local._broadcast import Broadcast
from axonal.hebbian.local._chain import Block, neurons_of
from axonal.hebbian.local._eligibility import Eligibility, online
from axonal.hebbian.local._losses import step_loss
from axonal.hebbian.local._sizes import activity, bytes_of, sizes
from axonal.hebbian.local.rule import Loss, refused
from axonal.hebbian.local.stored import Stored

FEEDBACKS = ("symmetric", "random", "adaptive")


class EProp(Broadcast):
    """Eligibility propagation: traces of every synapse, and a learning signal from the output.

        dL/dW_ji = sum_t L_j,t e_ji,t,   e_ji,t = ds_j,t / dW_ji through the neuron's own state
        L_j,t = sum_k B_kj dL/dy_k,t

    with y the output and s the spikes. For a LIF neuron, e = psi (surrogate) times the input
    filtered by the membrane; for an ALIF the adaptation adds a second trace. Where the output
    integrates, traces are filtered by its decay, too. What a spike does to other neurons later,
    through a loop or through layers behind, is left out: **exact without a loop, with one hidden
    layer and symmetric feedback**, if the reset is detached.

    Trains Linear and DelayedLinear (weights and delays) with neurons LIF, IF, PLIF, CuBaLIF or
    ALIF, loops of them, and an output of connections with or without a LeakyIntegrator.

    The sum is made in one of two ways with the same gradients:

    * backwards: inputs and potentials of all steps are kept, and the learning signal is filtered in
      reversed time. No error passes from one neuron to another.
    * ``online=True``: traces of every synapse and sample [B, N, M] go on from step to step, in
      memory that does not grow with T. For Linear with LIF, IF or ALIF.

    Source: Bellec et al., Nature Communications 2020 (arXiv 1901.09049). Delays: their
    eligibility is that of a weight with the kernel's derivative in place of the kernel.

    Args:
        net: layers one after another, of which the last connections are the output.
        feedback: ``"symmetric"``: B is the output's weights; ``"random"``: fixed; ``"adaptive"``:
            random at first, and it gets the gradient of the output's weights. A hidden layer that
            the output does not hear has fixed random feedback, whatever this is.
        loss: of the output of some steps [K, B, C] and the target, a mean over steps.
        online: keep traces in place of all steps.

    Raises:
        ValueError: for layers that have no eligibility, by path.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(
    ...     neuro.Linear(3, 4), neuro.LIF(4), neuro.Linear(4, 2), neuro.LeakyIntegrator(2)
    ... )
    >>> rule = local.EProp(net, online=True)
    >>> loss = rule.gradients(torch.rand(5, 8, 3), torch.zeros(8, dtype=torch.int64))
    >>> rule.stored(torch.rand(5, 8, 3)) == rule.stored(torch.rand(500, 8, 3))
    True
    """

    def __init__(
        self,
        net: neuro.Network,
        *,
        feedback: str = "symmetric",
        loss: Loss = step_loss,
        online: bool = False,
    ) -> None:
        super().__init__(net, loss)
        self.kind = checks.one_of("EProp", "feedback", feedback, FEEDBACKS)
        self.online = online
        hidden = self._blocks[:-1]
        for block in hidden:
            check_block(self, block, online)
        if online:
            check_output(self, self._blocks[-1])
        last = len(hidden) - 1
        self._draw(range(last + (feedback == "random")))
        if feedback == "adaptive":
            self._draw([last])
            drawn = self.feedback(last)
            del self._buffers[f"feedback_{last}"]
            self.register_parameter(f"feedback_{last}", torch.nn.Parameter(drawn))

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...]; return the mean loss."""
        before = self._blocks[-1].connections.weight.grad
        before = None if before is None else before.clone()
        loss = online(self, x, target) if self.online else self._backwards(x, target)
        if self.kind == "adaptive":
            self._adapt(before)
        return loss

    def _backwards(self, x: Tensor, target: Tensor) -> Tensor:
        hidden, spikes = [], x
        for block in self._blocks[:-1]:
            spikes = _own_paths(block, spikes.detach())
            hidden.append(spikes)
        loss, error, at_input = self._output(spikes, target)
        for layer, y in enumerate(hidden):
            symmetric = self.kind == "symmetric" and layer == len(hidden) - 1
            signal = at_input if symmetric else error @ self.feedback(layer).detach()
            y.backward(signal)
        return loss

    def signal_weights(self, layer: int) -> Tensor:
        """Return the weights [C, N] by which a hidden layer hears the error of the output."""
        hidden = len(self._blocks) - 1
        if self.kind == "symmetric" and layer == hidden - 1:
            weights: Tensor = self._blocks[-1].connections.masked_weight.detach()
            return weights
        return self.feedback(layer).detach()

    def _adapt(self, before: Tensor | None) -> None:
        """Give adaptive feedback the gradient that this batch gave the output's weights."""
        change = self._blocks[-1].connections.weight.grad
        change = change if before is None else change - before
        feedback = self.feedback(len(self._blocks) - 2)
        feedback.grad = change.clone() if feedback.grad is None else feedback.grad + change

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        own = bytes_of(*self.buffers(recurse=False), *self.parameters(recurse=False))
        if not self.online:
            return Stored(activity(self.net, x), own=own)
        found = {size.path: size for size in sizes(self.net, x)}
        numbers = 0
        for block in self._blocks[:-1]:
            numbers += Eligibility.numbers(block, found[block.path].inputs)
        last = self._blocks[-1]
        numbers += last.connections.in_features + 1
        numbers += last.connections.out_features * (neurons_of(last)[0] is not None)
        return Stored(0, numbers * x.shape[1] * x.element_size(), own)


def _own_paths(block: Block, x: Tensor) -> Tensor:
    """Run a block whose neurons hear the spikes of their loop, but send no gradient into it."""
    neurons, _ = neurons_of(block)
    if not isinstance(neurons, neuro.Recurrent):
        return block.run(x)
    with torch.no_grad():
        spikes = block.run(x)
    # with all spikes known, the loop is an input like any other
    heard = torch.cat((torch.zeros_like(spikes[: neurons.delay]), spikes))[: len(spikes)]
    back, _ = neurons.feedback(heard)
    y = block.connections(x)
    y = y[0] if isinstance(y, tuple) else y
    own: Tensor = neurons.body(y + back)[0]
    return own


def check_block(rule: Broadcast, block: Block, online: bool) -> None:
    """Refuse a block whose synapses have no eligibility."""
    neurons, rest = neurons_of(block)
    path = block.after[0][0]
    inner = _inside(neurons)
    kinds = (neuro.LIF, neuro.CuBaLIF, neuro.ALIF)
    if not isinstance(inner, kinds):
        raise refused(
            rule, path, neurons or block.after[0][1],
            "it trains LIF, CuBaLIF and ALIF neurons right behind the connections.",
        )  # fmt: skip
    if rest or block.before:
        other = (*rest, *block.before)[0]
        raise refused(rule, path, other, "nothing else may stand between its layers.")
    if not online:
        return
    fine = type(inner) in (neuro.LIF, neuro.IF, neuro.ALIF) and not inner.refractory
    if (
        not fine
        or not inner.detach_reset
        or inner.learn
        or not isinstance(block.connections, neuro.Linear)
    ):
        raise refused(
            rule, path, inner,
            "traces of every synapse are those of Linear with LIF, IF or ALIF neurons, the reset "
            "detached, without refractory steps and learned time constants.",
        )  # fmt: skip


def check_output(rule: Broadcast, block: Block) -> None:
    """Refuse an output whose traces are not those of its input."""
    readout, rest = neurons_of(block)
    layer, path = (readout, block.after[0][0]) if readout is not None else (None, block.path)
    one = layer is None or not (layer.learn or (layer.decay != layer.decay.flatten()[0]).any())
    if rest or not one or not isinstance(block.connections, neuro.Linear):
        raise refused(
            rule, path, layer or block.connections,
            "with traces of every synapse the output is a Linear, alone or with a LeakyIntegrator "
            "of one tau.",
        )  # fmt: skip


def _inside(neurons: object) -> object:
    """Return the neurons of a loop, or what was given."""
    return neurons.body if isinstance(neurons, neuro.Recurrent) else neurons
