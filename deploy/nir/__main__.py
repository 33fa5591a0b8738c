"""Print what can be exchanged: `python -m axonal.deploy.nir > docs/nir.md`."""

from collections.abc import Sequence

from axonal.deploy.nir import neurons
from axonal.deploy.nir.neurons import RULES
from axonal.deploy.nir.nodes import ENDS, REFUSED, STEPS

HEAD = """\
# NIR: what is exchanged with other frameworks

Written by `python -m axonal.deploy.nir`, the table of nodes from the rules themselves; a test
compares it. `deploy.to_nir(graph, "net.nir")` writes an event graph for other frameworks and
`deploy.from_nir("net.nir")` reads theirs; from the shell `axonal export RUN --target nir` writes,
`axonal import` reads, and so does every command that takes a graph where the file tells its time
step and its reset. Writing needs `pip install 'axonal[deploy]'`; files are read without nir, field
by field, so that what a file lacks is not filled in.
"""

READ = """\
Weights are put on the grid of `export`, so that sums come out the same in any order. Where that
would change what a neuron adds up (a weight by more than 1e-9, or their sum by more than 1e-6, of
threshold / gain or its median weight, and in a readout of its largest), because a weight elsewhere
is far larger, the graph is refused. A graph without Input or Output nodes is read from its first
nodes to its last.

Missing choices are requested in the error, contradictions are refused, at the node where it
stands:

- `dt` is taken from the metadata, or given: `from_nir(..., dt=1e-4)`, `axonal import --dt 1e-4`.
- Neurons store `v_reset` since nir 1.0.6. Before, the documented reset was by subtraction, but
  many importers reset to zero: `from_nir(..., reset="subtract")` or `"zero"`,
  `axonal import --reset subtract`. Against a `v_reset` that is stored the option is refused. nir
  itself fills in zeros when it reads an older file or makes a neuron without one, so that in a
  graph in memory zeros are taken as they are unless the option is given.
- Shapes are those of the parameters and of what arrives. `input_shape` of convolutions and
  `input_type` of a Flatten may be missing (nir 0.2 had no `input_shape`). What is declared, there
  and by the ends of subgraphs, must agree but for axes of one, such as a batch axis.
- `w_in` of nir 0.2 is 1. Any other missing field, and a field that NIR does not have, is an error.
- Where the name of a node is that of a node within a subgraph (`a.w` beside `w` in `a`), the inner
  one is numbered: `a.w_2`.

A file of another framework has no golden run, and `place`, `energy`, `quantize` and `verify` need
one: [how to make it](deployment.md#other-frameworks). NIR files have no checksum: damage is
found where the compression or the structure shows it, and event graphs of `save` have one.

A loop of neurons without a Delay takes one step, into the neuron where it is entered, as frameworks
run it; where it is entered at several they do not agree, and it is refused. The bias of an Affine
in a loop counts from the first step on (SpikingJelly leaves it out there, snnTorch does not).

Refused, all of them at once by name:
"""

WRITTEN = (
    ("`lif`, reset `zero`", "LIF; IF where every decay is 1"),
    ("`cuba`, reset `zero`", "CubaLIF with r = tau_mem / dt"),
    (
        "reset `subtract`",
        'with `to_nir(..., reset="subtract")`, `axonal export --target nir --reset subtract`: the '
        "same nodes without `v_reset` in the file, and with `reset` in their metadata",
    ),
    (
        "`integrator`",
        "LI; I where every decay is 1; nothing but the Output for a plain sum",
    ),
    ("`constant`", "IF that rests above its threshold"),
    ("synapses", "Linear, dense; Affine with the bias"),
    (
        "delays",
        "Delay of d dt seconds, one for each source; where the synapses of a source differ, a "
        'branch of Delay and Linear for each distinct delay (`delays="unroll"`), or a refusal that '
        'says what they would take (`"refuse"`)',
    ),
    ("a connection to itself of one step", "no Delay: frameworks run a loop so"),
    (
        "`dt`, names, shapes, exact factors, info, golden run",
        "metadata, which `nir.write` and `nir.read` keep",
    ),
)
UNWRITTEN = """
NIR has no neuron that resets by subtraction since nir 1.0.6. `reset="subtract"` is for readers that
subtract `v_threshold` at a spike whatever is stored (sinabs, and the equations of NIR before): with
it a graph with any other reset is refused, and without it one with this reset. Refractory steps are
refused by name, since NIR has no neuron for them. So are retimed and quantised graphs, matrices
above 1 GiB, decays outside 0 to 1, and, as it has no time constant, a decay of exactly 1 in a
`cuba`, or of 1 mixed with others in a `lif` or `integrator`. Neurons that adapt (`alif`, `lsnn`,
`adex`), scale their potential (`klif`), resonate, are gated or send numbers have no node there.
"""

