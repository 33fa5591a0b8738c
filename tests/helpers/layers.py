"""The layers of axonal.neuro, in one list for every test that runs over all of them.

A new layer is added here; tests/neuro/layers/test_layers.py fails while one is missing.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from axonal import neuro
from helpers.neuro import Adaptive


class Neuron(NamedTuple):
    """Spiking neurons of one setting.

    Attributes:
        make: neurons of a size, an int or (C, H, W).
        kind: kind of their population in a graph; None for neurons that cannot be exported.
    """

    make: Callable[..., neuro.Layer]
    kind: str | None


def each(low, high, size):
    """One value per neuron, from low to high."""
    shape = (size,) if isinstance(size, int) else size
    return torch.linspace(low, high, math.prod(shape)).reshape(shape)


ALL = ("tau", "threshold")
NEURONS = {
    "lif": Neuron(lambda n: neuro.LIF(n, 3.0, refractory=2), "lif"),
    "lif_learned": Neuron(lambda n: neuro.LIF(n, 3.0, threshold=0.5, learn=ALL), "lif"),
    "lif_none": Neuron(lambda n: neuro.LIF(n, 4.0, reset="none", refractory=1), None),
    "if": Neuron(lambda n: neuro.IF(n, learn="threshold"), "lif"),
    "if_held": Neuron(
        lambda n: neuro.IF(n, reset="subtract", refractory=2, learn="threshold"), "lif"
    ),
    "if_charged": Neuron(
        lambda n: neuro.IF(n, start=0.5, reset="subtract", learn="threshold"), "lif"
    ),
    "if_charged_late": Neuron(lambda n: neuro.IF(n, start=0.25, reset="delayed"), "lif"),
    "plif": Neuron(lambda n: neuro.PLIF(n, 3.0, threshold=0.5, learn="threshold"), "lif"),
    "plif_each": Neuron(
        lambda n: neuro.PLIF(n, each(1.5, 9, n), decay_input=False, learn="threshold"), "lif"
    ),
    "klif": Neuron(lambda n: neuro.KLIF(n, 4.0, 1.5, learn=("tau", "k", "threshold")), "klif"),
    "klif_back": Neuron(
        lambda n: neuro.KLIF(
            n,
            5.0,
            each(0.4, 2.5, n),
            threshold=0.4,
            scale_reset=True,
            reset="subtract",
            decay="euler",
            decay_input=True,
            detach_reset=False,
        ),
        "klif",
    ),
    "cuba": Neuron(
        lambda n: neuro.CuBaLIF(n, 4.0, 2.0, learn=("tau", "tau_synapse", "threshold")), "cuba"
    ),
    "cuba_held": Neuron(
        lambda n: neuro.CuBaLIF(n, 4.0, 9.0, decay="euler", reset="subtract", refractory=3), "cuba"
    ),
    "cuba_scaled": Neuron(lambda n: neuro.CuBaLIF(n, each(2, 9, n), 3, decay_input=True), "cuba"),
    "cuba_late": Neuron(
        lambda n: neuro.CuBaLIF(n, 4.0, 3.0, reset="delayed", decay_input=True, detach_reset=False),
        "cuba",
    ),
    "cuba_none": Neuron(lambda n: neuro.CuBaLIF(n, 4.0, 2.0, reset="none"), None),
    "alif": Neuron(
        lambda n: neuro.ALIF(n, 5.0, 9.0, learn=("tau", "tau_adaptation", "threshold")), "alif"
    ),
    "alif_held": Neuron(
        lambda n: neuro.ALIF(n, 5.0, 9.0, reset="zero", decay="euler", refractory=1), "alif"
    ),
    "alif_each": Neuron(
        lambda n: neuro.ALIF(
            n, 5.0, each(5, 99, n), beta=each(0.5, 3, n), threshold=0.3, decay_input=True
        ),
        "alif",
    ),
    "lsnn": Neuron(
        lambda n: neuro.LSNN(
            n,
            3.0,
            2.0,
            6.0,
            beta=0.5,
            threshold=0.4,
            decay_input=False,
            learn=("tau", "tau_synapse", "tau_adaptation", "threshold"),
        ),
        "lsnn",
    ),
    "lsnn_held": Neuron(
        lambda n: neuro.LSNN(
            n,
            4.0,
            3.0,
            each(5, 40, n),
            beta=each(0.1, 2, n),
            threshold=0.3,
            decay="euler",
            reset="zero",
            refractory=2,
            detach_reset=False,
        ),
        "lsnn",
    ),
    "adex": Neuron(
        lambda n: neuro.AdEx(
            n,
            4.0,
            2.0,
            9.0,
            subthreshold=0.2,
            jump=0.3,
            threshold=0.4,
            v_reset=-0.1,
            learn=("tau", "tau_synapse", "tau_adaptation", "threshold"),
        ),
        "adex",
    ),
    "adex_each": Neuron(
        lambda n: neuro.AdEx(
            n,
            6.0,
            3.0,
            each(5, 40, n),
            slope=each(0.1, 0.5, n),
            onset=0.3,
            jump=each(0, 0.2, n),
            threshold=0.6,
            decay="euler",
            detach_reset=False,
        ),
        "adex",
    ),
    "resonator": Neuron(
        lambda n: neuro.ResonateAndFire(n, 9.0, 6.0, learn=("tau", "period", "threshold")),
        "resonator",
    ),
    "resonator_each": Neuron(
        lambda n: neuro.ResonateAndFire(n, 9.0, each(2.5, 12, n), reset="zero", threshold=0.5),
        "resonator",
    ),
    "graded": Neuron(lambda n: neuro.GradedLIF(n, 3.0, learn=ALL), "graded"),
    "graded_held": Neuron(
        lambda n: neuro.GradedLIF(n, 5.0, reset="subtract", refractory=2), "graded"
    ),
}
EXPORTABLE = [neuron.make for neuron in NEURONS.values() if neuron.kind is not None]
RUNNING = [neuron.make for neuron in NEURONS.values() if neuron.kind is None]
"""Neurons that run, stream and learn, and have no form in a graph."""


RESTLESS = [neuron.make for neuron in NEURONS.values() if neuron.kind == "adex"]
"""Neurons whose potential moves without input."""


class Seen(nn.Module):
    """A convolution that sees its 4 inputs as a line of one channel, or a picture of one line."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.shape = layer, (1,) * layer.axes

    def forward(self, x):
        return self.layer(x.unflatten(2, (*self.shape, 4))).flatten(2)


