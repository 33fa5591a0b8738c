"""Modules of other frameworks, imported: `imported_modules.py` prints JSON.

Runs in the environment of the peers. `same` holds the largest difference between outputs, `trained`
the loss before and after, `refused` the messages, `gradients` deviations and numbers of spikes.
"""

import json
import warnings

import torch
from torch import nn
from torch.nn.utils import prune

from axonal import neuro

warnings.simplefilter("ignore")  # what a framework says at import is not ours to answer

import norse.torch as norse  # noqa: E402
import snntorch as snn  # noqa: E402
from spikingjelly.activation_based import functional, layer, neuron, surrogate  # noqa: E402


class Residual(nn.Module):
    """A multi-step network as SpikingJelly's users write them."""

    def __init__(self):
        super().__init__()
        self.stem = layer.SeqToANNContainer(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.fire = neuron.LIFNode(v_reset=None, decay_input=False)
        self.block = nn.Sequential(
            layer.Conv2d(4, 4, 3, padding=1, bias=False),
            layer.ThresholdDependentBatchNorm2d(1.0, 1.0, 4),
            neuron.ParametricLIFNode(),
        )
        self.pool = nn.ModuleList([layer.MaxPool2d(2), layer.AvgPool2d(2), layer.Dropout(0.3)])
        self.out = layer.Linear(4 * 2 * 2, 3)
        functional.set_step_mode(self, "m")

    def forward(self, x):
        h = self.fire(self.stem(x))
        h = h + self.block(h)
        for pool in self.pool:
            h = pool(h)
        return self.out(h.flatten(2))


class OwnLeaky(snn.Leaky):
    """A neuron of a user's, which may do anything."""


def louder(module):
    for name, parameter in module.named_parameters():
        if parameter.ndim > 1:
            parameter.data.mul_(4)
        elif name.endswith("bias"):
            parameter.data.abs_()
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.2, 0.2)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return module.eval()


def difference(net, module, x, wanted):
    before = {name: p.clone() for name, p in module.named_parameters()}
    y, _ = net(x)
    assert wanted.abs().sum() > 0
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(1)
    assert all(torch.equal(p, before[name]) for name, p in module.named_parameters())
    return float((y - wanted).abs().max())


def same():
    torch.manual_seed(0)
    found = {}
    with torch.no_grad():
        x = (torch.rand(12, 2, 2, 8, 8) < 0.4).double()
        # fire.stem.pool: names are kept, so that a state_dict still fits
        module = louder(Residual().double())
        net = neuro.from_spikingjelly(module, input_shape=(2, 8, 8))
        assert set(net.state_dict()) >= {"stem.0.weight", "block.0.weight", "out.bias"}
        found["a residual network of SpikingJelly"] = difference(net, module, x, module(x))

        module = louder(
            norse.SequentialState(
                norse.Lift(nn.Conv2d(2, 3, 3)),
                norse.LIFRefracCell(),
                nn.Flatten(),
                nn.Linear(108, 5),
                norse.LICell(),
            ).double()
        )
        steps, state = [], None
        for x_t in x:
            # a lifted layer takes a sequence, here one of a single step
            lifted = module[0](x_t[None])[0]
            y, state = norse.SequentialState(*list(module)[1:])(lifted, state)
            steps.append(y)
        net = neuro.from_norse(module, input_shape=(2, 8, 8))
        found["maps and a readout of Norse"] = difference(net, module, x, torch.stack(steps))

        module = louder(
            norse.SequentialState(
                nn.Linear(6, 8), norse.LIF(), norse.LIFRecurrent(8, 5), norse.LILinearCell(5, 4)
            )
        )
        x = (torch.rand(40, 2, 6) < 0.5).float()
        spikes = norse.SequentialState(*list(module)[:3])(x)[0]
        wanted, state = [], None
        for s in spikes:
            y, state = module[3](s, state)
            wanted.append(y)
        net = neuro.from_norse(module)
        found["sequences of Norse"] = difference(net, module, x, torch.stack(wanted))

        x = (torch.rand(20, 2, 2, 6, 6) < 0.4).float()
        loop = snn.RLeaky(0.8, conv2d_channels=3, kernel_size=3, init_hidden=True)
        last = snn.Leaky(0.9, init_hidden=True, output=True)
        module = louder(
            nn.Sequential(
                nn.Conv2d(2, 3, 3, padding=1), loop, nn.Flatten(), nn.Linear(108, 4), last
            )
        )
        wanted = torch.stack([module(x_t)[0] for x_t in x])
        net = neuro.from_snntorch(module, input_shape=(2, 6, 6))
        found["a loop of maps of snnTorch"] = difference(net, module, x, wanted)
    return found