OTHERS = """\
Measured by the tests in the environment of the peers (spikingjelly 2.0.0, snntorch 1.0.0, norse
1.1.0, sinabs 3.1.3): random networks without delays in both directions for the first two, networks
of IF and LIF that the others write, and files with loops of several neurons that SpikingJelly runs
beside axonal, with no cell that differs.
"""
PEERS = (
    (
        "reads",
        "IF, LIF (r = 1 or tau / dt), CubaLIF; one tau a layer; biases, skips, loops of one step",
        "LIF, CubaLIF; one threshold a layer; biases, skips; no loops",
    ),
    ("time step", "its argument `dt`, 1e-4 by default", "always 1e-4"),
    ("fires", "at the threshold: read its files with `at_threshold=True`", "above the threshold"),
    ("writes", "no metadata: pass `dt`", "no metadata: pass `dt=1e-4`"),
    (
        "loses",
        "nothing: it refuses a soft reset",
        "its reset: all is written as a reset to 0 within the step, which its neurons do with "
        '`reset_mechanism="zero"` and `reset_delay=False` alone, and RSynaptic never',
    ),
)
LAST = """
**Norse** writes the time constants of LIFBoxCell and LIBoxCell in a unit of its own,
tau = dt / tau_mem_inv, where dt is an argument of its `to_nir`, 1e-3 by default. Read with `dt` in
that unit they give the same spikes: `from_nir(graph, dt=1e-6)` for cells of 1 ms and the default,
`from_nir(graph, dt=1e-3)` after `to_nir(net, x, dt=1.0)`. Its IAFCell counts in steps, `dt=1.0`.

**sinabs** subtracts the threshold, fires at it and counts tau in steps. It steps LIF with
exp(-1 / tau), not by forward Euler, and adds its input whole (with `norm_input` the share
1 - exp(-1 / tau)), which NIR does not say. Of its IF the spikes are the same, with
`spike_fn=SingleSpike` and no `min_v_mem`, by

```
deploy.from_nir(graph, dt=1.0, reset="subtract", at_threshold=True)
```

and of its LIF, too, after `node.tau = node.r = 1 / (1 - exp(-1 / tau))` (r = 1 with `norm_input`).
Where nir 1.0.6 or later wrote its file, that has a `v_reset` of zeros which sinabs does not mean:
pass `nir.read(file)`, the graph in memory, in place of the file.

In single precision a potential within rounding of its threshold may go the other way. The next
number below a threshold is the threshold again there, and snnTorch fires above it only: for it,
`to_nir(..., precision="single")` takes the next number of single precision. Nobody but axonal runs
a Delay: others refuse it or, as Norse 1.1.0, return the wrong layer without a word.
"""


def table() -> str:
    """The page of supported nodes, as Markdown.

    >>> "| LIF | lif |" in table()
    True
    """
    nodes = [(name, becomes, "") for name, becomes in ENDS.items()]
    nodes += [(name, rule.becomes, rule.kept) for name, rule in RULES.items()]
    nodes += [(name, step.becomes, step.kept) for name, step in STEPS.items()]
    return "\n".join(
        [
            HEAD,
            "## The equations\n",
            *(f"{part}\n" for part in (neurons.__doc__ or "").strip().split("\n\n")[1:]),
            "## What is read\n",
            _rows(("node", "becomes", "what is kept"), nodes),
            READ,
            *(f"- {name}: {why}." for name, why in REFUSED.items()),
            "\n## What is written\n",
            _rows(("in the graph", "in NIR"), WRITTEN) + UNWRITTEN,
            "## How others read and write it\n",
            OTHERS,
            _rows(("", "SpikingJelly", "snnTorch"), PEERS) + LAST,
        ]
    )


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:], ""])


if __name__ == "__main__":
    print(table(), end="")
