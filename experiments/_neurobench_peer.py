"""The part of the experiment ``neurobench`` that runs in the environment of NeuroBench.

``python -m experiments._neurobench_peer FILE`` reads a network and samples from FILE, runs them
through NeuroBench's harness, and answers with JSON.
"""

import importlib
import json
import sys
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from axonal.neuro import RunningReadout

BATCH = 20


def wrapped(net: Any, rule: str) -> Any:
    """A model of NeuroBench's whose activations are the spikes of our layers.

    Args:
        net: the network.
        rule: by which classes are read from its output.
    """
    models = importlib.import_module("neurobench.models")
    hooks = importlib.import_module("neurobench.hooks.neuron")

    class Model(models.NeuroBenchModel):  # type: ignore[misc, name-defined]
        def __call__(self, batch: Tensor) -> Tensor:
            with torch.no_grad():
                y: Tensor = net(batch.transpose(0, 1))[0]
            readout = RunningReadout(rule)
            return [readout.update(step) for step in y][-1].argmax(-1)

        def __net__(self) -> Any:
            return net

        def register_hooks(self) -> None:
            super().register_hooks()
            for path, layer in net.stateful_layers.items():
                if not layer.spiking:
                    continue
                # its own hook takes an output for a tensor, unless the layer is snnTorch's
                hook = hooks.NeuronHook(None, path)
                layer.register_forward_hook(
                    lambda _, __, output, hook=hook: hook.activation_outputs.append(output[0])
                )
                self.activation_hooks.append(hook)

    return Model()


def main() -> None:
    """Run the harness."""
    given = torch.load(sys.argv[1], weights_only=False)
    benchmarks = importlib.import_module("neurobench.benchmarks")
    static = importlib.import_module("neurobench.metrics.static")
    workload = importlib.import_module("neurobench.metrics.workload")
    model = wrapped(given["net"].eval(), given["readout"])
    samples = TensorDataset(given["x"].transpose(0, 1), given["labels"])
    metrics = [
        [static.ParameterCount, static.Footprint, static.ConnectionSparsity],
        [
            workload.ClassificationAccuracy,
            workload.ActivationSparsity,
            workload.SynapticOperations,
        ],
    ]
    benchmark = benchmarks.Benchmark(model, DataLoader(samples, batch_size=BATCH), [], [], metrics)
    seen = len(model.connection_layers())
    found = benchmark.run(quiet=True)
    print(json.dumps({**found, "connections": seen}))


if __name__ == "__main__":
    main()
