"""Pages of movie reviews and of ternary delays, from rows without any training."""

from pathlib import Path
from typing import Any

from helpers.rows import made

from axonal._base.sweeps import Store
from axonal.recipes._runs import Run
from experiments import mr, ternary_delays
from experiments._mr_run import Bag


def page(experiment: Any, folder: Path, rows: Any) -> str:
    store = Store(folder / "runs.jsonl")
    for job in experiment.plan():
        row = {**made(Run("digits", {"seed": 0})), **rows(job)}
        store.add({**row, "key": job.key, "changes": dict(job.label[1])})
    return " ".join(experiment.write(store, folder)[0].read_text().split())


def test_reviews_say_on_which_side_of_a_bag_of_words_a_model_lies(tmp_path: Path) -> None:
    def rows(job: Any) -> dict[str, Any]:
        return {"test": 0.76 if isinstance(job, Bag) else 0.7, "tested": 1066}

    text = page(mr, tmp_path, rows)
    assert "SpikeGPT is below the bag of words, -0.060 [-0.060, -0.060]" in text
    assert "10660 sentences" in text and "10 folds drawn once" in text


def test_ternary_delays_say_what_chips_take_away(tmp_path: Path) -> None:
    def rows(job: Any) -> dict[str, Any]:
        less = 0.02 if job.weights == "ternary" else 0.0
        shares = {"float": 0.95 - less, "loihi2": 0.94 - less, "spinnaker": 0.93 - less}
        one = dict.fromkeys(shares, 1)
        return {
            "test": shares, "validation": shares, "zeros": 0.4 * (less > 0), "sizes": one,
            "verified": dict.fromkeys(shares, True),
        }  # fmt: skip

    text = page(ternary_delays, tmp_path, rows)
    assert "ternary less float weights -0.020 [-0.020, -0.020] before a chip" in text
    assert "40 % of the ternary synapses are zero" in text
    assert "| float, SpiNNaker | float, exported | -0.020 [-0.020, -0.020] |" in text
    assert "Every graph gave the spikes of its golden run" in text
