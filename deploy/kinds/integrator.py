"""Leaky integrators: membranes that are read out and never fire."""

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import LEAKY, EventKind, Kind
from axonal.neuro import LeakyIntegrator

KIND = Kind(
    equation="`v = decay * v + gain * I`",
    sends="nothing: v is the readout",
    fields=LEAKY,
    layer=LeakyIntegrator,
    executor=EventKind.INTEGRATOR,
    brian=BrianForm(),
)