def seen(layer):
    """A network of one convolution, of 4 inputs."""
    return neuro.Network(Seen(layer))


class Attended(nn.Module):
    """Attention over two tokens of two features each, whose norms make some neurons fire."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention
        for module in attention.modules():
            if isinstance(module, neuro.BatchNorm):
                nn.init.constant_(module.bias, 1.5)

    def forward(self, x):
        return self.attention(x.unflatten(2, (2, 2))).flatten(2)


def attended(attention):
    """A network of attention in evaluation mode, since norms in training mix samples."""
    return neuro.Network(Attended(attention)).eval()


LAYERS = {
    **{name: lambda make=neuron.make: make(4) for name, neuron in NEURONS.items()},
    "integrator": lambda: neuro.LeakyIntegrator(4),
    "leaky_rnn": lambda: neuro.LeakyRNN(4, 2.0),
    "leaky_rnn_inside": lambda: neuro.LeakyRNN(4, 2.0, nonlinearity="inside"),
    "delayed": lambda: neuro.DelayedLinear(4, 3, max_delay=3),
    "ternary_delays": lambda: neuro.DelayedLinear(4, 3, max_delay=3, weights="ternary"),
    "delayed_line": lambda: seen(neuro.DelayedConv1d(1, 2, 3, max_delay=3, padding=1)),
    "delayed_picture": lambda: seen(neuro.DelayedConv2d(1, 2, (1, 3), max_delay=3, per="source")),
    "legendre": lambda: neuro.LegendreMemory(4, order=3, theta=6.0),
    "temporal_conv": lambda: neuro.TemporalConv(4, 3),
    "lmu": lambda: neuro.LMU(4, 3, order=3, theta=6.0),
    "rwkv": lambda: neuro.SpikingRWKV(4, layer=1, layers=3, official=True),
    "rwkv_real": lambda: neuro.SpikingRWKV(4, spiking=False, official=True),
    "rffn": lambda: neuro.SpikingRFFN(4, layer=1, layers=3, official=True),
    "mlgru": lambda: neuro.MLGRU(4),
    "mlgru_spiking": lambda: neuro.MLGRU(4, spiking=True),
    "ternary_glu": lambda: neuro.TernaryGLU(4, 6, spiking=True),
    "egru": lambda: neuro.EGRU(4, 5),
    "sparse_egru": lambda: neuro.SparseEGRU(neuro.EGRU(4, 5)),
    "attention": lambda: attended(neuro.SpikeDrivenSelfAttention(2, 2)),
    "attention_qk": lambda: attended(neuro.QKAttention(2, 2, heads=2)),
    "cell": Adaptive,
    "recurrent": lambda: neuro.Recurrent(neuro.LIF(4), neuro.Linear(4, 4), delay=2),
    "network": lambda: neuro.Sequential(neuro.Linear(4, 5), neuro.LIF(5)),
}
"""Layers with memory, of 4 inputs."""
NAMES = sorted(
    {
        type(m).__name__
        for make in LAYERS.values()
        for m in make().modules()
        if isinstance(m, neuro.Layer)
    }
    - {"Network"}
)
"""Their classes."""
