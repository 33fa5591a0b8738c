"""What the recipes of liquids share: arms, settings, and the way from samples to an accuracy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Float64Array, Int64Array
from axonal.recipes import _settings
from axonal.recipes._errors import RecipeError
from axonal.recipes._study import Arrays, Learned, Parts
from axonal.reservoirs import NALSM, Astrocyte, CountReadout, PairSTDP
from axonal.reservoirs.liquids._relative import relative

ARMS = ("astrocyte", "stdp", "static", "pixels", "relu")
LIQUIDS = ARMS[:3]
PENALTIES = tuple(10.0**k for k in range(-6, 4))
INVERSE_PENALTIES = (0.01, 0.1, 1.0)
"""Of logistic regression, as scikit-learn counts them."""
TRAINING = 50_000
"""Of the 60 000 pictures for training; the others are for validation."""
SHOWN = 3


class Split(NamedTuple):
    """Samples of one part of a data set.

    Args:
        inputs: pictures `[B, M]`, or recordings of step and input `[E, 2]`.
        labels: classes `[B]`.
        features: the same samples for controls without a liquid `[B, F]`.
    """

    inputs: Any
    labels: Int64Array
    features: npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Settings(_settings.BaseSettings):
    """Settings of a liquid and its readouts.

    Args:
        arm: "astrocyte" (plasticity that an astrocyte modulates), "stdp" (plasticity alone),
            "static" (weights that stay), or a control without a liquid: "pixels" (the inputs
            themselves) or "relu" (as many random features of them as neurons).
        neurons: of the liquid, the cube of a whole number.
        strength: of the astrocyte.
        weight: size of all weights at the start; a static liquid keeps it.
        initial: samples of the phase in which weights organise themselves.
        initial_steps: steps of each of them.
        steps: steps of a sample in which spikes are counted.
        fading: factor of all rates of plasticity per step of it.
        passes: of the paper's readout over the training samples.
        parity: whether to keep the accidents of the original, see `reservoirs.NALSM`.
        training: number of training samples, from the first on; 0 for all.
    """

    arm: str = "astrocyte"
    neurons: int = 1000
    strength: float = 0.015
    weight: float = 3.0
    initial: int = 50_000
    initial_steps: int = 20
    steps: int = 250
    fading: float = 0.99
    passes: int = 2000
    parity: bool = False
    training: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("arm", self.arm in ARMS, f"one of {', '.join(ARMS)}")
        self.require("neurons", self.neurons == self.side**3 > 0, "the cube of a whole number")
        self.require_counts("initial_steps", "steps", "passes")
        for name in ("initial", "training"):
            self.require(name, getattr(self, name) >= 0, "a whole number >= 0")
        self.require("weight", 0 < self.weight <= PairSTDP().largest, "a number above 0, to 3")
        self.require("fading", 0 < self.fading <= 1, "a number above 0, to 1")

    @property
    def side(self) -> int:
        """Neurons along each side of the grid."""
        side: int = round(self.neurons ** (1 / 3))
        return side


def pictures(settings: Settings, read: Callable[[str], tuple[Any, Int64Array]]) -> dict[str, Split]:
    """Pictures by split, of MNIST and of what has its form.

    Args:
        settings: how many are for training.
        read: gives images and labels of "train" and "test".
    """
    try:
        images, labels = read("train")
        tested = read("test")
    except (ValueError, FileNotFoundError) as error:
        raise RecipeError(str(error)) from error
    kept = min(settings.training or TRAINING, TRAINING)
    parts = {
        "train": (images[:kept], labels[:kept]),
        "validation": (images[TRAINING:], labels[TRAINING:]),
        "test": tested,
    }
    flat = {part: (x.reshape(len(x), -1), y) for part, (x, y) in parts.items()}
    return {part: Split(x, y, x) for part, (x, y) in flat.items()}


def learn(settings: Settings, data: Mapping[str, Split], parts: Parts) -> Learned:
    """Make features of samples, with a liquid or without, and train readouts of them.

    The number of passes and the penalties of the readouts are chosen on the validation samples.

    Args:
        settings: of the recipe.
        data: splits "train", "validation" and "test".
        parts: of the run.

    Returns:
        the weights of liquid and readout, accuracies, and a figure.
    """
    labels = {split: data[split].labels for split in data}
    if settings.arm not in LIQUIDS:
        features = {split: _control(settings, data, split) for split in data}
        name, score, coefficients = _ridge(features, labels)
        logistic = _logistic(features, labels)
        return Learned(
            {"readout": coefficients},
            {
                "validation_accuracy": score["validation"],
                "test_accuracy": score["test"],
                "readout": name,
                "logistic_validation_accuracy": logistic["validation"],
                "logistic_test_accuracy": logistic["test"],
                "samples": {split: len(labels[split]) for split in data},
            },
        )
    liquid = _liquid(settings, data["train"].features.shape[1])
    weights = parts.get("weights", lambda report: _organise(liquid, data["train"].inputs, report))
    if not hasattr(liquid, "weights_"):  # a run that goes on has the weights already
        liquid.fit(data["train"].inputs, weights=weights["weights"])
    counts: dict[str, npt.NDArray[Any]] = {}
    for split in data:
        counts[split] = parts.get(split, _counting(liquid, data[split].inputs))["counts"]
    readout = CountReadout(passes=settings.passes, parity=settings.parity, seed=settings.seed)
    readout.fit(counts["train"], labels["train"], (counts["validation"], labels["validation"]))
    found = {split: readout.score(counts[split], labels[split]) for split in data}
    shares = {split: relative(counts[split].astype(np.float64)) for split in data}
    penalty, ridge, _ = _ridge(shares, labels)
    results = {
        "validation_accuracy": found["validation"],
        "test_accuracy": found["test"],
        "training_accuracy": found["train"],
        "readout_pass": readout.pass_,
        "ridge_validation_accuracy": ridge["validation"],
        "ridge_test_accuracy": ridge["test"],
        "ridge": penalty,
        "mean_weight": float(np.abs(liquid.weights_).mean()),
        "spikes_per_neuron_and_step": float(counts["test"].mean()) / settings.steps,
        "samples": {split: len(labels[split]) for split in data},
    }
    first = data["test"].inputs[:SHOWN]
    arrays = {
        "liquid": liquid.weights_,
        "readout": readout.coef_,
        "intercept": readout.intercept_,
    }
    return Learned(arrays, results, lambda folder: _draw(folder, liquid, first))


def _liquid(settings: Settings, inputs: int) -> NALSM:
    learns = settings.arm != "static"
    return NALSM(
        (settings.side,) * 3,
        weight=settings.weight,
        plasticity=PairSTDP() if learns else None,
        modulator=Astrocyte(strength=settings.strength) if settings.arm == "astrocyte" else None,
        initial=settings.initial,
        initial_steps=settings.initial_steps,
        steps=settings.steps,
        fading=settings.fading,
        inputs=inputs,
        parity=settings.parity,
        seed=settings.seed,
    )


def _organise(liquid: NALSM, inputs: Any, report: Callable[[float], None]) -> Arrays:
    liquid.progress = report
    return {"weights": liquid.fit(inputs).weights_}


def _counting(liquid: NALSM, inputs: Any) -> Callable[[Callable[[float], None]], Arrays]:
    def count(report: Callable[[float], None]) -> Arrays:
        liquid.progress = report
        return {"counts": liquid.transform(inputs).astype(np.uint16)}

    return count


def _control(settings: Settings, data: Mapping[str, Split], split: str) -> npt.NDArray[Any]:
    features = data[split].features
    if settings.arm == "pixels":
        return features
    rng = np.random.default_rng([settings.seed, 3])
    width = features.shape[1]
    weights = rng.standard_normal((width, settings.neurons)) / np.sqrt(width)
    shift = rng.standard_normal(settings.neurons) * 0.1
    mean, spread = data["train"].features.mean(), data["train"].features.std()
    values: Float64Array = np.maximum((features - mean) / spread @ weights + shift, 0.0)
    return values


def _logistic(
    features: Mapping[str, npt.NDArray[Any]], labels: Mapping[str, Int64Array]
) -> dict[str, float]:
    """Accuracies of logistic regression on standardised features, chosen as for ridge."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    best: dict[str, float] = {}
    for inverse in INVERSE_PENALTIES:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=inverse, max_iter=300))
        model.fit(features["train"].astype(np.float32), labels["train"])
        score = {split: float(model.score(x, labels[split])) for split, x in features.items()}
        if not best or score["validation"] > best["validation"]:
            best = score
    return best


