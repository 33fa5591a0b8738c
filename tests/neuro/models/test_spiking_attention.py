"""Spiking attention: its equations, its stream, its graph, and the transformer made of it."""

import pytest
import torch
from helpers import needs
from torch import nn

from axonal import neuro
from axonal.deploy import export, verify

TOKENS, FEATURES = 5, 6
MODULES = {
    "spike-driven": lambda **how: neuro.SpikeDrivenSelfAttention(TOKENS, FEATURES, **how),
    "qk-token": lambda **how: neuro.QKAttention(TOKENS, FEATURES, **how),
    "qk-token, heads": lambda **how: neuro.QKAttention(TOKENS, FEATURES, heads=3, **how),
    "qk-channel": lambda **how: neuro.QKAttention(TOKENS, FEATURES, masks="channels", **how),
}
ATTENTIONS = ("spike-driven", "qk-token", "qk-channel", "none")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def lively(net):
    """Norms that make about a third of the neurons fire, each by statistics of its own."""
    torch.manual_seed(1)
    for module in net.modules():
        if isinstance(module, neuro.BatchNorm):
            with torch.no_grad():
                module.weight.uniform_(1.5, 2.5)
                module.bias.uniform_(1.0, 2.0)
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.1, 0.3)
    return net.double().eval()


def spikes(*shape, rate=0.4):
    torch.manual_seed(2)
    return (torch.rand(*shape, dtype=torch.float64) < rate).double()


def _lif(x, threshold=1.0):
    """v + (x - v) / 2, reset to zero."""
    v, fired = torch.zeros_like(x[0]), []
    for x_t in x:
        v = v + (x_t - v) / 2
        fired.append((v >= threshold).to(x))
        v = v * (1 - fired[-1])
    return torch.stack(fired)


def fired(net, x):
    """The spikes of queries, keys and values."""
    _, traces = neuro.record(net, x, {"fired.neurons": ("output",)})
    return traces["fired.neurons"]["output"]


def _connected(part, x):
    norm = part.norm
    y = torch.einsum("tbln,mn->tblm", x, part.weights.weight) - norm.running_mean
    return y / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias


def _written_out(name, net, x):
    """The equations of the papers."""
    q, k, *values = _lif(_connected(net.fired.connected, x)).split(FEATURES, dim=3)
    if name == "spike-driven":
        (v,) = values
        masked = _lif((q * k).sum(2), 0.5)[:, :, None] * v
    elif name == "qk-channel":
        masked = _lif(q.sum(2), 0.5)[:, :, None] * k
    else:
        groups = q.split(FEATURES // (3 if "heads" in name else 1), dim=3)
        gates = [_lif(group.sum(3), 0.5)[..., None].expand_as(group) for group in groups]
        masked = torch.cat(gates, 3) * k
    assert 0.02 < masked.mean() < 0.9  # not all and not none are masked
    return _connected(net.outputs, masked)


@pytest.mark.parametrize("name", MODULES)
def test_attention_is_the_published_equations_and_a_stream_gives_the_same(name):
    net, x = lively(MODULES[name]()), spikes(12, 3, TOKENS, FEATURES)
    with torch.no_grad():
        y, _ = net(x)
        assert torch.allclose(y, _written_out(name, net, x), atol=1e-12)
        stream = neuro.Streamer(net)
        assert torch.equal(torch.stack([stream(x_t) for x_t in x]), y)


@pytest.mark.parametrize("name", MODULES)
def test_every_weight_of_attention_learns(name):
    net = lively(MODULES[name]())
    net(spikes(8, 3, TOKENS, FEATURES))[0].square().sum().backward()
    silent = [path for path, p in net.named_parameters() if not p.grad.abs().sum() > 0]
    assert silent == []


def test_neurons_of_ones_own_and_refusals():
    def plif(size):
        return neuro.PLIF(size, 3.0)

    net = neuro.SpikeDrivenSelfAttention(TOKENS, FEATURES, neurons=plif)
    assert [type(net.fired.neurons), type(net.gate)] == [neuro.PLIF, neuro.LIF]
    for make, message in (
        (lambda: neuro.QKAttention(4, 6, heads=4), "heads that divide the 6 features"),
        (lambda: neuro.QKAttention(4, 6, masks="channels", heads=2), "1 for masks="),
        (lambda: neuro.QKAttention(4, 6, masks="rows"), 'masks = "tokens" or "channels"'),
        (lambda: neuro.SpikeDrivenSelfAttention(0, 6), "tokens"),
        (lambda: neuro.SpikingTransformer((1, 8, 8), 3, attention="softmax"), "knows the attent"),
        (lambda: neuro.SpikingTransformer((1, 8, 8), 3, width=5), "multiple of 2"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(ValueError, match="LIF expects x"):
        net(torch.zeros(3, 1, TOKENS + 1, FEATURES))


class Read(nn.Module):
    """Attention between spikes, as it stands in a block."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention
        self.lif, self.fc = neuro.LIF((TOKENS, FEATURES)), neuro.Linear(FEATURES, 12)
        self.last = neuro.LIF(12, threshold=0.1)

    def forward(self, x):
        return self.last(self.fc(self.lif(x + self.attention(x)).mean(2)))


@pytest.mark.parametrize("name", MODULES)
def test_a_graph_masks_the_same_spikes(name):
    net = lively(neuro.Network(Read(MODULES[name]())))
    x = spikes(30, 2, TOKENS, FEATURES)
    graph = export(net, dt=1e-3, inputs=x)
    assert verify(graph).passed
    # the golden spikes of a product are those of both factors
    with torch.no_grad():
        q, k, *_ = fired(net.attention, x).split(FEATURES, dim=3)
    first = graph.golden.spikes["product"].reshape(30, 2, TOKENS, FEATURES)
    if name == "spike-driven":
        assert torch.equal(torch.tensor(first), (q * k) > 0)
        assert {"product", "product2"} < set(graph.golden.spikes)
    else:
        assert torch.equal(torch.tensor(first) & (k == 0), torch.zeros_like(k).bool())


@pytest.mark.parametrize("backend", ["nest", "brian2"])
def test_simulators_mask_the_same_spikes(backend):
    needs.require(backend)
    net = lively(neuro.Network(Read(MODULES["spike-driven"]())))
    graph = export(net, dt=1e-3, inputs=spikes(30, 2, TOKENS, FEATURES))
    result = verify(graph, [backend])
    assert result.passed and result.mismatches == 0


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_transformer_streams_learns_and_has_a_graph(attention):
    torch.manual_seed(0)
    net = neuro.SpikingTransformer((2, 9, 8), 3, width=8, blocks=1, attention=attention)
    x = spikes(10, 2, 2, 9, 8)
    y, _ = net.double()(x)
    (y - 1).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    lively(net)
    with torch.no_grad():
        y, _ = net(x)
        stream = neuro.Streamer(net)
        assert torch.equal(torch.stack([stream(x_t) for x_t in x]), y)
    graph = export(net, dt=1e-3, inputs=x)
    assert verify(graph).passed
    assert y.std() > 0.01
