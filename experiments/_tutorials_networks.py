"""Networks of three frameworks' tutorials, written anew from what their documentation tells.

Imported in the environment of the peers only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import norse.torch as norse
import snntorch
import torch
import torch.nn.functional as F
from snntorch import surrogate as slopes
from snntorch import utils
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn


class Tutorial(NamedTuple):
    """A network, how it is trained, and how it is given images.

    Args:
        framework: that it is written in.
        make: the network.
        loss: from what it returns and the labels.
        scores: of the classes, from what it returns.
        rate: step of Adam.
        given: shape of an image.
        steps: of spikes drawn from an image for a network without a loop; 0 for those with one.
    """

    framework: str
    make: Callable[[], nn.Module]
    loss: Callable[[Any, Tensor], Tensor]
    scores: Callable[[Any], Tensor]
    rate: float
    given: tuple[int, ...] = (1, 28, 28)
    steps: int = 0


class Dense(nn.Module):
    """snnTorch, two layers of leaky neurons under the pixels as a current that stays."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 25
        self.fc1, self.lif1 = nn.Linear(784, 1000), snntorch.Leaky(beta=0.95)
        self.fc2, self.lif2 = nn.Linear(1000, 10), snntorch.Leaky(beta=0.95)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return spikes and potentials [T, B, 10]."""
        first, second = self.lif1.init_leaky(), self.lif2.init_leaky()
        fired, potentials = [], []
        for _ in range(self.steps):
            hidden, first = self.lif1(self.fc1(x), first)
            out, second = self.lif2(self.fc2(hidden), second)
            fired.append(out)
            potentials.append(second)
        return torch.stack(fired, dim=0), torch.stack(potentials, dim=0)


class Convolutional(nn.Module):
    """snnTorch, convolutions whose currents are pooled before neurons that hide their states."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 25
        leaky = {"beta": 0.5, "spike_grad": slopes.fast_sigmoid(slope=25), "init_hidden": True}
        self.net = nn.Sequential(
            nn.Conv2d(1, 12, 5), nn.MaxPool2d(2), snntorch.Leaky(**leaky),
            nn.Conv2d(12, 64, 5), nn.MaxPool2d(2), snntorch.Leaky(**leaky),
            nn.Flatten(), nn.Linear(64 * 4 * 4, 10), snntorch.Leaky(**leaky, output=True),
        )  # fmt: skip

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return spikes and potentials [T, B, 10]."""
        utils.reset(self.net)
        fired, potentials = [], []
        for _ in range(self.steps):
            out, potential = self.net(x)
            fired.append(out)
            potentials.append(potential)
        return torch.stack(fired), torch.stack(potentials)


class Recurrent(nn.Module):
    """Norse, encoder, recurrent neurons and a readout behind a current, read at its maximum."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = norse.ConstantCurrentLIFEncoder(seq_length=32)
        cell = norse.LIFParameters(alpha=torch.tensor(100.0), v_th=torch.tensor(0.5))
        self.hidden = norse.LIFRecurrentCell(784, 100, p=cell)
        self.fc, self.out = nn.Linear(100, 10, bias=False), norse.LICell()

    def forward(self, x: Tensor) -> Tensor:
        """Return logarithms of probabilities [B, 10]."""
        spikes = self.encoder(4 * x)
        state = readout = None
        voltages = []
        for step in range(spikes.shape[0]):
            z, state = self.hidden(spikes[step].view(-1, 784), state)
            v, readout = self.out(self.fc(z), readout)
            voltages += [v]
        best, _ = torch.max(torch.stack(voltages), 0)
        return F.log_softmax(best, dim=1)


class Maps(nn.Module):
    """Norse, convolutions whose spikes are pooled, and potentials that are written down."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = norse.ConstantCurrentLIFEncoder(seq_length=32)
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 5), nn.Conv2d(8, 16, 5)
        cell = norse.LIFParameters(alpha=torch.tensor(100.0), v_th=torch.tensor(0.7))
        self.lif0, self.lif1 = norse.LIFCell(p=cell), norse.LIFCell(p=cell)
        self.fc1, self.lif2 = nn.Linear(16 * 4 * 4, 64), norse.LIFCell(p=cell)
        self.out = norse.LILinearCell(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logarithms of probabilities [B, 10]."""
        spikes = self.encoder(4 * x)
        steps, batch = spikes.shape[:2]
        states: list[Any] = [None] * 4
        voltages = torch.zeros(steps, batch, 10, device=x.device, dtype=x.dtype)
        for step in range(steps):
            z, states[0] = self.lif0(self.conv1(spikes[step]), states[0])
            z, states[1] = self.lif1(10 * self.conv2(F.max_pool2d(z, 2, 2)), states[1])
            z = F.max_pool2d(z, 2, 2).view(-1, 16 * 4 * 4)
            z, states[2] = self.lif2(self.fc1(z), states[2])
            v, states[3] = self.out(F.relu(z), states[3])
            voltages[step, :, :] = v
        return F.log_softmax(voltages.max(0).values, dim=1)


