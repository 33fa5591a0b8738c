"""Modules that loop over time, imported: `imported_loops.py` prints JSON.

Runs in the environment of the peers: by case and precision how far the result is from the
original's, and what the time around the network is.
"""

import copy
import json
import warnings

import torch
import torch.nn.functional as F
from torch import nn

from axonal import neuro

warnings.simplefilter("ignore")  # what a framework says at import is not ours to answer

import norse.torch as norse  # noqa: E402
import snntorch as snn  # noqa: E402
from snntorch import utils  # noqa: E402
from spikingjelly.activation_based import functional, layer, neuron  # noqa: E402


class Static(nn.Module):
    """Spikes and potentials of two layers under a current that stays."""

    def __init__(self):
        super().__init__()
        self.steps = 12
        self.fc1, self.lif1 = nn.Linear(6, 9), snn.Leaky(0.9)
        self.fc2, self.lif2 = nn.Linear(9, 4), snn.Leaky(0.8)

    def forward(self, x):
        mem1, mem2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        spk2_rec, mem2_rec = [], []
        for _ in range(self.steps):
            spk1, mem1 = self.lif1(self.fc1(x), mem1)
            spk2, mem2 = self.lif2(self.fc2(spk1), mem2)
            spk2_rec.append(spk2)
            mem2_rec.append(mem2)
        return torch.stack(spk2_rec, dim=0), torch.stack(mem2_rec, dim=0)


class Synapses(nn.Module):
    """Recurrent and current-based neurons over a sequence, with states passed by hand."""

    def __init__(self):
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(6, 9), snn.RLeaky(0.9, linear_features=9)
        self.fc2, self.lif2 = nn.Linear(9, 4), snn.Synaptic(0.8, 0.7)

    def forward(self, x):
        spk1, mem1 = self.lif1.init_rleaky()
        syn2, mem2 = self.lif2.init_synaptic()
        out = []
        for step in range(x.size(0)):
            spk1, mem1 = self.lif1(self.fc1(x[step]), spk1, mem1)
            spk2, syn2, mem2 = self.lif2(self.fc2(spk1), syn2, mem2)
            out.append(spk2)
        return torch.stack(out)


class Hidden(nn.Module):
    """A chain whose neurons keep their states, over events behind the batch."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.MaxPool2d(2), snn.Leaky(0.7, init_hidden=True), nn.Flatten(),
            nn.Linear(36, 5), snn.Leaky(0.7, init_hidden=True, output=True),
        )  # fmt: skip

    def forward(self, data):
        utils.reset(self.net)
        spikes = []
        for step in range(data.size(1)):
            spk_out, _ = self.net(data[:, step])
            spikes.append(spk_out)
        return torch.stack(spikes).sum(0)


class Regression(nn.Module):
    """The potential of a neuron without a reset, as it is at the end."""

    def __init__(self):
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(6, 8), snn.Leaky(0.9)
        self.fc2, self.lif2 = nn.Linear(8, 1), snn.Leaky(0.8, reset_mechanism="none")

    def forward(self, x):
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        for x_t in x:
            spk1, mem1 = self.lif1(self.fc1(x_t), mem1)
            _, mem2 = self.lif2(self.fc2(spk1), mem2)
        return mem2


class Inside(nn.Module):
    """A recurrent layer and a readout, with a flat view of every image."""

    def __init__(self):
        super().__init__()
        self.l1 = norse.LIFRecurrentCell(
            16, 9, p=norse.LIFParameters(v_th=torch.as_tensor(0.4)), dt=0.001
        )
        self.fc_out, self.out = nn.Linear(9, 4, bias=False), norse.LICell(dt=0.001)

    def forward(self, x):
        seq_length, _, _, _, _ = x.shape
        s1 = so = None
        voltages = []
        for ts in range(seq_length):
            z = x[ts, :, :, :].view(-1, 16)
            z, s1 = self.l1(z, s1)
            z = self.fc_out(z)
            vo, so = self.out(z, so)
            voltages += [vo]
        return torch.stack(voltages)


class Classifier(nn.Module):
    """An encoder, a network of its own class, and a decision."""

    def __init__(self):
        super().__init__()
        self.encoder, self.snn = norse.ConstantCurrentLIFEncoder(14), Inside()

    def forward(self, x):
        voltages = self.snn(self.encoder(x))
        best, _ = torch.max(voltages, 0)
        return F.log_softmax(best, dim=1)


class Convolutions(nn.Module):
    """Maps, poolings of spikes, and potentials that are written into a tensor."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 3)
        self.fc1 = nn.Linear(16, 8)
        self.lif0, self.lif1, self.lif2 = norse.LIFCell(), norse.LIFCell(), norse.LIFCell()
        self.out = norse.LILinearCell(8, 4)

    def forward(self, x):
        seq_length, batch_size = x.shape[0], x.shape[1]
        s0 = s1 = s2 = so = None
        voltages = torch.zeros(seq_length, batch_size, 4, device=x.device, dtype=x.dtype)
        for ts in range(seq_length):
            z = self.conv1(x[ts, :])
            z, s0 = self.lif0(z, s0)
            z = F.max_pool2d(z, 2, 2)
            z = 2 * self.conv2(z)
            z, s1 = self.lif1(z, s1)
            z = F.max_pool2d(z, 2, 2)
            z = z.view(-1, 2**2 * 4)
            z = self.fc1(z)
            z, s2 = self.lif2(z, s2)
            v, so = self.out(F.relu(z), so)
            voltages[ts, :, :] = v
        return voltages


