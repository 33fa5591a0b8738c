"""The steps of CONTRIBUTING are complete: no other file of the packages knows what they add."""

import ast
import functools
import re
from pathlib import Path

import pytest
from helpers import ROOT

PACKAGES = ("src/axonal", "neuro", "hebbian", "deploy", "datasets")
TEXT = (ROOT / "CONTRIBUTING.md").read_text()

# What a section's <placeholders> stand for in a case that exists, and the words that name the case.
CASES = {
    "neuron": ({"layer": "resonate_and_fire", "kind": "resonator"}, "ResonateAndFire|resonator"),
    "surrogate": ({"surrogate": "triangle"}, "Triangle"),
    "operator": ({"operator": "leaky_integrator"}, ""),
    "back end": ({"backend": "nest"}, "Nest|nest"),
    "chip": ({"chip": "loihi2"}, ""),
    "format of events": ({"format": "evt21"}, "evt21"),
    "transform": ({"transform": "time_warp"}, "TimeWarp"),
    "data set": ({"set": "cifar10_dvs"}, "cifar10_dvs"),
    "recipe": ({"recipe": "coincidence"}, "coincidence"),
    "model": ({"model": "delay_snn"}, "DelaySNN"),
}


def steps(thing: str) -> list[Path]:
    """Files and folders that a section names, with a case in place of its placeholders."""
    section = re.search(rf"## Add an? {thing}\n(.*?)(?=\n## )", TEXT, re.DOTALL)
    assert section is not None, f"CONTRIBUTING.md has no steps for a {thing}"
    names = re.findall(r"`((?:src|neuro|deploy|datasets|tests)/[^`]*|setup\.cfg)`", section[1])
    places = CASES[thing][0]
    return [Path(re.sub(r"<(\w+)>", lambda m: places[m[1]], name)) for name in names]


@functools.cache
def words(path: Path) -> set[str]:
    """Names and short texts of a file, without its docstrings and comments."""
    tree = ast.parse(path.read_text())
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in documents:
                found |= set(re.findall(r"[\w-]+", node.value))
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found |= {*node.name.split("."), node.asname or ""}
    return found


@pytest.mark.parametrize("thing", CASES)
def test_every_file_of_the_steps_is_there(thing: str) -> None:
    named = steps(thing)
    assert named
    assert [str(path) for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("thing", [thing for thing, case in CASES.items() if case[1]])
def test_no_other_file_knows_what_the_steps_add(thing: str) -> None:
    named = steps(thing)
    name = re.compile(CASES[thing][1])
    others = []
    for folder in PACKAGES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT)
            if folder == "src/axonal" and any(parent.is_symlink() for parent in path.parents):
                continue
            known = any(place == step or step in place.parents for step in named)
            if not known and any(name.fullmatch(word) for word in words(path)):
                others.append(str(place))
    assert others == []
