"""Operators on tensors that are split over threads, called from several threads and after a fork.

With the argument "read-only", numba finds no folder for its machine code, as where the package is
installed on a file system that cannot be written.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import torch

THREADS = 2


def forbid_writing():
    """Let every folder that numba tries refuse, and return the list of those that did."""
    from numba.core import caching

    refused = []

    def refuse(locator):
        refused.append(locator.get_cache_path())
        raise PermissionError(f"read-only: {refused[-1]}")

    caching._CacheLocator.ensure_cache_path = refuse
    return refused


def operators(quick):
    """Each a function without arguments that returns tensors."""
    # importing them decides where their machine code goes
    from axonal._base.threads import SMALL
    from axonal.neuro.ops.delayed_linear import delayed_linear
    from axonal.neuro.ops.lif import lif
    from axonal.neuro.ops.spike_linear import spike_linear
    from axonal.neuro.ops.spike_linear.cpu import STREAMED

    generator = torch.Generator().manual_seed(0)
    x = torch.rand(60, 64, 600, generator=generator)
    spikes = (x < 0.03).float()
    weight = torch.randn(600, 600, generator=generator)
    v, decay, threshold = torch.zeros(64, 600), torch.tensor(0.9), torch.tensor(1.0)
    delay = torch.rand(32, 600, generator=generator).round()
    history = torch.zeros(1, 64, 600)
    assert x.nbytes > max(SMALL, STREAMED)

    def linear():
        return (spike_linear(spikes, weight, backend="cpu"),)

    def neurons():
        return lif(x, v, None, decay, threshold, backend="cpu")[:2]

    def delays():
        settings = {"kernel": "one-tap", "max_delay": 1, "backend": "cpu"}
        return delayed_linear(spikes, history, weight[:32], delay, 1.0, **settings)[:1]

    return [linear] if quick else [linear, neurons, delays]


def equal(works, expected):
    """Say whether every operator gives what it gave before, bit for bit."""
    return all(
        torch.equal(a, b)
        for work, before in zip(works, expected, strict=True)
        for a, b in zip(work(), before, strict=True)
    )


def main():
    read_only = "read-only" in sys.argv
    refused = forbid_writing() if read_only else []
    torch.set_num_threads(1)
    works = operators(quick=read_only)
    expected = [work() for work in works]
    torch.set_num_threads(THREADS)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda _: equal(works, expected), range(4)))
    child = os.fork()
    if child == 0:
        os._exit(0 if equal(works, expected) else 1)
    _, status = os.waitpid(child, 0)
    if not all(together) or os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"threads: {together}; child: {status}")
    if read_only and not refused:
        raise SystemExit("numba looked for no folder")
    print("threads and a fork give the same")


if __name__ == "__main__":
    main()
