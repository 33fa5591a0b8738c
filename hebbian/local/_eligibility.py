"""Eligibility traces of every synapse, carried from step to step."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from axonal import neuro
from axonal.hebbian.local import _ledger
from axonal.hebbian.local._chain import Block, neurons_of
from axonal.hebbian.local.rule import Loss

if TYPE_CHECKING:
    from axonal.hebbian.local.eprop import EProp


class Eligibility:
    """The neurons of a block with the traces of their synapses, loops included.

        x_t: all inputs of a synapse, those of the loop of one step before included
        h = d v + g (W x_t + b),  eps_h = d eps_v + g x_t      g = 1, or 1 - d
        e = psi(h - A) (eps_h - beta eps_a)
        eps_v = eps_h (1 - s)                                  reset "zero"
        eps_v = eps_h - beta eps_a s                           reset "subtract": v = h - A s
        eps_a = rho eps_a + (1 - rho) e                        adaptive neurons

    Args:
        block: Linear with LIF, IF or ALIF neurons, or a loop of these.
        decay: of the output, by which traces are filtered; 0 without.
        x: a step of the input [B, M].
    """

    def __init__(self, block: Block, decay: Tensor, x: Tensor) -> None:
        neurons, _ = neurons_of(block)
        self.loop = neurons if isinstance(neurons, neuro.Recurrent) else None
        self.neurons: Any = neurons.body if self.loop is not None else neurons
        self.block, self.decay = block, decay
        self.back: Any = None if self.loop is None else _linear(self.loop.feedback)
        self.adaptive = isinstance(self.neurons, neuro.ALIF)
        batch, size = len(x), self.neurons.size[0]
        inputs = self.inputs(block, x.shape[1])
        self.v: Tensor = self.neurons.init(x.new_zeros(batch, size)).v
        self.slope = torch.zeros_like(self.v)
        self.a, self.s = torch.zeros_like(self.v), torch.zeros_like(self.v)
        delay = 1 if self.loop is None else self.loop.delay
        self.heard = [torch.zeros_like(self.v) for _ in range(delay)]
        shape = (batch, size if _own_traces(self.neurons) else 1, inputs)
        self.of_v = x.new_zeros(shape)
        self.of_a = x.new_zeros(batch, size, inputs) if self.adaptive else None
        self.filtered = x.new_zeros(batch, size, inputs)
        self.total = x.new_zeros(size, inputs)

    @staticmethod
    def inputs(block: Block, features: int) -> int:
        """Return the number of synapses of a neuron: inputs, loop and bias."""
        neurons, _ = neurons_of(block)
        loop = block.connections.out_features if isinstance(neurons, neuro.Recurrent) else 0
        return features + loop + 1

    @staticmethod
    def numbers(block: Block, features: int) -> int:
        """Return how many numbers per sample the traces and states are."""
        neurons, _ = neurons_of(block)
        inner: Any = neurons.body if isinstance(neurons, neuro.Recurrent) else neurons
        size, inputs = inner.size[0], Eligibility.inputs(block, features)
        adaptive = isinstance(inner, neuro.ALIF)
        per_neuron = size if _own_traces(inner) else 1
        return int(inputs * (per_neuron + size * (1 + adaptive)) + size * (2 + adaptive))

    def step(self, x: Tensor) -> Tensor:
        """Run one step x [B, M]; return the spikes [B, N]."""
        lif = self.neurons
        d, gain = lif.decay, 1 - lif.decay if lif.decay_input else 1.0
        parts = [x, *((self.heard[0],) if self.loop is not None else ()), x.new_ones(len(x), 1)]
        inputs = torch.cat(parts, 1)
        current = self.block.connections(x.unsqueeze(0))[0]
        if self.loop is not None:
            current = current + self.back(self.heard[0].unsqueeze(0))[0]
        level = lif.threshold + (lif.beta * self.a if self.adaptive else 0.0)
        h = d * self.v + gain * current
        if lif.reset == "delayed":
            h = h - lif.threshold * self.s
        s: Tensor = (h >= level).to(h.dtype)
        psi = lif.surrogate.derivative(h - level)
        self.of_v = _column(d) * self.of_v + _column(gain) * inputs.unsqueeze(1)
        e = self.of_v
        if lif.reset == "zero":
            self.of_v = self.of_v * (1 - s).unsqueeze(2)
        if self.of_a is not None:
            rise = lif.beta.reshape(-1, 1) * self.of_a
            e = e - rise
            if lif.reset == "subtract":
                self.of_v = self.of_v - s.unsqueeze(2) * rise
        self.slope = psi * gain
        e = psi.unsqueeze(2) * e
        if self.of_a is not None:
            rho = lif.decay_adaptation
            self.of_a = _column(rho) * self.of_a + _column(1 - rho) * e
            self.a = rho * self.a + (1 - rho) * s
        self.filtered = self.decay * self.filtered + e
        self.v = h * (1 - s) if lif.reset == "zero" else h - level * s
        if lif.reset in ("delayed", "none"):
            self.v = h
        self.s, self.heard = s, [*self.heard[1:], s]
        _ledger.carry((self.of_v, self.of_a, self.filtered, self.v, self.s))
        _ledger.carry(self.a if self.adaptive else None)
        return s

    def learn(self, signal: Tensor) -> None:
        """Add the learning signal [B, N] of a step."""
        self.total += torch.einsum("bn,bnm->nm", signal, self.filtered)

    def through(self, signal: Tensor) -> Tensor:
        """Send a learning signal [B, N] of this step back to the connections, within the step."""
        return signal * self.slope

    def finish(self) -> None:
        """Give the sums to the parameters."""
        layer, features = self.block.connections, self.block.connections.in_features
        _add(layer.weight, self.total[:, :features], layer.mask)
        _add(layer.bias, self.total[:, -1], None)
        if self.loop is not None:
            _add(self.back.weight, self.total[:, features:-1], self.back.mask)
            _add(self.back.bias, self.total[:, -1], None)


class Output:
    """The output of a network, with the trace of its input that its own memory needs.

    Args:
        block: Linear, alone or with a LeakyIntegrator.
        heard: a step of the input [B, N].
    """

    def __init__(self, block: Block, heard: Tensor) -> None:
        self.layer: Any = block.connections
        self.readout, _ = neurons_of(block)
        readout = self.readout
        self.decay = heard.new_zeros(())
        self.gain: Any = 1.0
        if readout is not None:
            self.decay = readout.decay.flatten()[0]  # one for all, or it was refused
            self.gain = 1 - self.decay if readout.decay_input else 1.0
        self.state: Any = None
        self.heard = heard.new_zeros(len(heard), self.layer.in_features + 1)
        self.total = torch.zeros_like(self.layer.weight)
        self.of_bias = heard.new_zeros(self.layer.out_features)

    def step(self, s: Tensor, loss: Loss, target: Tensor, steps: int) -> tuple[Tensor, Tensor]:
        """Learn from spikes [B, N]; return the error [B, C] at the connections, and the loss."""
        current = self.layer(s.unsqueeze(0))
        y = current
        if self.readout is not None:
            y, self.state = self.readout(current, self.state)
        self.heard = self.decay * self.heard + torch.cat((s, s.new_ones(len(s), 1)), 1)
        with torch.enable_grad():
            y = y.detach().requires_grad_()
            part = loss(y, target) / steps
            (slope,) = torch.autograd.grad(part, y)
        error: Tensor = self.gain * slope[0]
        self.total += error.T @ self.heard[:, :-1]
        self.of_bias += (error * self.heard[:, -1:]).sum(0)
        _ledger.carry((self.state, self.heard))
        return error, part.detach()

    def finish(self) -> None:
        """Give the sums to the parameters."""
        _add(self.layer.weight, self.total, self.layer.mask)
        _add(self.layer.bias, self.of_bias, None)


@torch.no_grad()
def online(rule: "EProp", x: Tensor, target: Tensor) -> Tensor:
    """Take the gradients of a batch step by step, with the traces of all synapses."""
    *hidden, last = rule._blocks
    widths = [x.shape[2], *(block.connections.out_features for block in hidden)]
    output = Output(last, x.new_zeros(x.shape[1], widths[-1]))
    units = [
        Eligibility(block, output.decay, x.new_zeros(x.shape[1], width))
        for block, width in zip(hidden, widths, strict=False)
    ]
    loss = x.new_zeros(())
    for x_t in x:
        s = x_t
        for unit in units:
            s = unit.step(s)
        error, part = output.step(s, rule.loss, target, len(x))
        loss += part
        for number, unit in enumerate(units):
            unit.learn(error @ rule.signal_weights(number))
        _ledger.next_step()
    for unit in units:
        unit.finish()
    output.finish()
    return loss


def _own_traces(lif: Any) -> bool:
    """Return whether the trace of an input differs from neuron to neuron."""
    return lif.reset == "zero" or lif.decay.ndim > 0 or isinstance(lif, neuro.ALIF)


def _add(parameter: Any, gradient: Tensor, mask: Tensor | None) -> None:
    if parameter is None or not parameter.requires_grad:
        return
    gradient = gradient if mask is None else gradient * mask
    parameter.grad = gradient.clone() if parameter.grad is None else parameter.grad + gradient


def _column(value: Any) -> Any:
    return value.reshape(-1, 1) if isinstance(value, Tensor) and value.ndim else value


def _linear(feedback: Any) -> Any:
    """Return the one Linear of the feedback of a loop."""
    return feedback.inner if isinstance(feedback, neuro.Network) else feedback
