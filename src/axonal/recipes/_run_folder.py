"""The files of a run: settings, metrics, summary, weights; each is whole or not there."""

import contextlib
import csv
import io
import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from axonal import __version__, recipes
from axonal._base.files import check_source, write_bytes, write_text
from axonal._base.jsontext import parse_json
from axonal.neuro import Network
from axonal.recipes import _checksums, _find, _weights
from axonal.recipes._errors import RecipeError
from axonal.recipes._settings import LARGEST, BaseSettings, short

LARGEST_JSON = 1 << 20
"""Bytes; those of a run have hundreds."""
FIGURES = ("raster", "learning_curve", "delays", "confusion")
"""Of networks; a study lists its own in its summary."""


class RunFolder:
    """Paths of a run and what may be done there.

    Args:
        path: the folder; it need not exist.
        recipe: path of a user's recipe, where it is not the one that was recorded.
    """

    def __init__(self, path: str | PathLike[str], recipe: str | None = None) -> None:
        self.path, self.named = Path(path), recipe
        self.config = self.path / "config.json"
        self.metrics = self.path / "metrics.csv"
        self.summary = self.path / "summary.json"
        self.model = self.path / "model.pt"
        self.checkpoint = self.path / "checkpoints" / "last.ckpt"
        self.figures = self.path / "figures"
        self.checksums = self.path / "checksums.sha256"
        self.recipe = self.path / "recipe.txt"

    @property
    def finished(self) -> bool:
        """Whether a run ended here; its summary is written last."""
        return self.summary.exists()

    def prepare(self, name: str, settings: BaseSettings, *, resume: bool, force: bool) -> None:
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
        origin = _find.origin(name)
        config = {**origin.to_json(), "version": __version__, "settings": settings.to_json()}
        content = json_bytes(config)
        if origin.content:
            write_bytes(self.recipe, origin.content)
        write_bytes(self.config, content)
        write_text(self.checksums, _checksums.checksums({self.config.name: content}))

    def finish(self, model: Mapping[str, Tensor], summary: Mapping[str, Any]) -> None:
        """Write weights and summary, and the checksums of all; the summary makes a run finished."""
        content = io.BytesIO()
        torch.save(dict(model), content)
        contents = {
            self.config.name: self.read(self.config),
            self.model.name: content.getvalue(),
            self.summary.name: json_bytes(summary),
        }
        write_bytes(self.model, contents[self.model.name])
        write_text(self.checksums, _checksums.checksums(contents))
        write_bytes(self.summary, contents[self.summary.name])

    def read(self, file: Path) -> bytes:
        """The content of config, model or summary, as it was written.

        A run that was made before there were checksums has none, and is read all the same.

        Raises:
            OSError: there is no such file, or it cannot be read.
            RecipeError: it is not what was written.
        """
        check_source(file)
        content = file.read_bytes()
        if not self.checksums.exists():
            return content
        check_source(self.checksums)
        try:
            known = _checksums.parse(self.checksums.read_bytes().decode("ascii"))
        except ValueError:
            raise RecipeError(
                f"{self.checksums} is damaged: put it back from a copy; without it this run is "
                "read unchecked"
            ) from None
        if file != self.config and file.name not in known:
            raise RecipeError(f"{self.checksums} is damaged: it does not name {file.name}")
        if known.get(file.name) != _checksums.digest(content):
            raise self.damaged(file, f"it is not what {self.checksums.name} says")
        return content

    def damaged(self, file: Path, why: str) -> RecipeError:
        """The error about a damaged file, which says what still helps."""
        helps = f"put it back from a copy, or make {self.path} anew with --force"
        if file in (self.model, self.summary) and self.checkpoint.exists():
            helps = f"axonal train RECIPE --out {self.path} --resume makes it anew from last.ckpt"
            with contextlib.suppress(RecipeError, OSError):
                helps = helps.replace("RECIPE", self.settings()[0])
        return RecipeError(f"{file} is damaged: {why}; {helps}")

    def read_summary(self) -> dict[str, Any]:
        """Content of summary.json; RecipeError if it is no summary."""
        values = self._json(self.summary)
        expected: dict[str, tuple[type, ...]] = {
            "recipe": (str,),
            "test_accuracy": (int, float),
            "validation_accuracy": (int, float),
            "trained_parameters": (int,),
            "seconds": (int, float),
        }
        for name, kinds in expected.items():
            if name not in values and self.studied and name.endswith("accuracy"):
                continue
            if name not in values:
                raise self.damaged(self.summary, f"it has no {name!r}")
            value = values[name]
            share = name.endswith("accuracy")
            if type(value) not in kinds or (
                kinds != (str,) and not 0 <= value <= (1 if share else LARGEST)
            ):
                raise self.damaged(self.summary, f"{name!r} is {short(value)}")
        return values

    @property
    def studied(self) -> bool:
        """True for a run of a recipe that learns by itself, and may know no accuracy."""
        return _find.is_study(recipes.find(self.settings()[0]))

    def _json(self, file: Path) -> dict[str, Any]:
        content = self.read(file)
        try:
            if len(content) > LARGEST_JSON:
                raise ValueError(f"it has {len(content)} bytes")
            values = parse_json(content)
        except ValueError as error:
            raise self.damaged(file, str(error)) from error
        if not isinstance(values, dict):
            raise self.damaged(file, f"expected an object of JSON, got {short(values)}")
        return values

    def clear(self) -> None:
        """Remove the files of a run and nothing else."""
        drawn = [self.figures / name for name in self._figures()]
        ends = [
            self.summary,
            self.model,
            self.metrics,
            self.checkpoint,
            self.checksums,
            self.recipe,
            self.config,
        ]
        parts = self.checkpoint.parent.glob("*.npz")
        for file in (*ends, *drawn, *parts):
            file.unlink(missing_ok=True)

    def _figures(self) -> list[str]:
        """Names of the figures of the run that is here, as far as its summary can be read."""
        known: Any = None
        with contextlib.suppress(RecipeError, OSError):
            known = self._json(self.summary).get("figures")
        if not isinstance(known, list):
            known = []
        # a summary that is not ours names nothing outside of the folder
        named = [name for name in known if isinstance(name, str) and Path(name).name == name]
        named = [name for name in named if (self.figures / name).is_file()]
        return [*(f"{name}.png" for name in FIGURES), *named]

    def _same(self, name: str, settings: BaseSettings) -> None:
        before, now = self.origin(), _find.origin(name)
        if now.sha256 is None and before["recipe"] != now.name:
            raise RecipeError(f"{self.path} holds a run of {before['recipe']}, not of {name}.")
        if before.get("recipe_sha256") != now.sha256:
            raise RecipeError(
                f"{name} has changed since the run in {self.path} was started: put it back from "
                f"{self.recipe}, or write another --out."
            )
        _, before = self.settings()
        old, new = before.to_json(), settings.to_json()
        differ = [f"{key} {old[key]!r}, not {new[key]!r}" for key in old if old[key] != new[key]]
        if differ:
            raise RecipeError(
                f"the run in {self.path} was started with {', '.join(differ)}: resume it with the "
                "same settings, or write another --out."
            )

    def origin(self) -> dict[str, Any]:
        """The recipe and the settings, as config.json has them; no code runs."""
        config = self._json(self.config)
        for key, kind in (("recipe", str), ("settings", dict)):
            if not isinstance(config.get(key), kind):
                why = f"{key!r} is {short(config[key])}" if key in config else f"it has no {key!r}"
                raise RecipeError(f"{self.config} is not the configuration of a run: {why}")
        return config

    def settings(self) -> tuple[str, Any]:
        """The recipe, as `recipes.find` takes it, and its settings."""
        config = self.origin()
        try:
            recipe = _find.recorded(
                config, f"the run in {self.path}", within=self.path, named=self.named
            )
            return recipe, recipes.find(recipe).Settings.from_json(config["settings"])
        except ValueError as error:
            if "recipe_file" in config:
                raise
            raise RecipeError(
                f"{self.config} is not the configuration of a run: {error}"
            ) from error

    def load(self) -> tuple[Network, Any]:
        """The network of a finished run, and its settings."""
        name, settings = self.settings()
        if not self.finished or not self.model.exists():
            raise FileNotFoundError(
                f"the run in {self.path} is not finished: go on with `axonal train {name} --out "
                f"{self.path} --resume`."
            )
        title = self.origin()["recipe"]
        if self.studied:
            raise RecipeError(
                f"the run in {self.path} holds no network: {title} learns by itself, and what it "
                f"learned is in {self.model.name} as plain tensors."
            )
        if self.read_summary()["recipe"] != title:
            raise self.damaged(self.summary, f"it is not that of a run of {title}")
        try:
            tensors = _weights.read_tensors(self.read(self.model))
            # before a network is made, which may be far larger than the file
            axes = {n for tensor in tensors.values() for n in tensor.shape}
            width = getattr(settings, "width", getattr(settings, "hidden", None))
            if width is not None and width not in axes:
                raise ValueError(f"it has no layer of {width} neurons, as the settings have")
            net = recipes.find(name).build(settings)
            _weights.load(net, tensors)
        except RecipeError:
            raise
        except ValueError as error:
            raise self.damaged(
                self.model, f"it does not hold the weights of this run's network: {error}"
            ) from error
        return net.eval(), settings


def load_run(folder: str | PathLike[str], *, recipe: str | None = None) -> tuple[Network, Any]:
    """Load the network of a finished run; it predicts what the run reported.

    Args:
        folder: run folder that `train` left.
        recipe: path of the recipe's file, where it is not the one that was recorded with its hash;
            its content must be the same. Nothing that lies in the folder ever runs.

    Returns:
        the Network in evaluation mode, and the settings it was trained with.

    Raises:
        FileNotFoundError: there is no finished run.
        ValueError: the folder is damaged, which its checksums tell, or of another version; one line
            that names the file and says what still helps.

    >>> load_run("runs/of-nobody")
    Traceback (most recent call last):
    FileNotFoundError: runs/of-nobody holds no run: it has no config.json. Is the path right?
    """
    run = RunFolder(folder, recipe)
    if not run.config.exists():
        raise FileNotFoundError(
            f"{run.path} holds no run: it has no config.json. Is the path right?"
        )
    return run.load()


def json_bytes(values: Mapping[str, Any]) -> bytes:
    """The content of a JSON file."""
    return (json.dumps(values, indent=2) + "\n").encode()


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with equal keys as a CSV file that is whole at every moment."""
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0] if rows else (), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_text(path, text.getvalue())
