"""Leaky integrate-and-fire neurons that learn their time constants."""

from collections.abc import Collection
from typing import Any

from axonal.neuro.layers._neuron import Size, Values
from axonal.neuro.layers.lif import LIF
from axonal.neuro.surrogates._own import Derivative


class PLIF(LIF):
    """Parametric LIF: every neuron learns its membrane time constant.

        h = v + k (x - v),  k = 1 / tau = sigmoid(a)

    with a learned: :class:`LIF` with ``decay="euler"``, ``decay_input=True`` and ``learn="tau"``,
    whose parameter ``decay_logit`` is -a. ``decay_input=False`` gives h = (1 - k) v + x.

    Source: Fang et al., ICCV 2021 (arXiv 2007.05785), where the neurons of a layer share one a;
    here each has its own.

    Args:
        size: N neurons, or (C, H, W).
        tau: initial membrane time constant in steps, > 1, a scalar or one per neuron.
        decay_input: scale the input by k.
        learn: ``"threshold"`` to learn one threshold per neuron as well.
        threshold, reset, detach_reset, refractory, surrogate, recompute, backend: those of
            :class:`LIF`.

    Returns:
        Called with x [T, B, N] and a state: spikes [T, B, N], 0 or 1, and a :class:`LIFState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> plif = PLIF(3, tau=2.0)
    >>> plif.decay_logit
    Parameter containing:
    tensor([0., 0., 0.], requires_grad=True)
    """

    def __init__(
        self,
        size: Size,
        tau: Values = 2.0,
        *,
        threshold: Values = 1.0,
        decay_input: bool = True,
        reset: str = "zero",
        detach_reset: bool = True,
        refractory: int = 0,
        surrogate: Derivative | None = None,
        learn: Collection[str] | str = (),
        recompute: bool = False,
        backend: str = "auto",
        **removed: Any,
    ) -> None:
        if "learn_threshold" in removed:
            raise TypeError('PLIF: write learn="threshold" in place of learn_threshold=True.')
        if removed:
            raise TypeError(f"PLIF has no argument {next(iter(removed))!r}.")
        names = (learn,) if isinstance(learn, str) else learn
        also = () if not isinstance(names, Collection) or "tau" in names else ("tau",)
        super().__init__(
            size, tau, threshold=threshold, decay="euler", decay_input=decay_input, reset=reset,
            detach_reset=detach_reset, refractory=refractory, surrogate=surrogate,
            learn=(*also, *names) if isinstance(names, Collection) else names,
            recompute=recompute, backend=backend,
        )  # fmt: skip
