"""Training rules other than backpropagation through time, on the layers of ``axonal.neuro``."""

from axonal.hebbian.local._losses import step_loss
from axonal.hebbian.local.backprop import Backprop
from axonal.hebbian.local.dsr import DSR
from axonal.hebbian.local.dsr_lif import DSRLIF, weighted_rate
from axonal.hebbian.local.feedback_alignment import FeedbackAlignment
from axonal.hebbian.local.ottt import OTTT
from axonal.hebbian.local.rule import Rule
from axonal.hebbian.local.sign_symmetric import SignSymmetric
from axonal.hebbian.local.stored import Stored

__all__ = [
    "DSR",
    "DSRLIF",
    "OTTT",
    "Backprop",
    "FeedbackAlignment",
    "Rule",
    "SignSymmetric",
    "Stored",
    "step_loss",
    "weighted_rate",
]
