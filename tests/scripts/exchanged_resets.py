"""Graphs that Norse and sinabs write, read as docs/nir.md says: `exchanged_resets.py CASES`.

Runs in the environment of the peers and prints JSON: for every random network, in how many cells
its output spikes differ from those of the framework.
"""

import json
import sys
import warnings

import nir
import norse.torch as norse
import numpy as np
import sinabs.activation
import sinabs.layers
import sinabs.nir
import torch
from norse.torch.functional.lif_box import LIFBoxParameters
from norse.torch.utils.export_nir import to_nir
from torch import nn

from axonal import deploy

STEPS, BATCH, N, HIDDEN, LAST = 40, 3, 6, 8, 5
warnings.simplefilter("ignore")  # what a framework says at import is not ours to answer


def filled(layers, rng):
    """Layers one after another, in double precision; Euler and exponential sums have no ties."""
    for parameter in layers.parameters():
        if parameter.ndim == 2:
            parameter.data = torch.as_tensor(rng.normal(0.4, 1.0, parameter.shape))
        elif parameter.ndim == 1:
            parameter.data = torch.as_tensor(rng.normal(0.0, 0.3, parameter.shape))
    return layers.double()


def norse_graph(rng, x, neuron):
    p = LIFBoxParameters(
        *(torch.tensor(value).double() for value in (rng.uniform(20, 900), 0, 0.5))
    )
    make = norse.IAFCell if neuron == "IF" else lambda: norse.LIFBoxCell(p)
    net = norse.SequentialState(nn.Linear(N, HIDDEN), make(), nn.Linear(HIDDEN, LAST), make())
    net, state, made = filled(net, rng), None, []
    for x_t in x:
        y, state = net(x_t, state)
        made.append(y.numpy() > 0)
    return to_nir(net, torch.zeros(1, N).double()), np.stack(made)


def sinabs_graph(rng, x, neuron):
    shared = {
        "batch_size": BATCH,
        "spike_fn": sinabs.activation.SingleSpike,
        "min_v_mem": None,
    }
    tau = rng.uniform(1.5, 20)

    def make():
        if neuron == "IF":
            return sinabs.layers.IAFSqueeze(**shared)
        return sinabs.layers.LIFSqueeze(tau_mem=tau, norm_input=False, **shared)

    net = filled(nn.Sequential(nn.Linear(N, HIDDEN), make(), nn.Linear(HIDDEN, LAST), make()), rng)
    flat = x.transpose(0, 1).reshape(BATCH * STEPS, N)
    graph = sinabs.nir.to_nir(net.float(), flat.float())  # which runs it, for the shapes
    y = flat
    for layer in net.double():
        if hasattr(layer, "reset_states"):
            layer.reset_states()
        y = layer(y).double()  # spikes are of single precision whatever the neurons are
    return graph, y.reshape(BATCH, STEPS, LAST).transpose(0, 1).numpy() > 0


def euler(graph):
    """The graph whose forward Euler steps are those of sinabs, exp(-1 / tau) with no factor."""
    for node in graph.nodes.values():
        if isinstance(node, nir.LIF):
            tau = 1 / (1 - np.exp(-1 / np.asarray(node.tau, np.float64)))
            node.tau, node.r = tau, tau
    return graph


def spikes(graph, x, dt, **settings):
    read = deploy.from_nir(graph, dt, **settings)
    return deploy.run(read, x).raster(read.outputs[0])


def main():
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    found = []
    for seed in range(int(sys.argv[1])):
        rng = np.random.default_rng(seed)
        x = (rng.random((STEPS, BATCH, N)) < 0.4) * 1.0
        tensor = torch.as_tensor(x)
        for neuron in ("IF", "LIF"):
            graph, wanted = norse_graph(rng, tensor, neuron)
            # it writes tau = dt / tau_mem_inv: its dt, 1e-3, once more; and r = 1 a step
            made = spikes(graph, x, 1.0 if neuron == "IF" else 1e-6)
            found.append(compared("norse", neuron, made, wanted))
            graph, wanted = sinabs_graph(rng, tensor, neuron)
            graph = euler(graph)
            for reset in ("zero", "subtract"):
                made = spikes(graph, x, 1.0, reset=reset, at_threshold=True)
                found.append(compared(f"sinabs {reset}", neuron, made, wanted))
    print(json.dumps(found))


def compared(framework, neuron, made, wanted):
    return {
        "framework": framework,
        "neuron": neuron,
        "spikes": int(wanted.sum()),
        "mismatches": int((made != wanted).sum()),
    }


if __name__ == "__main__":
    main()
