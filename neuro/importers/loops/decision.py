"""The result of a loop over time."""

from typing import Any

from torch import Tensor

from axonal.neuro.importers.loops.row_module import RowModule


class Decision(RowModule):
    """The result of a loop, made of the sequences that its steps gave."""

    def forward(self, *sequences: Tensor) -> Any:
        """Return what the loop returns for ``sequences`` [T, B, ...]."""
        return self._run(dict(enumerate(sequences)))
