"""Rows of calls, run one after another."""

import operator
from typing import Any

from torch import nn

from axonal.neuro.importers.loops.ref import LENGTH, Ref
from axonal.neuro.importers.loops.rows import ATTRIBUTE, INPUT, MODULE, POTENTIAL, Row, replaced


class RowModule(nn.Module):
    """Runs rows of calls. Abstract."""

    def __init__(self, rows: list[Row], outputs: Any) -> None:
        super().__init__()
        self._rows, self._outputs = rows, outputs

    def _run(self, inputs: dict[Any, Any]) -> Any:
        values: dict[int, Any] = {}

        def of(ref: Ref) -> Any:
            return len(next(iter(inputs.values()))) if ref.row == LENGTH else values[ref.row]

        for number, row in enumerate(self._rows):
            args, kwargs = replaced(row.args, of), replaced(dict(row.kwargs), of)
            if row.kind == INPUT:
                values[number] = inputs[row.target]
            elif row.kind in (MODULE, POTENTIAL):
                values[number] = self.get_submodule(row.target)(*args)
            elif row.kind == ATTRIBUTE:
                values[number] = operator.attrgetter(row.target)(self)
            elif isinstance(row.target, str):
                values[number] = getattr(args[0], row.target)(*args[1:], **kwargs)
            else:
                values[number] = row.target(*args, **kwargs)
        return replaced(self._outputs, of)
