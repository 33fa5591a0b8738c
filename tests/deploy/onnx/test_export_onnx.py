"""ONNX files of one step: what onnxruntime makes of them is what the network streams."""

import copy
import json
import re
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from helpers import FUZZ, ROOT
from helpers.layers import LAYERS, NEURONS
from helpers.neuro import spike_train
from torch import nn
from torch.utils import _pytree as pytree

from axonal import deploy, neuro
from axonal.neuro.layers.packed_bit_linear import PackedBitLinear

# of several that differ in a setting the first: each takes a second to translate
OF_EACH_CLASS = tuple({type(make()): name for name, make in reversed(LAYERS.items())}.values())
IN_FLOAT64 = ("cuba_held", "alif_each", "rwkv", "egru", "network")
"""Layers of every kind of arithmetic that onnxruntime has in float64."""


class Runtime:
    """A file in onnxruntime, step by step."""

    def __init__(self, path, batch):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options)
        self.states = json.loads(self.session.get_modelmeta().custom_metadata_map["states"])
        self.present = {
            s["name"]: np.full(
                [batch if n == "batch" else n for n in s["shape"]], s["rest"], s["type"]
            )
            for s in self.states
        }

    def __call__(self, **inputs):
        given = {name: x.numpy() for name, x in inputs.items()}
        names = [output.name for output in self.session.get_outputs()]
        made = dict(zip(names, self.session.run(names, given | self.present), strict=True))
        self.present = {s["name"]: made.pop(s["next"]) for s in self.states}
        return {name: torch.from_numpy(y) for name, y in made.items()}


class Side(neuro.Network):
    """Layers side by side, so that one export goes through all of them."""

    def __init__(self, layers):
        super().__init__()
        # a name such as "if" is a word of Python
        self.side = nn.ModuleDict({f"{name}_": layer for name, layer in layers.items()})

    def forward(self, x):
        return {name.removesuffix("_"): layer(x) for name, layer in self.side.items()}


def states_of(leaves):
    return [leaf for leaf in pytree.tree_leaves(leaves) if isinstance(leaf, torch.Tensor)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "names, dtype, close",
    [
        (tuple(LAYERS) if FUZZ else OF_EACH_CLASS, torch.float32, {"rtol": 1e-5, "atol": 5e-6}),
        (IN_FLOAT64, torch.float64, {"rtol": 0, "atol": 1e-9}),
    ],
    ids=["float32", "float64"],
)
def test_every_layer_runs_in_onnxruntime_as_it_streams(tmp_path, names, dtype, close):
    torch.manual_seed(0)
    layers = {name: LAYERS[name]() for name in names}
    net = Side(layers).to(dtype).eval()
    x = 1.5 * spike_train(0, 20, 3, 4, dtype=dtype)
    deploy.to_onnx(net, tmp_path / "net.onnx", x[0, :1])
    stream, runtime, active = neuro.Streamer(net), Runtime(tmp_path / "net.onnx", 3), set()
    for x_t in x:
        expected, made = stream(x_t), runtime(x=x_t)
        for name, y in expected.items():
            exact = {"rtol": 0, "atol": 0} if name in NEURONS else close
            torch.testing.assert_close(made[f"output.{name}"], y, **exact, msg=name)
            active |= {name} if y.any() else set()
    assert set(NEURONS) & set(names) <= active
    held = zip(runtime.present.items(), states_of(stream.state), strict=True)
    for (name, after), state in held:
        torch.testing.assert_close(torch.from_numpy(after), state, **close, msg=name)


