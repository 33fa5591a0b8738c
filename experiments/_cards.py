"""Cards of the trained networks that ship, from stored results: ``python -m experiments._cards``.

Writes trained/NAME/card.json beside each run. The accuracy over seeds is that of the rows of
docs/results/runs.jsonl with the settings of the run, and their page is named. The estimate of
energy needs the data that the network was trained on, in ``AXONAL_DATA``; without them the one that
is there stays.
"""

import json
import statistics
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import experiments
from axonal import deploy, recipes
from axonal._base.files import write_text
from axonal._base.sweeps import Keyed, Store
from axonal.recipes._run_folder import RunFolder

RESULTS = Path(__file__).parents[1] / "docs" / "results"
REPEATED = ({"seed"}, {"seed", "fold"})
"""Settings in which repetitions of a run differ; the first kind of which there are two counts."""
OLDER_PAGES = {"digits"}
"""Experiments whose page tells of rows that were made anew since: other pages have these."""
SAMPLES = 8
"""Samples of the golden run that an energy is estimated of."""
PICOJOULES = 1e12

DATA = {
    "attention-nmnist": "The first 1000 training and 100 test recordings of N-MNIST.",
    "coincidence": "Volleys of two groups of inputs, drawn with the seed; the lag is the class.",
    "digits": "UCI handwritten digits, 8 x 8 pixels as latencies (scikit-learn brings them).",
    "egru-lm": "Characters of WikiText-2: nine tenths of its validation text train, the rest "
    "of that chooses, its test text tests.",
    "egru-smnist": "MNIST in rows of 28 pixels, its own test images.",
    "lmuformer-psmnist": "20 000 images of MNIST in rows or permuted pixels, its own test images.",
    "hlop-pmnist": "MNIST under five permutations, one after the other: 10 000 images to learn "
    "each from, 500 choose, 2500 of its own test images test.",
    "keywords": "Free Spoken Digit Dataset, mel energies in steps; the official split.",
    "local-mnist": "50 000 images of MNIST, 10 000 others choose, its own test images.",
    "mr-sentiment": "Movie reviews (rt-polarity), sentences; fold 0 of ten is the test part.",
    "nmnist": "The first 1000 training and 100 test recordings of N-MNIST.",
    "nparity": "Random bits, drawn as they are needed; no sample is seen twice.",
    "spikegpt-char": "tiny-shakespeare: 85 % train, the next 5 % choose, the last 10 % test.",
    "ternary-char": "tiny-shakespeare: 85 % train, the next 5 % choose, the last 10 % test.",
    "yin-yang": "Points of the yin-yang set, drawn with the seed.",
    "spoken-digits": "Free Spoken Digit Dataset, a causal mel front end; the official split.",
}
NOT_CLAIMED = {
    "attention-nmnist": "Over five folds no mask is apart from the same blocks without, and a "
    "convolutional network with half the numbers is better; 100 test recordings have a standard "
    "error of 3 points.",
    "coincidence": "The task was made for delays: nothing follows for others.",
    "digits": "8 x 8 pixels say little of harder tasks, nor that delays are needed for this one.",
    "egru-lm": "Half a minute on a tenth of WikiText-2; where they were compared, a GRU and an "
    "LSTM read it better.",
    "egru-smnist": "Rows, not pixels one by one: no result on the published task.",
    "hlop-pmnist": "Projections computed from stored activity are as good, and one network that "
    "learns all tasks at once is a point better.",
    "lmuformer-psmnist": "A third of the training images for four epochs: no result on the "
    "published task.",
    "keywords": "Ten digits of six speakers, a hundredth of the published model: no result on "
    "Speech Commands.",
    "mr-sentiment": "It lies below a bag of words, and has read no other text.",
    "local-mnist": "Backpropagation through time is as good at the same passes over the data.",
    "nmnist": "100 test recordings have a standard error of 2 points: no result on N-MNIST, whose "
    "test set has 10 000.",
    "nparity": "Accuracy is that at the largest N of each run, which differs; seeds are few.",
    "spikegpt-char": "Ten minutes of training, not converged, one seed: no comparison follows.",
    "ternary-char": "Two minutes of training, not converged, one seed: no comparison follows.",
    "yin-yang": "Learned delays are not apart from fixed random ones here.",
    "spoken-digits": "Fixed random delays with as many trained numbers, and longer membranes "
    "without delays, are as good.",
}


