"""Files of lava-dl: what netx builds of them fires the spikes of the graph, both ways."""

import subprocess
from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from helpers import SCRIPTS, needs

from axonal import deploy, neuro
from axonal.deploy.backends._lava_environment import interpreter

pytestmark = pytest.mark.slow

STEPS = 60


def delayed(n, m):
    return neuro.DelayedLinear(n, m, max_delay=9, kernel="one-tap", bias=False)


def plain(n, m):
    return neuro.Linear(n, m, bias=False)


def lif(n):
    return neuro.LIF(n, 5.0, threshold=0.4)


def cuba(n):
    return neuro.CuBaLIF(n, 5.0, 4.0, threshold=0.6, reset="zero")


NETWORKS = {
    "plain": lambda: (plain(6, 12), lif(12), plain(12, 4), lif(4)),
    # square: a row of delays could be read in two ways
    "delays": lambda: (delayed(6, 12), lif(12), delayed(12, 12), lif(12)),
    "currents": lambda: (delayed(6, 12), cuba(12), delayed(12, 5), cuba(5)),
    "readout": lambda: (delayed(6, 12), lif(12), plain(12, 3), neuro.LeakyIntegrator(3)),
    "loop": lambda: (plain(6, 12), neuro.Recurrent(lif(12), plain(12, 12)), plain(12, 4), lif(4)),
}


def whole(name, **quantized):
    """A network in whole numbers, with one golden sample."""
    torch.manual_seed(list(NETWORKS).index(name))
    net = neuro.Sequential(*NETWORKS[name]()).eval()
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim == 2:
                p.copy_(0.5 * torch.randn_like(p) + 0.1)
    x = (torch.rand(STEPS, 1, 6) < 0.3).float()
    graph = deploy.export(net, 1e-3, inputs=x)
    return deploy.quantize(graph, "loihi2", **({"shifts": False} | quantized)), x.numpy()[:, 0]


def by_hand(path, delay, weight, **neuron):
    """A file as lava-dl writes them, of one layer."""
    numbers = {"iDecay": 4096, "vDecay": 400, "vThMant": 80, "refDelay": 1, "gradedSpike": 0}
    with h5py.File(path, "w") as file:
        for k, (kind, n) in enumerate((("input", 6), ("dense", len(weight)))):
            layer = file.create_group(f"layer/{k}")
            layer["type"], layer["shape"] = np.array([kind], "S10"), np.array([n])
        layer["weight"] = weight
        if "iDecay" not in neuron:
            layer["bias"] = np.arange(len(weight)) % 3
        if delay is not None:
            layer["delay"] = delay
        layer["neuron/type"] = np.array(["CUBA"], "S10")
        for name, number in (numbers | neuron).items():
            layer[f"neuron/{name}"] = number


