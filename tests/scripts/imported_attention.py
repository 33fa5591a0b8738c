"""Attention of SpikingJelly, imported: `imported_attention.py` prints JSON.

Runs in the environment of the peers. `spikes` holds, for every network and population, how many
spikes there are and in how many cells they differ; `exported` what verify says, `outputs` and
`gradients` the largest deviations while training, `refused` the messages.
"""

import json
import warnings

import torch
from torch import nn

from axonal import deploy, neuro

warnings.simplefilter("ignore")  # what a framework says at import is not ours to answer

from spikingjelly.activation_based import functional, layer, neuron  # noqa: E402

STEPS, BATCH, CHANNELS, SIDE = 6, 2, 8, 4


class Patches(nn.Module):
    """Patches by a convolution, attention over them, and a head, as SpikingJelly's users write."""

    def __init__(self, attention, maps, repeat=False):
        super().__init__()
        self.conv = layer.Conv2d(2, CHANNELS, 2, stride=2)
        # the spike-driven module hears numbers, the others hear spikes
        self.bn, self.lif = layer.BatchNorm2d(CHANNELS), nn.Identity() if maps else neuron.IFNode()
        self.attention, self.maps, self.repeat = attention, maps, repeat
        self.last = neuron.IFNode(v_reset=None)
        self.pool = layer.AvgPool2d(SIDE) if maps else layer.AvgPool1d(SIDE * SIDE)
        self.flat = layer.Flatten()
        self.head, self.fire = layer.Linear(CHANNELS, 3), neuron.LIFNode(v_threshold=0.3)
        functional.set_step_mode(self, "m")

    def forward(self, x):
        if self.repeat:
            x = x.unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)
        x = self.lif(self.bn(self.conv(x)))
        y = self.last(self.attention(x if self.maps else x.flatten(3)))
        y = self.fire(self.head(self.flat(self.pool(y))))
        return y.mean(0) if self.repeat else y


def driven(**how):
    return layer.SpikeDrivenSelfAttention(CHANNELS, num_heads=2, **how)


def unlike(module, **threshold):
    for name, value in threshold.items():
        getattr(module, name).v_threshold = value
    module.k_lif.tau = 3.0
    return module


CASES = {
    "spike-driven": (driven, True),
    "spike-driven, neurons of its own": (
        lambda: unlike(driven(), q_lif=0.7, k_lif=0.8, v_lif=1.2, shortcut_lif=0.6),
        True,
    ),
    "spike-driven, learned time constants": (
        lambda: driven(spiking_neuron=neuron.ParametricLIFNode, init_tau=1.5, v_threshold=0.6),
        True,
    ),
    "tokens": (lambda: layer.QKAttention(CHANNELS, num_heads=2), False),
    "tokens by name": (
        lambda: layer.TokenQKAttention(
            CHANNELS, num_heads=4, spiking_neuron=neuron.IFNode, v_threshold=0.9, v_reset=None
        ),
        False,
    ),
    "channels": (
        lambda: layer.QKAttention(CHANNELS, num_heads=2, qka_type="channel"),
        False,
    ),
    "channels by name": (lambda: layer.ChannelQKAttention(CHANNELS, num_heads=8), False),
}


def lively(module):
    """Norms by which a part of the neurons fires, with statistics of their own."""
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(part.weight, 1.0, 2.0)
            nn.init.uniform_(part.bias, 0.5, 1.5)
            part.running_mean.normal_(0, 0.2)
            part.running_var.uniform_(0.2, 0.5)
        elif isinstance(part, (nn.Conv1d, nn.Conv2d)) and part.bias is not None:
            nn.init.normal_(part.bias)
        elif isinstance(part, nn.Linear):
            nn.init.uniform_(part.weight, -0.4, 0.5)
    return module.double()


def inside(module, x):
    """The spikes of every population of theirs, by path; their output."""
    spikes, handles = {}, []
    for path, part in module.named_modules():
        if isinstance(part, neuron.BaseNode):
            handles.append(
                part.register_forward_hook(lambda _, __, out, path=path: spikes.update({path: out}))
            )
    functional.reset_net(module)
    y = module(x)
    for handle in handles:
        handle.remove()
    return y, spikes


def ours(net, x, maps):
    """The same of ours, by the paths of theirs."""
    paths = dict.fromkeys(net.stateful_layers, ("output",))
    y, traces = neuro.record(net, x, paths)
    found = {}
    for path, trace in traces.items():
        spikes = trace["output"]
        if path.endswith("fired.neurons"):
            parts = spikes.transpose(2, 3)
            if maps:
                for name, part in zip("kvq", parts.split(CHANNELS, 2), strict=True):
                    found[f"attention.{name}_lif"] = part
            else:
                found["attention.qk_lif"] = parts
        elif path.endswith("gate"):
            # their heads stand before the tokens
            found["attention.attn_lif"] = spikes if maps else spikes.transpose(2, 3)
        else:
            found[path] = spikes
    return y, found


