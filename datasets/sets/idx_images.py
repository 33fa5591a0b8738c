"""The four files of MNIST and of Fashion-MNIST, held against their manifests."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from axonal.datasets.sets._told import log_remarks
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.verify import verify

_MNIST_HOSTS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_FASHION_HOSTS = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)


def _pair(hosts: Sequence[str], *files: tuple[str, int, str]) -> tuple[ListedFile, ...]:
    return tuple(
        ListedFile(f"{name}-ubyte.gz", size, md5, urls=tuple(f"{h}{name}-ubyte.gz" for h in hosts))
        for name, size, md5 in files
    )


MNIST = Manifest(
    name="MNIST",
    folders=("mnist/MNIST/raw", "MNIST/raw", "mnist", "smnist"),
    source="the MNIST database of LeCun, Cortes and Burges",
    files={
        "train": _pair(
            _MNIST_HOSTS,
            ("train-images-idx3", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            ("train-labels-idx1", 28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
        ),
        "test": _pair(
            _MNIST_HOSTS,
            ("t10k-images-idx3", 1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
            ("t10k-labels-idx1", 4542, "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
    },
)
FASHION_MNIST = Manifest(
    name="Fashion-MNIST",
    folders=("fashion-mnist/FashionMNIST/raw", "FashionMNIST/raw", "fashion-mnist"),
    source="github.com/zalandoresearch/fashion-mnist",
    files={
        "train": _pair(
            _FASHION_HOSTS,
            ("train-images-idx3", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            ("train-labels-idx1", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
        ),
        "test": _pair(
            _FASHION_HOSTS,
            ("t10k-images-idx3", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
            ("t10k-labels-idx1", 5148, "bb300cfdad3c16e7a12a480ee83cd310"),
        ),
    },
)
KINDS = {"mnist": MNIST, "fashion_mnist": FASHION_MNIST}
CLASSES = {
    "mnist": tuple(map(str, range(10))),
    "fashion_mnist": (
        "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
        "ankle boot",
    ),
}  # fmt: skip


def image_folder(
    kind: str,
    folder: str | PathLike[str] | None,
    splits: Sequence[str],
    download: bool,
    again: bool,
) -> Path:
    """The folder of the files of some splits; arguments and errors are those of `verify`."""
    found = verify(KINDS[kind], folder, splits=splits, download=download, again=again)
    log_remarks(KINDS[kind].name, found)
    return found.folder
