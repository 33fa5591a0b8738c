"""The kernels on a GPU: right in every precision, in any stream, in a graph, on any device."""

import pytest
import torch
from helpers.delayed_linear import KERNELS
from helpers.delayed_linear import arguments as delayed
from helpers.eventprop import arguments as event_driven
from helpers.lif import CONVENTIONS, arguments
from helpers.recurrent import arguments as recurrent

from axonal import neuro
from axonal.neuro.ops._convention import PLAIN, Convention
from axonal.neuro.ops.delayed_linear import delayed_linear
from axonal.neuro.ops.eventprop_lif import eventprop_lif, eventprop_readout
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.recurrent_lif import recurrent_lif

pytestmark = pytest.mark.needs("gpu")

PRECISIONS = {
    torch.float64: 1e-10,
    torch.float32: 1e-5,
    torch.float16: 4e-3,
    torch.bfloat16: 3e-2,
}
# odd sizes; a step alone; and so many cells that threads handle several each
SHAPES = ((17, 3, 43), (1, 2, 8), (33, 128, 4096))


def to_gpu(given, dtype, device="cuda"):
    """Leaves on the GPU."""
    return [
        None
        if a is None
        else a.detach().to(device)
        if not a.is_floating_point()
        else a.detach().to(device, dtype).requires_grad_(a.requires_grad)
        for a in given
    ]


def assert_close(mine, definition, tolerance):
    for one, other in zip(mine, definition, strict=True):
        size = float(other.detach().abs().max()) if other.numel() else 0.0
        torch.testing.assert_close(
            one.to(other.dtype), other, rtol=tolerance, atol=tolerance * (1 + size)
        )


def on_gpu_gradients(outputs, leaves):
    generator = torch.Generator().manual_seed(1)
    cotangents = [torch.randn(y.shape, generator=generator).to(y.device, y.dtype) for y in outputs]
    return torch.autograd.grad(outputs, leaves, cotangents, allow_unused=True)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", PRECISIONS, ids=str)
@pytest.mark.parametrize("choices", CONVENTIONS)
def test_lif_equals_its_definition(choices, dtype, shape):
    single = torch.float64 if dtype == torch.float64 else torch.float32
    given = arguments(shape[0], True, choices["refractory"], shape=shape[1:], dtype=single)
    x, *others = to_gpu(given, single)
    x = x.detach().to(dtype).requires_grad_()
    exact = lif(x.to(single), *others, Convention(**choices), backend="reference")
    fast = lif(x, *others, Convention(**choices), backend="cuda")
    assert fast[0].dtype == dtype
    assert torch.equal(fast[0].to(single), exact[0])
    assert torch.equal(fast[1], exact[1])
    assert exact[2] is None or torch.equal(fast[2], exact[2])
    leaves = [x, others[0], *others[2:]]
    for learnt in (4, 2):  # learned decays take another kernel
        mine = on_gpu_gradients(fast[:2], leaves[:learnt])
        wanted = on_gpu_gradients(exact[:2], leaves[:learnt])
        assert_close(mine, wanted, PRECISIONS[dtype])
        fixed = [a if a is None else a.detach() for a in others[2:]]
        fast = lif(x, *others[:2], *fixed, Convention(**choices), backend="cuda")
        exact = lif(x.to(single), *others[:2], *fixed, Convention(**choices), backend="reference")


