"""The experiment ``montecarlo``: what is compared, when more is asked, what a miss looks like."""

from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from axonal._base.sweeps import Row, Store
from axonal.hebbian import MultitaskingHopfield
from axonal.hebbian.theory.site_classes import sample_classes
from experiments import _montecarlo_finite, _montecarlo_points, montecarlo
from experiments._montecarlo_points import Point, doubling

DILUTED = Point("multitasking", 0.0, 0.2, 400, {"K": 2, "dilution": 0.3}, 50, 20)
DENSE = Point("dense, P = 3", 0.02, 0.2, 100, {"P": 3}, 20, 10)


def found(deviation: float, **changes: Any) -> dict[str, Any]:
    numbers = {"theory": 0.9, "montecarlo": 0.9 + deviation, "error": 1e-4, "survival": 1.0}
    meets = abs(deviation) <= 3e-3
    return {"N": 4000, "samples": 16, **numbers, "deviation": deviation, "meets": meets, **changes}


def shared_out(deviation: float, from_exact: float) -> dict[str, Any]:
    each = [
        {"deviation": deviation, "from_exact": from_exact, "curvature": 0.1},
        {"deviation": 1e-4, "from_exact": 1e-4, "curvature": 1.0},
    ]
    return {**found(deviation), "each": each, "largest": deviation, "within": 1, "from_exact": 0.0}


def filled(path: Path, runs: list[dict[str, Any]]) -> Store:
    store = Store(path)
    for point in montecarlo.plan():
        multitasking = "dilution" in point.parameters
        chosen = [shared_out(r["deviation"], 2e-4) for r in runs] if multitasking else runs
        store.add(row(point, chosen))
    return store


def row(point: Point, runs: list[dict[str, Any]]) -> Row:
    return {
        "key": point.key,
        "recipe": "montecarlo",
        "changes": {**vars(point)},
        "runs": runs,
        "predicted_seconds_at_4N": 1.0,
        "seconds": 1.0,
        "date": "2026-01-02",
        "machine": "a processor",
        "torch": "2.13",
        "commit": "abc",
    }


def test_every_model_has_ten_points_well_inside_its_retrieval_phase() -> None:
    points = montecarlo.plan()
    assert set(Counter(point.family for point in points).values()) == {10}
    assert len({point.key for point in points}) == len(points) == 60
    least = {"dense, P = 3": 500, "dense, P = 4": 110, "multitasking": 5000}
    for point in points:
        assert least.get(point.family, 4000) <= point.N
        model: Any = point.model
        if "dilution" in point.parameters:
            assert point.T <= 0.9
        else:
            # the retrieval state exists up to T_M
            assert model.theory(point.load, point.T / 0.9).m > 0.1


def test_samples_double_until_their_error_is_small() -> None:
    asked: list[tuple[int, int]] = []

    def simulate(samples: int, batch: int) -> Any:
        asked.append((samples, batch))
        m = 0.9 + 0.01 * (-1.0) ** np.arange(samples)[:, None]
        return SimpleNamespace(overlaps=m, survived=np.ones_like(m, bool))

    doubling(simulate)
    assert asked == [(16, 0), (16, 1), (32, 2)]


def test_samples_stop_at_a_limit() -> None:
    def simulate(samples: int, batch: int) -> Any:
        m = 0.5 + 0.5 * (-1.0) ** np.arange(samples)[:, None]
        return SimpleNamespace(overlaps=m, survived=np.ones_like(m, bool))

    batches = doubling(simulate)
    assert sum(len(batch.overlaps) for batch in batches) == _montecarlo_points.MOST_SAMPLES


def test_no_two_batches_share_a_seed() -> None:
    seeds = [_montecarlo_points._settings(DENSE, 16, batch)["seed"] for batch in range(4)]
    assert len(set(seeds)) == 4


@pytest.mark.parametrize("point", [DENSE, DILUTED], ids=lambda point: point.family)
def test_a_point_that_misses_is_run_again_at_four_times_its_size(
    point: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_montecarlo_points, "TOLERANCE", 0.0)
    monkeypatch.setattr(_montecarlo_points, "ERRORS", 0.0)
    monkeypatch.setattr(_montecarlo_points, "MOST_SAMPLES", 16)
    assert [run["N"] for run in point.make(None)["runs"]] == [point.N, 4 * point.N]
    monkeypatch.setattr(_montecarlo_points, "LONGEST", -1.0)
    assert [run["N"] for run in point.make(None)["runs"]] == [point.N]


