"""Leaky integrators: membranes that are read out and never fire."""

from axonal.deploy.kinds._kind import LEAKY, BrianForm, Kind
from axonal.neuro import LeakyIntegrator
from axonal.neuro.ops import event_network

KIND = Kind(
    equation="`v = decay * v + gain * I`",
    sends="nothing: v is the readout",
    fields=LEAKY,
    layer=LeakyIntegrator,
    executor=event_network.Kind.INTEGRATOR,
    brian=BrianForm(),
)
