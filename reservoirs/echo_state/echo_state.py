"""Echo state networks."""

from typing import Any

import numpy as np
from scipy import sparse

from axonal._base import checks
from axonal._base.array_types import Float64Array
from axonal.reservoirs.echo_state._forecaster import _Forecaster
from axonal.reservoirs.echo_state._plasticity import adapted
from axonal.reservoirs.topology import spectral_radius


class EchoState(_Forecaster):
    """Echo state network: a random recurrent network, of which only a linear readout is learnt.

    x(t) = (1 - a) x(t - 1) + a tanh(g (W x(t - 1) + W_in u(t) + b) + h) and y(t) = W_out [u(t),
    x(t)] + c. W is sparse and normal, scaled to a spectral radius; W_in is uniform in [-1, 1] times
    the input scaling, b uniform in [-1, 1] times the bias. W_out and c are found by ridge
    regression. Gains g = 1 and offsets h = 0 unless intrinsic plasticity adapts them.

    Args:
        units: N, >= 1.
        spectral_radius: largest absolute eigenvalue of W, >= 0.
        leak: a, > 0 and at most 1.
        input_scaling: >= 0; inputs are expected to have a size of about 1.
        bias: >= 0; without it the network is odd in its input.
        degree: mean number of inputs that a unit has from others, > 0; W has N x degree weights.
        ridge: penalty, >= 0.
        washout: rows at the start that are not learnt from, >= 0.
        plasticity: passes of intrinsic plasticity over the training series, >= 0.
        plasticity_rate: of a step of it, > 0.
        plasticity_mean: mean of the activities that are aimed at, from -1 to 1.
        plasticity_deviation: their standard deviation, > 0.
        seed: of the random weights.

    Raises:
        TypeError, ValueError: in `fit`, for a parameter that is out of range.

    Sources: Jaeger, GMD report 148 (2001); leaky units: Jaeger, Lukoševičius, Popovici and Siewert,
    Neural Netw. 20, 335 (2007); plasticity: Schrauwen, Wardermann, Verstraeten, Steil and
    Stroobandt, Neurocomputing 71, 1159 (2008), in their form for tanh.

    >>> import numpy as np
    >>> wave = np.sin(0.3 * np.arange(420))
    >>> model = EchoState(units=50, washout=50).fit(wave[:400])
    >>> bool(np.abs(model.forecast(20) - wave[400:]).max() < 1e-3)
    True
    """

    _increments = False

    def __init__(
        self,
        units: int = 300,
        *,
        spectral_radius: float = 0.9,
        leak: float = 1.0,
        input_scaling: float = 1.0,
        bias: float = 0.5,
        degree: float = 10.0,
        ridge: float = 1e-6,
        washout: int = 100,
        plasticity: int = 0,
        plasticity_rate: float = 1e-4,
        plasticity_mean: float = 0.0,
        plasticity_deviation: float = 0.3,
        seed: int = 0,
    ) -> None:
        self.units = units
        self.spectral_radius = spectral_radius
        self.leak = leak
        self.input_scaling = input_scaling
        self.bias = bias
        self.degree = degree
        self.ridge = ridge
        self.washout = washout
        self.plasticity = plasticity
        self.plasticity_rate = plasticity_rate
        self.plasticity_mean = plasticity_mean
        self.plasticity_deviation = plasticity_deviation
        self.seed = seed

    @property
    def _spoilt(self) -> int:
        return self.washout

    def _check(self) -> None:
        who = "EchoState"
        checks.whole_number(who, "units", self.units)
        checks.whole_number(who, "washout", self.washout, 0)
        checks.whole_number(who, "plasticity", self.plasticity, 0)
        for name in ("spectral_radius", "input_scaling", "bias"):
            checks.number(who, name, getattr(self, name), 0)
        checks.number(who, "leak", self.leak, 0, 1, open_low=True)
        for name in ("degree", "plasticity_rate", "plasticity_deviation"):
            checks.number(who, name, getattr(self, name), 0, open_low=True)
        checks.number(who, "plasticity_mean", self.plasticity_mean, -1, 1)

    def _prepare(self, x: Float64Array) -> None:
        self._check()
        generator = np.random.default_rng(checks.seed("EchoState", self.seed))
        n = self.units
        weights = sparse.random_array(
            (n, n),
            density=min(1.0, self.degree / n),
            format="csr",
            rng=generator,
            data_sampler=lambda size: generator.standard_normal(size),
        )
        if self.spectral_radius == 0:
            weights = weights * 0.0
        else:
            weights = weights * (self.spectral_radius / _radius(weights))
        self.weights_ = weights
        self.input_weights_ = self.input_scaling * generator.uniform(-1, 1, (n, x.shape[1]))
        self.bias_ = self.bias * generator.uniform(-1, 1, n)
        self.gain_, self.offset_ = np.ones(n), np.zeros(n)
        for _ in range(self.plasticity):
            self.gain_, self.offset_ = adapted(self, x)

    def _begin(self, first: Float64Array) -> Any:
        return np.zeros(self.units)

    def _features(self, x: Float64Array, state: Any) -> tuple[Float64Array, Any]:
        states = np.empty((len(x), self.units))
        # gain and offset of units are put into the drive and the weights, once
        drive = (x @ self.input_weights_.T + self.bias_) * self.gain_ + self.offset_
        weights = self.weights_ * self.gain_[:, None] if self.plasticity else self.weights_
        for t, now in enumerate(drive):
            state = (1 - self.leak) * state + self.leak * np.tanh(weights @ state + now)
            states[t] = state
        return np.concatenate((x, states), 1), state


def _radius(weights: Any) -> float:
    radius = spectral_radius(weights)
    if not radius > 1e-8 * np.abs(weights.data).max(initial=0.0):
        raise ValueError(
            "EchoState cannot scale weights whose spectral radius is zero, as those of few units"
            " with few inputs may be: take more units, a higher degree, or another seed."
        )
    return radius
