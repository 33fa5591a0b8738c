"""Ten questions of new users: two sentences, a page that answers in full, where it was asked."""

import re

import pytest
from helpers import ROOT, pages

DOCS = ROOT / "docs"
PAGE = DOCS / "questions.md"
THREAD = re.compile(r"\]\(https://github\.com/[\w.-]+/[\w.-]+/issues/\d+\)")


def questions() -> dict[str, str]:
    """Text by question."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_there_are_ten_questions_one_click_from_the_landing_page() -> None:
    assert len(questions()) == 10
    assert all(question.endswith("?") for question in questions())
    assert PAGE in [file for _, file, _ in pages.links(DOCS / "index.md")]


@pytest.mark.parametrize("question", questions())
def test_a_question_is_answered_in_two_sentences_and_one_click_further(question: str) -> None:
    answer, in_full = questions()[question].strip().split("\n\n")
    assert len(re.findall(r"[.!](?=\s|$)", answer)) == 2
    target = re.match(r"In full: \[[^\]]+\]\(([^)]+)\)", in_full)
    assert target is not None
    assert target[1] not in pages.dead(PAGE)
    assert len(THREAD.findall(in_full)) >= 2


def test_every_library_is_asked_about() -> None:
    asked = ["SpikingJelly", "snnTorch", "Norse", "Brian", "Lava", "NIR", "sinabs"]
    assert [name for name in asked if name not in PAGE.read_text()] == []
