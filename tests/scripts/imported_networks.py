"""Networks of another framework beside their imports: `imported_networks.py FRAMEWORK CASES`.

Runs in the environment of the peers and prints JSON: for every random network, in how many of how
many cells the spikes differ, and what export and verify say of it.
"""

import copy
import json
import random
import sys
import warnings

import torch
from torch import nn

from axonal import deploy, neuro
from axonal.neuro.importers.norse import NORSE
from axonal.neuro.importers.snntorch import SNNTORCH
from axonal.neuro.importers.spikingjelly import SPIKINGJELLY

STEPS, BATCH, UNDECIDED = 40, 3, 2e-5
warnings.simplefilter("ignore")  # what a framework says at import is not ours to answer


def stirred(layer, rng, exact):
    """Weights large enough to fire, and multiples of 1/4 where sums are to be exact."""
    for parameter in layer.parameters():
        values = torch.randn(parameter.shape) * 1.2 + (0.3 if parameter.ndim > 1 else 0)
        parameter.data = (values * 4).round() / 4 if exact else values
    return layer


def normed(norm):
    norm.running_mean.uniform_(-0.2, 0.2)
    norm.running_var.uniform_(0.5, 1.5)
    norm.weight.data.uniform_(0.7, 1.5)
    norm.bias.data.uniform_(-0.2, 0.3)
    return norm


def spikingjelly(rng, exact, loops):
    from spikingjelly.activation_based import layer, neuron, surrogate

    def make(n):
        reset = rng.choice([None, 0.0, -0.25, 0.25])
        shared = {
            "v_threshold": rng.choice([0.5, 1.0]) if exact else rng.uniform(0.4, 1.5),
            "v_reset": reset,
            "detach_reset": rng.random() < 0.5,
            "surrogate_function": rng.choice([surrogate.ATan(), surrogate.Sigmoid()]),
        }
        tau = rng.choice([2.0, 4.0]) if exact else rng.uniform(1.1, 20.0)
        kinds = ["IFNode", "LIFNode", "LIFNode", "ParametricLIFNode", "CUBALIFNode", "loop"]
        kinds += ["KLIFNode"]
        kind = rng.choice(kinds)
        decay_input = rng.random() < 0.5
        if kind == "IFNode":
            return neuron.IFNode(**shared)
        if kind == "CUBALIFNode":
            synapse = 0.5 if exact else rng.uniform(0.1, 0.9)
            # it rests at 0, where alone it may be reset to
            shared["v_reset"] = None if reset is None else 0.0
            del shared["detach_reset"]
            return neuron.CUBALIFNode(synapse, 1 - 1 / tau, **shared)
        if kind == "ParametricLIFNode":
            tau = 2.0 if exact else tau
            return neuron.ParametricLIFNode(init_tau=tau, decay_input=decay_input, **shared)
        if kind == "KLIFNode":
            shared["v_reset"] = None if reset is None else 0.0
            klif = neuron.KLIFNode(rng.random() < 0.5, tau, decay_input, **shared)
            klif.k.data.fill_(rng.choice([0.5, 1.0, 2.0]) if exact else rng.uniform(0.5, 2.5))
            return klif
        lif = neuron.LIFNode(tau=tau, decay_input=decay_input, **shared)
        if kind == "LIFNode":
            return lif
        # the container feeds back as many values as its neurons take
        return stirred(layer.LinearRecurrentContainer(lif, n, n), rng, exact)

    return layer.Linear, layer.Conv2d, layer.BatchNorm1d, layer.AvgPool2d, layer.Flatten, make


def snntorch(rng, exact, loops):
    import snntorch as snn

    def make(n):
        def factor():
            return rng.choice([0.5, 0.75]) if exact else rng.uniform(0.3, 0.99)

        shared = {
            "threshold": rng.choice([0.5, 1.0]) if exact else rng.uniform(0.4, 1.5),
            "reset_mechanism": rng.choice(["subtract", "subtract", "zero", "none"]),
            "init_hidden": True,
        }
        if not exact:
            shared |= {name: rng.random() < 0.3 for name in ("learn_beta", "learn_threshold")}
        kinds = ["Leaky", "Leaky", "Synaptic", "Lapicque", *(["RLeaky", "RSynaptic"] * loops)]
        kind = rng.choice(kinds)
        if kind == "Lapicque":
            shared = {k: v for k, v in shared.items() if not k.startswith("learn")}
            resistance, capacity = (2.0, 1.0) if exact else (rng.uniform(1, 3), rng.uniform(1, 3))
            return snn.Lapicque(R=resistance, C=capacity, **shared)
        if kind == "Leaky":
            each = torch.rand(n) * 0.6 + 0.3 if not exact and rng.random() < 0.3 else factor()
            late = shared["reset_mechanism"] == "subtract" or rng.random() < 0.5
            return snn.Leaky(each, reset_delay=late, **shared)
        if kind == "Synaptic":
            return snn.Synaptic(0.5 if exact else factor(), factor(), **shared)
        shared |= {"all_to_all": False, "V": 0.5} if rng.random() < 0.5 else {"linear_features": n}
        if kind == "RLeaky":
            return stirred_loop(snn.RLeaky(factor(), **shared), rng, exact)
        return stirred_loop(snn.RSynaptic(0.5, factor(), **shared), rng, exact)

    return nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.AvgPool2d, nn.Flatten, make