class Sequenced(nn.Module):
    """A chain of Norse, stepped with one state."""

    def __init__(self):
        super().__init__()
        self.model = norse.SequentialState(
            nn.Linear(6, 8), norse.LIFBoxCell(), nn.Linear(8, 3), norse.LIBoxCell()
        )

    def forward(self, x):
        state, out = None, 0
        for x_t in x.unbind(0):
            y, state = self.model(x_t, state)
            out = out + y
        return out / len(x)


class Counted(nn.Module):
    """Spikes that are counted step by step, the first part of the network outside the loop."""

    def __init__(self):
        super().__init__()
        self.steps = 10
        self.static = nn.Sequential(layer.Conv2d(1, 4, 3, padding=1), layer.BatchNorm2d(4))
        self.conv = nn.Sequential(neuron.IFNode(), layer.MaxPool2d(2, 2))
        self.fc = nn.Sequential(
            layer.Flatten(), layer.Linear(64, 20), neuron.LIFNode(), layer.VotingLayer(5)
        )

    def forward(self, x):
        x = self.static(x)
        counter = self.fc(self.conv(x))
        for _ in range(1, self.steps):
            counter += self.fc(self.conv(x))
        return counter / self.steps


class Repeated(nn.Module):
    """A multi-step network that repeats its input and takes the mean."""

    def __init__(self):
        super().__init__()
        self.steps = 9
        self.conv_fc = nn.Sequential(
            layer.Conv2d(1, 3, 3, padding=1, bias=False), layer.BatchNorm2d(3), neuron.IFNode(),
            layer.MaxPool2d(2, 2), layer.Flatten(), layer.Linear(48, 6, bias=False),
            neuron.LIFNode(),
        )  # fmt: skip
        functional.set_step_mode(self, "m")

    def forward(self, x):
        x_seq = x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1)
        return self.conv_fc(x_seq).mean(0)


def louder(module, gain):
    for name, parameter in module.named_parameters():
        if parameter.ndim > 1:
            parameter.data.add_(0.02).mul_(gain)
        elif name.endswith("bias"):
            parameter.data.abs_()
    return module.eval()


CASES = {
    "spikes and potentials": (Static, "snntorch", (4, 6), None, 3),
    "recurrent and current-based": (Synapses, "snntorch", (30, 4, 6), None, 3),
    "hidden states": (Hidden, "snntorch", (4, 15, 2, 8, 8), (2, 8, 8), 2),
    "a last potential": (Regression, "snntorch", (20, 3, 6), None, 3),
    "encoder and decision": (Classifier, "norse", (3, 1, 4, 4), (1, 4, 4), 12),
    "readout": (Inside, "norse", (25, 3, 1, 4, 4), (1, 4, 4), 8),
    "maps": (Convolutions, "norse", (25, 3, 1, 14, 14), (1, 14, 14), 10),
    "one state of a chain": (Sequenced, "norse", (25, 3, 6), None, 12),
    "counted": (Counted, "spikingjelly", (4, 1, 8, 8), (1, 8, 8), 2),
    "repeated": (Repeated, "spikingjelly", (4, 1, 8, 8), (1, 8, 8), 3),
}


def drawn(name, dtype):
    make, framework, shape, step, gain = CASES[name]
    torch.manual_seed(3)
    module = louder(make(), gain).to(dtype)
    x = torch.rand(shape).to(dtype)
    x = (x < 0.4).to(dtype) if len(shape) > 2 and shape[0] > 4 else 3 * x
    return module, framework, x, step


def compare(name, dtype):
    torch.set_default_dtype(dtype)  # states at rest have it
    module, framework, x, step = drawn(name, dtype)
    original = copy.deepcopy(module)
    for part in original.modules():  # snnTorch's spikes are single in any precision
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            part.register_forward_pre_hook(lambda part, given: tuple(a.to(dtype) for a in given))
    wanted = original(x)
    net = getattr(neuro, f"from_{framework}")(module, input_shape=step)
    loop = net.time_loop
    with torch.no_grad():
        y, _ = net(loop.sequence(x))
        got = loop.decide(y)
    wanted = wanted[0] if isinstance(wanted, tuple) else wanted
    plain = [
        n for n, m in module.named_modules() if type(m) in (nn.Linear, nn.Conv2d) and "lif" not in n
    ]
    kept = net.state_dict().keys() >= {f"{n}.weight" for n in plain}
    return {
        "deviation": float((got - wanted).abs().max()),
        "sum": float(wanted.detach().abs().sum()),
        "shape": list(wanted.shape) == list(got.shape),
        "loop": [loop.steps, loop.form, loop.rule, list(loop.left_out)],
        "names": bool(kept),
    }


def main():
    same = {}
    for name in CASES:
        for dtype in (torch.float64, torch.float32):
            same[f"{name}, {str(dtype)[6:]}"] = compare(name, dtype)
    print(json.dumps(same))


if __name__ == "__main__":
    main()
