"""Leaky integrate-and-fire neurons whose spikes carry a number."""

from collections.abc import Collection

import torch
from torch import Tensor

from axonal.neuro.layers._neuron import Size, SpikingNeuron, Values
from axonal.neuro.layers.lif import LIFState
from axonal.neuro.ops.lif.reference import step
from axonal.neuro.surrogates._own import Derivative


class GradedLIF(SpikingNeuron):
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
        threshold: > 0, a scalar or one per neuron.
        decay: ``"exp"`` or ``"euler"``.
        decay_input: scale the input by 1 - d.
        reset: ``"zero"`` or ``"subtract"``.
        detach_reset: let no gradient through the reset.
        refractory: steps of silence after a spike, >= 0.
        surrogate: the surrogate derivative, or any function of u that returns ds/du.
        learn: any of ``"tau"``, ``"threshold"``; each gets one value per neuron.

    Returns:
        Called with x [T, B, N] and a state: graded spikes [T, B, N] and a :class:`LIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> y, state = GradedLIF(1, tau=2.0, decay="euler")(torch.full((4, 1, 1), 0.75))
    >>> y.flatten()
    tensor([0.0000, 1.1250, 0.0000, 1.1250])
    """

    def __init__(
        self,
        size: Size,
        tau: Values = 2.0,
        *,
        threshold: Values = 1.0,
        decay: str = "exp",
        decay_input: bool = False,
        reset: str = "zero",
        detach_reset: bool = True,
        refractory: int = 0,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
    ) -> None:
        super().__init__(
            size, tau, threshold=threshold, decay=decay, decay_input=decay_input, reset=reset,
            detach_reset=detach_reset, refractory=refractory, surrogate=surrogate, learn=learn,
        )  # fmt: skip

    def init(self, x: Tensor) -> LIFState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        return LIFState(torch.zeros_like(x), self._waiting(x))

    def _run(self, x: Tensor, state: LIFState, decay: Tensor) -> tuple[Tensor, LIFState]:
        v, wait = state
        threshold, convention = self.threshold, self.convention
        outputs = []
        for x_t in x.unbind(0):
            # a refractory neuron has s = 0, so its h does not matter
            h = decay * v + ((1 - decay) * x_t if self.decay_input else x_t)
            s, v, wait = step(x_t, v, wait, decay, threshold, convention)
            outputs.append(h * s)
        return torch.stack(outputs), LIFState(v, wait)
