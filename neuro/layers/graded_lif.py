"""Leaky integrate-and-fire neurons whose spikes carry a number."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from axonal.neuro import _checks
from axonal.neuro.layers.lif import LIF, LIFState
from axonal.neuro.ops.lif.reference import step


class GradedLIF(LIF):
    """Leaky integrate-and-fire neurons with graded spikes: an event carries the potential.

        h = d v + x    (``decay_input=True``: h = d v + (1 - d) x)
        s = [h >= threshold],  y = h s
        v = h (1 - s)  (``reset="subtract"``: v = h - threshold s)

    The output y is 0 where a neuron is silent and at least its threshold where it fires; its
    gradient is dy/dh = s + h ds/dh with the surrogate's ds/dh.

    Source: graded spikes as payloads, Orchard et al., SiPS 2021 (arXiv 2111.03746); an output that
    is the potential times the event, Subramoney et al., ICLR 2023 (arXiv 2206.06178).

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one per
            neuron; infinity removes the leak.
        reset: ``"zero"`` or ``"subtract"``.
        backend: ``"auto"`` or ``"reference"``, which are one: the steps run as written out.
        threshold, decay, decay_input, detach_reset, refractory, surrogate, learn, recompute: those
            of :class:`LIF`.

    Returns:
        Called with x [T, B, N] and a state: graded spikes [T, B, N] and a :class:`LIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> y, state = GradedLIF(1, tau=2.0, decay="euler")(torch.full((4, 1, 1), 0.75))
    >>> y.flatten()
    tensor([0.0000, 1.1250, 0.0000, 1.1250])
    """

    _resets: ClassVar[tuple[str, ...]] = ("zero", "subtract")
    _backends: ClassVar[tuple[str, ...]] = ("auto", "reference")

    # a layer may come from a file older than these settings
    recompute: bool = False
    backend: str = "auto"

    def _run(self, x: Tensor, state: LIFState, decay: Tensor) -> tuple[Tensor, LIFState]:
        if not self.recompute:
            return self._steps(x, state, decay)
        run: tuple[Tensor, LIFState] = checkpoint(
            self._steps, x, state, decay, use_reentrant=False, preserve_rng_state=False
        )
        return run

    def _steps(self, x: Tensor, state: LIFState, decay: Tensor) -> tuple[Tensor, LIFState]:
        _checks.unrolled(self, x)
        v, wait = state
        threshold, convention = self.threshold, self.convention
        outputs = []
        for x_t in x.unbind(0):
            # a refractory neuron has s = 0, so its h does not matter
            h = decay * v + ((1 - decay) * x_t if self.decay_input else x_t)
            s, v, wait = step(x_t, v, wait, decay, threshold, convention)
            outputs.append(h * s)
        return torch.stack(outputs), LIFState(v, wait)
