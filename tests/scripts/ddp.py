"""One of two processes that train on halves of a batch; the first compares with the whole batch.

Usage: ddp.py RANK PORT
"""

import os
import sys

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from axonal import neuro

STEPS, BATCH = 15, 6


def network():
    torch.manual_seed(0)
    return neuro.Sequential(
        neuro.DelayedLinear(5, 8, max_delay=4),
        neuro.LIF(8, 3.0, learn=("tau", "threshold")),
        neuro.Recurrent(neuro.LIF(8, refractory=1), neuro.Linear(8, 8), delay=2),
        neuro.Linear(8, 3),
        neuro.LeakyIntegrator(3),
    ).double()


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
    dist.destroy_process_group()
    if worst > 1e-6:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
