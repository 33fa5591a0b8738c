"""Continual learning: tasks one after another, methods against forgetting, and its measures."""

from axonal.hebbian.continual.continual_learner import ContinualLearner, Learnt
from axonal.hebbian.continual.ewc import EWC
from axonal.hebbian.continual.gpm import GPM
from axonal.hebbian.continual.hlop import HLOP
from axonal.hebbian.continual.lateral import Lateral
from axonal.hebbian.continual.method import Batch, Method, Task
from axonal.hebbian.continual.metrics import (
    average_accuracy,
    backward_transfer,
    forward_transfer,
    plot_accuracy_matrix,
)
from axonal.hebbian.continual.presynaptic import Presynaptic
from axonal.hebbian.continual.protected import Protected, Residual
from axonal.hebbian.continual.replay import Replay
from axonal.hebbian.continual.signed_rate import signed_rate
from axonal.hebbian.continual.streams import Experience, Samples, Stream, grouped, permuted, split
from axonal.hebbian.continual.subspaces import Subspaces
from axonal.hebbian.continual.synaptic_intelligence import SynapticIntelligence

__all__ = [
    "EWC",
    "GPM",
    "HLOP",
    "Batch",
    "ContinualLearner",
    "Experience",
    "Lateral",
    "Learnt",
    "Method",
    "Presynaptic",
    "Protected",
    "Replay",
    "Residual",
    "Samples",
    "Stream",
    "Subspaces",
    "SynapticIntelligence",
    "Task",
    "average_accuracy",
    "backward_transfer",
    "forward_transfer",
    "grouped",
    "permuted",
    "plot_accuracy_matrix",
    "signed_rate",
    "split",
]
