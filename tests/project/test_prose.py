"""Summary lines are noun phrases or verbs with an object, in the words of the field."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from helpers import ROOT

FOLDERS = ("src/axonal", "neuro", "hebbian", "reservoirs", "deploy", "datasets", "experiments")
MOST_QUESTIONS = 20
QUESTION = re.compile(r"(What|Which|Where|How)\b")
AN_ARTICLE_FOR_PER = re.compile(
    r"\b(one|two|bytes|seconds|steps|events|spikes|multiplications?|numbers?|values?) an? "
    r"(neuron|step|sample|synapse|event|pattern|site|spin|head|tap|cell|core|chip|second)\b"
)


def sources() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not path.is_relative_to(ROOT / "src/axonal") or not any(
                parent.is_symlink() for parent in path.parents
            ):
                yield path


def docstrings() -> Iterator[tuple[str, str]]:
    """Place and text of every docstring."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kinds) and (text := ast.get_docstring(node)):
                name = getattr(node, "name", "module")
                yield f"{path.relative_to(ROOT)}:{name}", text


def test_summary_lines_do_not_open_with_a_question() -> None:
    places = [place for place, text in docstrings() if QUESTION.match(text)]
    assert len(places) <= MOST_QUESTIONS, places


def test_rates_and_shares_are_given_per_and_not_with_an_article() -> None:
    places = [place for place, text in docstrings() if AN_ARTICLE_FOR_PER.search(text)]
    assert places == []
