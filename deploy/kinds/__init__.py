"""Kinds of populations: one file each."""
