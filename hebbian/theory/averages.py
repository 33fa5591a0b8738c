"""Averages over the sites of a network, from which states and their stability follow."""

from typing import NamedTuple

from axonal._base.array_types import Float64Array


class Averages(NamedTuple):
    """Averages over sites with a given signal strength w and crosstalk s."""

    n: Float64Array
    """overlap with the class means, <zeta s_i>"""
    m: Float64Array
    """overlap with the archetype"""
    q: Float64Array
    """<tanh^2>"""
    C: Float64Array
    """beta (1 - q)"""
    fourth: Float64Array
    """beta <sech^4>"""
    log: Float64Array
    """T <ln 2 cosh>"""
