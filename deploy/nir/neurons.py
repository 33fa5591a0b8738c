"""Neurons of NIR and populations of a graph: their equations, discretised by forward Euler.

NIR's equations are continuous and fire above the threshold; SpikingJelly, snnTorch and Norse step
them by forward Euler, and so does this, the synaptic current first (sinabs has another step, see
below). With q = dt / tau,

    LIF      v' = (1 - q) v + q (v_leak + r I)                 IF   v' = v + dt r I
    CubaLIF  i' = (1 - q_syn) i + q_syn w_in I,  v' = (1 - q_mem) v + q_mem (v_leak + r i')
    LI, I    the same without spikes

where v_leak = v_reset: potentials are counted from there, and start there. A spike sets v to
v_reset; where nothing is stored of v_reset, as before nir 1.0.6, it subtracts v_threshold, by the
equations of that time, and v_leak = 0. A population fires where h >= threshold, so that a threshold
becomes the next number below it in NIR, and the next number above it here.

Sources: Pedersen et al., Neuromorphic intermediate representation, Nature Communications 15, 8122
(2024), and the docstrings of nir 0.2.0, 1.0.4 and 1.0.8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray, Float64Array
from axonal.deploy.graph import Population
from axonal.deploy.nir.errors import NIRError, nir_package
from axonal.deploy.nir.node import Node

EXPORTED = ("lif", "cuba", "integrator", "constant")
"""Kinds of populations that NIR has a neuron for."""
EXACT = ("decay", "gain", "synapse_decay")
"""Fields of a population that are kept in the metadata as they were."""
ABSENT = {"w_in": np.ones(()), "v_reset": np.zeros(())}
"""What stands for a field that files may lack: w_in before nir 1.0, v_reset before 1.0.6."""
SAME = 1e-12
"""Two factors that differ by less were rounded differently and mean the same."""
LONGEST_STEP = 1 + 1e-6
"""Forward Euler takes no step longer than the time constant, but for rounding."""


@dataclass(frozen=True)
class ImportedNeurons:
    """The population of a NIR neuron.

    Args:
        kind: kind of the population.
        shape: shape of the parameters; a single number may stand for any.
        fields: fields of the population, of that shape.
        reset: what a spike does to the potential, "zero" or "subtract".
    """

    kind: str
    shape: tuple[int, ...]
    fields: dict[str, Float64Array]
    reset: str = "zero"


@dataclass(frozen=True)
class Rule:
    """Rule by which one NIR neuron is read.

    Args:
        becomes: the population, in words.
        kept: what is kept and what is refused, in words.
        read: makes the fields, from the node, dt and whether neurons fire at their threshold.
    """

    becomes: str
    kept: str
    read: Callable[[Node, float, bool], ImportedNeurons]


def is_sum(p: Population) -> bool:
    """True if a population is the sum of its input in every step, with no state."""
    return p.kind == "integrator" and bool(np.all(p.decay == 0) and np.all(p.gain == 1))


def below(threshold: Float64Array, single: bool) -> Float64Array:
    """The next numbers below thresholds, of double or of single precision."""
    if not single:
        return np.nextafter(threshold, -np.inf)
    near = threshold.astype(np.float32)
    lower = np.where(near < threshold, near, np.nextafter(near, np.float32(-np.inf)))
    return lower.astype(np.float64)


def exported(p: Population, dt: float, single: bool = False, subtract: bool = False) -> Any:
    """The NIR node of a population of neurons, flat; thresholds are those of `below`.

    Args:
        p: the population.
        dt: seconds per step.
        single: whether thresholds are rounded to single precision.
        subtract: whether the reader subtracts v_threshold at a spike. The metadata name it: in
            memory nir gives every neuron a v_reset, and in files there is none.

    Raises:
        NIRError: NIR has no such neuron.
    """
    nir = nir_package()
    if p.kind not in EXPORTED:
        raise NIRError(f"kind {p.kind!r}: NIR has {', '.join(EXPORTED)}")
    zeros = np.zeros(p.size)
    named = {"reset": "subtract"} if subtract else {}
    if p.kind == "constant":
        # fires at every step without input, since it rests above its threshold
        return nir.IF(r=zeros + 1 / dt, v_threshold=zeros - 1, v_reset=zeros, metadata=named)
    exact: dict[str, Any] = {k: getattr(p, k) for k in EXACT if getattr(p, k).size}
    spiking = {}
    if p.spiking:
        _refuse_unlike(p, subtract)
        exact |= named
        spiking = {"v_threshold": below(p.threshold, single), "v_reset": zeros}
        if single:
            exact["threshold"] = p.threshold
    if p.kind != "cuba" and np.all(p.decay == 1):
        kind = nir.IF if spiking else nir.I
        return kind(r=p.gain / dt, **spiking, metadata=exact)
    leak = _leak(p.decay, "decay")
    shared = {"v_leak": zeros, **spiking, "metadata": exact}
    if p.kind == "cuba":
        forget = _leak(p.synapse_decay, "synapse_decay")
        # frameworks ask for this r, and let w_in carry the rest
        return nir.CubaLIF(
            tau_syn=dt / forget, tau_mem=dt / leak, r=1 / leak, w_in=p.gain / forget, **shared
        )
    kind = nir.LIF if spiking else nir.LI
    return kind(tau=dt / leak, r=p.gain / leak, **shared)


def _leak(decay: Float64Array, name: str) -> Float64Array:
    """Share dt / tau of a decay."""
    unlike = (decay < 0) | (decay >= 1)
    if unlike.any():
        wrong = int(np.argmax(unlike))
        raise NIRError(
            f"{name} {decay[wrong]:g} of neuron {wrong} has no time constant >= dt: NIR takes "
            "decays from 0 to below 1, or 1 for all neurons of a population without current"
        )
    return 1 - decay


def _refuse_unlike(p: Population, subtract: bool) -> None:
    if subtract and p.reset != "subtract":
        raise NIRError(
            f'reset {p.reset!r}: reset="subtract" is for readers that subtract v_threshold at a '
            "spike of any neuron"
        )
    if not subtract and p.reset != "zero":
        raise NIRError(
            f"reset {p.reset!r}: neurons of NIR are set to v_reset by a spike; train with "
            'reset="zero", or write to_nir(..., reset="subtract") for readers that subtract '
            "v_threshold, as sinabs does and NIR before 1.0.6"
        )
    if p.refractory:
        raise NIRError(f"refractory {p.refractory}: neurons of NIR are never refractory")


def imported(node: Node, dt: float, at_threshold: bool) -> ImportedNeurons:
    """The population of a NIR neuron; see `RULES`.

    Raises:
        NIRError: a parameter has no equivalent.
    """
    found = RULES[node.kind].read(node, dt, at_threshold)
    for name, values in found.fields.items():
        if not np.all(np.isfinite(values)):
            raise NIRError(f"its {name} is not finite: look at its parameters")
    # Rounding to time constants and back is undone, unless they or dt were changed since.
    for name in EXACT:
        written, own = np.asarray(node.metadata.get(name, ())), found.fields.get(name)
        if own is not None and written.dtype == own.dtype and written.shape == own.shape:
            found.fields[name] = written if _close(written, own) else own
    exact = np.asarray(node.metadata.get("threshold", ()))
    if not at_threshold and exact.dtype == np.float64 and exact.shape == found.shape:
        same = np.array_equal(below(exact, True), node["v_threshold"])
        found.fields["threshold"] = exact if same else found.fields["threshold"]
    return found


def _close(a: Float64Array, b: Float64Array) -> bool:
    return bool(np.all(np.abs(a - b) <= SAME * np.maximum(1, np.abs(b))))


def _lif(node: Node, dt: float, at_threshold: bool) -> ImportedNeurons:
    shape, (tau, r, leak, threshold, reset) = _parameters(
        node, "tau", "r", "v_leak", "v_threshold", "v_reset"
    )
    step = _steps(tau, dt, "tau")
    _one_rest(node, leak, reset)
    fields = {"decay": 1 - step, "gain": r * step}
    return _fires(node, "lif", shape, fields, threshold, reset, at_threshold)


def _if(node: Node, dt: float, at_threshold: bool) -> ImportedNeurons:
    shape, (r, threshold, reset) = _parameters(node, "r", "v_threshold", "v_reset")
    fields = {"decay": np.ones_like(r), "gain": r * dt}
    always = node.metadata.get("kind") == "constant" and bool(np.all(threshold < reset))
    kind = "constant" if always else "lif"
    return _fires(node, kind, shape, fields, threshold, reset, at_threshold)


def _cuba(node: Node, dt: float, at_threshold: bool) -> ImportedNeurons:
    names = ("tau_mem", "tau_syn", "r", "w_in", "v_leak", "v_threshold", "v_reset")
    shape, (tau, tau_syn, r, w_in, leak, threshold, reset) = _parameters(node, *names)
    step, forget = _steps(tau, dt, "tau_mem"), _steps(tau_syn, dt, "tau_syn")
    _one_rest(node, leak, reset)
    gain = (r * step) * (w_in * forget)
    fields = {"decay": 1 - step, "gain": gain, "synapse_decay": 1 - forget}
    return _fires(node, "cuba", shape, fields, threshold, reset, at_threshold)


def _fires(
    node: Node,
    kind: str,
    shape: tuple[int, ...],
    fields: dict[str, Any],
    threshold: AnyArray,
    reset: AnyArray,
    at_threshold: bool,
) -> ImportedNeurons:
    """A population that fires; without a v_reset it subtracts its threshold."""
    level = threshold.astype(np.float64) - reset.astype(np.float64)
    fields = {**fields, "threshold": level if at_threshold else np.nextafter(level, np.inf)}
    what = "zero" if "v_reset" in node.fields else "subtract"
    return ImportedNeurons(kind, shape, _double(fields), what)


def _li(node: Node, dt: float, at_threshold: bool) -> ImportedNeurons:
    shape, (tau, r, leak) = _parameters(node, "tau", "r", "v_leak")
    step = _steps(tau, dt, "tau")
    if leak.any():
        raise NIRError("v_leak is not 0: NIR leaves open whether v starts there")
    return ImportedNeurons("integrator", shape, _double({"decay": 1 - step, "gain": r * step}))


def _i(node: Node, dt: float, at_threshold: bool) -> ImportedNeurons:
    shape, (r,) = _parameters(node, "r")
    return ImportedNeurons("integrator", shape, _double({"decay": np.ones_like(r), "gain": r * dt}))


RULES: dict[str, Rule] = {
    "IF": Rule("lif, decay 1", "both resets; v_reset shifts the potential", _if),
    "LIF": Rule("lif", "both resets; tau >= dt; v_leak = v_reset shifts the potential", _lif),
    "CubaLIF": Rule(
        "cuba",
        "both resets; both tau >= dt; w_in (1 if absent) and r join the gain; v_leak = v_reset "
        "shifts the potential",
        _cuba,
    ),
    "LI": Rule("integrator", "tau >= dt; v_leak = 0; only before an Output", _li),
    "I": Rule("integrator, decay 1", "only before an Output", _i),
}
"""How each neuron of NIR is read."""


def _parameters(node: Node, *names: str) -> tuple[tuple[int, ...], list[AnyArray]]:
    """Parameters in their own precision, in which other frameworks discretise them too."""
    found = []
    for name in names:
        values = np.asarray(node[name] if name not in ABSENT else node.get(name, ABSENT[name]))
        if values.dtype.kind not in "iuf":
            raise NIRError(f"{name} must be real numbers, got {values.dtype}")
        if not np.all(np.isfinite(values)):
            raise NIRError(f"{name} is not finite everywhere")
        values = values if values.dtype.kind == "f" else values.astype(np.float64)
        found.append(values)
    try:
        together = np.broadcast_shapes(*(x.shape for x in found))
    except ValueError as error:
        shapes = ", ".join(f"{n} {x.shape}" for n, x in zip(names, found, strict=True))
        raise NIRError(f"its parameters have different shapes: {shapes}") from error
    return together, [np.broadcast_to(x, together) for x in found]


def _steps(tau: AnyArray, dt: float, name: str) -> AnyArray:
    """Share dt / tau of a time constant that passes in a step."""
    if np.any(tau <= 0):
        raise NIRError(f"{name} must be positive, got {tau.min():g} s")
    step: AnyArray = dt / tau
    if np.any(step > LONGEST_STEP):
        raise NIRError(
            f"{name} is {tau.min():g} s, shorter than the time step dt = {dt:g} s: is dt right?"
        )
    return step


def _one_rest(node: Node, leak: AnyArray, reset: AnyArray) -> None:
    unlike = np.atleast_1d(leak != reset)
    if not unlike.any():
        return
    wrong = int(np.argmax(unlike))
    if "v_reset" not in node.fields:
        raise NIRError(
            f"v_leak {leak.flat[wrong]:g} of neuron {wrong} is not 0, and a reset by subtraction "
            "counts the potential from 0"
        )
    raise NIRError(
        f"v_leak {leak.flat[wrong]:g} differs from v_reset {reset.flat[wrong]:g} at neuron "
        f"{wrong}, and NIR leaves open where v starts"
    )


def _double(fields: dict[str, Any]) -> dict[str, Float64Array]:
    return {name: np.asarray(values).astype(np.float64) for name, values in fields.items()}
