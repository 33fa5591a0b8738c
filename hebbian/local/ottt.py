"""Online training through time: gradients of each step, by traces of what came before."""

from typing import Any

import torch
from torch import Tensor

from axonal import neuro
from axonal.hebbian.local import _ledger
from axonal.hebbian.local._chain import Block, blocks, neurons_of, stateless
from axonal.hebbian.local._losses import step_loss
from axonal.hebbian.local._sizes import sizes
from axonal.hebbian.local.rule import Loss, Rule, refused
from axonal.hebbian.local.stored import Stored
from axonal.neuro.ops.lif import online_lif
from axonal.neuro.ops.spike_linear import spike_linear, weight_gradient

FEW = 128
"""Rows of a product up to which it is dense."""


class OTTT(Rule):
    """Online training through time: a gradient at every step, in memory that does not grow with T.

        a_t = d a_{t-1} + s_t,   dL/dW = sum_t g_t a_t^T

    with s the input of connections, d the decay of the neurons behind them, a its trace, and
    g_t = dL_t/du_t the gradient of the loss of step t alone, sent back through the layers within
    the step. The loss must be a sum over steps. This is backpropagation through time in which the
    path through the potential is kept for the weights of each layer, and all other paths from step
    to step are cut: with one hidden layer and an output without memory it is exact.

    Trains Linear, Conv2d and DelayedLinear whose neurons are LIF or LeakyIntegrator, one after
    another, and connections without neurons at the end. Biases have the trace of an input that is
    always 1. Delays are learned with the weights, in the first layer only: an error that is sent
    back within a step cannot wait for one.

    Source: Xiao et al., NeurIPS 2022 (arXiv 2210.04195).

    Args:
        net: layers one after another.
        loss: of the output of some steps [K, B, C] and the target, a mean over steps.
        steps_at_once: K, steps that are run before their gradients are taken, >= 1. The gradients
            are the same for every K; memory grows with it, and products get larger and sparser.

    Raises:
        ValueError: for layers that have no such trace, by path.

    >>> from axonal.hebbian import local
    >>> net = neuro.Sequential(
    ...     neuro.Linear(3, 4), neuro.LIF(4, reset="subtract"), neuro.Linear(4, 2)
    ... )
    >>> rule = local.OTTT(net)
    >>> loss = rule.gradients(torch.rand(10, 8, 3), torch.zeros(8, dtype=torch.int64))
    >>> rule.stored(torch.rand(10, 8, 3)) == rule.stored(torch.rand(500, 8, 3))
    True
    """

    def __init__(
        self, net: neuro.Network, *, loss: Loss = step_loss, steps_at_once: int = 8
    ) -> None:
        super().__init__(net)
        if steps_at_once < 1:
            raise ValueError(f"OTTT expects steps_at_once >= 1, got {steps_at_once!r}.")
        self.loss, self.steps_at_once = loss, steps_at_once
        self._blocks = blocks(self, net)
        for number, block in enumerate(self._blocks):
            _check(self, block, first=number == 0)

    def gradients(self, x: Tensor, target: Tensor) -> Tensor:
        """Add the gradients of a batch x [T, B, ...], step by step; return the mean loss."""
        units = [_Unit(block) for block in self._blocks]
        total = x.new_zeros(())
        for part in x.split(self.steps_at_once):
            y = part
            for unit in units:
                y = unit(y)
            loss = self.loss(y, target) * (len(part) / len(x))
            loss.backward()
            total += loss.detach()
            del y, loss
            _ledger.next_step()
        return total

    def stored(self, x: Tensor) -> Stored:
        """Return what is kept for a batch like ``x`` [T, B, ...], in bytes."""
        found = {size.path: size for size in sizes(self.net, x)}
        at_once, carried, chunk = 0, 0, min(self.steps_at_once, len(x))
        for block in self._blocks:
            size, (neurons, _) = found[block.path], neurons_of(block)
            if neurons is None:
                at_once += size.inputs
                continue
            # the trace after a chunk, and the one before it where there is any
            carried += (
                size.inputs * (2 if 1 < chunk < len(x) else 1) + found[block.after[0][0]].outputs
            )
            if chunk > 1 and not size.given:
                at_once += size.inputs
            if isinstance(block.connections, neuro.DelayedLinear):
                carried += 2 * block.connections.max_delay * size.inputs
            if not isinstance(neurons, neuro.LeakyIntegrator):
                at_once += found[block.after[0][0]].outputs
        samples = x.shape[1] * x.element_size()
        return Stored(samples * at_once * chunk, samples * carried)


