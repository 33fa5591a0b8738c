"""Print which modules are imported: `python -m axonal.neuro.importers > docs/importers.md`."""

from axonal.neuro.importers._rules import Framework
from axonal.neuro.importers.norse import NORSE
from axonal.neuro.importers.snntorch import SNNTORCH
from axonal.neuro.importers.spikingjelly import SPIKINGJELLY

HEAD = """\
# What can be imported from other frameworks

Written by `python -m axonal.neuro.importers` from the rules themselves; a test compares it.
`neuro.from_spikingjelly`, `from_norse` and `from_snntorch` make a `Network` of a module that fires
the same spikes; the tests compare random networks with the versions named here, in both precisions
and where every potential is exact. What has no equivalent is refused by path.

All of them take the modules of torch: `Linear`, `Conv2d`, `BatchNorm`, `Dropout` become the layers
of this package, `Sequential` and modules with a `forward` that a `Network` can trace keep their
structure, and the others (pooling, `Flatten`, activations) are applied to every step. Of these,
average pooling, `Flatten` and the maximum over windows of spikes can be exported to an event graph;
the maximum of numbers, other norms and activations have no form there, and `export` refuses them by
path.

The layers here know their sizes. Where no layer of a network tells what it takes, as before a
convolution, say it with `input_shape`, the shape of one step of one sample:

```python
import torch
from spikingjelly.activation_based import layer, neuron
from torch import nn

from axonal import deploy, neuro

theirs = nn.Sequential(
    layer.Conv2d(1, 4, 3, padding=1),
    neuron.LIFNode(tau=2.0, v_threshold=0.1),
    layer.Flatten(),
    layer.Linear(4 * 8 * 8, 10),
    neuron.LIFNode(tau=2.0, v_threshold=0.1),
)
net = neuro.from_spikingjelly(theirs, input_shape=(1, 8, 8))
y, state = net(torch.rand(20, 32, 1, 8, 8))  # time first: x [T, B, C, H, W], y [T, B, 10]
graph = deploy.export(net, dt=1e-3, input_shape=(1, 8, 8))
```

## A forward that loops over time

Modules as the frameworks' tutorials write them come in whole ([which were tried, and where they
run](results/tutorials.md)):

```python
import snntorch as snn


class Tutorial(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(64, 32), snn.Leaky(beta=0.9)

    def forward(self, x):  # [B, 64], the same at every step
        mem, spikes = self.lif1.init_leaky(), []
        for step in range(25):
            spk, mem = self.lif1(self.fc1(x), mem)
            spikes.append(spk)
        return torch.stack(spikes).sum(0)


net = neuro.from_snntorch(Tutorial())
loop, images = net.time_loop, 4 * torch.rand(8, 64)
y, state = net(loop.sequence(images))  # y [25, 8, 32], spikes
counts = loop.decide(y)  # what Tutorial()(images) returns
```

The `forward` runs once on symbolic values. Where each step makes the same calls, of its part of the
input and of the states of the step before, the Network is what one step does; `net.time_loop` holds
the rest: the number of steps, how the input enters (the same at every step, `x[step]`, or behind
the batch, `x[:, step]`), and what is made of all steps together (a count, a mean, `torch.max(v, 0)`
with `log_softmax`). `loop.rule` names that decision for `deploy.export(..., readout=loop.rule)`.
Potentials of neurons that fire, returned beside their spikes, are left out and listed. Refused in
one line are branches on data, steps that differ, outputs of an earlier step (write these as
`neuro.Recurrent`), states that do not start at rest, numbers drawn within, and layers after the
decision.
"""


def table() -> str:
    """The page of supported modules, as Markdown.

    >>> "| Leaky | LIF |" in table()
    True
    """
    return HEAD + "".join(map(_section, (SPIKINGJELLY, NORSE, SNNTORCH)))


def _section(framework: Framework) -> str:
    lines = [
        "",
        f"## {framework.package} {framework.version}",
        "",
        "| class | becomes | what is kept | exports |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {rule.becomes} | {rule.conventions} | {'yes' if rule.exports else '-'} |"
        for name, rule in framework.neurons.items()
    ]
    kept = sorted({*framework.containers, *framework.wrappers})
    if kept:
        lines += ["", f"Containers: {', '.join(kept)}."]
    lines += ["", "Refused, among others:", ""]
    lines += [f"- {name}: {instead}." for name, instead in framework.instead.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
