"""Zero-shot learning: two modalities brought together on some classes, and asked about others."""

from axonal.reservoirs.zero_shot.losses import info_nce, soft_target_loss
from axonal.reservoirs.zero_shot.projection import Projection
from axonal.reservoirs.zero_shot.retrieval import Retrieval
from axonal.reservoirs.zero_shot.zero_shot import ZeroShot

__all__ = ["Projection", "Retrieval", "ZeroShot", "info_nce", "soft_target_loss"]
