"""A liquid: recurrent spiking neurons with random synapses, and input neurons that drive them."""

import copy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base import checks
from axonal._base.array_types import Float64Array, Int32Array, Int64Array
from axonal.neuro.ops.event_network import Events
from axonal.neuro.ops.plastic_network import (
    Plasticity,
    PlasticNetwork,
    PlasticState,
    simulate,
)
from axonal.reservoirs.liquids.synapses import Exponential, LastSpike
from axonal.reservoirs.plasticity import Modulator, PairSTDP
from axonal.reservoirs.topology import InputWiring, Wiring

Floats = npt.NDArray[np.floating[Any]]


class LiquidRun(NamedTuple):
    """Spikes of a liquid, and where they left it.

    Args:
        counts: spikes of each neuron of the liquid `[B, n]`.
        input_counts: spikes of each input neuron `[B, M]`.
        sample: sample of each spike `[E]`; nothing unless spikes were recorded.
        step: step of each spike `[E]`.
        neuron: neuron of each spike `[E]`; input neurons follow those of the liquid.
        state: state to go on from.
        weights: at the end, in the order of `Liquid.weights`; of each sample `[B, S]` where each
            was given its own, after all samples `[S]` where one began with those of the one
            before, None where all began with the same.

    >>> LiquidRun._fields[0]
    'counts'
    """

    counts: Int64Array
    input_counts: Int64Array
    sample: Int32Array
    step: Int32Array
    neuron: Int32Array
    state: PlasticState
    weights: Floats | None

    def raster(self, steps: int) -> npt.NDArray[np.bool_]:
        """Recorded spikes of the liquid as booleans `[T, B, n]`.

        Args:
            steps: number of steps T of the run.

        Raises:
            ValueError: spikes were counted and not recorded.
        """
        samples, n = self.counts.shape
        if not len(self.sample) and self.counts.any():
            raise ValueError(
                "LiquidRun.raster expects spikes that were recorded: write run(..., record=True)."
            )
        cells = np.zeros((steps, samples, n), bool)
        own = self.neuron < n
        cells[self.step[own], self.sample[own], self.neuron[own]] = True
        return cells


