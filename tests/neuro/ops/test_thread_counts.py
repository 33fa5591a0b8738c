"""Our own operators sum in one order, whatever the number of threads."""

import pytest
import torch

pytest.importorskip("numba")

from axonal.neuro.events import Events
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.delayed_linear import delayed_linear
from axonal.neuro.ops.eventprop_lif import eventprop_lif, eventprop_readout
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.recurrent_lif import recurrent_lif
from axonal.neuro.ops.spike_linear import spike_linear


@pytest.fixture
def seeded():
    """Give random tensors anew, and put the number of threads back."""
    threads = torch.get_num_threads()
    yield torch.Generator()
    torch.set_num_threads(threads)


def everything(generator, run):
    """Outputs and all gradients of ``run(tensor)``, which is given a maker of random tensors."""
    generator.manual_seed(0)
    leaves = []

    def tensor(*shape, low=-1.0, rate=1.0, high=1.0):
        values = low + (high - low) * torch.rand(shape, generator=generator)
        values *= torch.rand(shape, generator=generator) < rate
        leaves.append(values.requires_grad_())
        return leaves[-1]

    outputs = [y for y in run(tensor) if y is not None]
    cotangents = [torch.randn(y.shape, generator=generator) for y in outputs]
    grads = torch.autograd.grad(outputs, leaves, cotangents, allow_unused=True)
    return [*outputs, *(g for g in grads if g is not None)]


def parameters(tensor, each):
    return tensor(*each, low=0.6, high=0.9), tensor(*each, low=0.6, high=0.9)


# one number for all neurons is the sum that torch shares out; 37 x 1001 divides by no number
SHAPES = [((9, 37, 1001), ()), ((9, 37, 1001), (1001,)), ((20, 64, 300), (1,))]


@pytest.mark.parametrize(("shape", "each"), SHAPES)
@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_neurons(seeded, shape, each, reset):
    def run(tensor):
        x, v, (decay, threshold) = tensor(*shape), tensor(*shape[1:]), parameters(tensor, each)
        convention = Convention(reset=reset, detach_reset=False, decay_input=True)
        return (
            *lif(x, v, None, decay, threshold, convention, backend="cpu")[:2],
            leaky_integrator(x, v, decay, backend="cpu"),
        )

    alike(seeded, run)


@pytest.mark.parametrize("each", [(), (300,)])
def test_a_loop(seeded, each):
    def run(tensor):
        x, (decay, threshold) = tensor(9, 40, 300, rate=0.1), parameters(tensor, each)
        rest, v = torch.zeros(40, 300), tensor(40, 300)
        weight, bias = tensor(300, 300, low=-0.05, high=0.05), tensor(300, low=-0.1, high=0.1)
        return recurrent_lif(x, rest, v, None, weight, bias, decay, threshold, backend="cpu")

    alike(seeded, run)


@pytest.mark.parametrize("targets", [600, 64])
def test_connections(seeded, targets):
    def run(tensor):
        # the gradient of x is a dense product of torch, which on some processors rounds otherwise
        # with other numbers of threads
        x = tensor(150, 37, 201, rate=0.03).detach()
        return (spike_linear(x, tensor(targets, 201), backend="cpu"),)

    alike(seeded, run)


@pytest.mark.parametrize("kernel", ["gaussian", "two-tap"])
@pytest.mark.parametrize("rate", [0.02, 1.0])
def test_delays(seeded, kernel, rate):
    def run(tensor):
        x, history = tensor(60, 37, 60, rate=rate), tensor(9, 37, 60, rate=rate)
        weight, delay = tensor(130, 60), tensor(130, 60, low=0.0, high=9.0)
        return (
            delayed_linear(
                x, history, weight, delay, 0.6, kernel=kernel, max_delay=9, backend="cpu"
            )[0],
        )

    alike(seeded, run)


def test_event_driven_neurons(seeded):
    taus = {"tau": 9.0, "tau_synapse": 4.0}

    def run(tensor):
        x = torch.rand(60, 37, 201, generator=seeded) < 0.05
        weight, delay = tensor(130, 201, low=-0.5), tensor(130, 201, low=0.0, high=9.0)
        spikes = eventprop_lif(
            Events.from_dense(x), weight, delay, **taus, threshold=tensor(130, low=0.8),
            feedback_weight=tensor(130, 130, low=-0.2, high=0.2),
            feedback_delay=tensor(130, 130, low=1.0, high=9.0), backend="cpu",
        )  # fmt: skip
        assert spikes.counts.min() > 100
        return (
            eventprop_lif(spikes, tensor(70, 130), tensor(70, 130, low=0.0), **taus).times,
            eventprop_readout(spikes, tensor(30, 130), tensor(30, 130, low=0.0), **taus),
        )

    alike(seeded, run)


def alike(generator, run):
    torch.set_num_threads(1)
    exact = everything(generator, run)
    for threads in (2, 3, 8):
        torch.set_num_threads(threads)
        for index, (mine, one) in enumerate(zip(everything(generator, run), exact, strict=True)):
            assert torch.equal(mine, one), (threads, index)
