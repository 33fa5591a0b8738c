"""Associative memories and Hebbian learning: nothing is here yet, the name is reserved."""