class _Unit:
    """A block that runs on from chunk to chunk, with a trace of its input."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.neurons, self.rest = neurons_of(block)
        self.decay = None if self.neurons is None else self.neurons.decay.detach().flatten()[0]
        self.state: Any = None  # of the neurons
        self.trace: Tensor | None = None
        self.delayed: Any = (None, None)  # inputs and traces under way
        self.one = 0.0  # trace of an input that is always 1

    def __call__(self, x: Tensor) -> Tensor:
        """Run some steps x [K, B, ...]; gradients go no further back than within a step."""
        for layer in self.block.before:
            x = stateless(layer, x)
        y = self._connect(x)
        if isinstance(self.neurons, neuro.LIF):
            lif = self.neurons
            rest = torch.zeros_like(y[0]) if self.state is None else self.state
            y, self.state = online_lif(y, rest, lif.decay, lif.threshold, lif.convention)
        elif self.neurons is not None:
            outputs = []
            for y_t in y.unbind(0):
                s, state = self.neurons.step(y_t, self.state)
                self.state = neuro.detach(state)
                outputs.append(s)
            y = _stacked(outputs)
        for layer in self.rest:
            y = stateless(layer, y)
        _ledger.carry((self.state, self.delayed))
        return y

    def _connect(self, x: Tensor) -> Tensor:
        layer, before = self.block.connections, (self.trace, self.one)
        ones, traces = self._ones(len(x)), self._traced(x.detach())
        _ledger.carry((self.trace, *(() if len(x) == 1 else before[:1])))
        weight, bias = layer.masked_weight, layer.bias
        if isinstance(layer, neuro.Linear):
            decay = 0.0 if self.decay is None else float(self.decay)
            past, one = before
            # a chunk of one step needs its trace alone
            heard, past = (_stacked(traces), None) if len(x) == 1 else (x.detach(), past)
            y: Tensor = _Connect.apply(x, heard, weight, bias, past, one, decay)  # type: ignore[no-untyped-call]
            return y
        if isinstance(layer, neuro.Conv2d):
            fixed = None if bias is None else bias.detach()
            sent = layer._conv_forward(x.flatten(0, 1), weight.detach(), fixed)
            sent, learned = sent.unflatten(0, x.shape[:2]), layer(_stacked(traces))
        else:
            with torch.no_grad():
                sent, under_way = layer(x, self.delayed[0])
            learned, traces_under_way = layer(_stacked(traces), self.delayed[1])
            self.delayed = neuro.detach((under_way, traces_under_way))
        y = _Swap.apply(sent, learned)  # type: ignore[no-untyped-call]
        if bias is not None:
            # the value is zero; the gradient of the bias becomes that of its trace
            each = (bias - bias.detach()).reshape(-1, *[1] * (y.ndim - 3))
            y = y + (x.new_tensor(ones).reshape(-1, *[1] * (y.ndim - 1)) - 1) * each
        return y

    def _traced(self, x: Tensor) -> list[Tensor]:
        """Return the trace after each step, and keep the last one."""
        if self.decay is None:
            return list(x)
        if len(x) > 1 and isinstance(self.block.connections, neuro.Linear):
            # the last one is enough, see _Connect
            decay, steps = float(self.decay), len(x)
            powers = x.new_tensor([decay ** (steps - 1 - k) for k in range(steps)])
            last = torch.tensordot(powers, x, dims=1)
            self.trace = last if self.trace is None else last.add_(self.trace, alpha=decay**steps)
            return [self.trace]
        traces = []
        for x_t in x.unbind(0):
            self.trace = x_t if self.trace is None else torch.add(x_t, self.trace * self.decay)
            traces.append(self.trace)
        return traces

    def _ones(self, steps: int) -> list[float]:
        """Return the trace after each step of an input that is always 1."""
        ones = []
        for _ in range(steps):
            self.one = 1.0 + (0.0 if self.decay is None else float(self.decay) * self.one)
            ones.append(self.one)
        return ones


def _stacked(steps: list[Tensor]) -> Tensor:
    return steps[0].unsqueeze(0) if len(steps) == 1 else torch.stack(steps)


class _Connect(torch.autograd.Function):
    """Connections whose weights learn from traces of the input, not from the input.

    Within a chunk the sum over steps of g_t a_t^T is that of G_t x_t^T, with g filtered backwards,
    G_t = g_t + d G_{t+1}, and d G_1 a^T of the trace a before the chunk: inputs are sparse, traces
    are not.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        heard: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        trace: Tensor | None,
        one: float,
        decay: float,
    ) -> Tensor:
        ctx.save_for_backward(heard, weight, trace)
        ctx.one, ctx.decay = one, decay
        # a few rows are faster in a dense product
        backend = "reference" if x[..., 0].numel() <= FEW else "auto"
        y = spike_linear(x, weight, backend=backend)
        return y if bias is None else y + bias

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        heard, weight, trace = ctx.saved_tensors
        needs_x, _, needs_weight, needs_bias, *_ = ctx.needs_input_grad
        back = grad @ weight if needs_x else None
        if ctx.decay and len(grad) > 1:
            grad = grad.clone()
            for k in range(len(grad) - 2, -1, -1):
                grad[k].add_(grad[k + 1], alpha=ctx.decay)
        backend = "reference" if heard[..., 0].numel() <= FEW else "auto"
        of_weight = weight_gradient(heard, grad, backend=backend) if needs_weight else None
        if of_weight is not None and trace is not None:
            of_weight.addmm_(grad[0].T, trace, alpha=ctx.decay)
        of_bias = grad.sum((0, 1)) + ctx.decay * ctx.one * grad[0].sum(0) if needs_bias else None
        return back, None, of_weight, of_bias, None, None, None


