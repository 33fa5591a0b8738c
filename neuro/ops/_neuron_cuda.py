"""The macros of ``_neuron.cuh``: a convention and its surrogate as CUDA."""

from axonal.neuro.ops._convention import Convention
from axonal.neuro.surrogates._surrogate import SURROGATES

FILES = ("_common.cuh", "_neuron.cuh")
"""Sources that every kernel of spiking neurons begins with."""


def macros(convention: Convention, *, backward: bool) -> dict[str, int | str]:
    """Return the macros of a convention; a forward pass has one source for all gradients.

    >>> macros(Convention(refractory=2), backward=False)["REFRACTORY"]
    1
    """
    surrogate = convention.surrogate if backward else "atan"
    assert isinstance(surrogate, str)
    return {
        "DECAY_INPUT": int(convention.decay_input),
        "SUBTRACT": int(convention.reset == "subtract"),
        "DETACH": int(convention.detach_reset or not backward),
        "REFRACTORY": int(convention.refractory > 0),
        "SLOPE": " ".join(SURROGATES[surrogate].cuda.split()),
    }
