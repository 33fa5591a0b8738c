"""Runs of graphs on back ends, streams, scores, and verification against the golden run."""
