"""Rules of plasticity as pure functions: weights and activity in, changes of weights out."""

from axonal.hebbian.plasticity.oja import oja
from axonal.hebbian.plasticity.sanger import sanger
from axonal.hebbian.plasticity.similarity_matching import (
    SimilarityMatching,
    similarity_matching,
    similarity_matching_response,
)

__all__ = [
    "SimilarityMatching",
    "oja",
    "sanger",
    "similarity_matching",
    "similarity_matching_response",
]
