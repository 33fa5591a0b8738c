"""Images of 28 x 28 pixels with ten classes, read from their published files."""

import math
import zlib
from os import PathLike
from pathlib import Path

import numpy as np

from axonal._base.array_types import Int64Array, UInt8Array
from axonal.datasets._data_dir import data_file

SPLITS = {"train": ("train", 60_000), "test": ("t10k", 10_000)}
SIDE, CLASSES = 28, 10
FOLDERS = {
    "mnist": ("mnist/MNIST/raw", "the MNIST database of LeCun, Cortes and Burges"),
    "fashion_mnist": (
        "fashion-mnist/FashionMNIST/raw",
        "github.com/zalandoresearch/fashion-mnist",
    ),
}


def mnist(split: str, folder: str | PathLike[str] | None = None) -> tuple[UInt8Array, Int64Array]:
    """Handwritten digits.

    Args:
        split: "train" (60 000) or "test" (10 000).
        folder: that of the four ``.gz`` files; by default ``mnist/MNIST/raw``, the layout of
            torchvision, in the folder that AXONAL_DATA names.

    Returns:
        images [n, 28, 28], 0 (paper) to 255 (ink), and labels [n], 0 to 9.

    Raises:
        ValueError: an unknown split, or a file that is damaged or not whole.
        FileNotFoundError: a file is not there; the message says where to get it.

    Source: LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE 86, 1998.

    >>> mnist("validation")
    Traceback (most recent call last):
    ValueError: mnist expects split to be one of 'train', 'test', got 'validation'.
    """
    return _read("mnist", split, folder)


def fashion_mnist(
    split: str, folder: str | PathLike[str] | None = None
) -> tuple[UInt8Array, Int64Array]:
    """Pictures of clothes, in the form of :func:`mnist`.

    Args:
        split: "train" (60 000) or "test" (10 000).
        folder: that of the four ``.gz`` files; by default ``fashion-mnist/FashionMNIST/raw`` in
            the folder that AXONAL_DATA names.

    Returns:
        images [n, 28, 28], 0 to 255, and labels [n], 0 to 9.

    Raises:
        ValueError: an unknown split, or a file that is damaged or not whole.
        FileNotFoundError: a file is not there; the message says where to get it.

    Source: Xiao, Rasul and Vollgraf, arXiv 1708.07747, 2017.

    >>> fashion_mnist("validation")
    Traceback (most recent call last):
    ValueError: fashion_mnist expects split to be one of 'train', 'test', got 'validation'.
    """
    return _read("fashion_mnist", split, folder)


def _read(
    name: str, split: str, folder: str | PathLike[str] | None
) -> tuple[UInt8Array, Int64Array]:
    if split not in SPLITS:
        wanted = ", ".join(map(repr, SPLITS))
        raise ValueError(f"{name} expects split to be one of {wanted}, got {split!r}.")
    part, where = FOLDERS[name]
    prefix, count = SPLITS[split]
    shapes = {"images-idx3": (count, SIDE, SIDE), "labels-idx1": (count,)}
    arrays = []
    for kind, shape in shapes.items():
        path = data_file(folder, part, f"{prefix}-{kind}-ubyte.gz", where)
        try:
            values = _decoded(_unpacked(path, shape), shape)
            if kind == "labels-idx1" and values.max() >= CLASSES:
                raise ValueError(f"a label {values.max()}")
        except (ValueError, OSError, zlib.error) as error:
            raise ValueError(
                f"{path} is damaged or not whole ({error}): copy it again from {where}."
            ) from error
        arrays.append(values)
    return arrays[0], arrays[1].astype(np.int64)


def _unpacked(path: Path, shape: tuple[int, ...]) -> bytes:
    """Content of a gzip file that holds an array of this shape, and no byte more than that."""
    size = 4 + 4 * len(shape) + math.prod(shape)
    # what cannot be packed grows by less than a thousandth
    if path.stat().st_size > 1.01 * size + 1024:
        raise ValueError(f"{path.stat().st_size} packed bytes, for {size}")
    gzip = zlib.decompressobj(wbits=31)
    content = gzip.decompress(path.read_bytes(), size + 1)
    if not gzip.eof or gzip.unused_data.strip(b"\0"):
        raise ValueError(f"not one gzip stream of {size} bytes")
    return content


def _decoded(content: bytes, shape: tuple[int, ...]) -> UInt8Array:
    """Unsigned bytes of the IDX format: 0, 0, 8, axes, their sizes, values."""
    header = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
    if content[: len(header)] != header:
        raise ValueError(f"no IDX file of {shape} bytes")
    if len(content) != len(header) + int(np.prod(shape)):
        raise ValueError(f"{len(content)} bytes")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape).copy()
