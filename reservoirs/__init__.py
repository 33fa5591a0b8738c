"""Liquids, plasticity and readouts: nothing is here yet, the name is reserved."""
