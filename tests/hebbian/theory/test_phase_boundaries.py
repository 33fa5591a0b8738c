"""T_M and T_c are inverses of the loads of the same lines, found from curves that exist."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import ArrayLike

from axonal._base.array_types import Float64Array
from axonal.hebbian import DenseHopfield, Hopfield, phase_diagram
from axonal.hebbian.models._replica_model import ReplicaModel
from axonal.hebbian.theory import phase_boundaries, states
from axonal.hebbian.theory._roots import find_maximum, find_root
from axonal.hebbian.theory.curve import zero_load_temperature
from axonal.hebbian.theory.saddle_point import SaddlePoint

MODELS = [Hopfield(), DenseHopfield(3), DenseHopfield(4, "overlap"), Hopfield(rho=0.3)]
SHARES = np.array([0.0, 1e-4, 0.02, 0.3, 0.7, 0.99, 1 - 1e-9, 1.01])


def nested(system: SaddlePoint, load: Float64Array, line: Callable[..., Float64Array]) -> object:
    """The definition: a root over the line between its top and no load."""
    hot = zero_load_temperature(system)
    top = find_maximum(lambda T, _: line(system, T), np.linspace(0, hot, 48), (np.zeros(1),))
    T = np.full(load.shape, np.nan)
    inside = load <= top.value[0]
    target = np.maximum(load[inside], 0.0 if system.P == 2 else 1e-13 * top.value[0])
    ends = np.full(target.shape, top.x[0]), np.full(target.shape, hot)
    T[inside] = find_root(lambda T, load: line(system, T) - load, *ends, (target,))
    return T


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_temperatures_are_inverses_of_loads(model: ReplicaModel) -> None:
    system = model._system()
    grid = np.linspace(0, zero_load_temperature(system), 48)
    for T_of, line, of_model in (
        (phase_boundaries.spinodal_temperature, phase_boundaries.spinodal_load, model.load_M),
        (phase_boundaries.coexistence_temperature, phase_boundaries.coexistence_load, model.load_c),
    ):
        load = SHARES * line(system, grid).max()
        T = T_of(system, load)
        np.testing.assert_allclose(T, nested(system, load, line), rtol=1e-8)
        known = np.isfinite(T) & (load > 0)
        assert known.sum() >= 6 and np.isnan(T[-1])
        # At the top, where the line is flat, a load says little of the temperature.
        np.testing.assert_allclose(of_model(T[known]), load[known], rtol=1e-9)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_states_inside_the_phase_are_those_of_the_definition(model: ReplicaModel) -> None:
    system = model._system()
    rng = np.random.default_rng(0)
    T = np.append(rng.uniform(0, 1.1, 40), [0.0, 1e-12, 1.0]) * zero_load_temperature(system)
    load = np.append(rng.uniform(0, 1.2, 40), [0.5, 0.5, 0.0]) * model.load_M(T * 0.9)
    fast, slow = (f(system, load, T) for f in (states.retrieval_inside, states.retrieval))
    assert 10 < slow.exists.sum() < 43
    np.testing.assert_array_equal(fast.exists, slow.exists)
    for name in ("m", "q", "f", "replicon"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_a_diagram_asks_a_line_for_few_more_points_than_it_draws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = {"spinodal_load": 0, "coexistence_load": 0}
    for name in asked:
        original = getattr(phase_boundaries, name)

        def count(
            system: SaddlePoint,
            T: ArrayLike,
            name: str = name,
            original: Callable[..., Float64Array] = original,
        ) -> Float64Array:
            asked[name] += np.size(T)
            return original(system, T)

        monkeypatch.setattr(phase_boundaries, name, count)
    phase_boundaries._falling.cache_clear()
    points = phase_diagram(DenseHopfield(5), gamma=[0.0, 0.3], T=[0.1, 0.5]).sizes["line"]
    # The line itself, the grid that brackets its inverse, and steps of the latter.
    assert asked["coexistence_load"] < 300
    assert asked["spinodal_load"] < 500 + 5 * points
