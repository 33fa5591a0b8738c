"""Spike-timing-dependent plasticity of pairs of spikes."""

from dataclasses import dataclass

import numpy as np

from axonal._base import checks
from axonal.neuro.ops.plastic_network import Plasticity
from axonal.reservoirs.plasticity.constant import Constant
from axonal.reservoirs.plasticity.modulator import Modulator, checked


@dataclass(frozen=True, kw_only=True)
class PairSTDP:
    """Pairs of spikes: a synapse grows by what came before its target's spikes, and shrinks by
    what came before its source's.

        x ← exp(-1 / τ) · (x + increment · s)
        Δw = a · x_pre · s_post - m · x_post · s_pre

    The weights of inhibitory neurons are negative and take the two terms with their rates swapped,

        Δw = a · x_post · s_pre - m · x_pre · s_post,

    the rule of Ivanov and Michmizos (2021, arXiv 2111.01760); the pair rule itself is that of Song,
    Miller and Abbott (2000). The rate m of depression is a modulator's.

    Args:
        rate: rate a of potentiation, >= 0.
        tau_pre: time constant of the traces of sources in steps, > 0.
        tau_post: of those of targets.
        increment: of a trace at a spike, > 0.
        largest: bound of weights in absolute value: excitatory ones stay in [0, largest],
            inhibitory ones in [-largest, 0], those of inputs in [-largest, largest]; > 0.

    Raises:
        ValueError: an argument is out of its range.

    >>> PairSTDP(rate=0.1).largest
    3.0
    """

    rate: float = 0.15
    tau_pre: float = 10.0
    tau_post: float = 10.0
    increment: float = 0.1
    largest: float = 3.0

    def __post_init__(self) -> None:
        checks.number("PairSTDP", "rate", self.rate, 0.0)
        for name in ("tau_pre", "tau_post", "increment", "largest"):
            checks.number("PairSTDP", name, getattr(self, name), 0.0, open_low=True)

    @property
    def gate(self) -> dict[str, float]:
        """Fields of `Plasticity` that gate changes by activity; none here."""
        return {}

    def rule(
        self,
        excitatory: np.typing.NDArray[np.bool_],
        inputs: int,
        *,
        fading: float = 1.0,
        modulator: Modulator | None = None,
        seed: int = 0,
    ) -> Plasticity:
        """Make the rule of one network.

        Args:
            excitatory: neurons of the liquid that excite `[n]`.
            inputs: number of input neurons.
            fading: factor of all rates per step, in (0, 1].
            modulator: of depression; `Constant` if None.
            seed: of the neurons that a sparse modulator watches.

        Returns:
            the rule as the kernel takes it.

        Raises:
            TypeError, ValueError: the modulator is none, or its arrays or its step are not what
                `Modulator` says.
        """
        chosen = Constant() if modulator is None else modulator
        start, parameters = checked(chosen, self.rate)
        n = len(excitatory)
        rng = np.random.default_rng(seed)
        watch = np.zeros(n + inputs, np.int8)
        for first, size in ((0, n), (n, inputs)):
            count = int(np.ceil(chosen.density * size))
            watch[first + rng.permutation(size)[:count]] = 1
        kinds = np.concatenate([np.where(excitatory, 1, -1), np.zeros(inputs, int)])
        return Plasticity(
            potentiation=self.rate,
            fading=checks.number("PairSTDP.rule", "fading", fading, 0.0, 1.0, open_low=True),
            pre_decay=float(np.exp(-1.0 / self.tau_pre)),
            post_decay=float(np.exp(-1.0 / self.tau_post)),
            increment=self.increment,
            low=np.where(kinds == 1, 0.0, -self.largest),
            high=np.where(kinds == -1, 0.0, self.largest),
            inhibitory=kinds == -1,
            modulation=start,
            parameters=parameters,
            step=type(chosen).step,
            watch=watch,
            **self.gate,
        )
