"""Training as it is done: truncated, over threads, workers and processes."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from helpers import ROOT, SCRIPTS
from helpers.neuro import spike_train

from axonal import neuro


def network():
    torch.manual_seed(0)
    return neuro.Sequential(
        neuro.DelayedLinear(6, 16, max_delay=4),
        neuro.BatchNorm(16),
        neuro.LIF(16, 3.0, refractory=1),
        neuro.Recurrent(neuro.LIF(16), neuro.Linear(16, 16), delay=2),
        neuro.Linear(16, 3),
        neuro.LeakyIntegrator(3),
    )


def launch(script, *args):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-W", "error", str(SCRIPTS / script), *map(str, args)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finished(*processes):
    """Outputs of processes, each of which must succeed."""
    try:
        outputs = [process.communicate(timeout=600)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, output in zip(processes, outputs, strict=True):
        assert process.returncode == 0, output
    return outputs


def saved_for_backward(steps, chunk, truncated):
    """Largest number of bytes kept for one backward pass over ``steps`` in chunks."""
    net = network()
    x = spike_train(0, steps, 2, 6, dtype=torch.float32)
    kept, peak, state, pending = {}, 0, None, 0.0

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # alive, so no address comes twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        for piece in x.split(chunk):
            y, state = net(piece, neuro.detach(state) if truncated else state)
            loss = y.square().mean()
            peak = max(peak, sum(size for size, _ in kept.values()))
            if truncated:
                loss.backward()
                kept.clear()
            else:
                pending = pending + loss
        if not truncated:
            pending.backward()
    assert net[0].weight.grad.any()
    return peak


def test_truncated_backpropagation_holds_memory_flat():
    short, long = (saved_for_backward(steps, 20, truncated=True) for steps in (100, 1000))
    assert long <= 1.05 * short
    # the measure sees what is kept: without truncation it grows with the sequence
    assert saved_for_backward(1000, 20, truncated=False) > 5 * long


def test_truncated_gradients_are_those_of_each_chunk_alone():
    net = network().eval()
    x = spike_train(0, 30, 2, 6, dtype=torch.float32)
    _, state = net(x[:15])
    net(x[15:], neuro.detach(state))[0].sum().backward()
    found = [p.grad.clone() for p in net.parameters() if p.grad is not None]
    net.zero_grad()
    y, _ = net(x)
    y[15:].sum().backward()
    whole = [p.grad for p in net.parameters() if p.grad is not None]
    assert all(g.isfinite().all() for g in found)
    assert any(not torch.allclose(a, b) for a, b in zip(found, whole, strict=True))


def test_training_lowers_the_loss():
    net = network()
    optimiser = torch.optim.Adam(neuro.param_groups(net, lr=0.01, delay_lr=0.05))
    # the class is the channel that fires more often
    x = torch.cat([spike_train(i, 20, 1, 6, rate=0.1, dtype=torch.float32) for i in range(24)], 1)
    target = torch.arange(24) % 3
    x[:, torch.arange(24), target] = spike_train(99, 20, 24, rate=0.8, dtype=torch.float32)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = neuro.rate_loss(net(x)[0], target)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.4 * losses[0]


def test_four_threads_run_one_network_at_the_same_time():
    net = network().eval()
    inputs = [spike_train(i, 60, 4, 6, dtype=torch.float32) for i in range(16)]

    def run(x):
        torch.set_num_threads(1)
        outputs = []
        for _ in range(3):
            y, state = net(x[:30])
            outputs.append(torch.cat((y, net(x[30:], state)[0])))
        grads = torch.autograd.grad(outputs[0].sum(), net[0].weight)
        return torch.stack(outputs).detach(), grads[0]

    alone = [run(x) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, inputs))
    for (y, grad), (other, other_grad) in zip(alone, together, strict=True):
        assert torch.equal(y, other) and y.any()
        assert torch.equal(grad, other_grad)


def test_forked_workers_run_a_network():
    (output,) = finished(launch("forked_workers.py"))
    assert "12 samples equal" in output


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("read-only",)], ids=["cached", "read-only"])
def test_large_tensors_in_several_threads_and_after_a_fork(options):
    (output,) = finished(launch("many_threads.py", *options))
    assert "the same" in output


@pytest.mark.slow
@pytest.mark.parametrize("form", ["sequential", "subclass"])
def test_two_processes_give_the_gradients_of_the_joined_batch_and_freeze_their_delays(form):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outputs = finished(*(launch("ddp.py", rank, port, form) for rank in range(2)))
    assert all("largest difference" in output for output in outputs)
    assert all("0 frozen delays moved" in output for output in outputs)


def test_importing_the_layers_warns_of_nothing():
    command = [sys.executable, "-W", "error", "-c", "import axonal.neuro"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0 and not result.stderr
