"""Tensors and numbers that the exact engine works on."""

from typing import NamedTuple

from torch import Tensor

READOUTS = ("", "integral", "maximum", "end")
"""Readouts of the voltage by the number that kernels know them by."""


class Connections(NamedTuple):
    """Synapses, each with its delay; the row of a neuron holds its inputs.

    Attributes:
        weight: from the inputs [N, I].
        delay: likewise, in steps.
        feedback_weight: from the neurons themselves [N, N]; [0, 0] without.
        feedback_delay: likewise.
    """

    weight: Tensor
    delay: Tensor
    feedback_weight: Tensor
    feedback_delay: Tensor


class Neurons(NamedTuple):
    """Parameters of the neurons, each [N].

    Attributes:
        tau: time constant of the membrane in steps.
        tau_synapse: time constant of the synaptic current in steps.
        threshold: potential at which a neuron fires; infinity for a readout.
        v_reset: potential after a spike.
        refractory: steps for which it stays there.
    """

    tau: Tensor
    tau_synapse: Tensor
    threshold: Tensor
    v_reset: Tensor
    refractory: Tensor


class Spikes(NamedTuple):
    """Spikes of a batch as padded lists, see :class:`axonal.neuro.Events`.

    Attributes:
        times: [B, S].
        indices: [B, S].
        counts: [B].
    """

    times: Tensor
    indices: Tensor
    counts: Tensor


class Kept(NamedTuple):
    """Tensors that a forward pass keeps beside its spikes.

    Attributes:
        current: I at every spike [B, S].
        released: I at the end of its refractory time [B, S]; [B, 0] where no neuron has one.
        turned: time of the highest V and its slope before an arrival that turned it [2, B, N];
            [2, B, 0] where that is not read.
    """

    current: Tensor
    released: Tensor
    turned: Tensor


class Setting(NamedTuple):
    """Numbers beside the tensors.

    Attributes:
        duration: length of a sample in steps.
        readout: of the voltage, one of `READOUTS`.
        rate: of the weight e^{-rate t} of an integral.
        limit: most spikes per sample.
        clip: largest norm of a sample's gradient of the weights; infinity for the exact gradient.
    """

    duration: float
    readout: str
    rate: float
    limit: int
    clip: float


SCHEMA = "float duration, str readout, float rate, int limit, float clip"


def too_many(sample: int, limit: int) -> ValueError:
    """Return the error for a sample with more spikes than allowed."""
    return ValueError(
        f"exact_lif expects at most limit = {limit} spikes per sample, got more in sample "
        f"{sample}: does the network run away? Lower the weights, or raise limit."
    )


def too_close(sample: int) -> ValueError:
    """Return the error for a sample whose spikes follow each other in no time."""
    return ValueError(
        f"exact_lif: sample {sample} has spikes that cause each other in no time: the network runs "
        "away. Lower feedback_weight, or raise feedback_delay or refractory."
    )
