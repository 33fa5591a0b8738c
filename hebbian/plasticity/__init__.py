"""Rules of plasticity as pure functions: weights and activity in, changes of weights out."""

from axonal.hebbian.plasticity.bcm import BCMChange, bcm
from axonal.hebbian.plasticity.oja import oja
from axonal.hebbian.plasticity.pair_stdp import PairChange, PairTraces, pair_stdp
from axonal.hebbian.plasticity.reward_modulated_stdp import (
    RewardChange,
    RewardTraces,
    reward_modulated_stdp,
)
from axonal.hebbian.plasticity.sanger import sanger
from axonal.hebbian.plasticity.similarity_matching import (
    SimilarityMatching,
    similarity_matching,
    similarity_matching_response,
)
from axonal.hebbian.plasticity.three_factor import (
    ThreeFactorChange,
    ThreeFactorTraces,
    three_factor,
)
from axonal.hebbian.plasticity.three_factor_layer import Pending, ThreeFactorLayer, ThreeFactorState
from axonal.hebbian.plasticity.triplet_stdp import (
    TRIPLETS,
    TripletChange,
    Triplets,
    TripletTraces,
    triplet_stdp,
)

__all__ = [
    "TRIPLETS",
    "BCMChange",
    "PairChange",
    "PairTraces",
    "Pending",
    "RewardChange",
    "RewardTraces",
    "SimilarityMatching",
    "ThreeFactorChange",
    "ThreeFactorLayer",
    "ThreeFactorState",
    "ThreeFactorTraces",
    "TripletChange",
    "TripletTraces",
    "Triplets",
    "bcm",
    "oja",
    "pair_stdp",
    "reward_modulated_stdp",
    "sanger",
    "similarity_matching",
    "similarity_matching_response",
    "three_factor",
    "triplet_stdp",
]
