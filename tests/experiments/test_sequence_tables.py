"""Pages of sequence models: what was asked for is said to hold only where it does."""

from pathlib import Path
from typing import Any

import pytest
from helpers.rows import made

from axonal._base.sweeps import Store
from axonal.recipes._runs import Run
from experiments import sequence, sequence_keywords, sequence_permuted, sequence_text


def page(experiment: Any, folder: Path, rows: Any) -> str:
    store = Store(folder / "runs.jsonl")
    for run in experiment.plan():
        silent = run.changes.get("arm") in ("gru", "lmu", "lmuformer")
        common = {"backward_sparsity": 0.4, "curve": [0.2, 0.5], "tested": 300}
        rates = {} if silent else {"hidden": 0.3}
        common["reach"] = {"10": 0.5, "50": 1e-9, "100": 1e-20, "150": 0.0}
        row = made(Run("digits", {"seed": 0}), **{**common, "rates": rates, **rows(run)})
        store.add({**row, "key": run.key, "changes": dict(run.changes)})
    written = experiment.write(store, folder)
    return " ".join(written[0].read_text().split())


@pytest.mark.parametrize(
    ("test", "events", "said"),
    [(0.985, 0.3, "0.50 points at 30.0 %, met"), (0.985, 0.4, "0.50 points at 40.0 %, **not met**"),
     (0.97, 0.3, "2.00 points at 30.0 %, **not met**")],
)  # fmt: skip
def test_rows_say_whether_the_demand_is_met(
    test: float, events: float, said: str, tmp_path: Path
) -> None:
    def rows(run: Any) -> dict[str, Any]:
        if run.changes.get("arm") == "gru":
            return {"test": 0.99}
        return {"test": test, "rates": {"hidden": events}}

    text = page(sequence, tmp_path, rows)
    assert "| EGRU, keeps | 5e-01 | 1e-09 | 1e-20 | 0e+00 |" in text
    assert said in text
    assert "aimed at: within 0.5 points of the GRU at 20 % of events or fewer" in text
    assert f"the goal was {sequence.GOAL_PIXELS:g}" in text


@pytest.mark.parametrize(("spiking", "said"), [(0.8, "holds"), (0.95, "**does not hold**")])
def test_the_order_of_permuted_pixels_is_that_of_the_means(
    spiking: float, said: str, tmp_path: Path
) -> None:
    found = {"lif": 0.7, "delays": 0.75, "spiking-lmu": spiking, "lmu": 0.9, "lmuformer": 0.92}
    text = page(sequence_permuted, tmp_path, lambda run: {"test": found[run.changes["arm"]]})
    assert f"recurrent LIF < spiking LMU < LMU: {said} of the means" in text
    assert "recurrent LIF, learned delays less recurrent LIF: +5.00 points" in text


def test_spoken_digits_tell_the_difference_of_the_spiking_model(tmp_path: Path) -> None:
    found = {"lmuformer": 0.96, "spiking-lmuformer": 0.94, "egru": 0.93}
    text = page(
        sequence_keywords, tmp_path, lambda run: {"test": found.get(run.changes["arm"], 0.95)}
    )
    assert "spiking LMUFormer less LMUFormer: -2.00 points [-2.00, -2.00]" in text
    assert "| delays: fixed random, more neurons |" in text


def test_perplexities_stand_beside_what_was_pruned_and_what_is_unknown(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs.jsonl")
    for job in sequence_text.plan():
        row = {
            "tokens": {"train": 7, "validation": 3, "test": 9},
            "vocabulary": 5,
            "unknown": {"validation": 0.1, "test": 0.125},
            "pruned": job.settings.pruned,
            "validation_perplexity": 50.0,
            "test_perplexity": 60.0 + 10 * job.settings.pruned,
            **({"event_rate": 0.25} if job.settings.arm == "egru" else {}),
        }
        store.add({**made(Run("egru-smnist", {"seed": 0})), **row, "key": job.key})
    text = " ".join(sequence_text.write(store, tmp_path)[0].read_text().split())
    assert "12.5 % of the test tokens unknown" in text
    assert "| EGRU, 85 % pruned | 100 | 68.50 | 50.00 | 0.250 | 0.85 | 60 |" in text
    assert "| LSTM | 100 | 60.00 | 50.00 | - | 0.00 | 60 |" in text
    assert "no result on WikiText-2" in text