def stirred_loop(layer, rng, exact):
    if isinstance(layer.recurrent, nn.Linear):
        stirred(layer.recurrent, rng, exact)
    return layer


def norse(rng, exact, loops):
    import norse.torch as norse
    from norse.torch.functional.reset import reset_subtract, reset_value

    def make(n):
        dt = 2.0**-10

        def rate():
            share = rng.choice([0.5, 0.25]) if exact else rng.uniform(0.05, 0.6)
            return torch.tensor(share / dt)

        rest = torch.tensor(rng.choice([0.0, 0.25]))
        threshold = torch.tensor(rng.choice([0.5, 1.0]) if exact else rng.uniform(0.4, 1.2))
        kinds = ["box", "box", "iaf", "lif", "refractory", "loop"]
        # where a risen threshold is met exactly, Norse is silent and the import fires
        kinds += [] if exact else ["lsnn", "lsnn loop", "adex", "adex loop"]
        kind = rng.choice(kinds)
        if kind == "iaf":
            return norse.IAFCell(norse.IAFParameters(v_th=threshold), dt=dt)
        if kind == "box":
            soft = rng.random() < 0.5
            return norse.LIFBoxCell(
                norse.LIFBoxParameters(
                    tau_mem_inv=rate(), v_th=threshold, v_leak=0 * rest if soft else rest,
                    v_reset=0 * rest if soft else rest,
                    reset_method=reset_subtract if soft else reset_value,
                ),
                dt=dt,
            )  # fmt: skip
        synapse = torch.tensor(0.5 / dt) if exact else rate()
        if kind.startswith("adex"):
            p = norse.LIFAdExParameters(
                *(torch.tensor(rng.uniform(*ends)) for ends in ((-0.5, 2), (0, 0.5), (0.1, 0.6))),
                rate(), synapse, rate(), rest, threshold + rest, rest,
            )  # fmt: skip
            if kind == "adex":
                return norse.LIFAdExCell(p, dt=dt)
            return stirred(norse.LIFAdExRecurrentCell(n, n, p, dt=dt), rng, exact)
        if kind.startswith("lsnn"):
            slow = torch.tensor(rng.uniform(0.001, 0.2) / dt)
            p = norse.LSNNParameters(
                synapse, rate(), slow, rest, threshold + rest, rest, torch.tensor(rng.uniform(0, 1))
            )
            if kind == "lsnn":
                return norse.LSNNCell(p, dt=dt)
            return stirred(norse.LSNNRecurrentCell(n, n, p, dt=dt), rng, exact)
        p = norse.LIFParameters(
            tau_syn_inv=synapse, tau_mem_inv=rate(), v_th=threshold, v_leak=rest, v_reset=rest
        )
        if kind == "lif":
            return norse.LIFCell(p, dt=dt)
        if kind == "refractory":
            steps = torch.tensor(float(rng.randint(1, 4)))
            return norse.LIFRefracCell(norse.LIFRefracParameters(p, steps), dt=dt)
        loop = stirred(norse.LIFRecurrentCell(n, n, p, dt=dt), rng, exact)
        if rng.random() < 0.5:
            loop.recurrent_weights.data.fill_diagonal_(0)
        return loop

    return nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.AvgPool2d, nn.Flatten, make


RULES = {"spikingjelly": SPIKINGJELLY, "norse": NORSE, "snntorch": SNNTORCH}
FRAMEWORKS = {"spikingjelly": spikingjelly, "norse": norse, "snntorch": snntorch}


def random_layers(framework, rng, exact, loops):
    """Layers one after another, and the shape of one input step."""
    linear, conv, norm, pool, flat, make = FRAMEWORKS[framework](rng, exact, loops)
    shape, layers = (rng.randint(2, 6),), []
    if rng.random() < 0.25:
        shape = (2, 6, 6)
        layers += [stirred(conv(2, 3, 3, padding=1), rng, exact)]
        layers += [plain(framework, exact), pool(2), flat()]
        n = 27
    else:
        (n,) = shape
    for _ in range(rng.randint(1, 3)):
        m = rng.randint(2, 8)
        layers.append(stirred(linear(n, m), rng, exact))
        if not exact and rng.random() < 0.3:
            layers.append(normed(norm(m)))
        layers.append(make(m))
        n = m
    return layers, shape


