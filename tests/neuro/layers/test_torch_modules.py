"""Every module of torch.nn inside a Network keeps steps and samples apart, or is refused."""

import inspect

import pytest
import torch
from torch import nn

from axonal import neuro

SIZE = 4  # steps times samples, so that both together pass for channels, heights, widths
SHAPES = [(SIZE,) * n for n in range(5)]
VALUES = (SIZE, SIZE)
# how each module is made that needs arguments; several ways where they matter
MADE = {
    "AdaptiveAvgPool1d": [(2,)], "AdaptiveAvgPool2d": [(2,)], "AdaptiveAvgPool3d": [(2,)],
    "AdaptiveLogSoftmaxWithLoss": [(SIZE, 5, (2,))],
    "AdaptiveMaxPool1d": [(2,), (2, True)], "AdaptiveMaxPool2d": [(2,), (2, True)],
    "AdaptiveMaxPool3d": [(2,), (2, True)],
    "AvgPool1d": [(2,)], "AvgPool2d": [(2,)], "AvgPool3d": [(2,)],
    "BatchNorm1d": [VALUES[:1]], "BatchNorm2d": [VALUES[:1]], "BatchNorm3d": [VALUES[:1]],
    "Bilinear": [(SIZE, SIZE, SIZE)], "ChannelShuffle": [(2,)],
    "CircularPad1d": [(1,)], "CircularPad2d": [(1,)], "CircularPad3d": [(1,)],
    "ConstantPad1d": [(1, 0.0)], "ConstantPad2d": [(1, 0.0), ((0, 0, 1, -1), 0.0)],
    "ConstantPad3d": [(1, 0.0), ((0, 0, 0, 0, 1, -1), 0.0)],
    "Conv1d": [(SIZE, SIZE, 1)], "Conv2d": [(SIZE, SIZE, 1)], "Conv3d": [(SIZE, SIZE, 1)],
    "ConvTranspose1d": [(SIZE, SIZE, 1)], "ConvTranspose2d": [(SIZE, SIZE, 1)],
    "ConvTranspose3d": [(SIZE, SIZE, 1)], "CrossMapLRN2d": [(3,)],
    "Embedding": [(5, 3)], "EmbeddingBag": [(5, 3)],
    "Flatten": [(), (0,), (0, 1), (1, 2), (-2, -1)],
    "Fold": [(2, 1), (SIZE, 1)], "FractionalMaxPool2d": [(2, 2)], "FractionalMaxPool3d": [(2, 2)],
    "GLU": [(), (0,), (1,), (-2,)], "GRU": [VALUES], "GRUCell": [VALUES],
    "GroupNorm": [(2, SIZE)],
    "InstanceNorm1d": [(SIZE,), (SIZE, 1e-5, 0.1, True, True)],
    "InstanceNorm2d": [(SIZE,), (SIZE, 1e-5, 0.1, True, True)],
    "InstanceNorm3d": [(SIZE,), (SIZE, 1e-5, 0.1, True, True)],
    "LPPool1d": [(2, 2)], "LPPool2d": [(2, 2)], "LPPool3d": [(2, 2)], "LSTM": [VALUES],
    "LSTMCell": [VALUES], "LayerNorm": [(SIZE,), (VALUES,), ((SIZE, SIZE, SIZE),)],
    "LazyConv1d": [(SIZE, 1)], "LazyConv2d": [(SIZE, 1)], "LazyConv3d": [(SIZE, 1)],
    "LazyConvTranspose1d": [(SIZE, 1)], "LazyConvTranspose2d": [(SIZE, 1)],
    "LazyConvTranspose3d": [(SIZE, 1)], "LazyLinear": [(SIZE,)], "Linear": [VALUES],
    "LinearCrossEntropyLoss": [VALUES], "LocalResponseNorm": [(3,)],
    "LogSoftmax": [(), (0,), (1,), (-1,), (-2,)],
    "MaxPool1d": [(2,), (2, 1, 0, 1, True)], "MaxPool2d": [(2,)], "MaxPool3d": [(2,)],
    "MaxUnpool1d": [(2,)], "MaxUnpool2d": [(2,)], "MaxUnpool3d": [(2,)],
    "MultiheadAttention": [(SIZE, 2)], "PReLU": [(), (SIZE,)],
    "PixelShuffle": [(1,), (2,)], "PixelUnshuffle": [(1,), (2,)],
    "RMSNorm": [(SIZE,), (VALUES,), ((SIZE, SIZE, SIZE),)], "RNN": [VALUES],
    "RNNBase": [("GRU", SIZE, SIZE)],
    "RNNCell": [VALUES], "RNNCellBase": [(SIZE, SIZE, True, 1)],
    "ReflectionPad1d": [(1,)], "ReflectionPad2d": [(1,)], "ReflectionPad3d": [(1,)],
    "ReplicationPad1d": [(1,)], "ReplicationPad2d": [(1,)], "ReplicationPad3d": [(1,)],
    "Softmax": [(), (0,), (1,), (-1,), (-2,)], "Softmin": [(), (0,), (1,), (-1,), (-2,)],
    "SyncBatchNorm": [VALUES[:1]], "Threshold": [(0.1, 0.0)],
    "Transformer": [(SIZE, 2)], "TransformerDecoder": [(nn.TransformerDecoderLayer(SIZE, 2), 1)],
    "TransformerDecoderLayer": [(SIZE, 2)], "DataParallel": [(nn.Linear(SIZE, SIZE),)],
    "TransformerEncoder": [(nn.TransformerEncoderLayer(SIZE, 2, batch_first=True), 1)],
    "TransformerEncoderLayer": [(SIZE, 2)],
    "Unflatten": [(1, (2, 2)), (0, (2, 2)), (0, (SIZE, 1)), (-1, (2, 2))], "Unfold": [(1,), (2,)],
    "Upsample": [(None, 2)], "UpsamplingBilinear2d": [(None, 2)],
    "UpsamplingNearest2d": [(None, 2)], "ZeroPad1d": [(1,)],
    "ZeroPad2d": [(1,), ((0, 0, 1, -1),)], "ZeroPad3d": [(1,), ((0, 0, 0, 0, 1, -1),)],
}  # fmt: skip
CONTAINERS = {
    "Module", "Container", "Sequential", "ModuleList", "ModuleDict", "ParameterList",
    "ParameterDict", "Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter",
}  # fmt: skip
ALL = sorted(
    name
    for name, kind in vars(nn).items()
    if inspect.isclass(kind) and issubclass(kind, nn.Module) and name not in CONTAINERS
)


