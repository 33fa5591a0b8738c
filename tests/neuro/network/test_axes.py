"""Reductions, norms and products over axes from 2 on leave steps and samples apart."""

import pytest
import torch
import torch.nn.functional as F
from helpers.neuro import Forward
from torch import nn

from axonal import neuro

X = torch.rand(5, 3, 4, 6, generator=torch.Generator().manual_seed(0))
W = torch.rand(6, 7, generator=torch.Generator().manual_seed(1))


def attention(self, x):
    scores = torch.einsum("tbnc,tbmc->tbnm", x, x) / 6**0.5
    return F.softmax(scores, dim=-1) @ x


CALLS = {
    "mean": lambda self, x: x.mean(-1),
    "mean of two axes": lambda self, x: torch.mean(x, dim=(2, 3), keepdim=True),
    "sum": lambda self, x: x.sum(2),
    "amax": lambda self, x: torch.amax(x, -2),
    "std": lambda self, x: x.std(dim=-1),
    "prod": lambda self, x: x.prod(3),
    "logsumexp": lambda self, x: x.logsumexp(-1),
    "softmax": lambda self, x: x.softmax(-1),
    "F.softmax": lambda self, x: F.softmax(x, dim=2),
    "log_softmax": lambda self, x: torch.log_softmax(x, -1),
    "cumsum": lambda self, x: x.cumsum(-1),
    "norm": lambda self, x: x / x.norm(dim=-1, keepdim=True),
    "vector_norm": lambda self, x: torch.linalg.vector_norm(x, dim=-1),
    "normalize": lambda self, x: F.normalize(x, dim=-1),
    "layer_norm": lambda self, x: F.layer_norm(x, (4, 6), bias=self.bias),
    "layer_norm of a size": lambda self, x: F.layer_norm(x, x.shape[2:]),
    "rms_norm": lambda self, x: F.rms_norm(x, (6,)),
    "flip": lambda self, x: x.flip(-1, 2),
    "roll": lambda self, x: torch.roll(x, 1, -1),
    "transpose": lambda self, x: x.transpose(-1, -2),
    "unflatten": lambda self, x: x.unflatten(-1, (2, 3)),
    "stack": lambda self, x: torch.stack([x, -x], dim=-1),
    "matmul": lambda self, x: x @ self.w,
    "matmul of a constant on the left": lambda self, x: self.left @ x,
    "matmul of sequences": lambda self, x: torch.matmul(x, x.transpose(2, 3)),
    "linear": lambda self, x: F.linear(x, self.w.T),
    "einsum": lambda self, x: torch.einsum("tbnc,cm->tbnm", x, self.w),
    "einsum with dots": lambda self, x: torch.einsum("...c,cm->...m", x, self.w),
    "einsum of sequences": lambda self, x: torch.einsum("abnc,abmc,n->abm", x, x, self.four),
    "attention": attention,
    "functions of a parameter": lambda self, x: x * self.w.mean() + self.w.sum(0)[:6],
}


def network(call):
    module = Forward(call)
    module.w = nn.Parameter(W.clone())
    module.left = nn.Parameter(torch.rand(2, 4))
    module.four = nn.Parameter(torch.rand(4))
    module.bias = nn.Parameter(torch.rand(4, 6))
    return neuro.Network(module), module


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_calls_over_later_axes_treat_steps_and_samples_alike(call):
    net, module = network(call)
    y, _ = net(X)
    torch.testing.assert_close(y, torch.stack([_sample(module, call, x) for x in X]))
    torch.testing.assert_close(torch.cat([net(X[:2])[0], net(X[2:])[0]]), y)
    torch.testing.assert_close(net(X[:, [2, 0]])[0], y[:, [2, 0]])


