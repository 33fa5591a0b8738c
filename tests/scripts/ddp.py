"""One of two processes that train on halves of a batch; the first compares with the whole batch.

Usage: ddp.py RANK PORT sequential|subclass
"""

import os
import sys

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from axonal import neuro

STEPS, BATCH = 15, 6


def layers():
    return {
        "delays": neuro.DelayedLinear(5, 8, max_delay=4),
        "lif": neuro.LIF(8, 3.0, learn=("tau", "threshold")),
        "loop": neuro.Recurrent(neuro.LIF(8, refractory=1), neuro.Linear(8, 8), delay=2),
        "fc": neuro.Linear(8, 3),
        "readout": neuro.LeakyIntegrator(3),
    }


class Net(neuro.Network):
    def __init__(self):
        super().__init__()
        for name, layer in layers().items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.readout(self.fc(self.loop(self.lif(self.delays(x)))))


def network():
    torch.manual_seed(0)
    return (Net() if sys.argv[3] == "subclass" else neuro.Sequential(layers())).double()


def main():
    rank, port = int(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    os.environ.update(GLOO_SOCKET_IFNAME="lo", MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    generator = torch.Generator().manual_seed(1)
    x = (torch.rand(STEPS, BATCH, 5, generator=generator) < 0.4).double() * 2
    target = torch.randint(0, 3, (BATCH,), generator=generator)
    half = slice(rank * BATCH // 2, (rank + 1) * BATCH // 2)

    net = network()
    parallel = DistributedDataParallel(net)
    for _ in range(2):  # the second round would fail if a parameter had no gradient
        net.zero_grad()
        y, _ = parallel(x[:, half])
        neuro.rate_loss(y, target[half]).backward()

    whole = network()
    neuro.rate_loss(whole(x)[0], target).backward()
    worst = 0.0
    for (name, p), (_, q) in zip(net.named_parameters(), whole.named_parameters(), strict=True):
        if not q.grad.any():
            raise SystemExit(f"{name} has no gradient, so that nothing is compared")
        worst = max(worst, float((p.grad - q.grad).abs().max()))
    print(f"largest difference {worst:.3e}")
    moved = end_training(parallel, x[:, half], target[half])
    print(f"{moved} frozen delays moved")
    dist.destroy_process_group()
    if worst > 1e-6 or moved:
        raise SystemExit(1)


def end_training(parallel, x, target):
    """Go on, freeze between backward and step, and end with another average and wrapper."""
    net = parallel.module
    optimiser = torch.optim.Adam(neuro.param_groups(net, lr=0.01, delay_lr=0.5))
    average = AveragedModel(net, use_buffers=True)

    def step(freeze=False):
        optimiser.zero_grad(set_to_none=False)
        neuro.rate_loss(parallel(x)[0], target).backward()
        if freeze:
            neuro.freeze_delays(net)
        optimiser.step()
        average.update_parameters(net)

    step()
    step(freeze=True)
    frozen = net.delays.delay.clone()
    for _ in range(3):
        step()
    weight = net.delays.weight.detach().clone()
    parallel = DistributedDataParallel(net)
    step()
    if torch.equal(weight, net.delays.weight):
        raise SystemExit("nothing was trained after freezing")
    other = frozen.clone()
    dist.broadcast(other, 0)
    kept = (net.delays.delay, average.module.delays.delay, other)
    return sum(int((delay != frozen).sum()) for delay in kept)


if __name__ == "__main__":
    main()
