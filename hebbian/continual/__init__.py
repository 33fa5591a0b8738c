"""Continual learning: tasks one after another, methods against forgetting, and its measures."""

from axonal.hebbian.continual.gpm import GPM
from axonal.hebbian.continual.hlop import HLOP
from axonal.hebbian.continual.lateral import Lateral
from axonal.hebbian.continual.method import Batch, Method, Task
from axonal.hebbian.continual.presynaptic import Presynaptic
from axonal.hebbian.continual.protected import Protected, Residual
from axonal.hebbian.continual.signed_rate import signed_rate
from axonal.hebbian.continual.subspaces import Subspaces

__all__ = [
    "GPM",
    "HLOP",
    "Batch",
    "Lateral",
    "Method",
    "Presynaptic",
    "Protected",
    "Residual",
    "Subspaces",
    "Task",
    "signed_rate",
]
