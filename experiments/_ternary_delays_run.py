"""A run of the experiment ``ternary-delays``: a network, its graph, and the graph on two chips."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from axonal import deploy
from axonal._base.sweeps import Row
from axonal.recipes import _learning, spoken_digits
from axonal.recipes._runs import Job
from axonal.recipes._samples import Derived
from experiments._quantized_run import accuracy

CHIPS = ("loihi2", "spinnaker")
CALIBRATION = 32
"""Training recordings by which numbers of the chips are calibrated."""


@dataclass(frozen=True, eq=False)
class Clipped(Derived):
    """Samples with one spike per channel and step at most: chips know no other events."""

    def dense(self, indices: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Rasters `[T, B, N]` of the chosen samples `[B]`."""
        return np.minimum(self.source.dense(indices), 1)


@dataclass(frozen=True)
class Ternary(Job):
    """Spoken digits with learned delays, trained, exported, and in the arithmetic of chips.

    Args:
        weights: "float" or "ternary".
        seed: of the training.
        epochs: of the training; those of the recipe if it is ``None``.
    """

    weights: str
    seed: int
    epochs: int | None = None

    @property
    def settings(self) -> spoken_digits.Settings:
        """Settings of the recipe: learned delays, frozen for the last third."""
        settings = spoken_digits.Settings(weights=self.weights, seed=self.seed)
        return settings if self.epochs is None else replace(settings, epochs=self.epochs)

    @property
    def identity(self) -> list[Any]:
        """Chips, calibration and all settings."""
        return ["ternary-delays", CHIPS, CALIBRATION, self.settings.to_json()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment, and what tells its runs apart."""
        return "ternary-delays", {"weights": self.weights, "seed": self.seed}

    def measure(self) -> Row:
        """Train, export and quantise, and measure each graph on the test recordings."""
        settings = self.settings
        data = {name: Clipped(part) for name, part in spoken_digits.data(settings).items()}
        net = spoken_digits.build(settings)
        _learning.fit(net, settings, data["train"])
        inputs = torch.from_numpy(data["train"].dense(np.arange(CALIBRATION)))
        info = {"readout": settings.readout}
        graph = deploy.export(net.eval(), settings.dt, inputs=inputs, info=info)
        graphs = {"float": graph, **{chip: deploy.quantize(graph, chip) for chip in CHIPS}}
        return {
            "test": {name: accuracy(g, data["test"]) for name, g in graphs.items()},
            "validation": {name: accuracy(g, data["validation"]) for name, g in graphs.items()},
            "trained_parameters": sum(p.numel() for p in net.parameters() if p.requires_grad),
            "zeros": zeros(net),
            "sizes": {name: sizes(g) for name, g in graphs.items()},
            "verified": {name: deploy.verify(g).passed for name, g in graphs.items()},
        }


def zeros(net: torch.nn.Module) -> float:
    """Share of the synapses of a network whose weight is zero."""
    layers: list[Any] = [part for part in net.modules() if hasattr(part, "masked_weight")]
    weights = torch.cat([layer.masked_weight.detach().flatten() for layer in layers])
    return float((weights == 0).double().mean())


def sizes(graph: deploy.EventGraph) -> int:
    """Largest number of different sizes of weights that a neuron hears of another population.

    With one, the sum of the spikes that arrive is a count, times one number per neuron.
    """
    most = 0
    by_target: dict[tuple[str, str], list[deploy.Projection]] = {}
    for wire in graph.projections:
        by_target.setdefault((wire.source, wire.target), []).append(wire)
    for (source, _), wires in by_target.items():
        if source not in {p.name for p in graph.populations if p.size > 1}:
            continue  # a bias comes from a source of its own
        post = np.concatenate([wire.post for wire in wires])
        weight = np.concatenate([np.abs(wire.weight) for wire in wires])
        for neuron in np.unique(post):
            own = np.unique(np.round(weight[(post == neuron) & (weight > 0)], 6))
            # numbers of a grid differ in their last digits
            apart = 1 + int((np.diff(own) > 1e-4 * own[-1]).sum()) if own.size else 0
            most = max(most, apart)
    return most
