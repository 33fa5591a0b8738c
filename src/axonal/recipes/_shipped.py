"""Trained networks that come with axonal, described: ``python -m axonal.recipes._shipped``."""

import json
import warnings
from typing import Any

from axonal import recipes
from axonal._base.tables import markdown_table
from axonal.recipes import _find
from axonal.recipes._run_folder import RunFolder

RESULTS = ("accuracy", "bits_per_character", "bits_per_token", "perplexity")
"""Results of the parts "validation" and "test" in a summary; the first that is there counts."""
HEAD = """\
# Trained networks that come along

Written by `python -m axonal.recipes._shipped` from the run folders; a test compares it.
`axonal models` prints the same.

The name of one stands for its run folder on the command line, and `recipes.trained(name)` is that
folder in Python:

```bash
axonal verify digits
axonal export digits --target loihi2
axonal generate spikegpt-char --prompt "ROMEO:"
```

```python
from axonal import recipes

net, settings = recipes.load_run(recipes.trained("digits"))
```

Every one was trained once, from one seed, by the command beside it. Its card has the accuracy of
the same settings over seeds or folds, mean ± standard deviation, where an experiment has repeated
them, and the page with the controls; `python -m experiments._cards` makes cards from stored rows.
The test part was looked at once, after the last epoch. Data are not in the package: what a network
was trained on has to be at hand to score it again, and to export it (`AXONAL_DATA`). Energies are
[estimates](energy.md) for Loihi 2 from constants of Loihi 1, of eight test samples.

Recipes without one: chaos and zero-shot are studies of reservoirs that are drawn and fitted in
seconds; a liquid of nalsm takes 1.5 MB and reads no better than the pixels it is given; smnist
learns too little in minutes. All that ships takes at most 8 MB.

"""


def described(name: str) -> dict[str, Any]:
    """Return what is known of a trained network, from the files of its run.

    Args:
        name: of one that ships.

    Returns:
        name, task, folder, parameters, measure with its test and validation result (None where
        the run reports none), command, seconds of training, bytes, and its card: data, split,
        seed, accuracy of repeated runs, energy, and the limits of what it shows.

    >>> described("digits")["command"]
    'axonal train digits'
    """
    run = RunFolder(recipes.trained(name))
    summary = run.read_summary()
    card = json.loads((run.path / "card.json").read_text())
    measure = next(key for key in RESULTS if f"test_{key}" in summary)
    task = str(recipes.find(name).__doc__).split("\n\n")[0]
    return {
        "name": name,
        "task": " ".join(task.split()),
        "folder": str(run.path),
        "parameters": summary["trained_parameters"],
        "measure": measure.replace("_", " "),
        "test": summary[f"test_{measure}"],
        "validation": summary.get(f"validation_{measure}"),
        "command": " ".join(("axonal train", name, *_changed(run))),
        "seconds": summary.get("cpu_seconds", summary["seconds"]),
        "bytes": sum(file.stat().st_size for file in run.path.iterdir()),
        "data": card["data"],
        "split": _split(card["split"]),
        "seed": card["seed"],
        "repeated": _repeated(card["repeated"]),
        "energy": _energy(card["energy"]),
        "not_claimed": card["not_claimed"],
    }


def _split(sizes: dict[str, int] | None) -> str:
    """Sizes of the parts in words, nothing where the line on the data has all."""
    if sizes is None:
        return ""
    return ", ".join(f"{size} {part}" for part, size in sizes.items())


def _repeated(found: dict[str, Any] | None) -> str:
    """Accuracy of repeated runs in words, with the page that has them."""
    if found is None:
        return "no runs with these settings and other seeds are stored"
    mean, deviation = (f"{found[key]:.3f}" for key in ("mean", "deviation"))
    return f"{mean} ± {deviation} over {found['runs']} {found['over']}, {found['page']}"


def _energy(found: dict[str, Any]) -> str:
    """An estimate in words."""
    if "none" in found:
        return f"none: {found['none']}"
    low, typical, high = (f"{pj / 1e6:.3g}" for pj in found["picojoules"].values())
    return f"{typical} uJ per sample of {found['steps']} steps, {low} to {high} ({found['chip']})"


def graph(name: str) -> str:
    """Say how large the event graph of a trained network is, or in one line why it has none.

    >>> graph("digits")
    '9472 synapses'
    """
    if _find.is_study(recipes.find(name)):
        return "none: what was learned is no Network"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its golden run, which nobody keeps
            made = recipes.export_run(recipes.trained(name), samples=1)
    except ValueError as error:
        # the first reason of several, without the line of the recipe that it names
        reasons = [line for line in str(error).splitlines() if line.startswith("  - ")]
        return f"none: {reasons[0].partition('): ')[2] if reasons else error}"
    return f"{sum(p.size for p in made.projections)} synapses"


def page() -> str:
    """Return the page of all of them."""
    head = ["model", "task", "numbers", "test", "event graph", "kB", "trained by"]
    rows, cards = [], []
    for name in recipes.shipped():
        m = described(name)
        test = f"{m['test']:.3f} ({m['measure']})"
        size = f"{m['bytes'] / 1000:.0f}"
        rows.append(
            [name, m["task"], m["parameters"], test, graph(name), size, f"`{m['command']}`"]
        )
        cards.append(_card(m))
    return HEAD + markdown_table(head, rows) + "\n\n" + "\n".join(cards)


def _card(m: dict[str, Any]) -> str:
    """The section of a trained network."""
    accuracy, comma, page = m["repeated"].partition(", docs/")
    repeated = f"{accuracy} ([table]({page}))" if comma else accuracy
    lines = {
        "Data": m["data"],
        "Split": m["split"],
        "Seed": m["seed"],
        "Test": f"{m['test']:.3f} ({m['measure']})",
        "Repeated": repeated,
        "Training": f"{m['seconds']:.0f} s",
        "Energy": m["energy"],
        "Not to be claimed": m["not_claimed"],
    }
    points = "\n".join(f"- {title}: {text}" for title, text in lines.items() if text)
    return f"## {m['name']}\n\n{m['task']}\n\n{points}\n"


def _changed(run: RunFolder) -> list[str]:
    """Options of the settings that are not those of the recipe by default."""
    name, settings = run.settings()
    made, usual = settings.to_json(), type(settings)().to_json()
    compared = recipes.comparison(name)
    # without it the command would train all arms
    told = None if compared is None else compared.chosen_by
    return [
        f"--{key.replace('_', '-')} {value}"
        for key, value in made.items()
        if value != usual[key] or key == told
    ]


if __name__ == "__main__":
    print(page(), end="")
