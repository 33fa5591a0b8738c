"""Current-based leaky integrate-and-fire neurons whose threshold rises with every spike."""

from collections.abc import Collection
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from axonal.neuro.layers._neuron import (
    Size,
    SpikingNeuron,
    Values,
    decay_of,
    finite_positive,
    known_backend,
    steps_of,
)
from axonal.neuro.layers._shown import shown
from axonal.neuro.ops._dispatch import log_if_reference
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.ops.neuron_loop import Parameters, State, neuron_loop
from axonal.neuro.surrogates._own import Derivative


class LSNNState(NamedTuple):
    """State of :class:`LSNN`.

    Attributes:
        i: synaptic current [B, N].
        v: potential after the reset [B, N].
        b: adaptation, a decaying count of the spikes [B, N].
        wait: refractory steps left [B, N] of int32; ``None`` for a neuron without refractory steps.
    """

    i: Tensor
    v: Tensor
    b: Tensor
    wait: Tensor | None


class LSNN(SpikingNeuron):
    """Current-based neurons with an adaptive threshold, those of long short-term memory networks.

        h = d v + (1 - d) i    (``decay_input=False``: h = d v + i)
        A = threshold + beta rho b
        s = [h >= A],  v = h - A s    (``reset="zero"``: v = h (1 - s))
        i = a i + x,  b = rho b + s

    with a the decay of ``tau_synapse`` and rho that of ``tau_adaptation``, both exp(-1 / tau) or
    1 - 1 / tau like d. The input of a step reaches the potential in the step after it. The gradient
    passes through b whether or not the reset is detached; a refractory neuron holds v, and its
    current and its adaptation go on. Alone its steps are compiled loops; in a :class:`Recurrent`
    they run one by one.

    Source: Bellec et al., NeurIPS 2018 (arXiv 1803.09574), with a synaptic current before the
    potential, and b not scaled by 1 - rho: beta here is theirs times 1 - rho. :class:`ALIF` is the
    neuron without a current.

    Args:
        size: N neurons, or (C, H, W).
        tau: membrane time constant in steps, > 0 (>= 1 for ``"euler"``), a scalar or one per
            neuron.
        tau_synapse: synaptic time constant in steps, likewise.
        tau_adaptation: time constant of the adaptation in steps, likewise.
        beta: rise of the threshold by one spike, > 0, a scalar or one per neuron.
        threshold: threshold at rest, > 0, a scalar or one per neuron.
        decay: ``"exp"`` or ``"euler"``, for all three.
        decay_input: scale the current by 1 - d.
        reset: ``"subtract"`` (the threshold in force) or ``"zero"``; the current is never reset.
        detach_reset: let no gradient through the reset.
        refractory: steps of silence after a spike, >= 0.
        surrogate: the surrogate derivative, at h - A.
        learn: any of ``"tau"``, ``"tau_synapse"``, ``"tau_adaptation"``, ``"threshold"``; each gets
            one value per neuron.
        backend: of the operators.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and an :class:`LSNNState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> lsnn = LSNN(1, 2.0, 2.0, 2.0, beta=1.0, decay="euler", decay_input=False, reset="zero")
    >>> spikes, state = lsnn(torch.tensor([1.0, 0.5, 0.0, 0.0]).reshape(4, 1, 1))
    >>> spikes.flatten(), state.b.flatten()
    (tensor([0., 1., 0., 0.]), tensor([0.2500]))
    """

    beta: Tensor
    decay_synapse: Tensor = decay_of(
        "tau_synapse",
        "The factor by which the current shrinks per step; a scalar or one per neuron.",
    )
    tau_synapse: Tensor = steps_of(
        "decay_synapse", "The synaptic time constant in steps, from the present decay."
    )
    decay_adaptation: Tensor = decay_of(
        "tau_adaptation",
        "The factor rho by which the adaptation shrinks per step; a scalar or one per neuron.",
    )
    tau_adaptation: Tensor = steps_of(
        "decay_adaptation",
        "The time constant of the adaptation in steps, from the present decay.",
    )
    _learnable: ClassVar[tuple[str, ...]] = ("tau", "tau_synapse", "tau_adaptation", "threshold")

    def __init__(
        self,
        size: Size,
        tau: Values = 20.0,
        tau_synapse: Values = 5.0,
        tau_adaptation: Values = 200.0,
        *,
        beta: Values = 0.1,
        threshold: Values = 1.0,
        decay: str = "exp",
        decay_input: bool = True,
        reset: str = "subtract",
        detach_reset: bool = True,
        refractory: int = 0,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
        backend: str = "auto",
    ) -> None:
        super().__init__(
            size, tau, threshold=threshold, decay=decay, decay_input=decay_input, reset=reset,
            detach_reset=detach_reset, refractory=refractory, surrogate=surrogate, learn=learn,
        )  # fmt: skip
        self._hold_decay("tau_synapse", tau_synapse)
        self._hold_decay("tau_adaptation", tau_adaptation)
        self.register_buffer("beta", finite_positive(self, "beta", beta, self.size))
        self.backend = known_backend(self, backend)
        log_if_reference(type(self).__name__, self.surrogate, backend)

    def init(self, x: Tensor) -> LSNNState:
        """Return the state at rest for inputs like ``x`` [B, N]."""
        i, v, b = (torch.zeros_like(x) for _ in range(3))
        return LSNNState(i, v, b, self._waiting(x))

    def _run(self, x: Tensor, state: LSNNState, decay: Tensor) -> tuple[Tensor, LSNNState]:
        current = leaky_integrator(x, state.i, self.decay_synapse, backend=self.backend)
        before = torch.cat((state.i.unsqueeze(0), current))[:-1]
        spikes, after = neuron_loop(
            before, State(state.v, state.b, state.wait),
            Parameters(decay, self.threshold, self.decay_adaptation, self.beta), self.convention,
            kind="lsnn", backend=self.backend,
        )  # fmt: skip
        return spikes, LSNNState(current[-1], *after)

    def _settings(self) -> dict[str, Any]:
        return super()._settings() | {"backend": self.backend}

    def extra_repr(self) -> str:
        """Return the text of ``print(layer)``."""
        taus = f"tau_synapse={shown(self.tau_synapse)}, tau_adaptation={shown(self.tau_adaptation)}"
        return f"{super().extra_repr()}, {taus}, beta={shown(self.beta)}"