def test_every_module_of_torch_is_tried():
    """A new one that needs arguments is named here before it can slip through."""
    assert len(ALL) > 140
    needed = {
        name
        for name in ALL
        if any(
            p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD
            for p in inspect.signature(getattr(nn, name)).parameters.values()
        )
    }
    assert needed <= set(MADE)


# whole modules that no Network takes
REFUSED = {
    "AdaptiveLogSoftmaxWithLoss", "Bilinear", "CosineSimilarity", "DataParallel", "Embedding",
    "EmbeddingBag", "FractionalMaxPool2d", "FractionalMaxPool3d", "GRU", "GRUCell", "LSTM",
    "LSTMCell", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "MultiheadAttention",
    "PairwiseDistance", "RNN", "RNNBase", "RNNCell", "RNNCellBase", "Transformer",
    "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder",
    "TransformerEncoderLayer", "NLLLoss2d", *(name for name in ALL if name.endswith("Loss")),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("name", ALL)
def test_a_step_alone_equals_its_place_in_the_whole(name):
    kept = 0
    for arguments in MADE.get(name, [()]):
        for shape in SHAPES:
            torch.manual_seed(0)
            try:
                net = neuro.Sequential(getattr(nn, name)(*arguments)).eval()
            except neuro.NetworkError as error:
                assert f"0 ({name}) " in str(error)
                break
            assert name not in REFUSED
            kept += apart(net, (2, 2, *shape))
    assert bool(kept) is (name not in REFUSED)


def apart(net, shape):
    """Whether a module runs on a shape and keeps steps and samples apart; False if refused."""
    x = torch.randn(shape)
    try:
        whole, _ = net(x)
    except (ValueError, RuntimeError, IndexError, NotImplementedError, AssertionError):
        return False
    for t, b in ((0, 1), (1, 0)):
        alone, _ = net(x[t : t + 1, b : b + 1])
        torch.testing.assert_close(alone[0, 0], whole[t, b], rtol=1e-5, atol=1e-6)
    return True


@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax", "Softmin"])
def test_an_axis_that_is_left_to_the_shape_is_refused_by_name(name):
    with pytest.raises(neuro.NetworkError, match=rf"0 \({name}\) without dim .* {name}\(dim=-1\)"):
        neuro.Sequential(getattr(nn, name)())
    with pytest.raises(ValueError, match="without dim"):
        neuro.Lift(getattr(nn, name)())(torch.rand(2, 2, 4, 4))


def test_channels_that_are_missing_are_not_taken_from_steps():
    refused(nn.Softmax2d(), (2, 2, 4, 4), r"Softmax2d expects x \[T, B, C, H, W\].*\(2, 2, 4, 4\)")
    refused(nn.Conv1d(4, 4, 1), (2, 2, 4), r"0: Conv1d expects x \[T, B, C, L\]")
    refused(nn.LayerNorm((4, 3)), (2, 2, 3), "reaches over steps and samples")
    refused(nn.BatchNorm1d(3, track_running_stats=False), (2, 2, 3), "without running statistics")
    refused(neuro.BatchNorm(3, track_running_stats=False), (2, 2, 3), "without running statistics")


def refused(module, shape, message):
    with pytest.raises((ValueError, RuntimeError), match=message):
        neuro.Sequential(module).eval()(torch.rand(shape))


X = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0))


