"""One network under three engines: the same parameters, and spikes that agree."""

import copy
import pickle

import pytest
import torch
from torch import nn

from axonal import deploy, neuro
from axonal.neuro import Events
from axonal.neuro.event_driven.event_report import _slopes


def network(*, loop=False, dtype=torch.float64, **settings):
    """Two layers with delays, a loop around the first if asked for."""
    torch.manual_seed(0)
    given = {"tau": 8.0, "tau_synapse": 4.0, "decay_input": True, **settings}
    body = neuro.CuBaLIF(9, **given)
    feedback = neuro.DelayedLinear(9, 9, max_delay=5, kernel="straight-through")
    with torch.no_grad():
        feedback.weight.mul_(0.3)
    net = neuro.Sequential(
        neuro.DelayedLinear(4, 9, max_delay=6, kernel="straight-through"),
        neuro.Recurrent(body, feedback) if loop else body,
        neuro.DelayedLinear(9, 3, max_delay=6, kernel="straight-through"),
        neuro.CuBaLIF(3, **given),
    ).to(dtype)
    with torch.no_grad():
        net[0].weight.abs_().mul_(6)
        net[2].weight.abs_().mul_(6)
    return net


def spikes(seed=1, steps=60, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(steps, 3, 4, generator=generator) < 0.08).to(dtype)


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("refractory", [0, 3])
def test_spikes_on_the_grid_are_those_of_the_network(loop, dtype, refractory):
    net, x = network(loop=loop, dtype=dtype, refractory=refractory), spikes(dtype=dtype)
    expected, _ = net.eval()(x)
    assert expected.sum() > 10
    found = neuro.EventNetwork(net, engine="eventprop")(x)
    assert torch.equal(found.to_dense(), expected)
    assert torch.equal(neuro.EventNetwork(net, engine="surrogate")(Events.from_dense(x)), expected)


@pytest.mark.parametrize("loop", [False, True])
def test_exact_spikes_are_near_those_of_short_steps(loop):
    # the same system in steps of a hundredth: every time constant and delay a hundredfold
    apart = []
    for factor in (1, 100):
        net = network(loop=loop)
        exact = neuro.EventNetwork(net, engine="exact")(spikes())
        fine = network(loop=loop, tau=8.0 * factor, tau_synapse=4.0 * factor)
        for layer, other in zip(delays(fine), delays(net), strict=True):
            layer.max_delay, layer.position.data = factor * 6, factor * other.position.data
        events = Events.from_dense(spikes())
        finer = Events(events.times * factor, *events[1:4], duration=60.0 * factor)
        if loop:  # a loop adds one step of whatever length
            fine[1].feedback.position.data += factor - 1
        found = neuro.EventNetwork(fine, engine="eventprop")(finer)
        first = neuro.first_spike_time(found) / factor - neuro.first_spike_time(exact)
        apart.append(first.abs().mean().item())
    assert apart[1] < 0.1 * apart[0]
    assert apart[1] < 0.05


def delays(net):
    return [m for m in net.modules() if isinstance(m, neuro.DelayedLinear)]


def test_parameters_are_the_network_s_own():
    net = network(loop=True, learn=("tau", "threshold"))
    exact = neuro.EventNetwork(net)
    assert {k: id(p) for k, p in exact.named_parameters()} == {
        k: id(p) for k, p in net.named_parameters()
    }
    assert list(exact.state_dict()) == list(net.state_dict())
    loss = neuro.first_spike_time(exact(spikes())).sum()
    loss.backward()
    grads = {name: p.grad for name, p in net.named_parameters()}
    assert all(g is not None and g.isfinite().all() for g in grads.values())
    assert all(g.abs().sum() > 0 for name, g in grads.items() if "output" not in name)


def test_an_engine_can_be_set_and_a_network_copied():
    exact = neuro.EventNetwork(network())
    exact.engine = "eventprop"
    assert exact.engine == "eventprop"
    for other in (copy.deepcopy(exact), pickle.loads(pickle.dumps(exact))):
        assert other.engine == "eventprop"
        assert torch.equal(other(spikes()).times, exact(spikes()).times)
        with torch.no_grad():
            next(other.parameters()).zero_()  # the copy runs its own parameters, as one network
        assert other.layers[0].synapses.weight.abs().sum() == 0
        assert exact.layers[0].synapses.weight.abs().sum() > 0


