"""The five classical data sets of multiple-instance learning, read from their published files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array
from axonal.datasets._bags import Bags
from axonal.datasets._data_dir import data_file

Read = tuple[Float64Array, Sequence[str], BoolArray]
MUSK = "UCI Machine Learning Repository, Musk ({}), as {}"
IMAGES = "github.com/junyanz/MCILBoost (data of Andrews et al., 2003)"


@dataclass(frozen=True)
class _Source:
    file: str
    read: Callable[[Path], Read]
    bags: int
    positive: int
    instances: int
    features: int
    where: str


def mil(name: str, folder: str | PathLike[str] | None = None) -> Bags:
    """Bags of instances with a label each: a bag is positive if one of its instances is.

    | name | bags | positive | instances | features | a bag is |
    |---|---|---|---|---|---|
    | musk1 | 92 | 47 | 476 | 166 | a molecule, its instances are conformations |
    | musk2 | 102 | 39 | 6598 | 166 | the same, more conformations |
    | tiger | 200 | 100 | 1220 | 230 | an image, its instances are segments |
    | fox | 200 | 100 | 1320 | 230 | the same |
    | elephant | 200 | 100 | 1391 | 230 | the same |

    Args:
        name: one of the names above.
        folder: that of the files; by default ``mil`` in the folder that AXONAL_DATA names.

    Returns:
        The bags, in the order in which the file first names them.

    Raises:
        ValueError: an unknown name, or a file that is damaged or not whole.
        FileNotFoundError: the file is not there; the message says where to get it.

    Source: Dietterich, Lathrop and Lozano-Perez, Artificial Intelligence 89, 1997 (Musk); Andrews,
    Tsochantaridis and Hofmann, NeurIPS 2002 (images).

    >>> mil("musk3")
    Traceback (most recent call last):
    ValueError: mil expects one of 'musk1', 'musk2', 'tiger', 'fox', 'elephant', got 'musk3'.
    """
    if name not in _SOURCES:
        raise ValueError(f"mil expects one of {', '.join(map(repr, _SOURCES))}, got {name!r}.")
    source = _SOURCES[name]
    path = data_file(folder, "mil", source.file, source.where)
    try:
        values, owners, positive = source.read(path)
        if not np.isfinite(values).all():
            raise ValueError("a value is not finite")
        found = _grouped(values, owners, positive, name)
    except (ValueError, IndexError, KeyError, TypeError, OSError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"{path} is damaged or not whole ({why}): copy it again from {source.where}."
        ) from error
    have = (len(found), int(found.labels.sum()), *found.values.shape)
    wanted = (source.bags, source.positive, source.instances, source.features)
    if have != wanted:
        raise ValueError(
            f"{path} holds (bags, positive, instances, features) = {have}, {name} has {wanted}: "
            f"copy it again from {source.where}."
        )
    return found


def _grouped(values: Float64Array, owners: Sequence[str], positive: BoolArray, name: str) -> Bags:
    """Bring the instances of a bag together, in the order of the file."""
    order = {owner: place for place, owner in enumerate(dict.fromkeys(owners))}
    bag = np.array([order[owner] for owner in owners])
    sizes = np.bincount(bag, minlength=len(order))
    labels = np.zeros(len(order), np.int64)
    np.maximum.at(labels, bag, positive.astype(np.int64))
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return Bags(values[np.argsort(bag, kind="stable")], offsets, labels, name)


def _read_sparse(path: Path) -> Read:
    """Lines "instance:bag:label feature:value ...", features from 1, below "rows features"."""
    header, *lines = _lines(path)
    count, features = map(int, header.split())
    if len(lines) != count:
        raise ValueError(f"{len(lines)} of {count} instances")
    values = np.zeros((count, features))
    owners, labels = [], []
    for row, line in enumerate(lines):
        about, *cells = line.split()
        _, owner, label = about.split(":")
        pairs = [cell.split(":") for cell in cells]
        places = np.array([int(place) for place, _ in pairs])
        if len(places) and (places.min() < 1 or places.max() > features):
            raise ValueError(f"a feature outside 1 to {features} in instance {row}")
        values[row, places - 1] = [float(value) for _, value in pairs]
        owners.append(owner)
        labels.append(int(label) > 0)
    return values, owners, np.array(labels)


def _read_c45(path: Path) -> Read:
    """Lines "molecule,conformation,values...,class."."""
    cells = [line.split(",") for line in _lines(path)]
    values = np.array([[float(value) for value in row[2:-1]] for row in cells])
    return values, [row[0] for row in cells], np.array([float(row[-1]) > 0 for row in cells])


def _read_matlab(path: Path) -> Read:
    """A data set of PRTools: values, and for each row its class and the name of its bag."""
    # only this file needs scipy, which takes a while to import
    from scipy.io import loadmat

    try:
        (data,) = loadmat(path)["x"].ravel()
    except Exception as error:  # scipy has no error of its own for a file that ends early
        raise ValueError(f"not a readable MATLAB file: {error}") from error
    owners = [str(owner).strip() for owner in data["ident"][0, 0]["milbag"]]
    classes = [str(text) for text in data["lablist"][0, 0].ravel()]
    positive = data["nlab"].ravel() - 1 == classes.index("positive")
    return data["data"].astype(np.float64), owners, positive


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="ascii")
    if not text.endswith("\n"):
        raise ValueError("its last line is cut off")
    return text.splitlines()


_SOURCES = {
    "musk1": _Source(
        "musk1.data",
        _read_c45,
        *(92, 47, 476, 166),
        MUSK.format("version 1", "musk1.data of github.com/garydoranjr/misvm"),
    ),
    "musk2": _Source(
        "musk2.mat",
        _read_matlab,
        *(102, 39, 6598, 166),
        MUSK.format("version 2", "the PRTools file of github.com/fulowl/smiles, there musk1.mat"),
    ),
    "tiger": _Source("tiger.data", _read_sparse, 200, 100, 1220, 230, IMAGES),
    "fox": _Source("fox.data", _read_sparse, 200, 100, 1320, 230, IMAGES),
    "elephant": _Source("elephant.data", _read_sparse, 200, 100, 1391, 230, IMAGES),
}
