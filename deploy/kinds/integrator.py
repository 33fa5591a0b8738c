"""Leaky integrators: membranes that are read out and never fire."""

from axonal.deploy.kinds._brian_form import BrianForm
from axonal.deploy.kinds._kind import LEAKY, Kind
from axonal.neuro import LeakyIntegrator
from axonal.neuro.ops import events

KIND = Kind(
    equation="`v = decay * v + gain * I`",
    sends="nothing: v is the readout",
    fields=LEAKY,
    layer=LeakyIntegrator,
    executor=events.Kind.INTEGRATOR,
    brian=BrianForm(),
)
