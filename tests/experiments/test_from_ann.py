"""The page of from_ann says what its rows say."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from experiments import from_ann


def _row(job: from_ann.Conversion, half: float, peer: float) -> dict[str, Any]:
    ours = dict.fromkeys(from_ann.OURS, 0.5) | {from_ann.START: half}
    ours |= dict.fromkeys(from_ann.FLOORED, 0.8)
    peers = {from_ann.PEER + name: peer for name in from_ann.RECIPES}
    return {
        "rectified": 0.97, "floored": 0.9, "changes": dict(job.label[1]), "seconds": 60.0,
        "spiking": {arm: [value] * len(from_ann.STEPS) for arm, value in {**ours, **peers}.items()},
        "commit": "c", "machine": "m", "torch": "t", "date": "2026-11-30",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("half", "peer", "no_more", "goal"),
    [(0.965, 0.95, "yes", "yes"), (0.95, 0.96, "no", "no"), (0.95, 0.95, "yes", "no")],
)
def test_the_page_compares_with_the_peer_and_the_goal(
    half: float, peer: float, no_more: str, goal: str, tmp_path: Path
) -> None:
    store: Any = SimpleNamespace(find=lambda job: _row(job, half, peer))
    page, _ = from_ann.write(store, tmp_path)
    text = " ".join(page.read_text().split())
    assert text.count(f"of the best ways of each: {no_more}.") == len(from_ann.SETS)
    said = f"At most one point lost at T = 32 with `start=0.5`: {goal}."
    assert text.count(said) == len(from_ann.SETS)
    # clip-floor-shift is another network, and is measured against itself
    assert all(f"| {arm} | 10" in text for arm in from_ann.FLOORED)
