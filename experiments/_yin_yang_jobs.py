"""The jobs of the experiment ``yin_yang``: networks taken to steps of time, and a ReLU network."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier

from axonal import deploy, neuro
from axonal._base.sweeps import Row
from axonal.recipes import yin_yang
from axonal.recipes._runs import Job, Run

STEPS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Lengths of a step in milliseconds."""


@dataclass(frozen=True)
class Exported(Run):
    """The training of one network, which is then exported in steps of several lengths."""

    @property
    def identity(self) -> list[Any]:
        """That of the training, and the steps."""
        return [*super().identity, "exported", STEPS]

    def further(self, net: neuro.Network) -> Row:
        """Test every export."""
        return {"exported": {str(step): self.exported(net, step) for step in STEPS}}

    def exported(self, net: neuro.Network, step: float) -> Row:
        """Share of test points that the graph of a network gets right, in steps of ``step`` ms."""
        other = replace(self.settings, dt=step / yin_yang.MILLISECONDS)
        points = yin_yang.data(other)["test"]
        moved = yin_yang.on_grid(net, self.settings, other).double()
        chosen = np.arange(len(points))
        x = points.dense(chosen)
        graph = deploy.export(moved, other.dt, readout="first-spike")
        ran = deploy.run(graph, x)
        # in double precision, as the graph runs: in single, a spike at the threshold may differ
        stepped = neuro.EventNetwork(moved, engine="eventprop")(torch.from_numpy(x).double())
        differs = ran.raster(graph.outputs[0]) != stepped.to_dense().numpy().astype(bool)
        found = deploy.classify(graph, ran)
        return {
            "test": float(np.mean(found == points.labels)),
            "different_spikes": int(differs.sum()),
        }


@dataclass(frozen=True)
class ReLU(Job):
    """A network of one hidden layer of ReLU units on the coordinates, by scikit-learn.

    It has as many weights as the spiking networks train numbers, rounded up, and is trained with
    Adam until its loss on the training points stands still.

    Args:
        seed: of points and weights.
    """

    seed: int

    @property
    def identity(self) -> list[Any]:
        """The seed and the size."""
        return ["yin-yang-relu", self.seed, self.hidden]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the seed."""
        return "yin-yang-relu", {"seed": self.seed}

    @property
    def hidden(self) -> int:
        """Units: 8 H + 3 numbers with four inputs, three classes and biases."""
        settings = yin_yang.Settings()
        numbers = 2 * settings.hidden * (yin_yang.INPUTS + yin_yang.CLASSES)
        return -(-(numbers - 3) // 8)

    def measure(self) -> Row:
        """Train and test."""
        begun = time.process_time()
        settings = yin_yang.Settings(seed=self.seed)
        data = yin_yang.data(settings)
        x = {k: v.times[:, :4] / settings.steps(settings.latest) for k, v in data.items()}
        model = MLPClassifier(
            (self.hidden,), random_state=self.seed, batch_size=settings.batch, max_iter=300
        )
        model.fit(x["train"], data["train"].labels)
        return {
            "test": float(model.score(x["test"], data["test"].labels)),
            "tested": len(data["test"]),
            "validation": float(model.score(x["validation"], data["validation"].labels)),
            "trained_parameters": sum(w.size for w in (*model.coefs_, *model.intercepts_)),
            "epochs": int(model.n_iter_),
            "cpu_seconds": round(time.process_time() - begun, 1),
        }
