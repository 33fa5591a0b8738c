"""Three-factor learning of a layer of `neuro`: connections and the neurons behind them."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from axonal import neuro
from axonal.hebbian.plasticity.three_factor import (
    ThreeFactorChange,
    ThreeFactorTraces,
    three_factor,
)
from axonal.neuro.ops.delayed_linear import taps


class ThreeFactorState(NamedTuple):
    """State of :class:`ThreeFactorLayer` between two steps.

    Attributes:
        history: the last inputs [max_delay, B, N], the latest first.
        neurons: state of the neurons.
        traces: of :func:`three_factor`.
    """

    history: Tensor
    neurons: neuro.LIFState
    traces: ThreeFactorTraces | None


class Pending(NamedTuple):
    """A step that has run and has not been learned from.

    Attributes:
        spikes: of the neurons [B, M].
        slope: surrogate derivative of each [B, M].
        arrived: what arrives at every synapse [B, M, N].
        moved: its derivative by the delay; None where delays do not learn.
        history: inputs for the next step, as in :class:`ThreeFactorState`.
        neurons: state of the neurons for the next step.
        traces: from before this step.
    """

    spikes: Tensor
    slope: Tensor
    arrived: Tensor
    moved: Tensor | None
    history: Tensor
    neurons: neuro.LIFState
    traces: ThreeFactorTraces | None


class ThreeFactorLayer:
    """Connections and LIF neurons that learn step by step, by :func:`three_factor`.

    Weights learn, biases do not, and delays as well where the connections are a
    `neuro.DelayedLinear` whose delays are not frozen. It runs the connections in their training
    form: with the kernel "straight-through" whole delays, the Gaussian of width ``sigma`` being in
    the eligibility alone; with "gaussian" it is in what runs, too. The parameters are read, never
    written: add the changes times a rate, or hand them to an optimiser as ``-grad``, which
    :meth:`accumulate` does.

    Args:
        connections: a `neuro.Linear` or `neuro.DelayedLinear`.
        neurons: `neuro.LIF` of the same number, with a reset to zero, by subtraction or none that
            has no gradient, without refractory steps.
        readout_decay: factor per step of the readout behind, see :func:`three_factor`.

    Raises:
        TypeError: for layers that the rule cannot train.
        ValueError: for sizes or settings that do not fit.

    >>> import torch
    >>> synapses = neuro.DelayedLinear(2, 1, 4, kernel="straight-through", delay=[[1.0, 3.0]])
    >>> layer = ThreeFactorLayer(synapses, neuro.LIF(1))
    >>> pending = layer.run(torch.ones(5, 2))
    >>> change, state = layer.learn(pending, signal=torch.ones_like(pending.spikes))
    >>> change.weight.shape, change.delay.shape
    (torch.Size([1, 2]), torch.Size([1, 2]))
    """

    def __init__(self, connections: Any, neurons: neuro.LIF, *, readout_decay: float = 0.0) -> None:
        who = type(self).__name__
        if not isinstance(connections, neuro.Linear | neuro.DelayedLinear):
            raise TypeError(
                f"{who} trains a neuro.Linear or neuro.DelayedLinear, got "
                f"{type(connections).__name__}."
            )
        # subclasses have other steps
        if not isinstance(neurons, neuro.LIF) or isinstance(neurons, neuro.GradedLIF):
            raise TypeError(f"{who} trains neuro.LIF neurons, got {type(neurons).__name__}.")
        if neurons.size != (connections.out_features,):
            raise ValueError(
                f"{who} expects as many neurons as outputs, {connections.out_features}, got "
                f"{neurons.size}."
            )
        reset = neurons.reset
        graded = not neurons.detach_reset and reset != "none"
        if reset == "delayed" or graded or neurons.refractory:
            what = "refractory steps" if neurons.refractory else f'reset="{reset}"'
            raise ValueError(
                f"{who} has no trace for {what}{' with a gradient' if graded else ''}: make the "
                'neurons with reset "zero", "subtract" or "none", detach_reset=True and '
                "refractory=0."
            )
        self.connections, self.neurons = connections, neurons
        self.readout_decay = readout_decay
        # taps cost as much as a step; made again when something has written to delays or width
        self._spread: tuple[Any, tuple[Tensor, Tensor | None]] | None = None

    @property
    def learns_delays(self) -> bool:
        """Whether the connections have delays that are not frozen."""
        synapses = self.connections
        return isinstance(synapses, neuro.DelayedLinear) and not synapses.frozen

    @torch.no_grad()
    def run(self, x: Tensor, state: ThreeFactorState | None = None) -> Pending:
        """Run one step on ``x`` [B, N]; what it returns holds the spikes, and goes to `learn`."""
        synapses, lif = self.connections, self.neurons
        if x.ndim != 2 or x.shape[1] != synapses.in_features:
            raise ValueError(
                f"{type(self).__name__} expects x [B, N] of one step with N = "
                f"{synapses.in_features}, got {tuple(x.shape)}."
            )
        share, slope = self._taps()
        history = x.new_zeros(share.shape[2] - 1, *x.shape) if state is None else state.history
        window = torch.cat((x.unsqueeze(0), history))
        arrived = torch.einsum("jbn,mnj->bmn", window, share)
        moved = None if slope is None else torch.einsum("jbn,mnj->bmn", window, slope)
        current = (arrived * synapses.masked_weight).sum(2)
        if synapses.bias is not None:
            current = current + synapses.bias
        before = lif.init(current) if state is None else state.neurons
        spikes, after = lif.step(current, before)
        level = lif.decay * before.v + self._scale() * current - lif.threshold
        psi = lif.surrogate.derivative(level)
        traces = None if state is None else state.traces
        return Pending(spikes, psi, arrived, moved, window[:-1], after, traces)

    @torch.no_grad()
    def learn(self, pending: Pending, signal: Tensor) -> tuple[ThreeFactorChange, ThreeFactorState]:
        """Changes by a step that has run, given the signal L [B, M] for its targets."""
        scale = self._scale().reshape(-1, 1)
        moved = None if pending.moved is None else scale * pending.moved
        change = three_factor(
            self.connections.masked_weight, pending.traces, scale * pending.arrived,
            pending.spikes, signal, slope=pending.slope, decay=self.neurons.decay, moved=moved,
            reset=self.neurons.reset, readout_decay=self.readout_decay,
        )  # fmt: skip
        return change, ThreeFactorState(pending.history, pending.neurons, change.traces)

    def accumulate(self, change: ThreeFactorChange) -> None:
        """Add changes to ``.grad`` of the parameters, with the sign that an optimiser expects."""
        synapses = self.connections
        mask = getattr(synapses, "mask", None)
        d_weight = change.weight if mask is None else change.weight * mask
        _add(synapses.weight, -d_weight)
        if change.delay is not None and self.learns_delays:
            assert isinstance(synapses, neuro.DelayedLinear)
            d_delay = change.delay if mask is None else change.delay * mask
            position = synapses.position
            raw, high = position.detach(), synapses.max_delay
            grad = -d_delay.sum_to_size(position.shape)
            outward = ((raw < 0) & (grad > 0)) | ((raw > high) & (grad < 0))
            _add(position, grad.masked_fill(outward, 0))

    def _taps(self) -> tuple[Tensor, Tensor | None]:
        """Share of each synapse's input from j steps ago [M, N, D + 1], and its slope by delay."""
        synapses = self.connections
        if not isinstance(synapses, neuro.DelayedLinear):
            return torch.ones_like(synapses.weight).unsqueeze(2), None
        written = synapses.position._version, synapses.sigma._version, synapses.frozen
        if self._spread is not None and self._spread[0] == written:
            return self._spread[1]
        kernel = "one-tap" if synapses.frozen else synapses.kernel
        near = taps(synapses.delay.detach(), float(synapses.sigma), kernel, synapses.max_delay)
        place = near.first.unsqueeze(2) + torch.arange(near.share.shape[2])
        dense = near.share.new_zeros(*place.shape[:2], synapses.max_delay + 1)
        share = dense.scatter(2, place, near.share)
        slope = dense.scatter(2, place, near.slope) if self.learns_delays else None
        self._spread = written, (share, slope)
        return share, slope

    def _scale(self) -> Tensor:
        """Factor on the input of the neurons."""
        decay = self.neurons.decay
        return 1 - decay if self.neurons.decay_input else torch.ones_like(decay)


def _add(parameter: Tensor, grad: Tensor) -> None:
    parameter.grad = grad if parameter.grad is None else parameter.grad + grad