def _ridge(
    features: Mapping[str, npt.NDArray[Any]], labels: Mapping[str, Int64Array]
) -> tuple[str, dict[str, float], Float64Array]:
    """Ridge regression on standardised features, its penalty chosen on validation samples."""
    mean = features["train"].mean(axis=0)
    spread = features["train"].std(axis=0)
    spread[spread == 0] = 1.0
    scaled = {split: (x - mean) / spread for split, x in features.items()}
    classes = np.unique(labels["train"])
    targets = np.where(labels["train"][:, None] == classes, 1.0, -1.0)
    x = scaled["train"]
    # one eigenvalue decomposition serves all penalties
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    product = vectors.T @ (x.T @ (targets - targets.mean(axis=0)) / len(x))
    best: tuple[float, str, dict[str, float], Float64Array] | None = None
    for penalty in PENALTIES:
        weights = vectors @ (product / (np.maximum(values, 0.0) + penalty)[:, None])
        score = {
            split: float(
                np.mean(classes[(z @ weights + targets.mean(axis=0)).argmax(1)] == labels[split])
            )
            for split, z in scaled.items()
        }
        if best is None or score["validation"] > best[0]:
            best = score["validation"], f"ridge, penalty {penalty:g}", score, weights
    assert best is not None
    return best[1:]


def _draw(folder: Path, liquid: NALSM, inputs: Any) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from axonal._base.colours import BLACK, BLUE, ORANGE
    from axonal._base.files import whole_file

    run = liquid.run(inputs)
    n = run.counts.shape[1]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    raster, weights = figure.subplots(1, 2, width_ratios=(2, 1))
    first = run.sample == 0
    for chosen, colour, name in (
        (first & (run.neuron < n), BLUE, "liquid"),
        (first & (run.neuron >= n), ORANGE, "input"),
    ):
        raster.scatter(run.step[chosen], run.neuron[chosen], s=0.5, color=colour, label=name)
    raster.set(xlabel="step", ylabel="neuron")
    raster.set_title("spikes of one sample", loc="left")
    raster.legend(frameon=False, markerscale=6, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    weights.hist(np.abs(liquid.weights_), bins=40, color=BLACK, log=True)
    weights.set(xlabel="|weight|", ylabel="synapses", title="weights")
    with whole_file(folder / "liquid.png") as whole:
        figure.savefig(whole, format="png", dpi=120)