def plain(framework, exact):
    """A neuron for maps of any shape."""
    if framework == "spikingjelly":
        from spikingjelly.activation_based import neuron

        return neuron.LIFNode(tau=2.0, v_reset=None)
    if framework == "snntorch":
        import snntorch as snn

        return snn.Leaky(0.5, init_hidden=True)
    import norse.torch as norse

    p = norse.LIFBoxParameters(tau_mem_inv=torch.tensor(512.0))
    return norse.LIFBoxCell(p, dt=2.0**-10)


def fires(layer):
    return type(layer).__module__.partition(".")[0] in FRAMEWORKS and not isinstance(
        layer, (nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.AvgPool2d, nn.Flatten)
    )


def original(layers, x):
    """Output of every layer over time, as the framework steps it."""
    states, made = [None] * len(layers), [[] for _ in layers]
    for x_t in x:
        for i, layer in enumerate(layers):
            if type(layer).__module__.startswith("norse"):
                x_t, states[i] = layer(x_t, states[i])
            else:
                x_t = layer(x_t)
            x_t = (x_t[0] if isinstance(x_t, tuple) else x_t).to(x.dtype)
            made[i].append(x_t)
    return [torch.stack(steps) for steps in made]


def imported(framework, layers, shape):
    convert = getattr(neuro, f"from_{framework}")
    return convert(nn.Sequential(*layers), input_shape=shape).eval()


def decided(net, x):
    """Whether no potential is so near its threshold that rounding decides."""
    runs = []
    for share in (1 - UNDECIDED, 1, 1 + UNDECIDED):
        moved = copy.deepcopy(net).double()
        for layer in moved.modules():
            if isinstance(getattr(layer, "threshold_level", None), torch.Tensor):
                layer.threshold_level = layer.threshold_level * share
            elif hasattr(layer, "log_threshold"):
                layer.log_threshold.data += torch.tensor(share).double().log()
        with torch.no_grad():
            runs.append(all_spikes(moved, x.double()))
    return all(torch.equal(a, b) for run in runs for a, b in zip(run, runs[1], strict=True))


def all_spikes(net, x):
    spikes, handles = [], []
    for module in net.modules():
        if isinstance(module, neuro.Layer) and module.spiking:
            hook = module.register_forward_hook(lambda _, __, out: spikes.append(out[0]))
            handles.append(hook)
    net(x)
    for handle in handles:
        handle.remove()
    return spikes


def compare(framework, seed, kind):
    """One random network: the spikes of every layer, and of its event graph."""
    rng, exact = random.Random(f"{framework} {seed} {kind}"), kind == "exact"
    torch.manual_seed(rng.randrange(2**31))
    dtype = torch.float64 if kind == "float64" else torch.float32
    steps = 7 if exact else STEPS
    # loops of snnTorch feed float32 spikes to weights of float64, and raise
    loops = framework != "snntorch" or kind != "float64"
    layers, shape = random_layers(framework, rng, exact, loops)
    layers = [layer.to(dtype).eval() for layer in layers]
    x = (torch.rand(steps, BATCH, *shape) < 0.5).to(dtype)
    with torch.no_grad():
        wanted = original(layers, x)
        net = imported(framework, layers, shape)
        result = {"seed": seed, "kind": kind, "layers": [type(m).__name__ for m in layers]}
        if kind == "float32" and not decided(net, x):
            return result | {"undecided": True}
        cells = spikes = mismatches = 0
        for i, layer in enumerate(layers):
            if fires(layer):
                y, _ = imported(framework, layers[: i + 1], shape)(x)
                cells, spikes = cells + y.numel(), spikes + int(wanted[i].sum())
                mismatches += int((y != wanted[i]).sum())
    result |= {"undecided": False, "cells": cells, "spikes": spikes, "mismatches": mismatches}
    result["exports"] = all(
        RULES[framework].neurons[type(m).__name__].exports for m in layers if fires(m)
    )
    try:
        graph = deploy.export(net, dt=1e-3, inputs=x)
    except deploy.ExportError as error:
        return result | {"refused": str(error)}
    verified = deploy.verify(graph)
    return result | {"verified": verified.passed or not verified.spikes, "said": str(verified)}


def main():
    torch.set_num_threads(1)
    framework, cases = sys.argv[1], int(sys.argv[2])
    kinds = ("float64", "float32", "exact")
    print(json.dumps([compare(framework, seed, k) for k in kinds for seed in range(cases)]))


if __name__ == "__main__":
    main()