def strangers(folder):
    """Files with delays of every form and weights at the ends of what netx keeps."""
    r = np.random.default_rng(0)
    whole, odd = 2 * r.integers(-40, 60, (9, 6)), r.integers(-127, 128, (9, 6))
    cases = {
        "none": (None, whole),
        "one": (3, whole),
        "each neuron": (r.integers(0, 63, 9), odd),
        "each input": (r.integers(0, 63, 6), whole),
        "both ways": (r.integers(0, 9, 6), whole[:6]),
        "each synapse": (r.integers(0, 9, (9, 6)), r.integers(0, 256, (9, 6))),
        "currents": (r.integers(0, 9, (9, 6)), whole // 4),
    }
    for name, (delay, weight) in cases.items():
        by_hand(
            folder / f"{name}.net", delay, weight, **{"iDecay": 900} if name == "currents" else {}
        )
    return (r.random((STEPS, 6)) < 0.4).astype(float), [*cases]


def spikes_of(graph, x):
    """Spikes of the output in the time of the chip, which lags behind the network's own."""
    (name,) = graph.outputs
    (source,) = graph.of_kind("input")
    return on_chip(graph, deploy.run(graph, {source.name: x[:, None]}).raster(name)[:, 0])


def on_chip(graph, steps):
    late = graph.population(graph.outputs[0]).latency
    return np.concatenate((np.zeros_like(steps[:late]), steps))[: len(steps)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Graphs, inputs and what netx made of their files, by name."""
    needs.require("netx")
    folder = tmp_path_factory.mktemp("netx")
    x, names = strangers(folder)
    found = {name: (deploy.from_netx(folder / f"{name}.net"), x) for name in names}
    for name in NETWORKS:
        found[name] = whole(name)
        deploy.to_netx(found[name][0], folder / f"{name}.net")
    for name, (_, given) in found.items():
        np.savez(folder / f"{name}.npz", x=given)
    command = [interpreter(), "-W", "ignore", SCRIPTS / "run_netx.py", folder]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return {name: (*case, np.load(folder / f"{name}.out.npz")) for name, case in found.items()}


def test_netx_fires_the_spikes_of_the_graph(built):
    for name, (graph, x, theirs) in built.items():
        if name == "readout":
            continue
        mine = spikes_of(graph, x)
        assert 10 < mine.sum() < 0.95 * mine.size, name
        assert np.array_equal(mine, theirs["spikes"] != 0), name


def test_a_readout_is_the_membrane_of_neurons_that_never_fire(built):
    graph, x, theirs = built["readout"]
    (source,), (name,) = graph.of_kind("input"), graph.outputs
    mine = deploy.run(graph, {source.name: x[:, None]}).readout[name][:, 0]
    assert mine.std() > 1 and not theirs["spikes"].any()
    assert np.array_equal(64 * on_chip(graph, mine), theirs["membranes"])


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "readout"])
def test_what_is_written_is_read_with_the_same_spikes(name, tmp_path):
    graph, x = whole(name)
    deploy.to_netx(graph, tmp_path / "a.net")
    back = deploy.from_netx(tmp_path / "a.net", dt=graph.dt)
    assert back.arithmetic == "loihi2" and back.dt == graph.dt
    assert np.array_equal(spikes_of(back, x), spikes_of(graph, x))
    kinds = [p.kind for p in graph.populations]
    assert sorted(p.kind for p in back.populations) == sorted(kinds)


def test_weights_without_exponents_stay_in_the_range_of_netx():
    shifted, _ = whole("delays", shifts=True)
    graph, _ = whole("delays")
    assert any(q.exponent for q in shifted.projections)
    assert {q.exponent for q in graph.projections} == {0}
    with pytest.raises(ValueError, match="shifts=True for spinnaker"):
        deploy.quantize(shifted, "spinnaker", shifts=False)


class Branches(neuro.Network):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = plain(6, 4), plain(6, 4), lif(4), lif(4)
        self.e, self.f = neuro.Linear(4, 2), lif(2)

    def forward(self, x):
        return self.f(self.e(self.c(self.a(x)) + self.d(self.b(x))))


def test_what_has_no_form_in_netx_is_named(tmp_path):
    x = torch.ones(5, 1, 6)
    graph = deploy.quantize(deploy.export(Branches().eval(), 1e-3, inputs=x), shifts=False)
    with pytest.raises(deploy.NetxError) as told:
        deploy.to_netx(graph, tmp_path / "a.net")
    for line in (
        "'x' is heard by several; a layer is heard by the next",
        "'f' hears 3 projections; a layer hears one",
        "'always_on' of kind 'constant' has no place in a chain of layers: train without biases",
    ):
        assert line in str(told.value)
    shifted, _ = whole("delays", shifts=True)
    with pytest.raises(deploy.NetxError, match=r"weights reach .*, and netx holds whole ones"):
        deploy.to_netx(shifted, tmp_path / "a.net")
    apart = neuro.Sequential(plain(6, 4), neuro.LIF(4, torch.tensor([2.0, 3.0, 4.0, 5.0])))
    graph = deploy.quantize(deploy.export(apart.eval(), 1e-3, inputs=x), shifts=False)
    with pytest.raises(deploy.NetxError, match="a layer of netx has one decay for all"):
        deploy.to_netx(graph, tmp_path / "a.net")
    assert not (tmp_path / "a.net").exists()


WEIGHT = np.full((4, 6), 8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"delay": 63}, "delays go from 0 to 62, got 63 to 63"),
        ({"delay": -1}, "delays go from 0 to 62"),
        ({"refDelay": 2}, "refDelay is expected to be 1"),
        ({"gradedSpike": 1}, "gradedSpike 0"),
        ({"weight": 40 * WEIGHT}, "weights reach 320"),
        ({"weight": np.array([[-200, 3, 0, 0, 0, 0]])}, "are all even in netx, got 3"),
        ({"weight": np.full((4, 5), 8)}, r"weights of layer 1 are \[4, 5\], expected \[neurons, 6"),
        ({"weight": -WEIGHT}, "no weight is above 0, and netx changes some of the weights"),
        ({"vThMant": [80, 90, 80, 80]}, "netx has one vThMant for all neurons"),
        ({"weight": WEIGHT * 1j}, "weight is expected to be finite numbers"),
        ({"delay": np.nan}, "delay is expected to be finite numbers"),
        ({"delay": np.zeros(5)}, r"delay of layer 1 is \[5\], expected \[\], \[1\], \[4\], \[6\]"),
        ({"vThMant": 2**18}, "threshold"),
    ],
)
def test_files_that_netx_would_read_otherwise_are_refused(settings, message, tmp_path):
    by_hand(tmp_path / "a.net", **({"delay": None, "weight": WEIGHT} | settings))
    with pytest.raises(deploy.NetxError, match=message):
        deploy.from_netx(tmp_path / "a.net")


def test_a_file_of_something_else_is_told_in_one_line(tmp_path):
    by_hand(tmp_path / "a.net", None, WEIGHT)
    content = (tmp_path / "a.net").read_bytes()
    for cut in (0, 10, len(content) // 2, len(content) - 1):
        (tmp_path / "b.net").write_bytes(content[:cut])
        with pytest.raises(deploy.NetxError, match=r"b\.net"):
            deploy.from_netx(tmp_path / "b.net")
    with h5py.File(tmp_path / "a.net", "a") as file:
        del file["layer/1/type"]
        file["layer/1/type"] = np.array(["pool"], "S10")
    with pytest.raises(deploy.NetxError, match="layer 1 is of type 'pool'; input, flatten, dense"):
        deploy.from_netx(tmp_path / "a.net")
    with h5py.File(tmp_path / "c.net", "w") as file:
        file["other"] = 1
    with pytest.raises(deploy.NetxError, match="none of lava-dl: it has no layers"):
        deploy.from_netx(tmp_path / "c.net")
    with pytest.raises(FileNotFoundError):
        deploy.from_netx(tmp_path / "d.net")


def test_a_loop_is_packed_with_what_a_layer_hears(tmp_path):
    path = tmp_path / "a.net"
    by_hand(path, None, 25 * WEIGHT)
    deploy.from_netx(path)  # one sign: up to 255
    with h5py.File(path, "a") as file:
        file["layer/1/weight_rec"] = np.full((4, 4), -3)
    with pytest.raises(deploy.NetxError, match="weight_rec, which netx leaves out of type dense"):
        deploy.from_netx(path)
    with h5py.File(path, "a") as file:
        file["layer/1/type"][...] = np.array(["dense_rec"], "S10")
    with pytest.raises(deploy.NetxError, match="beyond 127 are all even in netx, got -3"):
        deploy.from_netx(path)
    cell = deploy.Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=7)
    wires = [
        deploy.Projection(source, "out", pre=[0], post=[0], weight=[weight], delay=[1])
        for source, weight in (("in", 201.0), ("out", -3.0))
    ]
    graph = deploy.EventGraph(
        (deploy.Population("in", "input", (1,)), cell), (wires[0], replace(wires[1], exponent=-1)),
        ("out",), 1e-3, hop=1, arithmetic="loihi2",
    )  # fmt: skip
    with pytest.raises(deploy.NetxError, match="beyond 127 are all even in netx, got 201"):
        deploy.to_netx(graph, path)
