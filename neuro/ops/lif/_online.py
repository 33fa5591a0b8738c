"""Leaky integrate-and-fire whose gradients stay within a step, for learning online."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._dispatch import use_compiled
from axonal.neuro.ops._gradients import Learns
from axonal.neuro.ops._neuron import Neuron, State
from axonal.neuro.ops.lif import _op
from axonal.neuro.ops.lif._kept import POTENTIAL, Kept
from axonal.neuro.surrogates._surrogate import Surrogate, derivative


class Online(torch.autograd.Function):
    """Spikes of all steps and v after the last, which no gradient passes."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, v: Tensor, decay: Tensor, threshold: Tensor, convention: Convention
    ) -> tuple[Tensor, Tensor]:
        """Run ``x`` [T, B, ...] from v; keep the potentials."""
        x, v = x.detach(), v.detach()
        ctx.compiled = (
            x.is_cpu and convention.reset == "subtract"
            and not isinstance(convention.surrogate, Surrogate)
            and use_compiled("lif", "auto", x, v, decay, threshold)
        )  # fmt: skip
        if ctx.compiled:
            rest = State(v, x.new_empty(0, dtype=torch.int32))
            neuron = Neuron(decay, threshold, convention)
            spikes, v, _, potentials, waits = _op.lif_saving(x, rest, neuron, POTENTIAL)
        else:
            waits = x.new_empty(0)
            spikes, potentials = torch.empty_like(x), torch.empty_like(x)
            for x_t, s, h in zip(x, spikes, potentials, strict=True):
                drive = (1 - decay) * x_t if convention.decay_input else x_t
                torch.mul(v, decay, out=h).add_(drive)
                torch.ge(h, threshold, out=s)
                v = h - s * threshold if convention.reset == "subtract" else h.clone()
        ctx.save_for_backward(potentials, waits, decay, threshold)
        ctx.convention = convention
        ctx.mark_non_differentiable(v)
        return spikes, v

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of x, that of the spikes times the surrogate's derivative."""
        potentials, waits, decay, threshold = ctx.saved_tensors
        if ctx.compiled:
            # neurons that forget at once: nothing is left for the step before
            at_once = Neuron(torch.zeros_like(decay), threshold, ctx.convention)
            kept, last = Kept(potentials, waits), torch.zeros_like(potentials[0])
            learns = Learns(False, False)
            g_x = _op.lif_backward(grad, last, None, kept, at_once, POTENTIAL, learns)[0]
        else:
            _, _, _, _, surrogate, alpha = ctx.convention
            g_x = derivative(potentials - threshold, surrogate, alpha) * grad
        return g_x * (1 - decay) if ctx.convention.decay_input else g_x, None, None, None, None
