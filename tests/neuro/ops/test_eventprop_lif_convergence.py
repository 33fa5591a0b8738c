"""As its steps shrink, the adjoint on a grid approaches the gradient in continuous time."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import needs
from helpers.eventprop import uniform

from axonal.neuro.events import Events
from axonal.neuro.ops.eventprop_lif import eventprop_lif, eventprop_readout
from axonal.neuro.ops.exact_lif import exact_lif

pytest.importorskip("numba")

LEARNT = {"tau_m": "g_tau_m", "tau_s": "g_tau_s", "theta": "g_theta", "t_ref": "g_t_ref"}


class Reference:
    """A network of the float64 reference arrays; its recurrent neurons come before its readouts."""

    def __init__(self, name):
        with np.load(needs.data("fixtures") / "eventprop" / f"{name}.npz") as arrays:
            self.arrays = {key: arrays[key] for key in arrays.files}
        self.inputs, self.size = int(self["n_in"]), int(self["N"])
        self.hidden = int(self["spiking"].sum())
        self.weight, self.g_weight, self.g_delay = (self.matrix(k) for k in ("w", "g_w", "g_d"))
        self.delay = self.matrix("d", missing=1.0)

    def __getitem__(self, key):
        return self.arrays[key] if key in self.arrays else self.arrays[f"syn_{key}"]

    def matrix(self, key, missing=0.0):
        values = torch.full((self.size, self.inputs + self.size), missing, dtype=torch.float64)
        values[self["syn_tgt"].astype(int), self["syn_src"].astype(int)] = torch.tensor(self[key])
        return values

    def deviations(self, dt):
        """Relative errors of the loss and of all gradients on a grid of ``dt`` milliseconds."""
        i, n = self.inputs, self.hidden
        weight, delay = (a.clone().requires_grad_() for a in (self.weight, self.delay))
        rows = {k: torch.tensor(self[k][:n]).requires_grad_() for k in LEARNT}
        events = Events.of(
            [self["in_t"] / dt], [self["in_src"].astype(int)], i, self["T"] / dt,
            dtype=torch.float64,
        )  # fmt: skip
        spikes = eventprop_lif(
            events, weight[:n, :i], delay[:n, :i] / dt,
            tau=rows["tau_m"] / dt, tau_synapse=rows["tau_s"] / dt, threshold=rows["theta"],
            refractory=rows["t_ref"] / dt, feedback_weight=weight[:n, i : i + n],
            # delays of less than a step have to wait for it
            feedback_delay=(delay[:n, i : i + n] / dt).clamp(min=1),
        )  # fmt: skip
        loss = (
            self.first_spikes(spikes, dt)
            if n == self.size
            else self.mean(spikes, weight, delay, dt)
        )
        leaves = [weight, delay, *rows.values()]
        grads = torch.autograd.grad(loss, leaves, allow_unused=True)
        wanted = [
            self.g_weight,
            self.g_delay,
            *(torch.tensor(self[g][:n]) for g in LEARNT.values()),
        ]
        made = self.weight != 0
        # there is no derivative by the weight of a synapse that is not there
        pairs = [
            (g[made], w[made]) if g.shape == made.shape else (g, w)
            for g, w in zip(grads, wanted, strict=True)
        ]
        exact = float(self["loss"])
        return [
            abs(float(loss.detach()) - exact) / abs(exact),
            *(float((g - w).norm() / w.norm()) for g, w in pairs),
        ]

    def first_spikes(self, spikes, dt):
        first = [
            dt * spikes.times[0, (spikes.indices[0] == int(out)).nonzero()[0, 0]]
            for out in self["out"]
        ]
        label = int(self["label"])
        z = -torch.stack(first) / float(self["loss_tau0"])
        late = (first[label] / float(self["loss_tau1"])).exp() - 1
        loss = F.cross_entropy(z.unsqueeze(0), torch.tensor([label]))
        return loss + float(self["loss_alpha"]) * late

    def mean(self, spikes, weight, delay, dt):
        i, n = self.inputs, self.hidden
        tau, tau_synapse = (torch.tensor(self[k][n:]) / dt for k in ("tau_m", "tau_s"))
        v = eventprop_readout(
            spikes, weight[n:, i : i + n], delay[n:, i : i + n] / dt,
            tau=tau, tau_synapse=tau_synapse,
        )  # fmt: skip
        z = float(self["loss_scale"]) * v.mean(0)
        return F.cross_entropy(z, torch.tensor([int(self["label"])]))


@pytest.mark.parametrize("name", ["avg_LI", "ttfs_tm2ts", "ttfs_tmeqts", "ttfs_refrac"])
def test_a_recurrent_network_comes_near_to_the_arrays_of_the_exact_one(name):
    reference = Reference(name)
    coarse, fine, finest = (np.array(reference.deviations(dt)) for dt in (1.0, 0.1, 0.001))
    assert (coarse < 0.8).all()
    assert (fine < 0.6).all()
    assert (finest < 0.01).all()


def feed_forward(seed, dt):
    """Loss and gradients of a layer and a readout: in continuous time if dt is 0."""
    generator = torch.Generator().manual_seed(seed)
    times, index = uniform(generator, 0, 20, 12), torch.randint(0, 6, (12,), generator=generator)
    leaves = [
        uniform(generator, *bounds)
        for bounds in ((-0.4, 2.0, 8, 6), (0.2, 6.0, 8, 6), (-1.0, 1.5, 3, 8), (0.2, 6.0, 3, 8))
    ]
    scale = dt if dt else 1.0
    order = times.argsort()
    times, index = times[order].requires_grad_(), index[order]
    weight, delay, weight_out, delay_out = (a.requires_grad_() for a in leaves)
    events = Events(
        (times / scale).unsqueeze(0), index.unsqueeze(0), torch.tensor([12]), 6, 40.0 / scale
    )
    hidden = events, weight, delay / scale
    taus = {"tau": 20.0 / scale, "tau_synapse": 10.0 / scale}
    if dt:
        spikes = eventprop_lif(*hidden, **taus)
        z = eventprop_readout(spikes, weight_out, delay_out / scale, **taus).mean(0)
    else:
        spikes, _ = exact_lif(*hidden, **taus, threshold=1.0)
        read = {**taus, "threshold": torch.inf, "voltage": "mean"}
        _, z = exact_lif(spikes, weight_out, delay_out, **read)
    loss = F.cross_entropy(3 * z, torch.tensor([1]))
    return int(spikes.counts.sum()), torch.autograd.grad(loss, [times, *leaves])


def test_errors_of_feed_forward_networks_are_of_first_order_in_the_step():
    steps = (0.1, 0.01, 0.001)
    errors = np.zeros((len(steps), 12, 5))
    for seed in range(12):
        count, exact = feed_forward(seed, 0)
        assert count > 5
        for row, dt in enumerate(steps):
            _, grads = feed_forward(seed, dt)
            pairs = zip(grads, exact, strict=True)
            errors[row, seed] = [float((g - e).norm() / e.norm()) for g, e in pairs]
    middle = np.median(errors, axis=1)
    slopes = np.log10(middle[0] / middle[-1]) / 2
    assert (abs(slopes - 1) < 0.2).all(), slopes
    assert (middle[-1] < 2e-3).all(), middle