@pytest.mark.parametrize(("kernel", "sigma"), KERNELS)
@pytest.mark.parametrize("dtype", PRECISIONS, ids=str)
@pytest.mark.parametrize("batch", [1, 2, 3, 8])
def test_delays_equal_the_dense_convolution(kernel, sigma, dtype, batch):
    single = torch.float64 if dtype == torch.float64 else torch.float32
    for longest in (0, 7, 25):
        x, history, weight, delay = to_gpu(delayed(30, batch, 17, 9, longest), single)
        series = [a.detach().to(dtype).requires_grad_() for a in (x, history)]
        choices = {"kernel": kernel, "max_delay": longest}
        width = torch.tensor(float(sigma), device="cuda")
        given = [*series, weight, delay]
        fast = delayed_linear(*given, width, **choices, backend="cuda")[0]
        # in double precision no convolution takes a short cut
        full = [a.detach().double().requires_grad_() for a in given]
        exact = delayed_linear(*full, width, **choices, backend="reference")[0]
        wanted = on_gpu_gradients([exact], full)
        mine = on_gpu_gradients([fast], given)
        pairs = [(a, b) for a, b in zip(mine, wanted, strict=True) if b is not None]
        tolerance = max(PRECISIONS[dtype], 1e-10)
        assert_close([fast, *(a for a, _ in pairs)], [exact, *(b for _, b in pairs)], tolerance)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("choices", CONVENTIONS)
def test_a_loop_equals_its_definition(choices, dtype):
    given = recurrent(17, 3, 43, refractory=choices["refractory"], high=1.0, dtype=dtype)
    given = dict(zip(given, to_gpu(given.values(), dtype), strict=True))
    leaves = [a for a in given.values() if a is not None and a.requires_grad]
    results = [
        recurrent_lif(**given, convention=Convention(**choices), backend=b)
        for b in ("cuda", "reference")
    ]
    assert torch.equal(results[0][0], results[1][0])
    mine, wanted = (on_gpu_gradients(r[:2], leaves) for r in results)
    assert_close([results[0][1], *mine], [results[1][1], *wanted], PRECISIONS[dtype])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("loop", [False, True])
def test_event_driven_neurons_equal_their_definition(loop, dtype):
    events, parameters = event_driven(63, 3, 5, 147, loop=loop, refractory=2, dtype=dtype)
    times, indices, counts, *leaves = to_gpu((*events[:3], *parameters.values()), dtype)
    events = events._replace(times=times, indices=indices, counts=counts)
    parameters = dict(zip(parameters, leaves, strict=True))
    read = {name: parameters[name] for name in ("weight", "delay", "tau", "tau_synapse")}
    results = []
    for backend in ("cuda", "reference"):
        spikes = eventprop_lif(events, **parameters, backend=backend)
        v = eventprop_readout(events, **read, backend=backend)
        outputs = torch.where(spikes.valid, spikes.times, 0.0), v
        grads = on_gpu_gradients(outputs, (times, *leaves))
        results.append((spikes.indices, *outputs, *grads))
    assert torch.equal(results[0][0], results[1][0])
    assert_close(*(found[1:] for found in results), 2e-4 if dtype == torch.float32 else 1e-10)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_a_loop_in_half_precision_learns(dtype):
    given = recurrent(17, 3, 43, high=1.0, dtype=torch.float32)
    given = dict(zip(given, to_gpu(given.values(), dtype), strict=True))
    spikes, v, _ = recurrent_lif(**given, backend="cuda")
    grads = on_gpu_gradients((spikes, v), [given["x"], given["weight"]])
    assert spikes.dtype == v.dtype == dtype
    assert 0 < float(spikes.detach().float().mean()) < 1
    assert all(g.isfinite().all() and g.any() for g in grads)


def gpu_lif(device="cuda", size=4096):
    given = to_gpu(arguments(40, True, 0, shape=(3, size), dtype=torch.float32), None, device)
    spikes, v, _ = lif(*given, PLAIN, backend="cuda")
    leaves = [a for a in given if a is not None]
    return [spikes, v, *on_gpu_gradients((spikes, v), leaves)]


def test_twice_the_same_gives_the_same_bits():
    for one, two in zip(gpu_lif(), gpu_lif(), strict=True):
        assert torch.equal(one, two)


