"""The convention of a leaky integrate-and-fire neuron: decay of its input, reset, gradient."""

from typing import NamedTuple

from axonal.neuro.surrogates._surrogate import Surrogate


class Convention(NamedTuple):
    """Choices that layers, operators and their kernels hand on as one.

    Attributes:
        decay_input: scale the input by ``1 - decay``.
        reset: ``"zero"``, ``"subtract"``, ``"delayed"`` or ``"none"``, see
            :func:`axonal.neuro.ops.lif.lif`.
        detach_reset: let no gradient through the reset.
        refractory: steps of silence after a spike, >= 0.
        surrogate: name of the surrogate derivative; or a :class:`Surrogate` of a user's own, for
            which "auto" takes the definition.
        alpha: sharpness of the surrogate.

    >>> Convention(reset="subtract").refractory
    0
    """

    decay_input: bool = False
    reset: str = "zero"
    detach_reset: bool = True
    refractory: int = 0
    surrogate: str | Surrogate = "atan"
    alpha: float = 2.0


PLAIN = Convention()
"""Every choice at its default."""

SCHEMA = (
    "bool decay_input, str reset, bool detach_reset, int refractory, str surrogate, float alpha"
)
"""The fields as torch's operators take them: tensors, numbers and strings only."""
