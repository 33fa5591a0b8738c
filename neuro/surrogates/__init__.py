"""Surrogate derivatives, one a file."""
