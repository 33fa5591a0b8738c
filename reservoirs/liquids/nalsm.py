"""The neuron-astrocyte liquid state machine of Ivanov and Michmizos, as an estimator."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from axonal._base import checks
from axonal._base.array_types import Float64Array, Int64Array
from axonal.neuro.ops.event_network import Events
from axonal.reservoirs.liquids._bernoulli import bernoulli
from axonal.reservoirs.liquids._relative import relative
from axonal.reservoirs.liquids.liquid import Liquid, LiquidRun
from axonal.reservoirs.liquids.synapses import LastSpike
from axonal.reservoirs.plasticity import Astrocyte, Modulator, PairSTDP
from axonal.reservoirs.topology import grid, random_inputs

OFFICIAL_DECAY = 0.90477447
"""Of traces per step: the original's approximation of exp(-1 / 10)."""
_SILENT_FOR = 20
_BLOCK = 250
Drive = npt.ArrayLike | Sequence[npt.NDArray[np.integer[Any]]]


class NALSM(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A liquid that organises itself while it sees samples, and then counts its spikes.

    `fit` runs samples for ``initial_steps`` steps each, one after the other, and keeps the weights
    that plasticity leaves. `transform` begins every sample with those weights, runs it for
    ``steps`` steps while all rates of plasticity fade, and returns the spike counts of the liquid.
    A classifier follows in a pipeline: `CountReadout` is that of the paper (arXiv 2111.01760).

    A sample is a picture, whose pixel x gives its input neuron an impulse at every step with the
    probability x / Σ x, relative to the largest such number of the training set; or a recording,
    whose events are impulses.

    With ``parity`` the accidents of the original are kept: all synapses have a time constant of one
    step (its draw of 1 or 2 never gives 2), traces go on from one sample into the next, so that
    samples cannot be shared out over threads, and every set of pictures is scaled by its own
    largest number, the test set too.

    Args:
        shape: neurons along the sides of the grid.
        weight: size of all weights at the start.
        plasticity: rule of the synapses, or None for a liquid that does not learn.
        modulator: of the rate of depression; None for plain plasticity. A liquid that does not
            learn has no use for it.
        initial: samples of `fit`.
        initial_steps: steps of each of them.
        steps: steps of each sample of `transform`.
        fading: factor of all rates of plasticity per step in `transform`.
        density: share of the pairs of input and neuron that are joined.
        inputs: number of inputs, for recordings, in which the last ones may be silent; None for
            the width of pictures, or up to the last input that has an event in `fit`.
        amplitude: impulse of an event, as a membrane gets it.
        parity: whether to keep the accidents of the original.
        seed: of the wiring, the time constants and the impulses.
        progress: called with the share of a call's work that is done.

    Raises:
        ValueError: an argument is out of its range, or samples are not as described.

    >>> pictures = np.random.default_rng(0).random((6, 9))
    >>> liquid = NALSM((4, 4, 4), initial=6, steps=50, density=0.5)
    >>> liquid.fit_transform(pictures).shape
    (6, 64)
    """

    def __init__(
        self,
        shape: tuple[int, int, int] = (10, 10, 10),
        *,
        weight: float = 3.0,
        plasticity: PairSTDP | None = PairSTDP(),  # noqa: B008
        modulator: Modulator | None = Astrocyte(),  # noqa: B008
        initial: int = 50_000,
        initial_steps: int = 20,
        steps: int = 250,
        fading: float = 0.99,
        density: float = 0.15,
        inputs: int | None = None,
        amplitude: float = 100.0,
        parity: bool = False,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.shape = shape
        self.weight = weight
        self.plasticity = plasticity
        self.modulator = modulator
        self.initial = initial
        self.initial_steps = initial_steps
        self.steps = steps
        self.fading = fading
        self.density = density
        self.inputs = inputs
        self.amplitude = amplitude
        self.parity = parity
        self.seed = seed
        self.progress = progress

    def fit(self, X: Drive, y: object = None, *, weights: npt.ArrayLike | None = None) -> Self:
        """Let the weights organise themselves.

        Args:
            X: pictures `[B, M]`, or recordings, each of which lists step and input of every event
                `[E, 2]`.
            y: nothing; there for pipelines.
            weights: ``weights_`` of an earlier fit to these samples, which are taken over.

        Returns:
            itself, with ``liquid_``, ``weights_`` and ``largest_``.
        """
        checks.whole_number("NALSM", "initial", self.initial, 0)
        checks.whole_number("NALSM", "initial_steps", self.initial_steps)
        checks.whole_number("NALSM", "steps", self.steps)
        samples, found = _samples(X)
        self.n_features_in_ = found
        if self.inputs is not None:
            self.n_features_in_ = checks.whole_number("NALSM", "inputs", self.inputs)
        _check_inputs(samples, found, self.n_features_in_, "expects")
        self.largest_ = _largest(samples)
        self.liquid_ = self._liquid()
        self._counting = self.liquid_.fading(self.fading)
        self.weights_ = self.liquid_.weights if weights is None else np.asarray(weights)
        if self.plasticity is None or weights is not None:
            return self
        rng = np.random.default_rng([checks.seed("NALSM", self.seed), 1])
        chosen = rng.permutation(len(samples))[: self.initial]
        if self.initial > len(samples):
            chosen = rng.integers(len(samples), size=self.initial)
        for run in self._runs(self.liquid_, samples, chosen, self.initial_steps, fits=True):
            assert run.weights is not None
            self.weights_ = run.weights
        return self

    def transform(self, X: Drive) -> Int64Array:
        """Count the spikes of the liquid.

        Args:
            X: samples as `fit` takes them.

        Returns:
            counts `[B, n]`.

        Raises:
            ValueError: samples have another number of inputs than those of `fit`.
        """
        samples = self._checked(X)
        every = np.arange(len(samples))
        runs = self._runs(self._counting, samples, every, self.steps, fits=False)
        return np.concatenate([run.counts for run in runs])

    def run(self, X: Drive) -> LiquidRun:
        """Run samples as `transform` does, all at once, and list every spike.

        Pictures are scaled as those of `fit`, also with ``parity``.

        Args:
            X: samples as `fit` takes them.
        """
        samples = self._checked(X)
        every = np.arange(len(samples))
        events = self._events(samples, every, every, self.steps, self.largest_)
        return self._counting.run(
            events,
            samples=len(samples),
            steps=self.steps,
            weights=self.weights_,
            state=self._counting.rest(len(samples), silent_for=_SILENT_FOR),
            record=True,
        )

    def _checked(self, X: Drive) -> "_Samples":
        """Samples that have the inputs of those of `fit`."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "weights_")
        samples, inputs = _samples(X)
        _check_inputs(samples, inputs, self.n_features_in_, "was fitted on")
        return samples

    def _liquid(self) -> Liquid:
        wiring = grid(self.shape, seed=self.seed)
        inputs = random_inputs(
            self.n_features_in_, wiring.neurons, self.density, seed=self.seed + 1
        )
        rng = np.random.default_rng([self.seed, 2])
        tau = np.ones(wiring.neurons)
        if not self.parity:
            tau = rng.integers(1, 3, wiring.neurons).astype(np.float64)
        rule = self.plasticity
        if rule is not None and self.parity:
            own = -1.0 / np.log(OFFICIAL_DECAY)
            rule = replace(rule, tau_pre=own, tau_post=own)
        return Liquid(
            wiring,
            inputs,
            weight=self.weight,
            synapses=LastSpike(tau),
            plasticity=rule,
            modulator=self.modulator if rule is not None else None,
            seed=self.seed,
        )

    def _runs(
        self, liquid: Liquid, samples: "_Samples", chosen: Int64Array, steps: int, *, fits: bool
    ) -> Any:
        previous = None
        largest = self.largest_ if fits or not self.parity else _largest(samples)
        for start in range(0, len(chosen), _BLOCK):
            part = chosen[start : start + _BLOCK]
            numbers = np.arange(start, start + len(part))
            state = liquid.rest(len(part), silent_for=_SILENT_FOR)
            if self.parity and previous is not None:
                state.pre_trace[0] = previous.pre_trace[-1]
                state.post_trace[0] = previous.post_trace[-1]
            run = liquid.run(
                self._events(samples, part, numbers, steps, largest, fits=fits),
                samples=len(part),
                steps=steps,
                state=state,
                weights=self.weights_,
                consecutive=fits,
                inherit=self.parity,
            )
            previous = run.state
            if self.progress is not None:
                self.progress((start + len(part)) / len(chosen))
            yield run

    def _events(
        self,
        samples: "_Samples",
        part: Int64Array,
        numbers: Int64Array,
        steps: int,
        largest: float,
        *,
        fits: bool = False,
    ) -> Events:
        offset = int(np.prod(self.shape))
        if isinstance(samples, list):
            return _listed([samples[k] for k in part], steps, offset, self.amplitude)
        rates = np.minimum(relative(samples[part].astype(np.float64)) / largest, 1.0)
        return bernoulli(
            rates,
            steps,
            seed=2 * self.seed + fits,
            numbers=numbers,
            offset=offset,
            value=self.amplitude,
        )


_Samples = Float64Array | list[npt.NDArray[np.integer[Any]]]


def _samples(X: Drive) -> tuple[_Samples, int]:
    """Samples and the number of their inputs."""
    table = X if isinstance(X, list | tuple) else np.asarray(X)
    if isinstance(table, np.ndarray) and table.dtype != object:
        pictures = table
        if pictures.ndim != 2 or not len(pictures):
            raise ValueError(f"NALSM expects pictures [B, M], got {pictures.shape}.")
        if not np.isfinite(pictures).all() or (pictures < 0).any():
            raise ValueError("NALSM expects finite pixels >= 0, got NaN, infinity or less than 0.")
        return pictures, pictures.shape[1]
    recordings = [np.asarray(events) for events in X]  # type: ignore[union-attr]
    for k, events in enumerate(recordings):
        if events.ndim != 2 or events.shape[1] != 2 or events.dtype.kind not in "iu":
            raise ValueError(
                "NALSM expects recordings of whole numbers [E, 2], step and input of every event; "
                f"number {k} is {events.dtype} {events.shape}. Pictures come as one array [B, M]."
            )
        if events.size and events.min() < 0:
            raise ValueError(f"NALSM expects steps and inputs >= 0; recording {k} has less.")
    if not recordings:
        raise ValueError("NALSM expects at least one sample, got none.")
    return recordings, 1 + max(int(events[:, 1].max(initial=0)) for events in recordings)


def _check_inputs(samples: _Samples, found: int, expected: int, verb: str) -> None:
    """Refuse inputs that there are not, and pictures of another width."""
    listed = isinstance(samples, list)
    if found > expected or (found < expected and not listed):
        raise ValueError(
            f"NALSM {verb} {expected} inputs, got samples with {found}."
            + (" Write inputs=... where some are silent in fit." if listed else "")
        )


def _largest(samples: _Samples) -> float:
    if isinstance(samples, list):
        return 1.0
    blocks = range(0, len(samples), 4096)
    return (
        max(float(relative(samples[k : k + 4096].astype(np.float64)).max()) for k in blocks) or 1.0
    )


def _listed(
    recordings: list[npt.NDArray[np.integer[Any]]], steps: int, offset: int, value: float
) -> Events:
    """Events of recordings in order; more than one of an input in a step are one."""
    cells, sources = [], []
    for k, events in enumerate(recordings):
        kept = np.unique(events[events[:, 0] < steps].astype(np.int64), axis=0)
        cells.append(k * steps + kept[:, 0])
        sources.append(offset + kept[:, 1])
    counts = np.bincount(np.concatenate(cells), minlength=len(recordings) * steps)
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    source = np.concatenate(sources)
    return Events(bounds, source, np.full(len(source), value))
