"""Random Networks of everything a forward may hold, for property tests.

Use ``random_network`` inside a strategy of one's own, ``networks()`` as a strategy.
"""

from collections.abc import Callable

import torch
from hypothesis import strategies as st
from torch import nn

from axonal import neuro
from helpers.layers import EXPORTABLE, RESTLESS, RUNNING
from helpers.neuro import Adaptive


class Planned(nn.Module):
    """A forward that follows a plan: steps of (operation, layer's name or None, sources)."""

    def __init__(self, plan, layers, outputs):
        super().__init__()
        self.plan, self.outputs = plan, outputs
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        values = [x]
        for operation, name, sources in self.plan:
            first, *others = (values[i] for i in sources)
            if operation == "call":
                values.append(getattr(self, name)(first))
            elif operation == "add":
                values.append(first + others[0])
            elif operation == "cat":
                values.append(torch.cat([first, *others], dim=2))
            else:
                values.append(first.flatten(2))
        chosen = tuple(values[i] for i in self.outputs)
        return chosen if len(chosen) > 1 else chosen[0]


class Tokens(nn.Module):
    """Two tokens of m spikes each, made of n inputs, and attention over them: m numbers."""

    def __init__(self, n, m, attention):
        super().__init__()
        self.fc, self.lif = neuro.Linear(n, 2 * m), neuro.LIF(2 * m, threshold=0.3)
        self.attention, self.size = attention, m

    def forward(self, x):
        return self.attention(self.lif(self.fc(x)).unflatten(2, (2, self.size))).sum(2)


class _Plan:
    """Grows a plan; remembers the shape and the last value of every width."""

    def __init__(self, draw, exportable, biased, sequences):
        self.draw, self.exportable, self.biased = draw, exportable, biased
        self.sequences = sequences
        self.steps, self.layers, self.shapes = [], {}, []

    def add(self, operation, shape, *sources, layer=None):
        name = None
        if layer is not None:
            name = f"{type(layer).__name__.lower()}{len(self.layers)}"
            self.layers[name] = layer
        self.steps.append((operation, name, sources or (len(self.shapes) - 1,)))
        self.shapes.append(tuple(shape))

    def call(self, layer, shape):
        self.add("call", shape, layer=layer)

    def connection(self, n, m):
        """Draw dense, sparse or delayed connections of n to m units."""
        draw, bias = self.draw, self.biased and self.draw(st.booleans())
        mask = None
        if draw(st.booleans()):
            mask = (torch.rand(m, n) < 0.6).float()
            mask[:, 0] = 1
        kind = draw(st.sampled_from(["linear", "torch", "delayed"]))
        if kind == "linear":
            return neuro.Linear(n, m, bias=bias, mask=mask)
        if kind == "torch":
            return nn.Linear(n, m, bias=bias)
        kernel = draw(st.sampled_from(["gaussian", "two-tap", "one-tap"]))
        steps, weights = draw(st.integers(0, 5)), draw(st.sampled_from(["float", "ternary"]))
        return neuro.DelayedLinear(
            n, m, max_delay=steps, kernel=kernel, weights=weights, bias=bias, mask=mask
        )

    def neuron(self, size):
        """Draw one of the spiking conventions, another neuron, or a user's Cell."""
        draw = self.draw
        others = [*EXPORTABLE] if self.exportable else [*EXPORTABLE, *RUNNING, Adaptive]
        if not self.biased:
            others = [make for make in others if make not in RESTLESS]
        if draw(st.integers(0, 2)) == 0:
            other = draw(st.sampled_from(others))
            return other() if other is Adaptive else other(size)
        reset = draw(st.sampled_from(["zero", "subtract", "delayed"]))
        return neuro.LIF(
            size,
            draw(st.sampled_from([1.005, 2.0, 5.0, 20.0])),
            threshold=draw(st.sampled_from([0.5, 1.0])),
            decay=draw(st.sampled_from(["exp", "euler"])),
            decay_input=draw(st.booleans()),
            reset=reset,
            refractory=0 if reset == "delayed" else draw(st.sampled_from([0, 0, 1, 3])),
            learn=draw(st.sampled_from([(), "tau", "threshold", ("tau", "threshold")])),
        )

    def sequence_layer(self, n, m):
        """Draw a layer of n inputs and m outputs that has its connections inside."""
        kinds = {
            "egru": lambda: neuro.EGRU(n, m, threshold_mean=0.1),
            "sparse_egru": lambda: neuro.SparseEGRU(neuro.EGRU(n, m, threshold_mean=0.1)).eval(),
            "convolution": lambda: neuro.TemporalConv(n, m, bias=self.biased),
            "rnn": lambda: neuro.Sequential(neuro.Linear(n, m, bias=False), neuro.LeakyRNN(m, 2.0)),
        }
        same: dict[str, Callable[[], nn.Module]] = {
            "mlgru": lambda: neuro.MLGRU(m),
            "rffn": lambda: neuro.SpikingRFFN(m, layer=1, layers=3, official=True),
            "glu": lambda: neuro.TernaryGLU(m, 6),
        }
        if self.biased:  # its biases answer silence, and silence counts in its mean
            kinds["lmu"] = lambda: neuro.LMU(n, m, order=2, theta=5.0)
            same["rwkv"] = lambda: neuro.SpikingRWKV(m, layer=1, layers=3, official=True)
        for name, make in same.items():
            kinds[name] = lambda make=make: neuro.Sequential(neuro.Linear(n, m, bias=False), make())
        return kinds[self.draw(st.sampled_from(sorted(kinds)))]()

    def delayed_convolution(self, make, c, d):
        """Draw a convolution with delays, which leaves the size of lines and pictures as it is."""
        draw = self.draw
        sizes = [1, 2, 3] if make is neuro.DelayedConv1d else [1, (1, 3), (2, 3), 3]
        return make(
            c, d, draw(st.sampled_from(sizes)), draw(st.sampled_from([0, 3, 12])),
            padding="same", dilation=draw(st.sampled_from([1, 2])), bias=self.biased,
            kernel=draw(st.sampled_from(["gaussian", "one-tap", "straight-through"])),
            per=draw(st.sampled_from(["synapse", "pair", "source", "target"])),
            weights=draw(st.sampled_from(["float", "ternary"])),
        )  # fmt: skip

    def line(self):
        """A convolution over a vector, and neurons."""
        (n,) = self.shapes[-1]
        d = self.draw(st.integers(1, 2))
        self.call(nn.Unflatten(1, (1, n)), (1, n))
        self.call(self.delayed_convolution(neuro.DelayedConv1d, 1, d), (d, n))
        self.add("flatten", (d * n,))
        self.call(self.neuron(d * n), (d * n,))

    def image(self):
        """Convolution, norm, neurons and pooling, ending in a vector."""
        c, h, w = self.shapes[0]
        d = self.draw(st.integers(1, 3))
        if self.draw(st.booleans()):
            self.call(self.delayed_convolution(neuro.DelayedConv2d, c, d), (d, h, w))
        else:
            self.call(neuro.Conv2d(c, d, 3, padding=1, bias=self.biased), (d, h, w))
        if self.biased and self.draw(st.booleans()):
            self.call(nn.BatchNorm2d(d), (d, h, w))
        self.call(self.neuron((d, h, w)), (d, h, w))
        if self.draw(st.booleans()):
            h, w = h // 2, w // 2
            self.call(nn.AvgPool2d(2), (d, h, w))
        self.add("flatten", (d * h * w,))

    def block(self):
        """Connections, perhaps a norm, neurons (perhaps in a loop), perhaps a skip connection."""
        draw = self.draw
        start = len(self.shapes) - 1
        (n,) = self.shapes[start]
        m = draw(st.integers(1, 5))
        if self.biased and draw(st.integers(0, 5)) == 0:  # norms answer silence
            make = draw(st.sampled_from([neuro.SpikeDrivenSelfAttention, neuro.QKAttention]))
            self.call(neuro.Network(Tokens(n, m, make(2, m))), (m,))
        elif self.sequences or (not self.exportable and draw(st.integers(0, 4)) == 0):
            self.call(self.sequence_layer(n, m), (m,))
        else:
            self.call(self.connection(n, m), (m,))
        if self.biased and draw(st.booleans()):
            self.call(draw(st.sampled_from([neuro.BatchNorm, nn.BatchNorm1d]))(m), (m,))
        if draw(st.booleans()):
            body = self.neuron(m)
            if draw(st.booleans()):
                body = neuro.Sequential(neuro.Linear(m, m, bias=self.biased), body)
            feedback = self.connection(m, m)
            self.call(neuro.Recurrent(body, feedback, draw(st.integers(1, 4)), size=m), (m,))
        else:
            self.call(self.neuron(m), (m,))
        skip = draw(st.sampled_from(["none", "add", "cat"]))
        if skip == "add" and n == m:
            self.add("add", (m,), len(self.shapes) - 1, start)
        elif skip == "cat":
            self.add("cat", (m + n,), len(self.shapes) - 1, start)

    def readout(self):
        """Perhaps classes as potentials; spikes otherwise."""
        (n,) = self.shapes[-1]
        if self.draw(st.booleans()):
            self.call(self.connection(n, 2), (2,))
            self.call(neuro.LeakyIntegrator(2, self.draw(st.sampled_from([1.5, 10.0]))), (2,))


