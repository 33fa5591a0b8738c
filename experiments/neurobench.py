"""Shipped networks through NeuroBench's harness, beside our own counts."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from axonal import deploy, neuro, recipes
from axonal._base.sweeps import Row, Store
from axonal._base.tables import markdown_table
from axonal.recipes._runs import Job
from experiments import _peer, _report

PART = "neurobench"
MODELS = ("coincidence", "digits", "egru-smnist", "nmnist", "spoken-digits")
"""Those that ship and have a graph."""
SAMPLES = 100
CONNECTIONS = (torch.nn.Linear, torch.nn.Conv2d)


@dataclass(frozen=True)
class Measured(Job):
    """A shipped network on samples of its test part.

    Args:
        model: its name.
    """

    model: str

    @property
    def identity(self) -> list[Any]:
        """All that decides the result."""
        return [PART, self.model, SAMPLES, "readout of the recipe"]

    @property
    def label(self) -> tuple[str, Mapping[str, Any]]:
        """The experiment and the model."""
        return PART, {"model": self.model, "seed": 0}

    def measure(self) -> Row:
        """Run the harness there, count here."""
        folder = recipes.trained(self.model)
        net, settings = recipes.load_run(folder)
        test = recipes.find(self.model).data(settings)["test"]
        chosen = np.arange(min(SAMPLES, len(test)))
        x = torch.from_numpy(test.dense(chosen))
        labels = torch.as_tensor(np.asarray(test.labels)[chosen])
        with tempfile.TemporaryDirectory() as holder:
            path = Path(holder) / "asked.pt"
            asked = {"net": net, "readout": settings.readout, "x": x, "labels": labels}
            torch.save(asked, path)
            said = _peer.ask(PART, "NeuroBench", "_neurobench_peer", str(path), place="neurobench")
        graph = deploy.export(net, settings.dt, inputs=x)
        return {"harness": json.loads(said.splitlines()[-1]), "ours": ours(net, x, graph)}


def ours(net: neuro.Network, x: torch.Tensor, graph: deploy.EventGraph) -> dict[str, Any]:
    """The same by our own tools: numbers, silence, and events that cross synapses of a graph."""
    with torch.no_grad():
        firing = [path for path, layer in net.stateful_layers.items() if layer.spiking]
        _, traces = neuro.record(net, x, dict.fromkeys(firing, ("output",)))
        spikes = sum(int((traces[path]["output"] != 0).sum()) for path in firing)
        cells = sum(traces[path]["output"].numel() for path in firing)
        layers = operations(net, x)
    assert graph.golden is not None
    crossed = 0.0
    for projection in graph.projections:
        sent = graph.golden.spikes.get(projection.source)
        if sent is None:
            sent = graph.golden.inputs.get(projection.source, np.zeros((1, 1, 0))) != 0
        if sent.shape[2]:
            synapses = np.bincount(projection.pre, minlength=sent.shape[2])
            crossed += float(sent.sum((0, 1)) @ synapses)
    return {
        "parameters": sum(p.numel() for p in net.parameters()),
        "sparsity": 1 - spikes / cells,
        "layers": layers / x.shape[1],
        "graph": crossed / x.shape[1],
    }


def operations(net: neuro.Network, x: torch.Tensor) -> float:
    """Products of inputs and weights of linear layers and convolutions that are not zero."""
    counted = 0.0

    def count(module: Any, given: Any, _: Any) -> None:
        nonlocal counted
        heard, weight = (given[0] != 0).double(), (module.weight != 0).double()
        if isinstance(module, torch.nn.Linear):
            counted += float(heard.flatten(0, -2).sum(0) @ weight.sum(0))
            return
        how = module.stride, module.padding, module.dilation, module.groups
        made = torch.nn.functional.conv2d(heard.flatten(0, 1), weight, None, *how)
        counted += float(made.sum())

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, CONNECTIONS)]
    net(x)
    for hook in hooks:
        hook.remove()
    return counted


def plan() -> list[Measured]:
    """Every model."""
    return [Measured(name) for name in MODELS]


def write(store: Store, out: Path) -> list[Path]:
    """Write neurobench.md and neurobench.json."""
    rows = [store.find(job) for job in plan()]
    table = markdown_table(
        [
            "model", "numbers", "kB", "accuracy", "silent", "silent, ours",
            "dense", "effective MACs", "effective ACs", "the same layers, ours", "graph, ours",
        ],
        [_line(job.model, row) for job, row in zip(plan(), rows, strict=True)],
    )  # fmt: skip
    text = _report.page(
        "neurobench", PART, rows, "models", chosen=False, table=table, samples=SAMPLES
    )
    numbers = {
        job.model: {name: row[name] for name in ("harness", "ours")}
        for job, row in zip(plan(), rows, strict=True)
    }
    return [
        _report.write_text(out / "neurobench.md", text),
        _report.write_data(out / "neurobench.json", numbers),
    ]


def _line(name: str, row: Row) -> list[Any]:
    harness, own = row["harness"], row["ours"]
    done = harness["SynapticOperations"]
    return [
        name,
        harness["ParameterCount"],
        f"{harness['Footprint'] / 1024:.0f}",
        f"{harness['ClassificationAccuracy']:.2f}",
        f"{harness['ActivationSparsity']:.4f}",
        f"{own['sparsity']:.4f}",
        f"{done['Dense']:.0f}",
        f"{done['Effective_MACs']:.0f}",
        f"{done['Effective_ACs']:.0f}",
        f"{own['layers']:.0f}",
        f"{own['graph']:.0f}",
    ]