def trained():
    found = {}
    neurons = {
        "spikingjelly": lambda: [neuron.ParametricLIFNode(v_reset=None), neuron.LIFNode()],
        "norse": lambda: [norse.LIFCell(), norse.LIFBoxCell()],
        "snntorch": lambda: [snn.RLeaky(0.9, linear_features=16), snn.Leaky(0.8, learn_beta=True)],
    }
    for framework, make in neurons.items():
        torch.manual_seed(1)
        one, two = make()
        layers = [nn.Linear(8, 16), one, nn.Linear(16, 3), two]
        convert = getattr(neuro, f"from_{framework}")
        net = convert(nn.Sequential(*layers), surrogate=neuro.ATan(2))
        for parameter in net.parameters():
            if parameter.ndim > 1:
                parameter.data.mul_(8 if framework == "norse" else 2)
        before = [p.detach().clone() for p in net.parameters()]
        x, target = (torch.rand(20, 24, 8) < 0.4).float(), torch.arange(24) % 3
        optimiser, losses = torch.optim.Adam(net.parameters(), lr=0.02), []
        for _ in range(60):
            loss = nn.functional.cross_entropy(net(x)[0].sum(0), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss))
        moved = all(not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
        found[framework] = [losses[0], losses[-1], moved]
    return found


def hooked(module):
    module.register_forward_hook(lambda module, given, out: out)
    return module


def negative(klif):
    klif.k.data.fill_(-1)
    return klif


def gradients():
    """How far gradients of weights are from the originals', relative to the largest."""
    cases = {
        "spikingjelly": [neuron.LIFNode(), neuron.IFNode(detach_reset=True)],
        "norse": [
            norse.LIFCell(),
            norse.LIFBoxCell(),
            norse.IAFCell(),
            norse.LSNNCell(),
            norse.LIFAdExCell(),
        ],
        "snntorch": [
            snn.Leaky(0.8),
            snn.Synaptic(0.7, 0.8),
            snn.Leaky(0.8, reset_mechanism="zero"),
        ],
    }
    cases["spikingjelly"].append(neuron.CUBALIFNode(surrogate_function=surrogate.ATan()))
    cases["spikingjelly"].append(neuron.KLIFNode(scale_reset=True, v_reset=None))
    cases["spikingjelly"][-1].k.data.fill_(1.5)
    found = {}
    for framework, neurons in cases.items():
        for cell in neurons:
            torch.manual_seed(2)
            fc = nn.Linear(6, 5).double()
            fc.weight.data.mul_(12 if framework == "norse" else 4)
            cell = cell.double()
            x, weights = (torch.rand(20, 4, 6) < 0.4).double(), torch.randn(20, 4, 5).double()
            net = getattr(neuro, f"from_{framework}")(nn.Sequential(fc, cell))
            steps, state = [], ()
            for x_t in x:
                if framework == "spikingjelly":
                    spikes = cell(fc(x_t))
                else:
                    spikes, *state = cell(fc(x_t), *(state or ([None] * (framework == "norse"))))
                steps.append(spikes)
            (torch.stack(steps) * weights).sum().backward()
            (net(x)[0] * weights).sum().backward()
            mine = next(p for p in net.parameters() if p.shape == fc.weight.shape)
            deviation = (mine.grad - fc.weight.grad).abs().max() / fc.weight.grad.abs().max()
            name = f"{framework} {type(cell).__name__} {len(found)}"
            found[name] = [float(deviation), float(torch.stack(steps).sum())]
    return found


def refusals():
    line, sj, no, st = nn.Linear, neuro.from_spikingjelly, neuro.from_norse, neuro.from_snntorch
    alpha = snn.Alpha(0.9, 0.8)
    cases = {
        "Alpha": lambda: st(nn.Sequential(line(3, 4), alpha)),
        "SLSTM": lambda: st(snn.SLSTM(3, 4)),
        "Izhikevich": lambda: sj(nn.Sequential(line(3, 4), neuron.IzhikevichNode())),
        "LSNN": lambda: no(
            norse.SequentialState(
                line(3, 4), norse.LSNNCell(norse.LSNNParameters(beta=torch.tensor(-1.8)))
            )
        ),
        "LIFEx": lambda: no(norse.SequentialState(line(3, 4), norse.LIFExCell())),
        "subclass": lambda: st(nn.Sequential(line(3, 4), OwnLeaky(0.9))),
        "other framework": lambda: no(nn.Sequential(line(3, 4), snn.Leaky(0.9))),
        "several": lambda: st(
            nn.Sequential(alpha, nn.Sequential(snn.Leaky(0.9, inhibition=True))), input_shape=3
        ),
        "inhibition": lambda: st(nn.Sequential(line(3, 4), snn.Leaky(0.9, inhibition=True))),
        "reset twice": lambda: st(nn.Sequential(line(3, 4), snn.Leaky(0.9, reset_delay=False))),
        "graded": lambda: st(nn.Sequential(line(3, 4), snn.Leaky(0.9, graded_spikes_factor=2.0))),
        "per map": lambda: st(snn.RLeaky(0.9, all_to_all=False, V=0.5), input_shape=(2, 4, 4)),
        "sizes": lambda: st(nn.Sequential(line(3, 4), snn.Leaky(torch.rand(5)))),
        "threshold": lambda: sj(nn.Sequential(line(3, 4), neuron.LIFNode(v_reset=1.5))),
        "decode": lambda: sj(
            nn.Sequential(line(3, 4), neuron.NonSpikingLIFNode(decode="last-mem"))
        ),
        "numbers": lambda: sj(
            nn.Sequential(
                line(3, 4), neuron.LIFNode(surrogate_function=surrogate.ATan(spiking=False))
            )
        ),
        "hooked": lambda: sj(nn.Sequential(line(3, 4), hooked(neuron.LIFNode()))),
        "hooked root": lambda: st(hooked(nn.Sequential(line(3, 4), snn.Leaky(0.9)))),
        "pruned": lambda: sj(
            nn.Sequential(prune.random_unstructured(layer.Linear(3, 4), "weight", 0.5))
        ),
        "graded each": lambda: st(
            nn.Sequential(line(3, 2), snn.Leaky(0.9, graded_spikes_factor=torch.tensor([2.0, 1.0])))
        ),
        "rest": lambda: sj(nn.Sequential(line(3, 4), neuron.CUBALIFNode(v_reset=-0.25))),
        "rectified": lambda: sj(nn.Sequential(line(3, 4), neuron.KLIFNode(v_reset=-0.25))),
        "negative": lambda: sj(nn.Sequential(line(3, 4), negative(neuron.KLIFNode()))),
        "v_reset": lambda: no(
            nn.Sequential(
                line(3, 4), norse.LIFCell(norse.LIFParameters(v_reset=torch.tensor(-1.0)))
            )
        ),
        "dt": lambda: no(nn.Sequential(line(3, 4), norse.LIFBoxCell(dt=0.02))),
        "shape": lambda: st(snn.Leaky(0.9)),
    }
    found = {}
    for name, call in cases.items():
        try:
            call()
            found[name] = "accepted"
        except neuro.ConversionError as error:
            found[name] = str(error)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(
        json.dumps(
            {"same": same(), "trained": trained(), "refused": refusals(), "gradients": gradients()}
        )
    )
