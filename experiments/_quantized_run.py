"""One seed of the experiment ``quantization``: a network, its graph, and the graph on two chips."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from axonal import deploy, neuro
from axonal._base.sweeps import Row
from axonal.recipes import _graphs, _learner, _learning, digits
from axonal.recipes._runs import Job
from axonal.recipes._samples import Samples

CHIPS = ("loihi2", "spinnaker")
CALIBRATION, EPOCHS, RATE = 64, 3, 0.02


@dataclass(frozen=True)
class Quantized(Job):
    """Digits on neurons that reset to zero, quantised after calibration and after fine-tuning.

    Args:
        seed: of the training.
    """

    clock = time.perf_counter

    seed: int

    @property
    def settings(self) -> digits.Settings:
        """Settings of the recipe."""
        return digits.Settings(reset="zero", seed=self.seed)

    @property
    def identity(self) -> list[Any]:
        """Chips, calibration, fine-tuning and all settings."""
        return ["quantization", CHIPS, CALIBRATION, EPOCHS, RATE, self.settings.to_json()]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and what differs from the recipe."""
        return "quantization", {"reset": "zero", "seed": self.seed}

    def measure(self) -> Row:
        """Train, export, quantise, fine-tune, and measure each graph on the test set."""
        settings = self.settings
        data, net = digits.data(settings), digits.build(settings)
        _learning.fit(net, settings, data["train"])
        inputs = torch.from_numpy(data["train"].dense(np.arange(CALIBRATION)))
        info = {"readout": settings.readout}
        graph = deploy.export(net.eval(), settings.dt, inputs=inputs, info=info)
        graphs = {"float": graph}
        for chip in CHIPS:
            graphs[f"{chip} calibrated"] = deploy.quantize(graph, chip)
            graphs[f"{chip} fine-tuned"] = tuned(graph, chip, data["train"], settings)
        return {
            "test": {arm: accuracy(g, data["test"]) for arm, g in graphs.items()},
            "validation": {arm: accuracy(g, data["validation"]) for arm, g in graphs.items()},
            "reports": {arm: _report(g) for arm, g in graphs.items() if arm != "float"},
        }


def tuned(
    graph: deploy.EventGraph, chip: str, samples: Samples, settings: digits.Settings
) -> deploy.EventGraph:
    """Fine-tune a graph in the arithmetic of a chip, with rates in proportion to its weights."""
    module = deploy.fake_quantize(graph, chip, surrogate=neuro.ATan(5))
    adam = torch.optim.Adam(
        [
            {"params": [w], "lr": rate, "first_lr": rate}
            for w in module.weights
            for rate in [RATE * float(w.detach().abs().mean())]
        ]
    )
    loss = _learner.LOSSES[settings.readout]
    for epoch in range(EPOCHS):
        for group in adam.param_groups:
            group["lr"] = group["first_lr"] * 0.5 * (1 + math.cos(math.pi * epoch / EPOCHS))
        order = _learning.order(settings.seed, epoch, len(samples))
        for x, target in _learning.batches(samples, order, settings.batch):
            adam.zero_grad()
            loss(module(x)[0], target).backward()
            adam.step()
    return module.graph()


def accuracy(graph: deploy.EventGraph, samples: Samples) -> float:
    """Share of samples whose class the graph finds, by the reference executor."""
    x = samples.dense(np.arange(len(samples)))
    result = _graphs.run(graph, x, backend="reference")
    return _graphs.score(graph, result, samples.labels)


def _report(graph: deploy.EventGraph) -> dict[str, Any]:
    """Report of `quantize` on the layers, with the number of golden cells of each."""
    report: dict[str, Any] = graph.info["quantization"]
    assert graph.golden is not None
    cells = {name: int(x.size) for name, x in graph.golden.spikes.items()}
    return {
        "overflows": report["overflows"],
        "cells": cells,
        "populations": report["populations"],
        "projections": report["projections"],
    }
