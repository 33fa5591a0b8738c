"""Criticality and quality of reservoirs."""
