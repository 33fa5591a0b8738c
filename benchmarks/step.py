"""A whole training step of a network of the size that is used for spoken digits, with Adam."""

import importlib
import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal import neuro
from benchmarks._agree import seeded
from benchmarks._measure import TIMED, Table, compare

STEPS, BATCH, SIZES, LONGEST = 100, 128, (140, 256, 256, 20), 24
QUICK = (50, 16, (32, 32, 32, 5), 8)
RATE = 0.03
FIRING = 0.05  # spikes a neuron and step that hidden layers are brought to


def axonal_network(sizes: tuple[int, ...], longest: int | None) -> neuro.Network:
    """Ours, with two-tap delays or without any."""
    layers: dict[str, nn.Module] = {}
    for k, (n, m) in enumerate(itertools.pairwise(sizes)):
        if longest is None:
            layers[f"weights{k}"] = neuro.Linear(n, m, bias=False)
        else:
            layers[f"delays{k}"] = neuro.DelayedLinear(n, m, longest, kernel="two-tap")
        if k < len(sizes) - 2:
            neuron = {"decay": "euler", "decay_input": True, "surrogate": neuro.ATan(2.0)}
            layers[f"lif{k}"] = neuro.LIF(m, 2.0, **neuron)
    return neuro.Sequential(layers)


class PeerNetwork(nn.Module):
    """The same from SpikingJelly's neurons, and DCLS' delays or torch's linear layers."""

    def __init__(self, sizes: tuple[int, ...], longest: int | None) -> None:
        super().__init__()
        neuron = importlib.import_module("spikingjelly.activation_based.neuron")
        surrogate = importlib.import_module("spikingjelly.activation_based.surrogate")
        self.functional = importlib.import_module("spikingjelly.activation_based.functional")
        self.longest = longest
        self.connections, self.neurons = nn.ModuleList(), nn.ModuleList()
        for n, m in itertools.pairwise(sizes):
            if longest is None:
                self.connections.append(nn.Linear(n, m, bias=False))
            else:
                dcls = importlib.import_module("DCLS.construct.modules")
                self.connections.append(
                    dcls.Dcls1d(
                        n,
                        m,
                        kernel_count=1,
                        dilated_kernel_size=longest + 1,
                        version="v1",
                        bias=False,
                    )
                )
            self.neurons.append(
                neuron.LIFNode(
                    tau=2.0,
                    detach_reset=True,
                    surrogate_function=surrogate.ATan(2.0),
                    step_mode="m",
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        self.functional.reset_net(self)
        for k, (connection, neuron) in enumerate(zip(self.connections, self.neurons, strict=True)):
            if self.longest is None:
                x = connection(x)
            else:
                x = connection(F.pad(x.permute(1, 2, 0), (self.longest, 0))).permute(2, 0, 1)
            if k < len(self.connections) - 1:
                x = neuron(x)
        return x


def copy_weights(net: neuro.Network, peer: PeerNetwork) -> None:
    """Give the peer our weights and delays, so that both fire alike."""
    with torch.no_grad():
        for k, connection in enumerate(peer.connections):
            if peer.longest is None:
                connection.weight.copy_(net.get_submodule(f"weights{k}").weight)
            else:
                layer = net.get_submodule(f"delays{k}")
                connection.weight.copy_(layer.weight.unsqueeze(-1))
                half = (peer.longest + 1) // 2
                connection.P.copy_((peer.longest - half - layer.delay)[None, ..., None])


def wake(net: neuro.Network, x: Tensor) -> dict[str, float]:
    """Make weights larger, layer by layer, until its neurons fire; return the rates."""
    rates: dict[str, float] = {}
    layers = dict(net.named_children())
    for path in (path for path in layers if path.startswith("lif")):
        weight = layers[path.replace("lif", "delays" if "delays0" in layers else "weights")].weight
        while rates.get(path, 0.0) < FIRING:
            with torch.no_grad():
                weight.mul_(1.2)
                _, traces = neuro.record(net, x, {path: ("spikes",)})
            rates[path] = float(traces[path]["spikes"].mean())
    return rates


def training_step(
    forward: Callable[[Tensor], Tensor], module: nn.Module, x: Tensor, target: Tensor
) -> Callable[[], float]:
    """Forward, loss, backward and Adam as one piece of work."""
    adam = torch.optim.Adam(module.parameters(), 1e-9)  # the network must stay what it is

    def work() -> float:
        adam.zero_grad()
        loss = F.cross_entropy(forward(x).mean(0), target)
        loss.backward()
        adam.step()
        return loss.item()

    return work


def outputs(net: neuro.Network) -> Callable[[Tensor], Tensor]:
    """Return a network's outputs alone, from rest."""

    def run(x: Tensor) -> Tensor:
        y: Tensor = net(x)[0]
        return y

    return run


def autocast(forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Run the products of a network in half precision."""

    def run(x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return forward(x).float()

    return run


def other_spikes(net: neuro.Network, x: Tensor) -> str:
    """Say how many spikes of each layer of neurons half precision changes."""
    found = []
    for path in (path for path, layer in net.stateful_layers.items() if layer.spiking):
        with torch.no_grad():
            _, whole = neuro.record(net, x, {path: ("output",)})
            with torch.autocast("cpu", dtype=torch.bfloat16):
                _, half = neuro.record(net, x, {path: ("output",)})
        differ = (whole[path]["output"] != half[path]["output"]).float().mean()
        found.append(f"{100 * differ:.2f} % of {path}")
    return ", ".join(found)


def run(peers: set[str], *, quick: bool) -> Table:
    """Time the step with and without delays, and with autocast."""
    steps, batch, sizes, longest = QUICK if quick else (STEPS, BATCH, SIZES, LONGEST)
    table = Table(TIMED)
    x = (seeded(steps, batch, sizes[0]) < RATE).float()
    target = torch.arange(batch) % sizes[-1]
    for case, delay in (("step D25", longest), ("step without delays", None)):
        torch.manual_seed(0)
        net = axonal_network(sizes, delay)
        rates = wake(net, x)
        mine = outputs(net)
        works = {"axonal": training_step(mine, net, x, target)}
        works["axonal, autocast"] = training_step(autocast(mine), net, x, target)
        agrees = {"axonal": "-"}
        deviation = abs(works["axonal, autocast"]() / works["axonal"]() - 1)
        agrees["axonal, autocast"] = f"loss to {deviation:.0e}"
        wanted = {"spikingjelly", "dcls"} if delay else {"spikingjelly"}
        if wanted <= peers:
            peer = PeerNetwork(sizes, delay)
            copy_weights(net, peer)
            name = "dcls+spikingjelly" if delay else "spikingjelly"
            works[name] = training_step(peer, peer, x, target)
            agrees[name] = f"loss to {abs(works[name]() / works['axonal']() - 1):.0e}"
        compare(table, case, works, agrees, repetitions=3)
        said = ", ".join(f"{path} {rate:.3f}" for path, rate in rates.items())
        table.remarks.append(f"{case}: spikes a neuron and step: {said}.")
        table.remarks.append(
            f"{case}, autocast to bfloat16: other spikes in {other_spikes(net, x)}; the processor "
            f"multiplies this type: {torch.ops.mkldnn._is_mkldnn_bf16_supported()}."
        )
    return table
