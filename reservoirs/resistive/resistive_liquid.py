"""A liquid of spiking neurons whose fixed random weights may lie on crossbars."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs._inputs import generator, real_array
from axonal.reservoirs.resistive import _layer
from axonal.reservoirs.resistive.crossbar import Crossbar
from axonal.reservoirs.resistive.resistive_device import ResistiveDevice
from axonal.reservoirs.resistive.trained_liquid import TrainedLiquid

WHO = "ResistiveLiquid"
BATCH = 256
"""Samples that run at once: more would only take more memory."""


class ResistiveLiquid:
    """Fixed random recurrent layer of spiking neurons, and features of what it does to a sample.

        u_t = decay u_{t-1} (1 - s_{t-1}) + W_in x_t + W_rec s_{t-1},    s_t = [u_t > threshold]

    This is the likely form of the layer of Lin, Wang et al., Nature Computational Science, 2025
    (arXiv 2307.00771). It is **not verified**: their code of the model and of its loss was never
    published. Weights and threshold that are scaled together leave every spike as it is.

    Layers of ``axonal.neuro`` fire at u >= threshold. The comparison here is strict, which is the
    same at the next larger number: so their operator runs weights that are fixed. Crossbars with
    read noise or a converter are read once per step, in a loop.

    Args:
        input_weights: W_in [N, I], or a :class:`Crossbar` that holds them.
        recurrent_weights: W_rec [N, N], the row of a neuron its inputs, or a crossbar.
        decay: factor per step, 0 to 1.
        threshold: > 0.

    Raises:
        ValueError: for weights that are not finite or do not fit together, numbers out of range.

    >>> liquid = ResistiveLiquid([[1.5], [0.6]], [[0.0, 0.0], [-1.0, 0.0]], decay=0.5)
    >>> x = np.ones((4, 1, 1))  # steps, samples, inputs
    >>> liquid.features(x)
    array([[4., 0.]])
    """

    def __init__(
        self,
        input_weights: ArrayLike | Crossbar,
        recurrent_weights: ArrayLike | Crossbar,
        *,
        decay: float = 0.9,
        threshold: float = 1.0,
    ) -> None:
        self._input = _weights("input_weights", input_weights)
        self._recurrent = _weights("recurrent_weights", recurrent_weights)
        self.size, self.inputs = self._input.shape
        if self._recurrent.shape != (self.size, self.size):
            raise ValueError(
                f"{WHO} expects recurrent_weights [{self.size}, {self.size}] beside input_weights "
                f"[{self.size}, {self.inputs}], got {self._recurrent.shape}. Are the input weights "
                "transposed?"
            )
        self.decay = checks.number(WHO, "decay", decay, 0, 1)
        self.threshold = checks.number(WHO, "threshold", threshold, 0, open_low=True)

    @classmethod
    def random(
        cls,
        inputs: int,
        size: int = 200,
        *,
        scale: float = 0.1,
        recurrent_scale: float | None = None,
        decay: float = 0.9,
        threshold: float = 1.0,
        device: ResistiveDevice | None = None,
        seed: int = 0,
        **options: Any,
    ) -> "ResistiveLiquid":
        """Draw a liquid with normal weights, and program them on crossbars if a device is given.

        The same seed draws the same weights with every device.

        Args:
            inputs: I.
            size: N neurons.
            scale: standard deviation of the input weights, > 0.
            recurrent_scale: that of the recurrent weights, >= 0; ``scale`` by default.
            decay: factor per step, 0 to 1.
            threshold: > 0.
            device: of both crossbars; None for weights as numbers.
            seed: of weights and devices.
            options: further arguments of :class:`Crossbar`.

        Raises:
            ValueError: for numbers out of range.

        >>> ResistiveLiquid.random(64, seed=1).size
        200
        """
        who = f"{WHO}.random"
        size = checks.whole_number(who, "size", size)
        inputs = checks.whole_number(who, "inputs", inputs)
        scale = checks.number(who, "scale", scale, 0, open_low=True)
        if recurrent_scale is None:
            recurrent_scale = scale
        checks.number(who, "recurrent_scale", recurrent_scale, 0)
        # one stream for the weights, one for the devices of each crossbar
        drawn, *devices = np.random.default_rng(checks.seed(who, seed)).spawn(3)
        w_in = scale * drawn.standard_normal((size, inputs))
        w_rec = recurrent_scale * drawn.standard_normal((size, size))
        if device is None:
            if options:
                raise ValueError(
                    f"{who} got {', '.join(options)}, which belong to crossbars: write "
                    "device=ResistiveDevice() as well."
                )
            return cls(w_in, w_rec, decay=decay, threshold=threshold)
        held = (
            Crossbar(w, device, seed=rng, **options)
            for w, rng in zip((w_in, w_rec), devices, strict=True)
        )
        return cls(*held, decay=decay, threshold=threshold)

    def weights(self, time: float | None = None) -> tuple[Float64Array, Float64Array]:
        """W_in [N, I] and W_rec [N, N] as they are, or as crossbars hold them at a time in s."""
        w_in, w_rec = (
            w.weights(time) if isinstance(w, Crossbar) else w
            for w in (self._input, self._recurrent)
        )
        return w_in, w_rec

    def spikes(self, x: ArrayLike, *, time: float | None = None, seed: Any = None) -> Float64Array:
        """Run the liquid from rest.

        Args:
            x: inputs [T, B, I], counts of events for example.
            time: seconds after the crossbars were programmed; None for their t_0.
            seed: of read noise, a whole number or a generator; needed if there is some.

        Returns:
            spikes [T, B, N], 0 or 1.

        Raises:
            ValueError: for inputs that are not finite or not [T, B, I].
        """
        return self._run(self._checked(x), time, seed)

    def features(
        self,
        x: ArrayLike,
        kind: str = "counts",
        *,
        parts: int = 1,
        time: float | None = None,
        seed: Any = None,
    ) -> Float64Array:
        """Features of each sample: what the neurons fired.

        Args:
            x: inputs [T, B, I].
            kind: "counts" (spikes of each neuron), "rates" (counts per step) or "trace" (spikes
                that fade by ``decay`` per step, at the last step).
            parts: count in so many equal parts of the time, one after another; 1 for "trace".
            time: as in :meth:`spikes`.
            seed: as in :meth:`spikes`.

        Returns:
            features [B, N parts].

        Raises:
            ValueError: for an unknown kind and inputs that do not fit, and if no neuron fires in
                any sample.

        >>> x = np.random.default_rng(0).random((20, 3, 8)) < 0.2
        >>> ResistiveLiquid.random(8, 50, scale=0.5).features(x, parts=2).shape
        (3, 100)
        """
        who = f"{WHO}.features"
        checks.one_of(who, "kind", kind, _layer.KINDS)
        raster = self._checked(x)
        parts = checks.whole_number(who, "parts", parts, 1, len(raster))
        if kind == "trace" and parts > 1:
            raise ValueError(f"{who} expects parts=1 for a trace, which has one time, got {parts}.")
        rng = None if seed is None else generator(who, seed)
        made = [
            _layer.features(torch.from_numpy(self._run(some, time, rng)), kind, parts, self.decay)
            for some in np.array_split(raster, -(-raster.shape[1] // BATCH), axis=1)
        ]
        found: Float64Array = torch.cat(made).numpy()
        if not found.any():
            raise ValueError(
                f"{who}: no neuron fires in any of {len(found)} samples, so that all have the same "
                "features: raise the scale of the weights or lower the threshold."
            )
        return found

    def trained(self) -> TrainedLiquid:
        """Return a layer of torch that starts as this liquid and whose weights can be trained."""
        w_in, w_rec = self.weights()
        return TrainedLiquid(w_in, w_rec, decay=self.decay, threshold=self.threshold)

    def _checked(self, x: ArrayLike) -> Float64Array:
        array = real_array(WHO, "x", x, f"[T, B, {self.inputs}]", 3)
        if array.shape[2] != self.inputs:
            raise ValueError(
                f"{WHO} expects x [T, B, {self.inputs}], got {array.shape}. Time is first, inputs "
                "last."
            )
        return array

    def _run(self, x: Float64Array, time: float | None, seed: Any) -> Float64Array:
        held = [w for w in (self._input, self._recurrent) if isinstance(w, Crossbar)]
        if not all(w.linear for w in held):
            return self._step_by_step(x, time, seed)
        w_in, w_rec = map(torch.from_numpy, self.weights(time))
        fired = _layer.spikes(torch.from_numpy(x), w_in, w_rec, self.decay, self.threshold)
        found: Float64Array = fired.numpy()
        return found

    def _step_by_step(self, x: Float64Array, time: float | None, seed: Any) -> Float64Array:
        """Run the equations as they are written, with one read of each crossbar per step."""
        rng = None if seed is None else generator(WHO, seed)
        u = np.zeros((x.shape[1], self.size))
        spikes, made = np.zeros_like(u), []
        for x_t in x:
            heard = _product(self._input, x_t, time, rng)
            heard += _product(self._recurrent, spikes, time, rng)
            u = self.decay * u * (1 - spikes) + heard
            spikes = (u > self.threshold).astype(np.float64)
            made.append(spikes)
        return np.stack(made)


def _weights(name: str, weights: ArrayLike | Crossbar) -> Float64Array | Crossbar:
    if isinstance(weights, Crossbar):
        return weights
    return real_array(WHO, name, weights, "[N, I]" if name == "input_weights" else "[N, N]", 2)


def _product(
    weights: Float64Array | Crossbar, x: Float64Array, time: float | None, rng: Any
) -> Float64Array:
    if isinstance(weights, Crossbar):
        return weights.product(x, time=time, seed=rng)
    return x @ weights.T
