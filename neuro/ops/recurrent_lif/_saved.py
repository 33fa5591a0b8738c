"""What a forward pass of a loop of LIF neurons keeps for its backward pass, beside the spikes."""

NOTHING, POTENTIAL, INPUT = 0, 1, 2
"""Nothing, h [T, B, N], or x."""
