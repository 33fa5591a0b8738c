"""Random networks in continuous time, their gradients, and the arrays of another implementation."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from axonal.neuro.events import Events
from axonal.neuro.ops.exact_lif import exact_lif

FIXTURES = "eventprop"
NAMES = {"theta": "threshold", "vreset": "v_reset", "t_ref": "refractory", "tau_m": "tau",
         "tau_s": "tau_synapse"}  # fmt: skip


@dataclass
class Net:
    """A network with its inputs; leaves are the tensors by their names.

    Attributes:
        leaves: times of the first ``counts`` spikes of every sample, connections and parameters.
        indices: sources of the spikes [B, S].
        counts: spikes of every sample [B].
        duration: of a sample.
        voltage: what is read.
        rate: of "sum-exp".
        silent: neurons whose threshold is infinite.
    """

    leaves: dict
    indices: torch.Tensor
    counts: torch.Tensor
    duration: float
    voltage: str | None = None
    rate: float | None = None
    silent: torch.Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.bool))

    def run(self, backend="cpu", limit=100_000):
        """Return spikes and readout."""
        given = dict(self.leaves)
        times = given.pop("times")
        events = Events(times, self.indices, self.counts, given["weight"].shape[1], self.duration)
        if len(self.silent):
            given["threshold"] = given["threshold"].masked_fill(self.silent, torch.inf)
        return exact_lif(
            events, **given, voltage=self.voltage, rate=self.rate, limit=limit, backend=backend
        )

    def learning(self):
        """Return the same network with leaves that have gradients."""
        return replace(
            self, leaves={k: p.detach().requires_grad_() for k, p in self.leaves.items()}
        )


def weights_of(out, readout):
    """Return numbers by which a loss weighs spike times and readouts."""
    c = torch.cos(torch.arange(out.times.numel(), dtype=out.times.dtype)).view(out.times.shape)
    r = None
    if readout is not None:
        r = torch.cos(torch.arange(readout.numel(), dtype=readout.dtype) + 0.5)
        r = 3 * r.view(readout.shape)
    return c, r


def loss_of(out, readout):
    """Return a loss of all spike times and readouts."""
    c, r = weights_of(out, readout)
    total = (c * out.times.masked_fill(~out.valid, 0)).sum()
    return total if readout is None else total + (r * readout).sum()


def gradients(net, backend="cpu"):
    """Return spikes, readout and the gradients of all leaves by name."""
    net = net.learning()
    out, readout = net.run(backend)
    grads = torch.autograd.grad(
        loss_of(out, readout), list(net.leaves.values()), materialize_grads=True
    )
    return out, readout, dict(zip(net.leaves, grads, strict=True))


def network(
    seed, *, tau=20.0, tau_synapse=10.0, inputs=3, size=5, batch=2, spikes=5, duration=30.0,
    refractory=0.0, feedback=True, voltage=None, rate=None, silent=0, shortest=0.05, gain=1.0,
):  # fmt: skip
    """Return a random network; the last ``silent`` neurons never fire."""
    r = np.random.default_rng(seed)
    counts = r.integers(spikes // 2, spikes + 1, batch)
    counts[0] = spikes
    times = np.full((batch, spikes), np.inf)
    indices = np.full((batch, spikes), -1)
    for b, n in enumerate(counts):
        times[b, :n] = np.sort(r.random(n) * 0.6 * duration)
        indices[b, :n] = r.integers(0, inputs, n)
    mean = gain * (tau / tau_synapse) ** 0.5
    leaves = {
        "times": times,
        "weight": mean * (2.5 + 1.5 * r.standard_normal((size, inputs))),
        "delay": r.random((size, inputs)) * 8,
        "tau": tau * (varied := 1 + 0.2 * r.random(size)),
        "tau_synapse": tau_synapse * varied,
        "threshold": 1 + 0.1 * r.random(size),
        "v_reset": 0.2 * r.standard_normal(size),
        "refractory": np.full(size, float(refractory)),
    }
    if feedback:
        leaves["feedback_weight"] = mean * 0.8 * r.standard_normal((size, size))
        leaves["feedback_weight"][r.random((size, size)) < 0.2] = 0
        leaves["feedback_delay"] = shortest + r.random((size, size)) * 6
    return Net(
        {name: torch.from_numpy(p) for name, p in leaves.items()},
        torch.from_numpy(indices),
        torch.from_numpy(counts),
        duration,
        voltage,
        rate,
        torch.arange(size) >= size - silent if silent else torch.zeros(0, dtype=torch.bool),
    )


def from_fixture(z):
    """Return the network of a fixture, whose times are in milliseconds, here steps."""
    n, size = int(z["n_in"]), int(z["N"])
    weight, delay = np.zeros((2, size, n + size))
    weight[z["syn_tgt"], z["syn_src"]] = z["syn_w"]
    delay[z["syn_tgt"], z["syn_src"]] = z["syn_d"]
    leaves = {
        "times": z["in_t"][None],
        "weight": weight[:, :n],
        "delay": delay[:, :n],
        "feedback_weight": weight[:, n:],
        "feedback_delay": delay[:, n:],
    } | {
        ours: z["v_reset" if theirs == "vreset" else theirs].astype(float)
        for theirs, ours in NAMES.items()
    }
    kind = str(z["loss_kind"])
    voltage = {"ttfs": None, "avg": "mean", "spkint": "sum-exp", "sumexp": "sum-exp"}.get(
        kind, kind
    )
    return Net(
        {name: torch.from_numpy(np.ascontiguousarray(p)) for name, p in leaves.items()},
        torch.from_numpy(z["in_src"])[None],
        torch.tensor([len(z["in_t"])]),
        float(z["T"]),
        voltage,
        float(z["kappa"]) if voltage == "sum-exp" else None,
        torch.from_numpy(~z["spiking"]),
    )


def fixture_loss(z, out, readout):
    """Return the loss that a fixture states."""
    label, outputs = int(z["label"]), torch.from_numpy(z["out"])
    kind = str(z["loss_kind"])
    if kind == "spkint":
        return (torch.from_numpy(z["drive"]) * float(z["T"]) * readout[0]).sum()
    if kind != "ttfs":
        score = float(z["loss_scale"]) * readout[0, outputs]
        return -torch.log_softmax(score, 0)[label]
    never = out.times.new_tensor(1.5 * float(z["T"]))
    first = []
    for j in outputs:
        own = out.times[0, out.indices[0] == j]
        first.append(own[0] if len(own) else never)
    first = torch.stack(first)
    score = -torch.log_softmax(-first / float(z["loss_tau0"]), 0)[label]
    late = torch.exp(first[label] / float(z["loss_tau1"])) - 1
    return score + float(z["loss_alpha"]) * late


def fixture_gradients(z, backend="cpu"):
    """Return spikes, loss and gradients by the fixture's names."""
    net = from_fixture(z).learning()
    order = torch.argsort(net.leaves["times"].detach()[0], stable=True)
    times = net.leaves["times"]
    sorted_net = replace(net, leaves=net.leaves | {"times": times[:, order]},
                         indices=net.indices[:, order])  # fmt: skip
    out, readout = sorted_net.run(backend)
    loss = fixture_loss(z, out, readout)
    grads = torch.autograd.grad(loss, list(net.leaves.values()), materialize_grads=True)
    g = dict(zip(net.leaves, grads, strict=True))
    synapses = z["syn_tgt"], z["syn_src"]
    found = {f"g_{theirs}": g[ours] for theirs, ours in NAMES.items()}
    found["g_t_in"] = g["times"][0]
    for theirs, ours in (("g_w", "weight"), ("g_d", "delay")):
        found[theirs] = torch.cat([g[ours], g[f"feedback_{ours}"]], 1)[synapses]
    return out, loss, found