def normed():
    torch.manual_seed(0)
    net = neuro.Sequential(
        {"fc": neuro.Linear(4, 4), "bn": neuro.BatchNorm(4), "lif": neuro.LIF(4)}
    )
    net(X)
    return net.eval()


def test_a_norm_of_torch_may_take_the_place_of_ours_later():
    net = normed()
    expected = net(X)
    other = nn.BatchNorm1d(4).eval()
    other.load_state_dict(net.bn.state_dict())
    net.bn = other
    torch.testing.assert_close(net(X), expected)
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(normed())
    assert isinstance(converted.bn, nn.SyncBatchNorm)
    torch.testing.assert_close(converted(X), expected)
    net.bn = nn.LazyBatchNorm1d().eval()
    assert net(X)[0].shape == X.shape
    back = neuro.BatchNorm(4).eval()
    back.load_state_dict(other.state_dict())
    net.bn = back
    torch.testing.assert_close(net(X), expected)


def test_a_layer_may_take_the_place_of_another_later():
    net = normed()
    net.lif = neuro.ALIF(4)
    expected, state = net.lif(net.bn(net.fc(X)))
    assert torch.equal(net(X)[0], expected) and type(net(X)[1]["lif"]) is type(state)


@pytest.mark.parametrize(
    ("path", "module", "message"),
    [
        ("bn", neuro.LIF(4), "bn: LIF stands where the Network was made with a module of torch"),
        ("lif", nn.ReLU(), "lif: ReLU stands where the Network was made with a layer with memory"),
        ("bn", nn.Sequential(nn.ReLU()), "bn: Sequential stands where"),
        ("bn", nn.Softmax(), r"bn: Softmax without dim"),
        ("bn", nn.GRU(4, 4), "bn: GRU mixes time steps"),
        ("bn", nn.Conv1d(4, 4, 1), "bn: Conv1d expects x"),
    ],
)
def test_what_does_not_fit_the_graph_is_refused_when_it_runs(path, module, message):
    net = normed()
    setattr(net, path, module)
    with pytest.raises(ValueError, match=message):
        net(X)


def blocks():
    block = nn.Sequential(neuro.Linear(4, 4), nn.ReLU())
    inner = neuro.Sequential(neuro.Linear(4, 4), neuro.LIF(4))
    return neuro.Sequential({"block": block, "inner": inner})


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("block", nn.Sequential(neuro.Linear(4, 4), nn.ReLU(), nn.ReLU())),
        ("block", nn.ModuleList([neuro.Linear(4, 4), nn.ReLU()])),
        ("inner", neuro.Sequential(neuro.Linear(4, 4), nn.ReLU(), neuro.LIF(4))),
    ],
)
def test_a_forward_that_is_part_of_the_graph_cannot_be_exchanged(path, module):
    net = blocks()
    net(X)
    setattr(net, path, module)
    with pytest.raises(ValueError, match=f"{path} is not what the Network was made of"):
        net(X)
    # one of the same kind may
    net = blocks()
    setattr(net, path, blocks()[path])
    net(X)


def test_parts_that_are_added_or_taken_away_are_noticed():
    net = blocks()
    net.block.append(nn.Tanh())
    with pytest.raises(ValueError, match="block is not what the Network was made of"):
        net(X)
    del net.block[2]
    net(X)
    del net.block
    with pytest.raises(ValueError, match="block is gone, which the Network was made with"):
        net(X)
    net = neuro.Sequential(neuro.Linear(4, 4), nn.ReLU())
    with pytest.raises(ValueError, match="was made without a layer '2', which would never run"):
        net.add_module("2", neuro.Linear(4, 4))
    net = normed()
    del net.bn
    with pytest.raises(ValueError, match="bn is gone, which the Network was made with"):
        net(X)
