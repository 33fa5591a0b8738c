"""Export: the graph fires the spikes of the network, and what cannot be exported is refused."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from axonal import deploy, neuro
from axonal.deploy import EventGraph, ExportError, export, verify


def proved(net, **settings):
    """Export, verify, and require that spikes were compared and that none differs."""
    settings = {"steps": 60, "samples": 3, **settings}
    graph = export(net, dt=1e-3, **settings)
    result = verify(graph)
    assert result.passed, str(result)
    return graph


def trained_norms(net, x):
    """Give the batch norms running statistics of their own."""
    net.train()
    with torch.no_grad():
        for _ in range(3):
            net(x)
    return net


class Forward(nn.Module):
    """Modules by keyword and a forward given as a function of (self, x)."""

    def __init__(self, forward, **modules):
        super().__init__()
        self.call = forward
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        return self.call(self, x)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    "neuron",
    [
        {"tau": 1.005, "decay": "euler"},
        {"tau": 2.0, "decay": "euler", "decay_input": True, "threshold": 0.4},
        {"tau": 20.0, "decay_input": True, "reset": "subtract", "threshold": 0.05},
        {"tau": 5.0, "refractory": 3},
        {"tau": 3.0, "reset": "subtract", "refractory": 2},
        {"tau": 3.0, "reset": "delayed", "threshold": 0.3},
        {"tau": 4.0, "reset": "delayed", "decay": "euler", "decay_input": True, "threshold": 0.2},
        {"tau": float("inf"), "reset": "subtract"},
        {"tau": 4.0, "learn": ("tau", "threshold")},
    ],
)
def test_every_neuron_convention_keeps_its_spikes(neuron):
    net = neuro.Sequential(neuro.Linear(12, 30), neuro.LIF(30, **neuron), neuro.Linear(30, 4))
    with torch.no_grad():
        net[0].weight.mul_(3)
    proved(net)


def test_a_value_for_every_neuron_is_kept():
    tau, threshold = torch.linspace(1.5, 9, 20), torch.linspace(0.3, 1.4, 20)
    lif = neuro.LIF(20, tau, threshold=threshold)
    graph = proved(neuro.Sequential(neuro.Linear(12, 20), lif))
    np.testing.assert_array_equal(graph.population("1").threshold, threshold.double().numpy())
    np.testing.assert_array_equal(graph.population("1").decay, lif.decay.double().numpy())


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap", "one-tap"])
def test_delays_become_whole_steps(kernel):
    delayed = neuro.DelayedLinear(10, 20, max_delay=7, kernel=kernel, bias=True)
    net = neuro.Sequential({"delay": delayed, "lif": neuro.LIF(20, 2.0), "fc": neuro.Linear(20, 3)})
    graph = proved(net)
    (projection,) = [p for p in graph.projections if p.target == "lif"]
    found = np.zeros((20, 10))
    found[projection.post, projection.pre] = projection.delay
    np.testing.assert_array_equal(found, delayed.delay.detach().round().numpy())


def test_masked_synapses_do_not_exist():
    mask = (torch.rand(20, 10) < 0.3).float()
    net = neuro.Sequential(
        neuro.DelayedLinear(10, 20, 4, mask=mask),
        neuro.LIF(20),
        neuro.Linear(20, 5, mask=mask[:, :5].T),
    )
    graph = proved(net)
    (first,) = [p for p in graph.projections if p.target == "1"]
    assert first.size == int(mask.sum())


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, neuro.BatchNorm])
def test_batch_norm_is_folded(norm):
    net = neuro.Sequential(
        neuro.Linear(10, 30, bias=False), norm(30), neuro.LIF(30), neuro.Linear(30, 3)
    )
    with torch.no_grad():
        net[1].weight.uniform_(0.5, 3)
        net[1].bias.uniform_(-0.5, 0.5)
    trained_norms(net, (torch.rand(40, 8, 10) < 0.3).float())
    graph = proved(net)
    assert graph.population("2").bias.any()


def test_a_norm_before_delays_becomes_an_always_on_source():
    # its constant part travels through the delays, so it arrives late: a plain bias would be early
    net = neuro.Sequential(nn.BatchNorm1d(10), neuro.DelayedLinear(10, 30, 6), neuro.LIF(30))
    with torch.no_grad():
        net[0].bias.uniform_(0.1, 0.5)
    trained_norms(net, (torch.rand(40, 8, 10) < 0.3).float())
    graph = proved(net, input_shape=(10,))
    assert graph.population("always_on").kind == "constant"


@pytest.mark.parametrize(
    "conv",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": (3, 2), "stride": (2, 1), "padding": (0, 1), "dilation": (1, 2)},
        {"kernel_size": 3, "padding": "same", "groups": 2},
        {"kernel_size": 2, "stride": 2, "bias": False},
    ],
)
def test_convolutions_become_synapses(conv):
    layer = neuro.Conv2d(2, 4, **conv)
    with torch.no_grad():
        layer.weight.mul_(3)
        _, _, *shape = layer(torch.zeros(1, 1, 2, 8, 6)).shape
    net = neuro.Sequential(
        layer, nn.BatchNorm2d(4), neuro.LIF(shape), nn.AvgPool2d(2), nn.Flatten(), nn.LazyLinear(3)
    )  # fmt: skip
    trained_norms(net, (torch.rand(10, 4, 2, 8, 6) < 0.3).float())
    proved(net, input_shape=(2, 8, 6))


def test_everything_between_layers_that_is_affine():
    def forward(self, x):
        h = self.lif1(self.fc1(x) - 0.1)
        both = torch.cat([h, x * 0.5], dim=2)
        k = self.lif2(self.fc2(both) + self.gain * h)
        image = k.reshape(x.shape[0], x.shape[1], 2, 4, 2).permute(0, 1, 2, 4, 3)
        pooled = F.avg_pool2d(image, (1, 2)).flatten(2)
        return self.readout(self.fc3(torch.cat([pooled, -h[..., :3] / 2], dim=-1)))

    module = Forward(
        forward, fc1=neuro.Linear(12, 16), lif1=neuro.LIF(16), fc2=neuro.Linear(28, 16),
        lif2=neuro.LIF(16, 3.0), fc3=neuro.Linear(11, 4), readout=neuro.LeakyIntegrator(4),
    )  # fmt: skip
    module.gain = nn.Parameter(torch.rand(16) + 0.5)
    graph = proved(neuro.Network(module), steps=100)
    assert graph.outputs == ("readout",)


@pytest.mark.parametrize("delay", [1, 3])
@pytest.mark.parametrize("kind", ["linear", "delayed", "neuron"])
def test_loops_are_closed_with_their_delay(delay, kind):
    feedback = {
        "linear": neuro.Linear(20, 20),
        "delayed": neuro.DelayedLinear(20, 20, 5),
        "neuron": neuro.Sequential(neuro.Linear(20, 20), neuro.LIF(20), neuro.Linear(20, 20)),
    }[kind]
    body = neuro.Sequential(
        {"lif": neuro.LIF(20), "fc": neuro.Linear(20, 20), "out": neuro.LIF(20)}
    )
    with torch.no_grad():
        for parameter in feedback.parameters():
            parameter.mul_(1 if parameter.ndim == 1 or kind == "delayed" else 4)
    loop = neuro.Recurrent(body, feedback, delay)
    graph = proved(neuro.Sequential({"fc": neuro.Linear(10, 20), "loop": loop}), steps=100)
    back = min(
        int(p.delay.min())
        for p in graph.projections
        if p.source == "loop.body.out" and p.target.startswith("loop")
    )
    assert back >= delay


def test_loops_within_loops():
    inner = neuro.Recurrent(neuro.LIF(12), neuro.Linear(12, 12), 1)
    body = neuro.Sequential({"fc": neuro.Linear(12, 12), "inner": inner})
    outer = neuro.Recurrent(body, neuro.DelayedLinear(12, 12, 3), 2)
    proved(neuro.Sequential({"fc": neuro.Linear(6, 12), "outer": outer}), steps=80)


def test_several_inputs_and_outputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = neuro.Linear(5, 8), neuro.DelayedLinear(7, 8, 3)
            self.lif, self.fc = neuro.LIF(8), neuro.Linear(8, 2)

        def forward(self, a, b):
            spikes = self.lif(self.left(a) + self.right(b))
            return {"spikes": spikes, "score": self.fc(spikes)}

    graph = proved(neuro.Network(Two()))
    assert [p.name for p in graph.populations if p.kind == "input"] == ["a", "b"]
    assert "lif" in graph.outputs and len(graph.outputs) == 2


def test_dropout_and_training_mode_leave_no_trace():
    net = neuro.Sequential(neuro.Linear(9, 30), neuro.LIF(30), nn.Dropout(0.5), neuro.Linear(30, 2))
    before = copy.deepcopy(net.state_dict())
    assert net.training
    proved(net)
    assert net.training and net[0].weight.dtype == torch.float32
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])


def test_sums_are_exact_in_any_order():
    net = neuro.Sequential(neuro.Linear(400, 5), neuro.LIF(5))
    graph = export(net, dt=1e-3)
    (projection,) = graph.projections
    scaled = np.ldexp(projection.weight, graph.info["grid"])
    assert np.array_equal(scaled, np.rint(scaled))
    assert (
        np.abs(scaled).sum()
        + np.abs(np.ldexp(graph.population("1").bias, graph.info["grid"])).sum()
        < 2.0**53 * 5
    )
    weights = projection.weight[projection.post == 0]
    orders = [np.random.default_rng(seed).permutation(weights) for seed in range(20)]
    assert len({float(added_up(order)) for order in orders}) == 1


def added_up(values):
    total = 0.0
    for value in values:
        total += float(value)
    return total


def test_weights_move_less_than_the_grid():
    fc = neuro.Linear(400, 5)
    graph = export(neuro.Sequential(fc, neuro.LIF(5)), dt=1e-3)
    (p,) = graph.projections
    given = fc.weight.detach().double().numpy()[p.post, p.pre]
    assert np.abs(p.weight - given).max() <= 2.0 ** -(graph.info["grid"] + 1)
    assert graph.info["grid"] >= 40


def test_given_inputs_and_info_are_kept(tmp_path):
    x = (torch.rand(30, 2, 12) < 0.5).float()
    net = neuro.Sequential(neuro.Linear(12, 10), neuro.LIF(10), neuro.LeakyIntegrator(10))
    graph = export(net, dt=0.002, inputs=x, info={"recipe": "none"})
    graph.save(tmp_path / "net.h5")
    loaded = EventGraph.load(tmp_path / "net.h5")
    assert loaded.dt == 0.002 and loaded.info["recipe"] == "none"
    np.testing.assert_array_equal(loaded.golden.inputs["x"], x.double().numpy())
    assert verify(loaded).passed


def test_the_readout_of_other_inputs_equals_the_network():
    net = neuro.Sequential(neuro.DelayedLinear(12, 10, 5), neuro.LIF(10), neuro.LeakyIntegrator(10))
    graph = export(net, dt=1e-3)
    x = (torch.rand(50, 4, 12) < 0.4).double()
    y, _ = net.double().eval()(x)
    np.testing.assert_allclose(
        deploy.run(graph, x.numpy()).readout["2"], y.detach().numpy(), rtol=0, atol=1e-12
    )


def test_everything_unsupported_is_listed_by_path():
    class Own(neuro.Cell):
        def init(self, x):
            return torch.zeros_like(x)

        def step(self, x, state=None):
            return x, self.init(x) if state is None else state

    def forward(self, x):
        a = self.relu(self.fc(x))
        b = torch.tanh(self.lif(a)) * self.fc(x)
        c = self.own(self.pool(b))
        return self.last(self.integrator(c))

    net = neuro.Network(
        Forward(
            forward, fc=neuro.Linear(6, 8), relu=nn.ReLU(), lif=neuro.LIF(8), own=Own(),
            pool=nn.LPPool1d(2, 2), integrator=neuro.LeakyIntegrator(4), last=neuro.LIF(4),
        )
    )  # fmt: skip
    with pytest.raises(ExportError) as caught:
        export(net, dt=1e-3)
    lines = str(caught.value).split("\n  - ")
    for start in (
        "relu (ReLU)",
        "pool (LPPool1d)",
        "own (Own)",
    ):
        assert any(line.startswith(start) for line in lines), (start, lines)
    assert any("tanh" in line and "line" in line for line in lines)
    assert any("product of two signals" in line for line in lines)


def test_pooling_without_channels_keeps_its_spikes():
    proved(neuro.Sequential(neuro.Linear(9, 12), nn.AvgPool1d(3), neuro.LIF(4, threshold=0.05)))


def test_a_population_named_like_the_constant_source_keeps_its_name():
    net = neuro.Sequential(
        {
            "fc": neuro.Linear(6, 8),
            "delay": neuro.DelayedLinear(8, 8, 4),
            "always_on": neuro.LIF(8, threshold=0.1),
        }
    )
    graph = proved(net)
    assert [p.name for p in graph.of_kind("constant")] == ["always_on_"]


def test_parameters_with_axes_of_one_for_steps_and_samples():
    module = Forward(lambda self, x: self.lif(x * self.scale), lif=neuro.LIF(4))
    module.scale = nn.Parameter(torch.rand(1, 1, 4) + 0.5)
    proved(neuro.Network(module), input_shape=(4,))


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda self, x: self.lif(x).half().float(), "half(...) is not affine"),
        (
            lambda self, x: self.lif(torch.div(x, 2, rounding_mode="floor")),
            "only a * b and a / b of two operands",
        ),
        (lambda self, x: (self.lif(x), x), "output 'x' is a population of kind input"),
        (lambda self, x: self.lif(self.lifted(x)), "lifted (GELU): not affine"),
    ],
)
def test_what_has_no_graph_is_refused_by_name(call, part):
    modules = {"lif": neuro.LIF(4), "lifted": neuro.Lift(nn.GELU())}
    with pytest.raises(ExportError) as caught:
        export(neuro.Network(Forward(call, **modules)), dt=1e-3, input_shape=4)
    assert part in str(caught.value)


def test_a_graph_that_fires_other_spikes_is_not_returned():
    # a side branch so large that the grid of the whole graph loses the small weights
    net = neuro.Sequential(neuro.Linear(5, 8), neuro.LIF(8, threshold=1e-18))
    with torch.no_grad():
        net[0].weight.fill_(1e-18)
        net[0].bias.fill_(0)
        net[0].weight[0] = 1e6
    with pytest.raises(ExportError, match="would not fire the same spikes"):
        export(net, dt=1e-3)


def test_an_algebraic_loop_is_refused():
    loop = neuro.Recurrent(neuro.Linear(4, 4), neuro.Linear(4, 4))
    with pytest.raises(ExportError, match="loop contains no neuron"):
        export(neuro.Sequential({"loop": loop, "lif": neuro.LIF(4)}), dt=1e-3)


def test_a_norm_without_statistics_is_refused():
    net = neuro.Sequential(
        neuro.Linear(4, 4), nn.BatchNorm1d(4, track_running_stats=False), neuro.LIF(4)
    )
    with pytest.raises(ExportError, match="running statistics"):
        export(net, dt=1e-3)


def test_arguments_out_of_range_get_one_line():
    net = neuro.Sequential(neuro.Linear(4, 4), neuro.LIF(4))
    with pytest.raises(ValueError, match="dt > 0"):
        export(net, dt=0.0)
    with pytest.raises(TypeError, match=r"neuro\.Network"):
        export(neuro.LIF(4), dt=1e-3)
    with pytest.raises(ValueError, match="input_shape"):
        export(neuro.Sequential(nn.Flatten(), nn.Linear(4, 4), neuro.LIF(4)), dt=1e-3)
    with pytest.raises(ValueError, match="one tensor for each"):
        export(net, dt=1e-3, inputs=[torch.zeros(3, 1, 4)] * 2)
    with pytest.raises(ValueError, match="N = 4"):
        export(net, dt=1e-3, inputs=torch.zeros(3, 1, 5))


def test_a_silent_golden_run_is_announced_and_does_not_pass():
    net = neuro.Sequential(neuro.Linear(4, 4), neuro.LIF(4, threshold=1e6))
    with pytest.warns(UserWarning, match="never fired"):
        graph = export(net, dt=1e-3)
    assert not verify(graph).passed
