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
average pooling and `Flatten` can be exported to an event graph; the maximum of a window, other
norms and activations have no form as synapses, and `export` refuses them by path.

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