class Picture(neuro.Network):
    """Two inputs, spikes of pictures, delays in a loop, several outputs."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = neuro.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2)
        self.seen, self.pool = neuro.LIF((2, 4, 4), 3.0, threshold=0.2), nn.MaxPool2d(2)
        self.loop = neuro.Recurrent(
            neuro.LIF(8, threshold=0.5), neuro.DelayedLinear(8, 8, max_delay=3)
        )
        self.weights, self.out = neuro.Linear(8, 3), neuro.LeakyIntegrator(3)

    def forward(self, image, other):
        spikes = self.seen(self.norm(self.conv(image)))
        spikes = self.loop(self.pool(spikes).flatten(2) + other)
        return self.out(self.weights(spikes)), spikes


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    """A file, and its network, whose sums are exact and which was being trained."""
    torch.manual_seed(0)
    net = Picture()
    with torch.no_grad():
        for weight in (net.conv.weight, net.loop.feedback.weight, net.weights.weight):
            weight.copy_((8 * weight).round() / 8)
    before = copy.deepcopy(net)
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    deploy.to_onnx(net, path, torch.zeros(1, 1, 4, 4), torch.zeros(1, 8))
    assert net.training and repr(net) == repr(before)
    for name, value in net.state_dict().items():
        assert torch.equal(value, before.state_dict()[name]), name
    return net.eval(), path


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 4])
def test_a_network_fires_the_same_spikes_for_any_number_of_samples(picture, batch):
    net, path = picture
    stream, runtime, fired = neuro.Streamer(net), Runtime(path, batch), 0
    images, others = spike_train(1, 20, batch, 1, 4, 4), spike_train(2, 20, batch, 8)
    for image, other in zip(images.float(), others.float(), strict=True):
        y, spikes = stream(image, other)
        made = runtime(image=image, other=other)
        assert torch.equal(made["output.1"], spikes)
        torch.testing.assert_close(made["output.0"], y)
        fired += spikes.sum()
    assert fired > 10


def test_a_file_says_its_names_and_nothing_of_this_machine(picture):
    _, path = picture
    runtime = Runtime(path, 2)
    states = ["seen.v", "loop.recent", "loop.body.v", "loop.feedback.history", "out.v"]
    given = {x.name: x.shape for x in runtime.session.get_inputs()}
    assert list(given) == ["image", "other", *states]
    assert given["image"] == ["batch", 1, 4, 4] and given["loop.recent"] == [1, "batch", 8]
    made = [y.name for y in runtime.session.get_outputs()]
    assert made == ["output.0", "output.1", *(f"{name}.next" for name in states)]
    assert runtime.session.get_modelmeta().graph_name == "Picture"
    file = onnx.load(path)
    assert [(o.domain, o.version) for o in file.opset_import] == [("", 20)]
    assert "conv.weight" in {weight.name for weight in file.graph.initializer}
    assert b".py" not in path.read_bytes()


def test_rest_is_in_the_file(tmp_path):
    class Offset(neuro.Cell):
        def init(self, x):
            return (torch.tensor([[1.0, 2.0]]).expand_as(x),)

        def step(self, x, state=None):
            (v,) = self.init(x) if state is None else state
            return v, (v + x,)

    deploy.to_onnx(neuro.Sequential(Offset()), tmp_path / "net.onnx", torch.zeros(1, 2))
    runtime = Runtime(tmp_path / "net.onnx", 3)
    assert runtime.states[0]["rest"] == [[1.0, 2.0]]
    assert runtime(x=torch.ones(3, 2))["output"].tolist() == 3 * [[1.0, 2.0]]


class Branch(neuro.Cell):
    """Looks at values."""

    def init(self, x):
        return (torch.zeros_like(x),)

    def step(self, x, state=None):
        (v,) = self.init(x) if state is None else state
        return v, (v + x if x.sum() > 3 else v,)


class Sized(Branch):
    """Reads the number of samples as a number."""

    def step(self, x, state=None):
        (v,) = self.init(x) if state is None else state
        return v, (v + x.view(len(x), -1),)


class Silent(neuro.Layer):
    """Has no state before it ran."""

    def forward(self, x, state=None):
        return x, (x[-1],)


class Drawn(Branch):
    """Begins differently for every sample."""

    def init(self, x):
        return (torch.arange(len(x) * 1.0)[:, None].expand_as(x),)


def test_what_has_no_onnx_form_is_named_with_the_reason(tmp_path):
    path = tmp_path / "net.onnx"

    def refused(net, line):
        with pytest.raises(deploy.ONNXError, match=line):
            deploy.to_onnx(net, path, torch.zeros(1, 4))
        assert not path.exists()

    two = neuro.Sequential({"fc": neuro.Linear(4, 4), "gate": Branch(), "more": Sized()})
    refused(
        two,
        r"(?s)^Sequential has no ONNX form:\n  - gate \(Branch\): its code branches on "
        r"values: write torch.where\n  - more \(Sized\): its code fixes the number of samples",
    )
    packed = neuro.Sequential({"mix": PackedBitLinear.everywhere(neuro.TernaryGLU(4, 6))})
    refused(packed, r"\n  - mix.up \(PackedBitLinear\): it computes outside of torch\n  - mix.down")
    refused(neuro.Sequential({"odd": Silent()}), r"^odd \(Silent\) does not say its state at rest")
    refused(neuro.Sequential({"cell": Drawn()}), r"^cell.0 is not equal for all samples at rest")
    refused(neuro.Network(nn.Sequential(neuro.LIF(4)), trace=False), "made with trace=False")


def test_wrong_arguments_are_refused_in_one_line(tmp_path):
    net, path, x = neuro.Sequential(neuro.LIF(4)), tmp_path / "net.onnx", torch.zeros(1, 4)

    def refused(kind, line, *arguments):
        with pytest.raises(kind, match=line):
            deploy.to_onnx(*arguments)

    refused(
        TypeError,
        r"^to_onnx expects a Network or a layer with memory, got Linear.",
        nn.Linear(4, 4),
        path,
        x,
    )
    refused(ValueError, r"one step of every input of Sequential \(x\), got 0: write", net, path)
    refused(TypeError, r"expects x \[B, ...\] as a tensor, got ndarray", net, path, x.numpy())
    refused(ValueError, r"x \[B, ...\] with B >= 1, got \(0, 4\)", net, path, x[:0])
    refused(ValueError, r"expects x \[T, B, N\] with N = 4", net, path, torch.zeros(1, 3))
    refused(FileNotFoundError, "there is no folder", net, tmp_path / "no" / "net.onnx", x)
    refused(IsADirectoryError, "it is a folder", net, tmp_path, x)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_a_missing_package_names_the_extra(tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"ONNX files need {package}.*'axonal\[onnx\]'"):
        deploy.to_onnx(neuro.LIF(4), tmp_path / "net.onnx", torch.zeros(1, 4))


def test_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    guide = (ROOT / "docs" / "deployment.md").read_text()
    (section,) = re.findall(r"^## ONNX.*?(?=^## )", guide, re.M | re.S)
    code = re.findall(r"^```python\n(.*?)^```", section, re.M | re.S)
    assert len(code) == 3
    exec("\n".join(code), {})