def compare(make, maps):
    torch.manual_seed(0)
    module = lively(Patches(make(), maps)).eval()
    x = 2 * torch.rand(STEPS, BATCH, 2, 2 * SIDE, 2 * SIDE, dtype=torch.float64)
    net = neuro.from_spikingjelly(module, input_shape=x.shape[2:])
    with torch.no_grad():
        wanted, theirs = inside(module, x)
        y, mine = ours(net, x, maps)
    assert mine.keys() == theirs.keys(), (sorted(mine), sorted(theirs))
    counts = {
        path: [
            int(spikes.sum()),
            spikes.numel(),
            int((mine[path].flatten() != spikes.flatten()).sum()),
        ]
        for path, spikes in theirs.items()
    }
    graph = deploy.export(net, dt=1e-3, inputs=x)
    verified = deploy.verify(graph)
    return {
        "spikes": counts,
        "outputs": float((y - wanted).abs().max()),
        "verified": bool(verified.passed),
        "training": training(make, maps, x),
    }


def training(make, maps, x):
    """Distance of outputs, running statistics and gradients from theirs in a training step."""
    torch.manual_seed(1)
    module = lively(Patches(make(), maps))
    net = neuro.from_spikingjelly(module, input_shape=x.shape[2:])
    wanted, _ = inside(module, x)
    y, _ = net(x)
    weights = torch.randn_like(y)
    (wanted * weights).sum().backward()
    (y * weights).sum().backward()
    first, mine = module.conv.weight.grad, net.get_parameter("conv.weight").grad
    net.eval(), module.eval()
    with torch.no_grad():
        after = float((net(x)[0] - inside(module, x)[0]).abs().max())
    deviation = float((mine - first).abs().max() / first.abs().max())
    return [float((y - wanted).abs().max()), deviation, after]


def static():
    """A picture at every step, decided by the rate."""
    torch.manual_seed(0)
    module = lively(Patches(driven(), True, repeat=True)).eval()
    x = 2 * torch.rand(BATCH, 2, 2 * SIDE, 2 * SIDE, dtype=torch.float64)
    net = neuro.from_spikingjelly(module, input_shape=x.shape[1:])
    with torch.no_grad():
        functional.reset_net(module)
        wanted = module(x)
        decided = net.time_loop.decide(net(net.time_loop.sequence(x))[0])
    return [float((decided - wanted).abs().max()), float(wanted.sum())]


class OwnNode(neuron.LIFNode):
    """A neuron of a user's, which may do anything."""


def other(module, **parts):
    for name, part in parts.items():
        setattr(module, name, part)
    return module


def hooked(module):
    module.q_lif.register_forward_hook(lambda _, given, out: out)
    return module


def half_trained(module):
    module.k_bn.eval()
    return module


def frozen(module):
    module.q_conv.weight.requires_grad_(False)
    return module


def reset_apart(module):
    module.k_lif.v_reset = None
    return module


def refusals():
    maps, tokens = (CHANNELS, SIDE, SIDE), (CHANNELS, SIDE)
    cases = {
        "matrices": (layer.SpikingSelfAttention(CHANNELS, num_heads=2), tokens),
        "temporal": (layer.TemporalWiseAttention(16), maps),
        "dimensions": (layer.MultiDimensionalAttention(16, 16, kernel_size=3), maps),
        "own neuron": (driven(spiking_neuron=OwnNode), maps),
        "neuron": (driven(spiking_neuron=neuron.IzhikevichNode), maps),
        "convolution": (other(driven(), k_conv=layer.Conv2d(CHANNELS, CHANNELS, 3)), maps),
        "norm": (other(driven(), v_bn=nn.GroupNorm(2, CHANNELS)), maps),
        "eps": (other(driven(), v_bn=layer.BatchNorm2d(CHANNELS, eps=0.1)), maps),
        "hooked": (hooked(driven()), maps),
        "modes": (half_trained(driven()), maps),
        "frozen": (frozen(driven()), maps),
        "resets": (reset_apart(driven()), maps),
        "threshold": (unlike(driven(), attn_lif=-0.5), maps),
        "tokens": (driven(), tokens),
    }
    found = {}
    for name, (module, shape) in cases.items():
        try:
            neuro.from_spikingjelly(nn.Sequential(module), input_shape=shape)
            found[name] = "accepted"
        except neuro.ConversionError as error:
            found[name] = str(error)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    networks = {name: compare(*case) for name, case in CASES.items()}
    print(json.dumps({"networks": networks, "static": static(), "refused": refusals()}))
