"""The files of a run: settings, metrics, summary, weights; each is whole or not there."""

import json
import pickle
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from axonal import __version__, recipes
from axonal._base.files import write_text
from axonal.neuro import Network
from axonal.recipes._errors import RecipeError
from axonal.recipes._settings import Settings

FIGURES = ("raster", "learning_curve", "delays", "confusion")


class RunFolder:
    """Paths of a run and what may be done there.

    Args:
        path: the folder; it need not exist.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.metrics = self.path / "metrics.csv"
        self.summary = self.path / "summary.json"
        self.model = self.path / "model.pt"
        self.checkpoint = self.path / "checkpoints" / "last.ckpt"
        self.figures = self.path / "figures"

    @property
    def finished(self) -> bool:
        """Whether a run ended here; its summary is written last."""
        return self.summary.exists()

    def prepare(self, name: str, settings: Settings, *, resume: bool, force: bool) -> None:
        """Make the folder ready for a run, or say in one line why it is not."""
        if self.path.exists() and not self.path.is_dir():
            raise RecipeError(
                f"{self.path} is a file; the run needs a folder: write another --out."
            )
        if self.config.exists() and resume and not force:
            self._same(name, settings)
            return
        if self.config.exists() and not force:
            state = "a finished run" if self.finished else "a run that was stopped"
            going_on = "to keep it" if self.finished else "to go on with it"
            raise RecipeError(
                f"{self.path} holds {state}: write --resume {going_on}, --force to replace it, or "
                "another --out."
            )
        if (
            self.path.exists()
            and not self.config.exists()
            and any(self.path.iterdir())
            and not force
        ):
            raise RecipeError(
                f"{self.path} is not empty and holds no run: write another --out, or --force to "
                "write into it."
            )
        self.clear()
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        self.figures.mkdir(exist_ok=True)
        config = {"recipe": name, "version": __version__, "settings": settings.to_json()}
        write_json(self.config, config)

    def clear(self) -> None:
        """Remove the files of a run and nothing else."""
        drawn = [self.figures / f"{name}.png" for name in FIGURES]
        ends = [self.summary, self.model, self.metrics, self.checkpoint, self.config]
        for file in (*ends, *drawn):
            file.unlink(missing_ok=True)

    def _same(self, name: str, settings: Settings) -> None:
        recipe, before = self.settings()
        if recipe != name:
            raise RecipeError(f"{self.path} holds a run of {recipe}, not of {name}.")
        old, new = before.to_json(), settings.to_json()
        differ = [f"{key} {old[key]!r}, not {new[key]!r}" for key in old if old[key] != new[key]]
        if differ:
            raise RecipeError(
                f"the run in {self.path} was started with {', '.join(differ)}: resume it with the "
                "same settings, or write another --out."
            )

    def settings(self) -> tuple[str, Any]:
        """Name of the recipe and its settings, as config.json has them."""
        config = read_json(self.config)
        try:
            name, values = config["recipe"], config["settings"]
            return name, recipes.find(name).Settings.from_json(values)
        except (KeyError, TypeError, ValueError) as error:
            reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            raise RecipeError(
                f"{self.config} is not the configuration of a run: {reason}"
            ) from error


def load_run(folder: str | PathLike[str]) -> tuple[Network, Any]:
    """See :func:`axonal.recipes.load_run`."""
    run = RunFolder(folder)
    if not run.config.exists():
        raise FileNotFoundError(
            f"{run.path} holds no run: it has no config.json. Is the path right?"
        )
    name, settings = run.settings()
    if not run.finished or not run.model.exists():
        raise FileNotFoundError(
            f"the run in {run.path} is not finished: go on with `axonal train {name} --out "
            f"{run.path} --resume`."
        )
    net = recipes.find(name).build(settings)
    try:
        net.load_state_dict(torch.load(run.model, weights_only=True, map_location="cpu"))
    except (RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        # torch's own words on a damaged file advise to load it without the safety check
        damaged = isinstance(error, (pickle.UnpicklingError, EOFError))
        reason = "the file is damaged" if damaged else str(error).splitlines()[0]
        raise RecipeError(
            f"{run.model} does not hold the weights of this run's network: {reason}"
        ) from error
    return net.eval(), settings


def read_json(path: Path) -> Any:
    """Read a JSON file, or say which one is damaged."""
    try:
        return json.loads(path.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RecipeError(f"{path} is damaged: {error}") from error


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file that is whole at every moment."""
    write_text(path, json.dumps(values, indent=2) + "\n")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with equal keys as a CSV file that is whole at every moment."""
    lines = [",".join(rows[0])] if rows else []
    lines += [",".join(str(value) for value in row.values()) for row in rows]
    write_text(path, "\n".join(lines) + "\n")