@pytest.mark.parametrize("engine", ["exact", "eventprop", "surrogate"])
@pytest.mark.parametrize("reading", ["mean", "sum-exp", "max", "end"])
def test_readouts_agree_as_steps_are_short(engine, reading):
    torch.manual_seed(0)
    layers = (
        neuro.DelayedLinear(4, 3, max_delay=300, kernel="straight-through"),
        neuro.LeakyIntegrator(3, tau=400.0),
        neuro.LeakyIntegrator(3, tau=800.0, decay_input=True),
    )
    net = neuro.Sequential(*layers).double()
    events = Events.of([[100.0, 900.0], [400.0]], [[0, 3], [1]], 4, 3000, dtype=torch.float64)
    read = neuro.EventNetwork(net, engine=engine, reading=reading)
    exact = neuro.EventNetwork(net, engine="exact", reading=reading)
    torch.testing.assert_close(read(events), exact(events), rtol=0.01, atol=1e-4)
    read(events).square().sum().backward()
    assert net[0].weight.grad.abs().sum() > 0


def test_layers_mix_with_ordinary_torch():
    first = neuro.EventLIF(*(network()[k] for k in (0, 1)))
    second = neuro.EventLIF(*(network()[k] for k in (2, 3)))
    shift = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    events = Events.from_dense(spikes())

    def loss(amount):
        hidden = first(events)
        late = hidden._replace(times=(hidden.times + amount).clamp(max=60.0))
        return neuro.first_spike_time(second(late)).sum()

    (slope,) = torch.autograd.grad(loss(shift), shift)
    with torch.no_grad():
        measured = (loss(shift + 1e-6) - loss(shift - 1e-6)) / 2e-6
    torch.testing.assert_close(slope, measured, rtol=1e-5, atol=1e-5)


def test_what_was_trained_is_exported_with_the_spikes_of_the_grid():
    net, x = network(dtype=torch.float32), spikes(dtype=torch.float32)
    graph = deploy.export(net, 1e-3)
    ran = deploy.run(graph, x.numpy())
    found = neuro.EventNetwork(net, engine="eventprop")(x).to_dense()
    assert found.sum() > 0
    assert (ran.raster(graph.outputs[0]) == found.numpy().astype(bool)).all()


@pytest.mark.parametrize("tau", [20.0, 1e3, 1e5])
def test_learned_time_constants_give_the_same_spikes_with_and_without_gradients(tau):
    neurons = neuro.CuBaLIF(1, tau=tau, tau_synapse=5.0, decay_input=True, learn="tau")
    layer = neuro.EventLIF(neuro.Linear(1, 1, bias=False), neurons)
    torch.nn.init.constant_(layer.synapses.weight, 3 * tau / 5)
    events = Events.of([[1.0]], [[0]], 1, 40)
    spikes = layer(events)
    with torch.no_grad():
        assert torch.equal(layer(events).times, spikes.times)


def test_a_network_that_lost_a_layer_says_so():
    net = network()
    exact = neuro.EventNetwork(net)
    net.add_module("0", neuro.DelayedLinear(4, 9, max_delay=6, kernel="straight-through").double())
    with pytest.raises(ValueError, match="a layer of the network was replaced"):
        exact(spikes())


def test_around_event_driven_layers_torch_compiles():
    exact = neuro.EventNetwork(network())
    compiled = torch.compile(exact, backend="aot_eager")
    events = Events.from_dense(spikes())
    assert torch.equal(compiled(events).times, exact(events).times)
    with pytest.raises(neuro.InputError, match="times that never fall"):
        compiled(
            Events(torch.tensor([[6.0, 5.0]]), torch.tensor([[0, 1]]), torch.tensor([2]), 4, 9.0)
        )


def test_the_mode_reaches_the_network():
    net = network()
    exact = neuro.EventNetwork(net).eval()
    assert not net.training
    assert exact.train().training
    assert net.training


