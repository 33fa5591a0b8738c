"""The command that lists trained networks: models."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import typer

from axonal import recipes
from axonal._base.tables import text_table
from axonal.cli._shipped import SHIPPED
from axonal.cli._terminal import Json, print_json

SCORES = {"test_accuracy": "accuracy", "test_bits_per_character": "bits per character"}
"""What a summary reports on the test part, and its name in a table."""


def models(as_json: Json = False) -> None:
    """List the trained networks that come with axonal: commands on runs take their names."""
    found = [_described(name) for name in SHIPPED]
    if as_json:
        print_json({"models": found})
        return
    head = ("model", "parameters", "test", "trained with", "kB")
    lines = [
        (m["name"], f"{m['parameters']}", m["test"], m["command"], f"{m['bytes'] / 1000:.0f}")
        for m in found
    ]
    typer.echo(text_table(head, lines))


def _described(name: str) -> dict[str, Any]:
    folder = recipes.trained(name)
    summary = json.loads((folder / "summary.json").read_text())
    score = next(key for key in SCORES if key in summary)
    return {
        "name": name,
        "folder": str(folder),
        "parameters": summary["trained_parameters"],
        "test": f"{summary[score]:.3f} {SCORES[score]}",
        "command": " ".join(("axonal train", name, *_changed(folder, name))),
        "bytes": sum(file.stat().st_size for file in folder.iterdir()),
    }


def _changed(folder: Path, name: str) -> list[str]:
    """Options of the settings that are not those of the recipe by default."""
    made = json.loads((folder / "config.json").read_text())["settings"]
    usual = dataclasses.asdict(recipes.find(name).Settings())
    return [
        f"--{key.replace('_', '-')} {value}" for key, value in made.items() if value != usual[key]
    ]
