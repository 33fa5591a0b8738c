"""Rules by which the synapses of a liquid learn, and what modulates them."""

from axonal.reservoirs.plasticity.activity_stdp import ActivitySTDP
from axonal.reservoirs.plasticity.astrocyte import Astrocyte
from axonal.reservoirs.plasticity.constant import Constant
from axonal.reservoirs.plasticity.modulator import Modulator
from axonal.reservoirs.plasticity.pair_stdp import PairSTDP

__all__ = ["ActivitySTDP", "Astrocyte", "Constant", "Modulator", "PairSTDP"]