def test_a_point_is_the_same_every_time_but_for_the_clock() -> None:
    first, second = DILUTED.make(None), DILUTED.make(None)
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert replace(DILUTED, seed=1).key != DILUTED.key


@pytest.mark.parametrize(
    ("deviations", "said"),
    [
        ([0.001], "meets"),
        ([-0.01], "misses; 4 N not run"),
        ([-0.01, 0.004], "halves at 4 N"),
        ([-0.01, -0.006], "misses"),
    ],
)
def test_the_verdict_asks_for_half_the_deviation(deviations: list[float], said: str) -> None:
    assert montecarlo.verdict({"runs": [found(d) for d in deviations]}) == said


def test_the_report_prints_misses_as_misses(tmp_path: Path) -> None:
    store = filled(tmp_path / "runs.jsonl", [found(-0.01), found(-0.009)])
    text, _ = (path.read_text() for path in montecarlo.write(store, tmp_path))
    assert "| Hopfield | 0 | 0 | 10 | 0 |" in text
    assert "| 0.8900 | 0.0001 | -0.0100 | 1.000 | misses |" in text
    assert "`python -m experiments montecarlo`" in text


def test_the_finite_size_average_is_that_of_all_states() -> None:
    rng = np.random.default_rng(0)
    N, d, T = 10, 0.4, 0.7
    xi = rng.choice([-1, 0, 1], size=(N, 2), p=[0.3, 0.4, 0.3])
    m = np.array(list(product([-1, 1], repeat=N))) @ xi / N
    chance = np.exp(N * (m**2).sum(1) / (2 * (1 - d) * T))
    # <m_1 m_2> and <m_1^2>: the means vanish by symmetry
    wanted = (chance[:, None] * m * m[:, :1]).sum(0) / chance.sum()
    n = np.stack(np.meshgrid(*[np.linspace(-3, 3, 201)] * 2, indexing="ij"), -1).reshape(-1, 2)
    weight = _montecarlo_finite.weights(sample_classes(xi), d, T, N, n)
    second = (weight[:, None] * n * n[:, :1]).sum(0) / weight.sum()
    np.testing.assert_allclose(second - [T * (1 - d) / N, 0], wanted, rtol=1e-9)


def test_the_finite_size_average_comes_to_the_saddle_point_as_one_over_N() -> None:
    rng = np.random.default_rng(1)
    xi = rng.choice([-1, 0, 1], size=(2000, 2), p=[0.25, 0.5, 0.25])
    columns, network = sample_classes(xi), MultitaskingHopfield(dilution=0.5, K=2)
    m = network.sample_theory(xi, 0.3).m
    near, nearer = (
        np.abs(_montecarlo_finite.average(columns, 0.5, 0.3, N, m) - m).max() for N in (4000, 16000)
    )
    assert near / nearer == pytest.approx(4, rel=0.05)


def test_the_report_names_points_that_were_not_run(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs.jsonl")
    for point in montecarlo.plan()[1:]:
        store.add(row(point, [shared_out(1e-3, 1e-4)]))
    text = montecarlo.write(store, tmp_path)[0].read_text()
    assert "## Not run\n\n- Hopfield: load 0.02, T = 0.1" in text


def test_a_costly_point_stops_doubling(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = _montecarlo_points.predicted_seconds(DENSE, 40)
    monkeypatch.setattr(_montecarlo_points, "LONGEST", limit)
    assert _montecarlo_points.retrieved(DENSE, wanted=0.0)["samples"] == 32


def test_a_point_at_four_times_its_size_is_known_better_than_what_must_halve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, float]] = []

    def retrieved(point: Point, wanted: float = 1.0) -> dict[str, Any]:
        asked.append((point.N, wanted))
        return found(-0.006)

    monkeypatch.setattr(_montecarlo_points, "retrieved", retrieved)
    DENSE.make(None)
    assert asked == [(100, 1.0), (400, pytest.approx(0.0012))]
