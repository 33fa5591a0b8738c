"""Rectified linear networks as spiking ones: rates, scales, norms, and what is refused."""

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from axonal import deploy, neuro


def spiking(net, x, steps):
    """Outputs per step after so many steps."""
    y, _ = net(x.expand(steps, *x.shape))
    return y[-1] / steps


def convolutional(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU()),
        nn.AvgPool2d(2),
        nn.Dropout(0.1),
        nn.Flatten(),
        nn.Linear(54, 20),
        nn.ReLU(),
        nn.Linear(20, 10),
    )


@pytest.fixture(scope="module")
def digits():
    """Digits of 8 x 8 pixels: training and test images with labels."""
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    y = torch.tensor(labels)
    return x[:1200], y[:1200], x[1200:], y[1200:]


def trained(net, x, y, epochs=15):
    adam = torch.optim.Adam(net.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for few in torch.randperm(len(x), generator=generator).split(60):
            adam.zero_grad()
            nn.functional.cross_entropy(net(x[few]), y[few]).backward()
            adam.step()
    return net.eval()


def accuracy(y, labels):
    return float((y.argmax(1) == labels).float().mean())


def test_a_trained_network_keeps_its_accuracy_and_gains_with_steps(digits):
    x, y, test, labels = digits
    ann = trained(convolutional(), x, y)
    whole = accuracy(ann(test), labels)
    errors = []
    for steps in (8, 32, 128):
        found = spiking(neuro.from_ann(ann, [x], steps=steps), test, steps)
        errors.append((found - ann(test)).abs().mean().item())
        if steps >= 32:
            assert accuracy(found, labels) > whole - 0.01
    assert whole > 0.85 and errors[0] > errors[1] > errors[2]


def test_many_steps_are_the_network_itself():
    ann = convolutional().double().eval()
    with torch.no_grad():
        ann[0][1].running_mean.normal_()
        ann[0][1].running_var.uniform_(0.5, 2)
    x = torch.rand(5, 1, 8, 8, dtype=torch.float64)
    net = neuro.from_ann(ann, [x], percentile=100)
    torch.testing.assert_close(spiking(net, x, 3000), ann(x), rtol=0, atol=5e-3)
    assert all(m.threshold == 1 for m in net.modules() if isinstance(m, neuro.IF))


def test_as_many_steps_as_levels_lose_little(digits):
    x, y, test, labels = digits
    torch.manual_seed(1)
    ann = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 40), neuro.ClipFloorShift(8, 2.0), nn.Linear(40, 10)
    )
    ann = trained(ann, x, y)
    found = spiking(neuro.from_ann(ann, [x[:1]], steps=8), test, 8)
    # one layer of spikes has exactly the levels of the network
    torch.testing.assert_close(found, ann(test), rtol=1e-4, atol=2e-3)
    assert accuracy(found, labels) > 0.85


def test_neurons_that_begin_half_charged_round_to_the_nearest_rate():
    torch.manual_seed(0)
    ann = nn.Sequential(nn.Linear(8, 60), nn.ReLU(), nn.Linear(60, 4)).double()
    x = torch.rand(200, 8, dtype=torch.float64)
    rest, charged = (neuro.from_ann(ann, [x], percentile=100, start=s) for s in (0.0, 0.5))
    assert [m.start for m in charged.modules() if isinstance(m, neuro.IF)] == [0.5]
    values = ann[:2](x) / ann[:2](x).max()
    for steps in (5, 8):
        fired = [
            neuro.record(net, x.expand(steps, -1, -1), {"1": ("output",)})
            for net in (rest, charged)
        ]
        rates = [traces["1"]["output"].mean(0) for _, traces in fired]
        # floor(T z) / T, and floor(T z + 1/2) / T, off by at most half a spike
        torch.testing.assert_close(rates[0], (steps * values + 1e-9).floor() / steps)
        torch.testing.assert_close(rates[1], (steps * values + 0.5).floor() / steps)
        assert (rates[1] - values).abs().max() <= 0.5 / steps
        errors = [(rate - values).abs().mean() for rate in rates]
        assert errors[1] < 0.6 * errors[0]


def test_as_many_steps_as_levels_are_exact_from_half_a_charge(digits):
    x, _, test, _ = digits
    torch.manual_seed(1)
    ann = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 40), neuro.ClipFloorShift(8, 2.0), nn.Linear(40, 10)
    ).double()
    found = spiking(neuro.from_ann(ann, [x[:1].double()], start=0.5), test.double(), 8)
    torch.testing.assert_close(found, ann(test.double()))


@pytest.mark.parametrize("start", [0.0, 0.5, 0.3])
def test_what_is_converted_is_exported_and_verified(start):
    torch.manual_seed(0)
    ann = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    net = neuro.from_ann(ann, [torch.rand(50, 6)], start=start)
    graph = deploy.export(net, dt=1e-3, steps=40, samples=2)
    assert deploy.verify(graph, ["reference"]).passed


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2)], r"2 \(MaxPool2d\): .* nn.AvgPool2d"),
        ([nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2)], r"1 \(Tanh\): it has no equivalent"),
        ([nn.Linear(4, 4), nn.Linear(4, 2)], r"1 \(Linear\): no units between it and the"),
        ([nn.ReLU(), nn.Linear(4, 2)], r"0 \(ReLU\): a place without connections just before it"),
        ([nn.Linear(4, 4), nn.ReLU()], "ends in a Linear"),
    ],
)
def test_what_has_no_equivalent_is_refused_by_its_path(layers, said):
    with pytest.raises(neuro.ConversionError, match=said):
        neuro.from_ann(nn.Sequential(*layers), [torch.rand(3, 4)])


def test_silent_layers_and_missing_data_are_refused():
    ann = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        ann[0].bias.fill_(-100)
    with pytest.raises(neuro.ConversionError, match=r"1 \(ReLU\): all its units are silent"):
        neuro.from_ann(ann, [torch.rand(3, 4)])
    with pytest.raises(ValueError, match="at least one batch of data, got none"):
        neuro.from_ann(ann, [])
    with pytest.raises(ValueError, match="percentile above 0 to 100, got 0"):
        neuro.from_ann(ann, [torch.rand(3, 4)], percentile=0)
    with pytest.raises(ValueError, match=r"start from 0 to below 1, a share of .*, got 1\."):
        neuro.from_ann(ann, [torch.rand(3, 4)], start=1)
    with pytest.raises(ValueError, match=r"steps or start, got steps = 8 and start = 0\.5"):
        neuro.from_ann(ann, [torch.rand(3, 4)], steps=8, start=0.5)


def test_a_percentile_is_of_all_outputs_and_refused_where_it_is_zero():
    ann = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
    with torch.no_grad():
        ann[0].weight.fill_(1)
        ann[0].bias.fill_(0)
    x = torch.tensor([[-1.0], [-1.0], [-1.0], [3.0], [4.0]])
    scaled = neuro.from_ann(ann, [x], percentile=75)
    assert next(iter(scaled.parameters())).item() == pytest.approx(1 / 3)
    with pytest.raises(neuro.ConversionError, match="take a higher percentile"):
        neuro.from_ann(ann, [x], percentile=50)