class Adding(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.lif = neuro.Linear(4, 4, bias=False), neuro.CuBaLIF(4, decay_input=True)

    def forward(self, x):
        return self.lif(self.fc(x) + x)


def linear(**given):
    return neuro.Linear(4, 4, bias=False, **given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: [linear(), neuro.LIF(4)], "LIF at '1': expected CuBaLIF"),
        (lambda: [linear(), neuro.ALIF(4)], "ALIF at '1'"),
        (lambda: [linear(), neuro.BatchNorm(4), neuro.CuBaLIF(4)], "BatchNorm at '1'"),
        (lambda: [neuro.Conv2d(1, 1, 3), neuro.LIF((1, 2, 2))], "Conv2d at '0'"),
        (lambda: [linear()], "neurons after the connections '0'"),
        (lambda: [neuro.Linear(4, 4), neuro.CuBaLIF(4, decay_input=True)], "without a bias"),
        (lambda: [linear(), neuro.CuBaLIF(4)], "decay_input=True"),
        (lambda: [linear(), neuro.CuBaLIF(4, decay_input=True, decay="euler")], "decay='exp'"),
        (
            lambda: [linear(), neuro.CuBaLIF(4, decay_input=True, reset="subtract")],
            "reset='zero'",
        ),
        (
            lambda: [linear(), neuro.Recurrent(neuro.CuBaLIF(4), linear(), delay=2)],
            "delay=1",
        ),
        (lambda: [linear(), neuro.CuBaLIF(3, decay_input=True)], "4 neurons behind these"),
        (lambda: neuro.Network(Adding()), "layers one after another, found 'add'"),
    ],
)
def test_what_has_no_exact_gradient_is_refused_by_name(make, message):
    made = make()
    net = made if isinstance(made, neuro.Network) else neuro.Sequential(*made)
    with pytest.raises(ValueError, match=message) as caught:
        neuro.EventNetwork(net)
    assert "\n" not in str(caught.value)


def test_an_unknown_engine_and_a_trace_of_the_exact_one_are_refused():
    with pytest.raises(ValueError, match="exact, eventprop, surrogate; got 'fast'"):
        neuro.EventNetwork(network(), engine="fast")
    readout = neuro.EventReadout(
        linear(), neuro.LeakyIntegrator(4), neuro.LeakyIntegrator(4, decay_input=True),
        reading="potential",
    )  # fmt: skip
    with pytest.raises(ValueError, match="no potential at every step"):
        readout(Events.of([[1.0]], [[0]], 4, 9))


@pytest.mark.parametrize("loop", [False, True])
def test_a_report_names_silence_and_the_smallest_slope(loop):
    net = network(loop=loop)
    with torch.no_grad():
        net[0].weight[4] = 0
        if loop:
            net[1].feedback.weight[4] = 0
    exact = neuro.EventNetwork(net, engine="eventprop")
    events = Events.from_dense(spikes())
    first, second = neuro.event_report(exact, events)
    assert exact.engine == "eventprop"
    assert (first.neurons, first.silent, second.neurons) == (9, 1, 3)
    # the slope is what the gradient of a spike time divides by: dt / d threshold = 1 / V'
    exact.engine = "exact"
    layer = exact.layers[0]
    with torch.no_grad():
        made = layer(events)
    threshold = layer.neurons.threshold_level
    rises = []
    for b in range(3):  # the first spike of a sample has no spike before it to depend on
        layer.neurons.threshold_level = threshold.clone().requires_grad_()
        again = layer(events)
        rises.append(1 / torch.autograd.grad(again.times[b, 0], layer.neurons.threshold_level)[0])
    layer.neurons.threshold_level = threshold
    assert 0 < first.smallest_slope <= min(rises).item() * (1 + 1e-9)
    alone = Events(*(t[:, :1] for t in made[:2]), torch.ones_like(made.counts), *made[3:])
    slopes = torch.cat([_slopes(layer, events, alone, b) for b in range(3)])
    torch.testing.assert_close(slopes, torch.stack(rises).flatten())
