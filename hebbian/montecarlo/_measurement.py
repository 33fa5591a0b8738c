"""Results of a simulation."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array
from axonal.hebbian.montecarlo.statistics import (
    autocorrelation_time,
    blocking,
    survival,
    survivors,
)


@dataclass(frozen=True)
class Measurement:
    """Overlap with the first archetype over samples of disorder, and what happened in every run.

    Near a spinodal some runs lose their memory. Means are over runs that kept it, and go with the
    fraction that did: a mean over both describes neither.

    Attributes:
        overlap: mean over samples of the overlap m of the runs that survived; nan if none did.
        overlap_error: its standard error over samples.
        survival: fraction of runs that kept the memory, over the last tenth of the sweeps.
        survival_error: its standard error.
        energy: per spin, mean over the runs that survived.
        energy_error: its standard error over samples.
        acceptance: turned spins over visited spins, of all measured sweeps.
        sweeps: measured in every run.
        warmup: sweeps before them.
        form: how patterns were held.
        overlaps: [samples, replicas], means over the measured sweeps.
        survived: [samples, replicas] bool.
        energies: [samples, replicas].
        blocking_errors: [samples, replicas], errors of `overlaps` within the run.
        autocorrelation_times: [samples, replicas], of the overlap, in sweeps.
        archetype_overlaps: [samples, replicas, A], with every archetype that was followed.
        example_overlaps: [samples, replicas, A, M], with every example; None if not followed.
    """

    overlap: float
    overlap_error: float
    survival: float
    survival_error: float
    energy: float
    energy_error: float
    acceptance: float
    sweeps: int
    warmup: int
    form: str
    overlaps: Float64Array
    survived: BoolArray
    energies: Float64Array
    blocking_errors: Float64Array
    autocorrelation_times: Float64Array
    archetype_overlaps: Float64Array
    example_overlaps: Float64Array | None


def summarise(
    overlaps: Float64Array,
    energies: Float64Array,
    turned: Float64Array,
    *,
    threshold: float,
    examples: int,
    warmup: int,
    form: str,
) -> Measurement:
    """Reduce what all runs recorded.

    Args:
        overlaps: [samples, replicas, sweeps, A or A (1 + M)]: archetypes first, then examples.
        energies: [samples, replicas, sweeps] per spin.
        turned: [samples, replicas, sweeps], fractions.
        threshold: overlap above which a memory is kept.
        examples: M if examples were followed, else 0.
        warmup: sweeps that were not recorded.
        form: how patterns were held.
    """
    samples, replicas, sweeps, followed = overlaps.shape
    first = overlaps[..., 0]
    means = overlaps.mean(2)
    end = first[:, :, -max(1, sweeps // 10) :].mean(2)
    kept = end > threshold
    archetypes = followed // (1 + examples)
    m = survivors(means[..., 0], kept)
    e = survivors(energies.mean(2), kept)
    fraction, fraction_error = survival(kept)
    shape = (samples, replicas)
    runs = first.reshape(-1, sweeps)
    return Measurement(
        overlap=m.mean,
        overlap_error=m.error,
        survival=fraction,
        survival_error=fraction_error,
        energy=e.mean,
        energy_error=e.error,
        acceptance=float(turned.mean()),
        sweeps=sweeps,
        warmup=warmup,
        form=form,
        overlaps=means[..., 0],
        survived=kept,
        energies=energies.mean(2),
        blocking_errors=_each(blocking, runs, shape),
        autocorrelation_times=_each(autocorrelation_time, runs, shape),
        archetype_overlaps=means[..., :archetypes],
        example_overlaps=means[..., archetypes:].reshape(*shape, archetypes, examples)
        if examples
        else None,
    )


def _each(function: Any, runs: Float64Array, shape: tuple[int, int]) -> Float64Array:
    return np.array([function(run) for run in runs]).reshape(shape)
