"""Modules whose ``forward`` loops over time: run once on symbolic values, taken as one step."""

from axonal.neuro.importers.loops.as_step import as_step
from axonal.neuro.importers.loops.time_loop import TimeLoop
from axonal.neuro.importers.loops.tracer import LoopError

__all__ = ["LoopError", "TimeLoop", "as_step"]