def _sample(module, call, x_t):
    """Every sample of a step by itself."""
    return torch.cat([call(module, x_t[None, i : i + 1])[0] for i in range(len(x_t))])


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda self, x: x.mean(), "x.mean(...) without an axis works over time steps and samp"),
        (lambda self, x: x.std(False), "x.std(...) without an axis"),
        (lambda self, x: x.sum((1, 2)), "x.sum(...) works over time steps or samples here"),
        (lambda self, x: F.normalize(x), "normalize(...) works over time steps or samples"),
        (lambda self, x: torch.stack([x, x]), "stack(...) without an axis"),
        (lambda self, x: x.transpose(0, 1), "x.transpose(...) works over time steps or samples"),
        (lambda self, x: x.transpose(2, 1), "x.transpose(...) works over time steps or samples"),
        (lambda self, x: torch.einsum("tbnc,cm->btnm", x, self.w), "mixes time steps or samples"),
        (lambda self, x: torch.einsum("tbnc,tm->tbnm", x, self.w), "mixes time steps or samples"),
        (lambda self, x: torch.einsum("tbnc,sbmc->tbnm", x, x), "mixes time steps or samples"),
        (lambda self, x: torch.einsum("tbnc->tnc", x), "mixes time steps or samples"),
        (lambda self, x: torch.einsum("tbnc,cm", x, self.w), "its result named"),
        (lambda self, x: torch.einsum("...c,...c->...", x, self.w), "mixes time steps or sam"),
        (lambda self, x: F.linear(self.w, x), "linear(...) takes its weights from a sequence"),
    ],
)
def test_what_mixes_steps_or_samples_is_refused_while_tracing(call, part):
    with pytest.raises(neuro.NetworkError) as caught:
        network(call)
    assert part in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("call", "x"),
    [
        (lambda self, x: x.mean(-1), X[..., 0, 0]),
        (lambda self, x: x.softmax(-3), X),
        (lambda self, x: F.layer_norm(x, (3, 4, 6)), X),
        (lambda self, x: F.layer_norm(x, (4, 6)), X[..., 0]),
        (lambda self, x: x.transpose(-1, -3), X),
        (lambda self, x: torch.stack([x, x], -4), X),
        (lambda self, x: torch.einsum("...c,cm->...m", x, self.w), X[:, 0, 0]),
        (lambda self, x: torch.matmul(x, x.transpose(-1, -1)), X[..., 0]),
        (lambda self, x: x @ self.w, X[:, 0, 0]),
        (lambda self, x: self.left @ x, X[..., 0]),
        (lambda self, x: F.linear(x, self.w.T), X[:, 0, 0]),
    ],
)
def test_axes_from_behind_that_reach_steps_or_samples_are_refused_when_run(call, x):
    net, _ = network(call)
    with pytest.raises(ValueError, match="over time steps or samples"):
        net(x)


def test_norms_made_for_batches_take_steps_as_samples():
    net, _ = network(lambda self, x: F.group_norm(x, 2))
    torch.testing.assert_close(net(X)[0], torch.stack([F.group_norm(x, 2) for x in X]))


def test_a_size_of_time_is_no_constant():
    with pytest.raises(neuro.NetworkError, match=r"T or B takes part|a size is used"):
        network(lambda self, x: x * self.w[0, 0] * x.shape[0])
    with pytest.raises(neuro.NetworkError, match=r"indexing picks|a size is used"):
        network(lambda self, x: x * self.w[: x.shape[0]].sum())


def test_a_readout_of_means_streams_and_compiles():
    module = Forward(
        lambda self, x: self.out(self.lif(x).unflatten(2, (2, 3)).mean(-1)),
        lif=neuro.LIF(6, threshold=0.3),
        out=neuro.LeakyIntegrator(2),
    )
    net = neuro.Network(module).eval()
    x = X[:, :, 0]
    y, _ = net(x)
    stream = neuro.Streamer(net)
    assert torch.equal(torch.stack([stream(x_t) for x_t in x]), y) and y.any()
    torch.compiler.reset()
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x)[0], y)
