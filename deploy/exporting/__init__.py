"""From a trained network to an event graph."""