class _Swap(torch.autograd.Function):
    """The value of one tensor; its gradient goes to both."""

    @staticmethod
    def forward(ctx: Any, sent: Tensor, learned: Tensor) -> Tensor:
        return sent.view_as(sent)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        return grad, grad


def _check(rule: Rule, block: Block, first: bool) -> None:
    """Refuse a block without such a trace."""
    if isinstance(block.connections, neuro.DelayedLinear) and not first:
        raise refused(
            rule, block.path, block.connections,
            "an error that is sent back within a step cannot wait for a delay. Delays learn in the "
            "first layer, or by EProp.",
        )  # fmt: skip
    neurons, _ = neurons_of(block)
    if neurons is not None:
        path = block.after[0][0]
        if type(neurons) not in (neuro.LIF, neuro.IF, neuro.LeakyIntegrator):
            raise refused(rule, path, neurons, "it needs LIF, IF or LeakyIntegrator neurons.")
        if neurons.learn:
            raise refused(
                rule, path, neurons, f'it learns weights alone, not learn="{neurons.learn[0]}".'
            )
        if not torch.all(neurons.decay == neurons.decay.flatten()[0]):
            raise refused(
                rule, path, neurons,
                "one trace of an input needs one tau of all neurons; use EProp for several.",
            )  # fmt: skip
        if isinstance(neurons, neuro.LIF):
            plain = neurons.reset in ("subtract", "none") and not neurons.refractory
            if not plain or (neurons.reset == "subtract" and not neurons.detach_reset):
                raise refused(
                    rule, path, neurons,
                    'the trace of an input outlives spikes: write reset="subtract" (or "none"), '
                    "detach_reset=True and no refractory steps, or use EProp.",
                )  # fmt: skip
    for path, layer in block.after[neurons is not None :]:
        if isinstance(layer, neuro.Layer) or [*layer.parameters()]:
            raise refused(
                rule, path, layer, "it trains connections and LIF neurons right behind them."
            )
    for layer in block.before:
        if isinstance(layer, neuro.Layer):
            raise refused(rule, block.path, layer, "neurons before the first connections.")
