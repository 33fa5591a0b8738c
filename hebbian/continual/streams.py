"""Streams of tasks, in the conventions of Avalanche where it has some.

An experience is what is learnt between two moments, as ``benchmark.train_stream`` of Avalanche
(Lomonaco et al., CVPR workshops 2021) holds them; names of arguments are those of its
``PermutedMNIST`` and ``SplitMNIST``.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from axonal._base import checks
from axonal._base.checks import one_of, whole_number

SPLITS = ("train", "validation", "test")
SCENARIOS = ("task", "domain", "class")


class Samples(NamedTuple):
    """Labelled samples.

    Attributes:
        x: [n, ...] of any type.
        y: classes [n] of int64.
        task: task of each sample [n] of int64.
    """

    x: Tensor
    y: Tensor
    task: Tensor


@dataclass(frozen=True)
class Experience:
    """Samples of a task: those it is learnt from, and those it is measured by.

    Args:
        train: learnt from.
        validation: chooses settings.
        test: reports.
        current_experience: its place in the stream, from 0.
        classes_in_this_experience: labels that occur.

    >>> import torch
    >>> few = Samples(torch.zeros(2, 3), torch.tensor([0, 1]), torch.zeros(2, dtype=torch.int64))
    >>> Experience(few, few, few, 0, (0, 1)).classes_in_this_experience
    (0, 1)
    """

    train: Samples
    validation: Samples
    test: Samples
    current_experience: int
    classes_in_this_experience: tuple[int, ...]


@dataclass(frozen=True)
class Stream:
    """Experiences one after another.

    Args:
        experiences: in the order they are learnt.
        n_classes: outputs C of a network that learns them.
        heads: classes that a sample may be told, for each task [tasks, C] of bool, where the task
            is known; None where it is not.

    >>> import torch
    >>> few = Samples(torch.zeros(2, 3), torch.tensor([0, 1]), torch.zeros(2, dtype=torch.int64))
    >>> len(Stream((Experience(few, few, few, 0, (0, 1)),), n_classes=2))
    1
    """

    experiences: tuple[Experience, ...]
    n_classes: int
    heads: Tensor | None = None

    def __len__(self) -> int:
        return len(self.experiences)

    def joint(self) -> "Stream":
        """One experience of all samples for training: what forgetting is measured against.

        Validation and test stay apart by task in the stream itself.
        """
        first = self.experiences[0]
        together: dict[str, Any] = {}
        for split in SPLITS:
            each: list[Samples] = [getattr(e, split) for e in self.experiences]
            together[split] = Samples(*(torch.cat(part) for part in zip(*each, strict=True)))
        classes = sorted({c for e in self.experiences for c in e.classes_in_this_experience})
        one = dataclasses.replace(first, **together, classes_in_this_experience=tuple(classes))
        return dataclasses.replace(self, experiences=(one,))


Parts = Mapping[str, tuple[Any, Any]]


def permuted(parts: Parts, n_experiences: int, *, shared: bool = False, seed: int = 0) -> Stream:
    """Tasks whose inputs are shuffled, each in an order of its own: permuted MNIST.

    Every task has all classes and one set of outputs; which task a sample is from is not told. The
    samples of "train" are dealt out evenly, so that no two tasks share one, or are all in every
    task (``shared``, as in Avalanche); those for validation and test are the same in every task.

    Args:
        parts: x [n, N] and y [n] of "train", "validation" and "test".
        n_experiences: tasks, >= 1.
        shared: give every task all training samples.
        seed: of the orders.

    Raises:
        ValueError: for parts that are missing or of unlike lengths, and too few samples.

    >>> x, y = torch.arange(12).reshape(4, 3), torch.tensor([0, 1, 0, 1])
    >>> stream = permuted({split: (x, y) for split in SPLITS}, 2)
    >>> len(stream), stream.n_classes, stream.experiences[1].train.y
    (2, 2, tensor([0, 1]))
    """
    held = _checked("permuted", parts)
    tasks = whole_number("permuted", "n_experiences", n_experiences)
    rng = np.random.default_rng(checks.seed("permuted", seed))
    share = len(held["train"].y) // (1 if shared else tasks)
    if not share:
        raise ValueError(
            f"permuted expects at least one training sample per task, got {len(held['train'].y)} "
            f"for {tasks} tasks."
        )
    made = []
    for k in range(tasks):
        order = torch.from_numpy(rng.permutation(held["train"].x[0].numel()))
        own = slice(None) if shared else slice(k * share, (k + 1) * share)
        chosen = dict.fromkeys(SPLITS, slice(None)) | {"train": own}

        def part(split: str, k: int = k, order: Tensor = order, chosen: Any = chosen) -> Samples:
            x, y, _ = held[split]
            x, y = x[chosen[split]].flatten(1)[:, order], y[chosen[split]]
            return Samples(x, y, torch.full_like(y, k))

        made.append(_experience(k, *map(part, SPLITS)))
    return Stream(tuple(made), _classes(held))


def split(
    parts: Parts,
    n_experiences: int,
    *,
    scenario: str = "task",
    fixed_class_order: Sequence[int] | None = None,
    seed: int = 0,
) -> Stream:
    """Tasks of some of the classes each: split MNIST and its like.

    Args:
        parts: x [n, ...] and y [n] of "train", "validation" and "test".
        n_experiences: tasks, a divisor of the number of classes.
        scenario: "task" (each task has outputs of its own, and is told; ``return_task_id=True`` of
            Avalanche), "domain" (all tasks share the outputs of the first, as first, second ...
            class) or "class" (outputs for all classes, no task is told).
        fixed_class_order: classes in the order they come; drawn by ``seed`` if not given.
        seed: of the order of classes.

    Source of the scenarios: van de Ven and Tolias, arXiv 1904.07734, 2019.

    Raises:
        ValueError: for parts that are missing or of unlike lengths, classes that cannot be split
            evenly, and an unknown scenario.

    >>> x, y = torch.arange(4.0)[:, None], torch.arange(4)
    >>> parts = {split: (x, y) for split in SPLITS}
    >>> [e.train.y.tolist() for e in split(parts, 2, fixed_class_order=[0, 3, 1, 2]).experiences]
    [[0, 3], [1, 2]]
    """
    held = _checked("split", parts)
    tasks = whole_number("split", "n_experiences", n_experiences)
    one_of("split", "scenario", scenario, SCENARIOS)
    classes = _classes(held)
    order = (
        np.random.default_rng(checks.seed("split", seed)).permutation(classes).tolist()
        if fixed_class_order is None
        else list(fixed_class_order)
    )
    if sorted(order) != list(range(classes)) or classes % tasks:
        raise ValueError(
            f"split expects every class from 0 to {classes - 1} once and a number of tasks that "
            f"divides {classes}, got {order} for {tasks} tasks."
        )
    each = classes // tasks
    own = [order[k * each : (k + 1) * each] for k in range(tasks)]
    place = torch.empty(classes, dtype=torch.int64)
    for chosen in own:
        place[chosen] = torch.arange(each)
    made = []
    for k, chosen in enumerate(own):

        def part(name: str, k: int = k, chosen: Any = chosen) -> Samples:
            x, y, _ = held[name]
            here = torch.isin(y, torch.tensor(chosen))
            labels = place[y[here]] if scenario == "domain" else y[here]
            return Samples(x[here], labels, torch.full_like(labels, k))

        made.append(_experience(k, *map(part, SPLITS)))
    heads = None
    if scenario == "task":
        heads = torch.zeros(tasks, classes, dtype=torch.bool)
        for k, chosen in enumerate(own):
            heads[k, chosen] = True
    return Stream(tuple(made), each if scenario == "domain" else classes, heads)


def grouped(parts: Mapping[str, tuple[Any, Any, Any]], order: Sequence[int]) -> Stream:
    """Tasks of one group of samples each, such as the recordings of one speaker.

    All tasks share classes and outputs; the group of a sample is not told.

    Args:
        parts: x [n, ...], y [n] and groups [n] of "train", "validation" and "test".
        order: groups in the order they come.

    Raises:
        ValueError: for parts that are missing or of unlike lengths, and groups without samples.

    >>> x, y = torch.arange(4.0)[:, None], torch.tensor([0, 1, 0, 1])
    >>> stream = grouped({split: (x, y, [5, 5, 7, 7]) for split in SPLITS}, [7, 5])
    >>> stream.experiences[0].test.x.flatten()
    tensor([2., 3.])
    """
    held = _checked("grouped", {name: part[:2] for name, part in parts.items()})
    groups = {name: torch.as_tensor(part[2]) for name, part in parts.items()}
    made = []
    for k, group in enumerate(order):

        def part(name: str, k: int = k, group: int = group) -> Samples:
            x, y, _ = held[name]
            here = groups[name] == group
            if not here.any():
                raise ValueError(f"grouped finds no sample of the group {group} in {name!r}.")
            return Samples(x[here], y[here], torch.full_like(y[here], k))

        made.append(_experience(k, *map(part, SPLITS)))
    return Stream(tuple(made), _classes(held))


def _experience(k: int, train: Samples, validation: Samples, test: Samples) -> Experience:
    classes = sorted(set(train.y.tolist()))
    return Experience(train, validation, test, k, tuple(classes))


def _classes(held: Mapping[str, Samples]) -> int:
    return int(held["train"].y.max()) + 1


def _checked(who: str, parts: Parts) -> dict[str, Samples]:
    if set(parts) != set(SPLITS):
        raise ValueError(f"{who} expects parts {', '.join(SPLITS)}, got {', '.join(parts)}.")
    held = {}
    for name, (x, y) in parts.items():
        x, y = torch.as_tensor(x), torch.as_tensor(y)
        if len(x) != len(y) or y.ndim != 1 or not len(y) or y.is_floating_point():
            raise ValueError(
                f"{who} expects as many classes [n] as inputs [n, ...] in {name!r}, got "
                f"{tuple(y.shape)} of {y.dtype} for {tuple(x.shape)}."
            )
        held[name] = Samples(x, y.long(), torch.zeros_like(y))
    return held
