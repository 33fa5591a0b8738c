"""The page of zero-shot retrieval: a plan without gaps, and words that follow the numbers."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonal._base.sweeps import Store
from axonal.recipes import RecipeError, _zero_shot
from experiments import _zero_shot_jobs as jobs
from experiments import zero_shot as experiment


def made(job: jobs.Retrieved, unseen: float, seen: float = 0.8) -> dict[str, Any]:
    """A row as a job leaves it, without any training; pairs differ a little."""
    watched = [unseen] * job.settings.epochs if job.settings.watch else []
    pairs = {
        f"{a}-{b}": {
            "unseen": unseen + 0.01 * ((a + 2 * b + job.settings.seed) % 3 - 1),
            "seen": seen + 0.01 * (a % 2),
            "queries": 600,
            "per_epoch": [*watched[:-1], unseen - 0.1] if watched else [],
        }
        for a, b in job.pairs
    }
    return {
        "key": job.key, "changes": job.label[1], "pairs": pairs, "seconds": 20.0,
        "date": "2026-01-02", "machine": "a processor, 2 cores", "torch": "2.13", "commit": "abc",
    }  # fmt: skip


def stored(path: Path, speech: float, pictures: float) -> Store:
    store = Store(path / "runs.jsonl")
    for job in experiment.plan():
        chosen = jobs.CHOSEN[job.settings.task]
        lead = all(getattr(job.settings, k) == v for k, v in chosen.items() if k != "epochs")
        value = speech if job.settings.task == "speech" else pictures
        value += 0.05 * (lead and job.pairs == jobs.CHOOSING)
        store.add(made(job, value))
    return store


def test_no_class_is_held_out_for_choosing_and_for_reporting() -> None:
    chosen, reported = (
        {d for pair in pairs for d in pair} for pairs in (jobs.CHOOSING, jobs.REPORTED)
    )
    assert not chosen & reported
    assert len(jobs.REPORTED) == 10 and jobs.PAPER in jobs.REPORTED
    seeds = {job.settings.seed for job in experiment.plan() if job.pairs != jobs.CHOOSING}
    assert not seeds & set(jobs.CHOOSING_SEEDS)


def test_the_plan_holds_every_job_once() -> None:
    plan = experiment.plan()
    faults = sum(map(len, jobs.FAULTS.values()))
    assert len({job.key for job in plan}) == len(plan) == 2 * 8 * 2 + 2 * (4 * 5 + 1) + 3 + faults
    assert {job.settings.arm for job in plan} == set(_zero_shot.ARMS)


@pytest.mark.parametrize(
    ("speech", "words"),
    [(0.7, "above chance"), (0.5, "not apart from chance"), (0.3, "below chance")],
)  # fmt: skip
def test_the_words_follow_the_numbers(speech: float, words: str, tmp_path: Path) -> None:
    page, data, figure = experiment.write(stored(tmp_path, speech, 0.75), tmp_path)
    text = " ".join(page.read_text().split())
    said = re.findall(r"- (\w+): \*\*([0-9.]+) ± [0-9.]+ %\*\*, ([a-z ]+)[;.]", text)
    assert [(task, words) for task, _, words in said] == [
        ("speech", words),
        ("pictures", "above chance"),
    ]
    assert [float(share) for _, share, _ in said] == pytest.approx([100 * speech, 75], abs=0.5)
    assert f"gives {speech:.3f} ± 0.000" in text  # the best epoch, the last is 0.1 below
    assert figure.stat().st_size > 10_000
    numbers = json.loads(data.read_text())
    assert np.mean(numbers["unseen"]["speech"]["raw"]) == pytest.approx(speech, abs=0.01)


def test_settings_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(RecipeError, match="speech, pictures"):
        _zero_shot.Settings(task="smell")
    with pytest.raises(RecipeError, match="crossbars"):
        _zero_shot.Settings(read_noise=0.1)


def test_a_small_run_learns_what_modalities_share(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 12)
    shapes = rng.random((10, 20)) < 0.4

    def modality(steps: int) -> _zero_shot.Modality:
        x = rng.random((steps, len(labels), 20)) < 0.05 + 0.4 * shapes[labels]
        return _zero_shot.Modality(x.astype(np.uint8), labels, np.arange(len(labels)) % 12 < 3)

    both = modality(15), modality(10)
    monkeypatch.setattr(_zero_shot, "_modalities", lambda task: both)
    scales = {"image_scale": 0.5, "other_scale": 0.5, "neurons": 60, "epochs": 20, "batch": 64}
    for arm in _zero_shot.ARMS:
        few = {**scales, "epochs": 2} if arm == "trained" else scales
        answer = _zero_shot.learn(_zero_shot.Settings(arm=arm, **few), [(8, 9), (0, 1)])
        found = answer["pairs"]["8-9"]
        assert found["queries"] == 24 and found["seen_queries"] == 24
        assert found["chance"] == 0.5 and found["seen_chance"] == pytest.approx(1 / 8)
        if arm == "fixed":
            assert found["seen"] > 0.8
            assert 0 < answer["rates"][0] < 1
        if arm == "shuffled":
            assert found["seen"] < 0.2
    faults = {"crossbars": True, "spread": 0.2, "read_noise": 0.05, "stuck": 0.1}
    watched = _zero_shot.Settings(watch=True, **faults, **scales)
    one, again = (_zero_shot.learn(watched, [(2, 7)]) for _ in range(2))
    assert one == again
    assert len(one["pairs"]["2-7"]["per_epoch"]) == 20
