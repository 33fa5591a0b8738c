"""Samples over threads, replicas and sweeps one after the other."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from axonal._base.array_types import Float64Array, Int8Array
from axonal.hebbian.montecarlo._disorder import Disorder
from axonal.hebbian.montecarlo._make_representation import Representation
from axonal.hebbian.montecarlo._measurement import Measurement, summarise
from axonal.hebbian.montecarlo._random import key_of
from axonal.hebbian.montecarlo._representation import Walk
from axonal.hebbian.montecarlo._schedule import Schedule, Start
from axonal.hebbian.montecarlo.cpu import advance

CHUNK = 100
"""Sweeps between two moments at which a run can be stopped, and real overlaps be summed anew."""

CHUNK_WORK = 1 << 32
"""Patterns times spins visited in a chunk at most: about a second."""

Prepare = Callable[[Disorder], tuple[Representation, Int8Array]]
Records = tuple[Float64Array, Float64Array, Float64Array]


def _walk(schedule: Schedule, setup: Representation, sample: int, replica: int) -> Walk:
    metropolis = schedule.dynamics == "metropolis"
    return Walk(
        *key_of(schedule.seed),
        np.uint64(sample),
        np.uint64(replica),
        np.float32(schedule.T / 2 / setup.unit),
        metropolis,
        # Spins that turn together have no order.
        schedule.order == "random" and schedule.dynamics != "parallel",
        schedule.dynamics == "parallel",
    )


def _first(start: float | Start, disorder: Disorder, targets: Int8Array, replica: int) -> Int8Array:
    if callable(start):
        return start(disorder, targets, replica)
    return disorder.state(targets[0], start, replica)


def _sample(
    schedule: Schedule, disorder: Disorder, prepare: Prepare, stop: threading.Event
) -> Records:
    """All runs of one sample: overlaps [replicas, S, A], energies and turned fractions."""
    setup, targets = prepare(disorder)
    size = disorder.N
    chunk = max(1, min(CHUNK, CHUNK_WORK // (size * disorder.columns)))
    if schedule.dynamics == "parallel":
        # The change of the energy is no sum of those of single spins.
        chunk = 1
    total = schedule.warmup + schedule.sweeps
    overlaps = np.empty((schedule.replicas, total, len(targets)))
    energies = np.empty((schedule.replicas, total))
    turned = np.empty((schedule.replicas, total), np.int64)
    for replica in range(schedule.replicas):
        walk = _walk(schedule, setup, disorder.sample, replica)
        state = setup.begin(_first(schedule.start, disorder, targets, replica))
        energy = setup.energy(state)
        for first in range(0, total, chunk):
            if stop.is_set():
                raise KeyboardInterrupt
            part = slice(first, min(first + chunk, total))
            change = energies[replica, part]
            advance(
                state, walk, targets, first, overlaps[replica, part], change, turned[replica, part]
            )
            if not setup.exact:
                state = setup.begin(state.spins)
            if schedule.dynamics == "parallel":
                change[:] = setup.energy(state)
            else:
                last = change[-1]
                change += energy
                energy = energy + last if setup.exact else setup.energy(state)
    measured = slice(schedule.warmup, total)
    return (
        overlaps[:, measured] / size,
        energies[:, measured] * (setup.unit / size),
        turned[:, measured] / size,
    )


def simulate(
    schedule: Schedule,
    disorder: Callable[[int], Disorder],
    prepare: Prepare,
    *,
    threshold: float,
    examples: int,
    form: str,
) -> Measurement:
    """Run every sample, and reduce the records to a measurement.

    Args:
        schedule: temperature, length and dynamics.
        disorder: by the number of the sample.
        prepare: makes form and targets [A, N] of a sample.
        threshold: overlap above which a memory is kept.
        examples: M if the targets hold the examples of every archetype, else 0.
        form: name of the form.
    """
    stop = threading.Event()
    finished = 0

    def work(sample: int) -> Records:
        return _sample(schedule, disorder(sample), prepare, stop)

    def report(records: Records) -> Records:
        nonlocal finished
        finished += 1
        if schedule.progress is not None:
            schedule.progress(finished, schedule.samples)
        return records

    threads = schedule.at_once
    samples = range(schedule.samples)
    if threads == 1:
        records = [report(work(sample)) for sample in samples]
    else:
        with ThreadPoolExecutor(threads) as pool:
            try:
                records = [report(done) for done in pool.map(work, samples)]
            except BaseException:
                # Threads end at their next chunk, and samples that wait never begin.
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    overlaps, energies, turned = (np.stack(parts) for parts in zip(*records, strict=True))
    return summarise(
        overlaps,
        energies,
        turned,
        threshold=threshold,
        examples=examples,
        warmup=schedule.warmup,
        form=form,
    )