def card(name: str, energy: dict[str, Any]) -> dict[str, Any]:
    """Return the card of a trained network.

    Args:
        name: of one that ships.
        energy: the estimate, see `estimated`.
    """
    run = RunFolder(recipes.trained(name))
    summary = run.read_summary()
    _, settings = run.settings()
    return {
        "data": DATA[name],
        "split": summary.get("samples", summary.get("sentences")),
        "seed": settings.seed,
        "repeated": repeated(name),
        "energy": energy,
        "not_claimed": NOT_CLAIMED[name],
    }


def repeated(name: str) -> dict[str, Any] | None:
    """Accuracy of the runs with the settings of a trained network, but for their seed or fold.

    Returns:
        mean, deviation, number of runs, what differs between them and the page that has them; None
        where nobody has repeated it.
    """
    store = Store(RESULTS / "runs.jsonl")
    # an experiment of the recipe's own name comes first
    names = (e for e in experiments.names() if e not in OLDER_PAGES)
    order = sorted(names, key=lambda e: (e != name, e))
    for over in REPEATED:
        for experiment in order:
            jobs = [j for j in experiments.find(experiment).plan() if _same(j, name, over)]
            # further kinds of jobs train by other kernels or engines
            kinds = [type(job) for job in jobs]
            jobs = [job for job in jobs if type(job) is min(kinds, key=lambda k: len(k.__mro__))]
            found = [store.find(job) for job in jobs if not store.missing([job])]
            tested = [row["test"] if "test" in row else row["test_accuracy"] for row in found]
            if len(tested) > 1:
                return {
                    "mean": round(statistics.mean(tested), 4),
                    "deviation": round(statistics.stdev(tested), 4),
                    "runs": len(tested),
                    "over": "folds" if "fold" in over else "seeds",
                    "page": f"docs/results/{experiment.replace('-', '_')}.md",
                }
    return None


def _same(job: Keyed, name: str, over: set[str]) -> bool:
    label: tuple[str, Any] = getattr(job, "label", ("", {}))
    if label[0] != name:
        return False
    _, own = RunFolder(recipes.trained(name)).settings()
    known = own.to_json().keys()
    if not set(label[1]) <= known:
        return False
    other = type(own)(**label[1]).to_json()
    differ = {key for key, value in own.to_json().items() if other[key] != value}
    return differ <= over


def estimated(name: str) -> dict[str, Any]:
    """Estimate the energy of a sample on Loihi 2 in picojoules, or say why there is none.

    Raises:
        RecipeError: the data of the recipe are not there.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its golden run, which nobody keeps
            graph = recipes.export_run(recipes.trained(name), samples=SAMPLES)
    except (deploy.ExportError, recipes.RecipeError) as error:
        if "AXONAL_DATA" in str(error):
            raise
        return {"none": "no event graph"}
    try:
        found = deploy.energy(graph, "loihi2", sanafe=False)
    except deploy.PlacementError:
        return {"none": "its kinds of neurons have no known place on a core"}
    joules = {"low": found.low, "typical": found.typical, "high": found.high}
    return {
        "chip": found.chip,
        "samples": found.samples,
        "steps": found.steps,
        "picojoules": {k: round(v / found.samples * PICOJOULES) for k, v in joules.items()},
    }


def write(names: Sequence[str]) -> None:
    """Write the cards of trained networks."""
    for name in names:
        path = recipes.trained(name) / "card.json"
        try:
            energy = estimated(name)
        except recipes.RecipeError as error:
            if not path.exists():
                raise
            print(f"{name}: its energy stays what it was: {error}")
            energy = json.loads(path.read_text())["energy"]
        write_text(path, json.dumps(card(name, energy), indent=2) + "\n")
        print(f"wrote {path}")


if __name__ == "__main__":
    write(recipes.shipped())