def test_kernels_wait_for_what_their_stream_did_before():
    wanted = gpu_lif()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    x, v, wait, decay, threshold = to_gpu(
        arguments(40, True, 0, shape=(3, 4096), dtype=torch.float32), None
    )
    with torch.cuda.stream(stream):
        late = torch.zeros_like(x)
        torch.cuda._sleep(50_000_000)
        late.copy_(x)
        spikes, last, _ = lif(late, v, wait, decay, threshold, PLAIN, backend="cuda")
    torch.cuda.current_stream().wait_stream(stream)
    assert torch.equal(spikes, wanted[0])
    assert torch.equal(last, wanted[1])


def test_nothing_waits_for_the_gpu():
    x, history, weight, delay = to_gpu(delayed(9, 2, 5, 4, 6, torch.float32), None)
    width = torch.tensor(0.5, device="cuda")

    def work():
        y, _ = delayed_linear(x, history, weight, delay, width, kernel="gaussian", max_delay=6)
        rest, one = y.new_zeros(2, 4), width * 2
        spikes, v, _ = lif(y, rest, None, width, one)
        spikes, v, _ = recurrent_lif(spikes, rest, rest, None, weight[:, :4], None, width, one)
        return torch.autograd.grad((spikes.sum(), v.sum()), (x, weight, delay))

    work()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        work()
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_captured_graph_gives_the_same():
    x, history, weight, delay = to_gpu(delayed(40, 4, 16, 8, 6, torch.float32), None)
    one = torch.tensor(1.0, device="cuda")

    def work():
        y, _ = delayed_linear(x, history, weight, delay, 0.5, kernel="gaussian", max_delay=6)
        spikes, v, _ = lif(y, y.new_zeros(4, 8), None, one / 2, one, backend="cuda")
        return spikes, v, *torch.autograd.grad((spikes.sum(), v.sum()), (x, weight, delay))

    wanted = work()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        found = work()
    with torch.no_grad():
        for a in found:
            a.zero_()
    graph.replay()
    for mine, definition in zip(found, wanted, strict=True):
        assert torch.equal(mine, definition)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there is one GPU here")
def test_another_device_than_the_current_one():
    with torch.cuda.device(0):
        for one, two in zip(gpu_lif("cuda:1"), gpu_lif("cuda:0"), strict=True):
            assert one.device.index == 1
            assert torch.equal(one.cpu(), two.cpu())
        assert torch.cuda.current_device() == 0


@pytest.mark.parametrize("shape", [(0, 4), (3, 0)])
def test_nothing_at_all(shape):
    given = to_gpu(arguments(7, False, 0, shape=shape, dtype=torch.float32), None)
    spikes, v, _ = lif(*given, PLAIN, backend="cuda")
    grads = on_gpu_gradients((spikes, v), [a for a in given if a is not None])
    assert spikes.shape == (7, *shape)
    assert not any(g.any() for g in grads)


def test_strided_and_misaligned_inputs():
    flat = torch.rand(20 * 4 * 131072 + 1, device="cuda") * 3
    one = torch.tensor(1.0, device="cuda")
    shifted = flat[1:].view(20, 4, 131072)
    turned = flat[:-1].view(131072, 4, 20).transpose(0, 2)
    for x in (shifted, turned):
        rest = torch.zeros(x.shape[1:], device="cuda")
        fast, exact = (
            lif(x, rest, None, one / 2, one, backend=b)[0] for b in ("cuda", "reference")
        )
        assert torch.equal(fast, exact)


def test_a_network_in_half_precision_and_a_compiled_one():
    x = torch.rand(20, 3, 6, device="cuda") * 3
    for dtype in (torch.float32, torch.bfloat16):
        net = neuro.Sequential(
            neuro.DelayedLinear(6, 12, max_delay=5), neuro.LIF(12), neuro.DelayedLinear(12, 3, 5)
        )
        net = net.to("cuda", dtype)
        y, _ = net(x.to(dtype))
        y.float().square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    lif_alone = neuro.LIF(6).to("cuda")
    compiled = torch.compile(lif_alone, fullgraph=True)
    assert torch.equal(compiled(x)[0], lif_alone(x)[0])
