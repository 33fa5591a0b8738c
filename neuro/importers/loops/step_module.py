"""One step of a loop over time, for sequences."""

from typing import Any

from torch import Tensor, nn

from axonal.neuro.importers.loops.row_module import RowModule
from axonal.neuro.importers.loops.rows import Row


class StepModule(RowModule):
    """One step of a loop, for sequences.

    Args:
        root: the module with its parts exchanged, whose children are kept under their names.
        rows: what is called.
        outputs: what is returned.
        name: of the module, in messages.
    """

    def __init__(self, root: nn.Module, rows: list[Row], outputs: Any, name: str) -> None:
        super().__init__(rows, outputs)
        for child, module in root._modules.items():
            self.add_module(child, module)
        for own, parameter in root._parameters.items():
            self.register_parameter(own, parameter)
        for own, buffer in root._buffers.items():
            self.register_buffer(own, buffer)
        self.training = root.training
        self.source_name = name

    def forward(self, x: Tensor) -> Any:
        """Run the step over ``x`` [T, B, ...]."""
        return self._run({"x": x})
