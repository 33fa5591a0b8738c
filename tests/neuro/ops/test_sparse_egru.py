"""Gated units with pruned weights: those of the dense layer, at the cost of what is there."""

import pytest
import torch
from torch.nn.utils import prune

from axonal import neuro
from axonal.neuro.ops.sparse_egru import Compressed


def _pruned(dtype=torch.float64, share=0.8, **settings):
    torch.manual_seed(0)
    layer = neuro.EGRU(5, 16, threshold_mean=0.2, **settings)
    with torch.no_grad():
        layer.bias_in.normal_(0, 0.4), layer.bias.normal_(0, 0.4)
        layer.weight.mul_(3)
    for name in ("weight_in", "weight"):
        prune.l1_unstructured(layer, name, share)
        prune.remove(layer, name)
    return layer.to(dtype).eval().requires_grad_(False)


@pytest.mark.parametrize("backend", ["reference", "cpu"])
@pytest.mark.parametrize("settings", [{}, {"zoneout": 0.3}, {"official": True}])
def test_outputs_events_and_states_are_those_of_the_dense_layer(backend, settings):
    layer = _pruned(**settings)
    sparse = neuro.SparseEGRU(layer, backend=backend)
    x = torch.randn(21, 3, 5, dtype=torch.float64)
    x[torch.rand(x.shape) < 0.5] = 0.0
    y, state = layer(x[:9])
    got, own = sparse(x[:9])
    for more in (x[9:], x[:1]):
        assert torch.equal(got != 0, y != 0) and 0.05 < (y != 0).double().mean() < 0.8
        torch.testing.assert_close((got, own), (y, state), rtol=0, atol=1e-12)
        (y, state), (got, own) = layer(more, state), sparse(more, own)


def test_compressed_weights_are_the_matrix():
    matrix = torch.randn(6, 4) * (torch.rand(6, 4) < 0.3)
    assert torch.equal(Compressed.of(matrix).dense(6), matrix)
    assert torch.equal(Compressed.of(0 * matrix).dense(6), 0 * matrix)


def test_the_count_of_synapses_is_that_of_weights_that_are_there():
    layer = _pruned(share=0.9)
    sparse = neuro.SparseEGRU(layer)
    there = int((layer.weight != 0).sum() + (layer.weight_in != 0).sum())
    assert sparse.synapses == there and abs(sparse.density - 0.1) < 0.01
    assert not list(sparse.parameters())


def test_it_is_for_inference():
    layer = _pruned()
    sparse = neuro.SparseEGRU(layer)
    x = torch.randn(3, 1, 5, dtype=torch.float64)
    with pytest.raises(ValueError, match="is for inference, and no gradient goes through it"):
        sparse(x.requires_grad_())
    assert torch.equal(sparse.eval()(x)[0], sparse(x.detach())[0])
    assert not sparse(x)[0].requires_grad
    with pytest.raises(TypeError, match="SparseEGRU expects an EGRU, got Linear"):
        neuro.SparseEGRU(neuro.Linear(2, 2))
    with pytest.raises(ValueError, match=r"SparseEGRU expects x .* with N = 5, got"):
        sparse(torch.zeros(3, 1, 4, dtype=torch.float64))


def test_a_network_of_it_streams_and_compiles_as_one_graph():
    net = neuro.Sequential(neuro.SparseEGRU(_pruned(torch.float32)), neuro.Linear(16, 2)).eval()
    net.requires_grad_(False)
    x = torch.randn(8, 2, 5)
    stream = neuro.Streamer(net)
    steps = torch.stack([stream(x_t) for x_t in x])
    torch.testing.assert_close(steps, net(x)[0])
    exported = torch.export.export(net, (x,), strict=False).module()
    torch.testing.assert_close(exported(x)[0], net(x)[0])
