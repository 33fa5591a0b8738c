"""Surrogate derivatives, one per file: in torch, for one number, and as CUDA.

A new one is a file beside these and its name below. Everything else is made from the table
`SURROGATES`: compiled loops of the CPU, sources for GPUs, and the cases of tests.
"""

from axonal.neuro.surrogates._surrogate import SURROGATES, Surrogate
from axonal.neuro.surrogates.atan import ATan
from axonal.neuro.surrogates.fast_sigmoid import FastSigmoid
from axonal.neuro.surrogates.sigmoid import Sigmoid
from axonal.neuro.surrogates.triangle import Triangle

__all__ = ["ATan", "FastSigmoid", "Sigmoid", "Surrogate", "Triangle"]

SURROGATES.update((kind.name, kind) for kind in (ATan, Sigmoid, FastSigmoid, Triangle))