def one_layer() -> nn.Module:
    """SpikingJelly, one layer, which a training loop steps on spikes drawn from the pixels."""
    slope = surrogate.ATan()
    return nn.Sequential(
        layer.Flatten(),
        layer.Linear(784, 10, bias=False),
        neuron.LIFNode(tau=2.0, surrogate_function=slope),
    )


def _maps(channels: int) -> list[nn.Module]:
    return [
        layer.Conv2d(1, channels, 3, padding=1, bias=False), layer.BatchNorm2d(channels),
        neuron.IFNode(surrogate_function=surrogate.ATan()), layer.MaxPool2d(2, 2),
        layer.Conv2d(channels, channels, 3, padding=1, bias=False), layer.BatchNorm2d(channels),
        neuron.IFNode(surrogate_function=surrogate.ATan()), layer.MaxPool2d(2, 2),
    ]  # fmt: skip


def _classes(channels: int) -> list[nn.Module]:
    return [
        layer.Flatten(), layer.Linear(channels * 7 * 7, channels * 4 * 4, bias=False),
        neuron.IFNode(surrogate_function=surrogate.ATan()),
        layer.Linear(channels * 4 * 4, 10, bias=False),
        neuron.IFNode(surrogate_function=surrogate.ATan()),
    ]  # fmt: skip


class Counting(nn.Module):
    """SpikingJelly, convolutions stepped one by one, spikes counted; 8 channels for 128."""

    def __init__(self) -> None:
        super().__init__()
        self.steps, self.conv, self.fc = 8, nn.Sequential(*_maps(8)), nn.Sequential(*_classes(8))

    def forward(self, x: Tensor) -> Tensor:
        """Return rates [B, 10]."""
        functional.reset_net(self)
        count = self.fc(self.conv(x))
        for _ in range(1, self.steps):
            count = count + self.fc(self.conv(x))
        rates: Tensor = count / self.steps
        return rates


class Repeating(nn.Module):
    """SpikingJelly, the same in many steps at once, of images that are repeated, four times."""

    def __init__(self) -> None:
        super().__init__()
        self.steps, self.net = 4, nn.Sequential(*_maps(8), *_classes(8))
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        """Return rates [B, 10]."""
        functional.reset_net(self)
        rates: Tensor = self.net(x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1)).mean(0)
        return rates


def _of_potentials(found: Any, labels: Tensor) -> Tensor:
    potentials = found[1]
    steps = len(potentials)
    return F.cross_entropy(potentials.flatten(0, 1), labels.repeat(steps)) * steps


def _of_counts(found: Any, labels: Tensor) -> Tensor:
    return F.cross_entropy(found[0].sum(0), labels)


def _counts(found: Any) -> Tensor:
    counts: Tensor = found[0].sum(0)
    return counts


def _squares(rates: Tensor, labels: Tensor) -> Tensor:
    return F.mse_loss(rates, F.one_hot(labels, 10).to(rates.dtype))


def _itself(found: Any) -> Tensor:
    scores: Tensor = found
    return scores


TUTORIALS = {
    "dense": Tutorial("snntorch", Dense, _of_potentials, _counts, 5e-4, (784,)),
    "convolutions": Tutorial("snntorch", Convolutional, _of_counts, _counts, 1e-2),
    "recurrent": Tutorial("norse", Recurrent, F.nll_loss, _itself, 2e-3),
    "maps": Tutorial("norse", Maps, F.nll_loss, _itself, 2e-3),
    "one layer": Tutorial("spikingjelly", one_layer, _squares, _itself, 1e-2, steps=30),
    "counting": Tutorial("spikingjelly", Counting, _squares, _itself, 2e-3),
    "repeating": Tutorial("spikingjelly", Repeating, _squares, _itself, 2e-3),
}
"""Networks by the names of the table."""
