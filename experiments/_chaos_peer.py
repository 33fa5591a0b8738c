"""The peer of the experiment ``chaos``, reservoirpy, in the environment that has it.

``python -m experiments._chaos_peer`` reads a task as JSON and answers with what `evaluate` finds.
"""

import dataclasses
import json
import sys
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array
from axonal.reservoirs.forecasting import Task, echo_state_settings, evaluate
from axonal.reservoirs.forecasting.candidates import named

DEGREE, BIAS, WASHOUT = 10, 0.5, 100
"""As of `EchoState`."""


class Peer:
    """An echo state network of reservoirpy with the size and the inputs of ours.

    Args:
        units: of the reservoir.
        seed: of its weights.
        spectral_radius: of its recurrent weights.
        input_scaling: of its input weights.
        ridge: penalty of its readout.
    """

    def __init__(
        self,
        units: int,
        seed: int,
        *,
        spectral_radius: float,
        input_scaling: float,
        ridge: float,
    ) -> None:
        self._reservoir = {
            "units": units,
            "seed": seed,
            "sr": spectral_radius,
            "input_scaling": input_scaling,
            "rc_connectivity": DEGREE / units,
            "input_connectivity": 1.0,
            "bias": BIAS * np.random.default_rng(seed).uniform(-1, 1, units),
        }
        self._ridge = ridge

    def fit(self, X: ArrayLike) -> Self:
        """Learn from rows [T, D]."""
        from reservoirpy.mat_gen import uniform
        from reservoirpy.nodes import Input, Reservoir, Ridge

        x = np.asarray(X, np.float64)
        source, readout = Input(), Ridge(ridge=self._ridge)
        reservoir = Reservoir(Win=uniform, **self._reservoir)
        self._model = [source >> reservoir, source] >> readout
        self._model.fit(x[:-1], x[1:], warmup=WASHOUT)
        return self

    def forecast(self, steps: int, history: ArrayLike) -> Float64Array:
        """Rows [steps, D] that follow a history [T, D]."""
        self._model.reset()
        row = self._model.run(np.asarray(history, np.float64))[-1]
        found = np.empty((steps, len(row)))
        for k in range(steps):
            found[k] = row
            row = self._model.step(row)
        return found


def main() -> None:
    """Answer one question from the standard input."""
    asked: dict[str, Any] = json.load(sys.stdin)
    peers = {
        named(each): Peer(asked["units"], asked["seed"], **each) for each in echo_state_settings()
    }
    json.dump(evaluate(Task(**asked["task"]), peers), sys.stdout)


def question(task: Task, units: int, seed: int) -> str:
    """Text of a question that `main` answers."""
    return json.dumps({"task": dataclasses.asdict(task), "units": units, "seed": seed})


if __name__ == "__main__":
    main()