class Liquid:
    """Leaky integrate-and-fire neurons with fixed or learning synapses, simulated by events.

    Time runs in steps of, as a rule, a millisecond. Step t does

        s = v >= threshold and not refractory,  v = 0 where s
        v = v - leak · v + I + bias + x

    with the current I of `synapses`, and x what is given from outside; then weights learn, if
    there is a rule. Input neurons are of the same sort, without synapses onto them. A run costs
    work in proportion to spikes and the synapses that they touch.

    A liquid does not change: what its weights have become is the result of a run.

    Args:
        wiring: neurons and synapses of the liquid.
        inputs: synapses from the inputs, if it has any.
        weight: size of every weight, whose sign is that of its source; or all weights, those of
            ``wiring`` first, then those of ``inputs`` `[S]`.
        synapses: `LastSpike` or `Exponential`.
        delay: steps from a spike to its arrival, one number or `[S]`.
        leak: share of the membrane lost per step, in [0, 1].
        threshold: a neuron spikes at or above it, > 0.
        bias: input of every step, of the liquid's neurons, one number or `[n]`.
        refractory: steps after a spike without another.
        holds: whether membranes stay at zero meanwhile.
        plasticity: `PairSTDP` or `ActivitySTDP`, or None for weights that stay.
        modulator: of the rate of depression.
        fading: factor of all rates of plasticity per step.
        dtype: float32 or float64.
        seed: of the neurons that a sparse modulator watches.

    Raises:
        ValueError: an argument is out of its range, or the lengths of weights or delays differ from
            the number of synapses.
        MemoryError: the synapses do not fit into what is free.

    >>> from axonal.reservoirs import topology
    >>> wiring = topology.grid((4, 4, 4), seed=0)
    >>> liquid = Liquid(wiring, topology.random_inputs(2, 64, 0.5, seed=0), weight=3.0)
    >>> drive = np.zeros((50, 1, 2))
    >>> drive[::10] = 100.0
    >>> run = liquid.run(liquid.events(drive), samples=1, steps=50)
    >>> run.input_counts.tolist(), bool(run.counts.sum() > 0)
    ([[5, 5]], True)
    """

    def __init__(
        self,
        wiring: Wiring,
        inputs: InputWiring | None = None,
        *,
        weight: npt.ArrayLike = 3.0,
        synapses: LastSpike | Exponential | None = None,
        delay: npt.ArrayLike = 0,
        leak: float = 1 / 64,
        threshold: float = 20.0,
        bias: npt.ArrayLike = 0.0,
        refractory: int = 2,
        holds: bool = False,
        plasticity: PairSTDP | None = None,
        modulator: Modulator | None = None,
        fading: float = 1.0,
        dtype: npt.DTypeLike = np.float32,
        seed: int = 0,
    ) -> None:
        self.wiring = wiring
        self.input_wiring = inputs
        self.inputs = 0 if inputs is None else inputs.inputs
        self.plasticity = plasticity
        self.modulator = modulator
        if plasticity is not None and not isinstance(plasticity, PairSTDP):
            raise TypeError(
                f"Liquid expects plasticity as a rule such as PairSTDP, got {plasticity!r}. "
                "Write PairSTDP()."
            )
        if modulator is not None and plasticity is None:
            raise ValueError(
                "Liquid expects a plasticity beside a modulator, which sets its rate: write "
                "plasticity=PairSTDP()."
            )
        pre, post, signs = self._synapses()
        n, course = wiring.neurons, LastSpike() if synapses is None else synapses
        given = _one_or_each("weight", weight, len(pre), "synapse")
        late = _one_or_each("delay", delay, len(pre), "synapse")
        if np.any(late != np.round(late)):
            raise ValueError("Liquid expects delay in whole steps, got fractions.")
        _one_or_each("tau of its synapses", course.tau, n, "neuron")
        shift = np.zeros(n + self.inputs)
        shift[:n] = _one_or_each("bias", bias, n, "neuron")
        self.synapses = course
        self.delays = np.broadcast_to(late.astype(np.int64), len(pre))
        self._network = PlasticNetwork.build(
            liquid=n,
            inputs=self.inputs,
            pre=pre,
            post=post,
            weight=given if given.ndim else signs * given,
            decay=1.0 - checks.number("Liquid", "leak", leak, 0.0, 1.0),
            bias=shift,
            threshold=checks.number("Liquid", "threshold", threshold, 0.0, open_low=True),
            refractory=checks.whole_number("Liquid", "refractory", refractory, 0),
            holds=holds,
            kernel_decay=course.decays.tolist(),
            gain=course.gains.tolist(),
            kind=course.kinds(post),
            delay=self.delays,
            last_spike=isinstance(course, LastSpike),
            dtype=dtype,
        )
        self.rule: Plasticity | None = None
        if plasticity is not None:
            self.rule = plasticity.rule(
                wiring.excitatory, self.inputs, fading=fading, modulator=modulator, seed=seed
            )
            self._check_bounds(pre, self.weights)

    def _synapses(self) -> tuple[Int32Array, Int32Array, Float64Array]:
        own, given = self.wiring, self.input_wiring
        if given is None:
            return own.pre, own.post, own.signs
        return (
            np.concatenate([own.pre, given.pre + np.int32(own.neurons)]),
            np.concatenate([own.post, given.post]),
            np.concatenate([own.signs, given.signs]),
        )

    def _check_bounds(self, pre: Int32Array, weights: Floats) -> None:
        assert self.rule is not None
        low, high = self.rule.low[pre], self.rule.high[pre]
        wrong = (weights < low - 1e-6) | (weights > high + 1e-6)
        if wrong.any():
            first = int(np.argmax(wrong))
            raise ValueError(
                f"Liquid expects weights within the bounds of its plasticity: synapse {first} has "
                f"{weights[first]:g}, its bounds are {low[first]:g} and {high[first]:g}. Lower the "
                "weight, or raise largest."
            )

    def fading(self, factor: float) -> "Liquid":
        """The same liquid, whose rates of plasticity fade.

        Args:
            factor: of all rates per step, in (0, 1].

        Returns:
            a liquid that shares neurons and synapses with this one.
        """
        other = copy.copy(self)
        if self.rule is not None:
            kept = checks.number("Liquid.fading", "factor", factor, 0.0, 1.0, open_low=True)
            other.rule = self.rule._replace(fading=kept)
        return other

    @property
    def neurons(self) -> int:
        """Number of neurons n, input neurons apart."""
        return self.wiring.neurons

    @property
    def weights(self) -> Floats:
        """Weights at the start, those of the wiring first, then those of the inputs `[S]`."""
        return self._in_order(self._network.weight)

    def _rows(self, weights: npt.ArrayLike) -> Floats:
        """Weights in the order of the network, checked."""
        given = np.asarray(weights)
        size = len(self._network.order)
        if not given.ndim or given.shape[-1] != size:
            raise ValueError(
                f"Liquid.run expects weights [{size}] or [B, {size}], got {given.shape}."
            )
        if not np.isfinite(given).all():
            raise ValueError("Liquid.run expects finite weights, got NaN or infinity.")
        rows: Floats = given[..., self._network.order]
        return rows

    def _in_order(self, rows: Floats) -> Floats:
        weights = np.empty_like(rows)
        weights[..., self._network.order] = rows
        return weights

    def events(self, drive: npt.ArrayLike, *, to: str = "inputs") -> Events:
        """List what a dense array gives to membranes.

        Args:
            drive: amounts `[T, B, M]`, or `[T, B, n]` for the liquid itself.
            to: "inputs" for input neurons, "liquid" for those of the liquid.

        Returns:
            the events, as `run` takes them.

        Raises:
            ValueError: the array has another shape, or holds what is not finite.
        """
        where = checks.one_of("Liquid.events", "to", to, ("inputs", "liquid"))
        array = np.asarray(drive, np.float64)
        wide = self.inputs if where == "inputs" else self.neurons
        if array.ndim != 3 or array.shape[2] != wide:
            raise ValueError(
                f"Liquid.events expects drive [T, B, {wide}] for {where}, got {array.shape}. Time "
                "comes first: is it batch-first?"
            )
        if not np.isfinite(array).all():
            raise ValueError("Liquid.events expects finite amounts, got NaN or infinity.")
        first = self.neurons if where == "inputs" else 0
        steps, samples = array.shape[:2]
        return Events.of([array], [first], samples=samples, steps=steps)

    def rest(self, samples: int, *, silent_for: float = np.inf) -> PlasticState:
        """Membranes at zero and nothing under way.

        Args:
            samples: batch size B.
            silent_for: steps since a spike that every source of a `LastSpike` synapse is taken to
                have had.
        """
        return PlasticState.rest(self._network, samples, self.rule, silent_for=silent_for)

    def run(
        self,
        events: Events,
        *,
        samples: int,
        steps: int,
        state: PlasticState | None = None,
        weights: Floats | None = None,
        consecutive: bool = False,
        inherit: bool = False,
        record: bool = False,
        backend: str = "auto",
    ) -> LiquidRun:
        """Run the liquid.

        Samples are shared out over threads, with the same results on any number of them, unless
        one begins where another ended.

        Args:
            events: amounts given to membranes, as `events` lists them.
            samples: batch size B, at least 1.
            steps: number of steps T, at least 1.
            state: where to start; None is rest. It is not changed.
            weights: at the start, of all samples `[S]` or of each `[B, S]`, in the order of
                `Liquid.weights`; None for those.
            consecutive: begin a sample with the weights that the one before it left.
            inherit: begin a sample with the traces that the one before it left.
            record: list every spike.
            backend: "cpu", "reference" or "auto".

        Returns:
            counts, spikes, state and weights.

        Raises:
            ValueError: events, state or weights do not belong to this liquid; membranes are no
                longer finite.
        """
        if len(events.bounds) != samples * steps + 1:
            raise ValueError(
                f"Liquid.run expects events of {samples} x {steps} samples and steps, got "
                f"{len(events.bounds) - 1} in all: give it the B and T that they were listed with."
            )
        rows = None if weights is None else self._rows(weights)
        run = simulate(
            self._network,
            events,
            samples=samples,
            steps=steps,
            plasticity=self.rule,
            weight=rows,
            consecutive=consecutive,
            inherit=inherit,
            state=state,
            record=record,
            backend=backend,
        )
        n = self.neurons
        after = None if run.weight is None else self._in_order(run.weight)
        return LiquidRun(
            run.counts[:, :n], run.counts[:, n:], run.sample, run.step, run.neuron, run.state, after
        )


def _one_or_each(name: str, value: npt.ArrayLike, size: int, of: str) -> Float64Array:
    array = np.asarray(value, np.float64)
    if array.shape not in ((), (size,)):
        raise ValueError(
            f"Liquid expects {name} as one number or one per {of}, {size}, got {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"Liquid expects {name} to be finite, got NaN or infinity.")
    return array
