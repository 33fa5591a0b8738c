"""Whole models of the literature, made of the layers."""

from axonal.neuro.models.delay_snn import DelaySNN

__all__ = ["DelaySNN"]