def random_network(draw, *, exportable=False, biased=True, sequences=False):
    """Draw a Network in float64 and evaluation mode, and the shape of its input.

    With ``exportable`` it holds nothing that an event graph cannot express (a user's Cell); without
    ``biased`` silence in gives silence out; with ``sequences`` its blocks are made of layers that
    have their connections inside.
    """
    with torch.random.fork_rng():
        torch.manual_seed(draw(st.integers(0, 2**16)))
        plan = _Plan(draw, exportable, biased, sequences)
        pictures = draw(st.integers(0, 3)) == 0
        plan.shapes.append(
            (draw(st.integers(1, 2)), 4, 4) if pictures else (draw(st.integers(1, 4)),)
        )
        input_shape = plan.shapes[0]
        if pictures:
            plan.image()
        elif draw(st.integers(0, 4)) == 0:
            plan.line()
        for _ in range(draw(st.integers(0 if pictures else 1, 3))):
            plan.block()
        hidden = len(plan.shapes) - 1
        plan.readout()
        last = len(plan.shapes) - 1
        both = last != hidden and draw(st.booleans())
        module = Planned(plan.steps, plan.layers, (hidden, last) if both else (last,))
        net = neuro.Network(module)
        _stir(net, biased)
    return net.double().eval(), input_shape


def _stir(net, biased):
    """Make every layer fire at times: larger weights, norms with statistics of their own."""
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.2, 1)
                module.weight.uniform_(0.5, 2)
                module.bias.uniform_(-0.2, 0.4)
            elif isinstance(getattr(module, "weight", None), nn.Parameter):
                module.weight.abs_().mul_(2)
                module.weight.mul_(torch.where(torch.rand_like(module.weight) < 0.25, -1.0, 1.0))
                if biased and getattr(module, "bias", None) is not None:
                    module.bias.uniform_(-0.2, 0.3)


@st.composite
def networks(draw, *, exportable=False, biased=True, sequences=False):
    """Random Networks with the shape of their input, as a strategy."""
    return random_network(draw, exportable=exportable, biased=biased, sequences=sequences)
