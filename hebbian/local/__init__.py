"""Training rules other than backpropagation through time, on the layers of ``axonal.neuro``.

A rule holds a network and gives gradients of a batch; :func:`fit` trains by any of them.
"""

from axonal.hebbian.local._losses import step_loss
from axonal.hebbian.local.backprop import Backprop
from axonal.hebbian.local.cascaded_forward import CascadedForward
from axonal.hebbian.local.d_rtrl import DRTRL
from axonal.hebbian.local.direct_feedback_alignment import DirectFeedbackAlignment
from axonal.hebbian.local.dsr import DSR
from axonal.hebbian.local.dsr_lif import DSRLIF, DSRLIFState, weighted_rate
from axonal.hebbian.local.eprop import EProp
from axonal.hebbian.local.feedback_alignment import FeedbackAlignment
from axonal.hebbian.local.fit import fit
from axonal.hebbian.local.forward_forward import ForwardForward
from axonal.hebbian.local.measured import measured
from axonal.hebbian.local.mono_forward import MonoForward
from axonal.hebbian.local.ottt import OTTT
from axonal.hebbian.local.physical_forward_forward import PhysicalForwardForward
from axonal.hebbian.local.random_mixing import RandomMixing
from axonal.hebbian.local.rule import Rule
from axonal.hebbian.local.sign_symmetric import SignSymmetric
from axonal.hebbian.local.stored import Stored

__all__ = [
    "DRTRL",
    "DSR",
    "DSRLIF",
    "OTTT",
    "Backprop",
    "CascadedForward",
    "DSRLIFState",
    "DirectFeedbackAlignment",
    "EProp",
    "FeedbackAlignment",
    "ForwardForward",
    "MonoForward",
    "PhysicalForwardForward",
    "RandomMixing",
    "Rule",
    "SignSymmetric",
    "Stored",
    "fit",
    "measured",
    "step_loss",
    "weighted_rate",
]
