"""Formats of the store of a phase diagram, and what is checked before an array is read.

A store is a zarr group of version 3 with one array per variable. Its files come from strangers too:
whatever a file claims (type, shape, chunks, size once decompressed) is held against the axes in
the settings before memory is taken for it.

=======  ==========================================================================================
format   holds
=======  ==========================================================================================
1        arrays compressed by zstd, names of the simulated quantities as an array of texts
2        the same under one SHA-256 in the attributes of the root, each cell under a crc32c
3        plain arrays, names of the quantities in the attributes of the cells; checksums as before
=======  ==========================================================================================

Arrays of texts are never read: their decoder takes memory for as many as the file says.
"""

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any

from axonal._base.files import check_source
from axonal._base.jsontext import parse_json
from axonal._base.version import version

FORMAT = 3
"""Of stores that are written; raised too when the same settings give other numbers."""

READABLE = ("1", "2", "3")

CELLS = "montecarlo"
QUANTITY = "quantity"
NAMES = "quantities"
CHECKSUM = "checksum"
METADATA = "zarr.json"

LONGEST_LINE = 1000
MOST_PATTERNS = 64
TYPES = ("float64", "int64")
WIDTH = 8
"""Bytes of a number of either type."""

ZSTD = b"\x28\xb5\x2f\xfd"

Header = dict[str, Any]
Metadata = dict[str, Any]


def written_by() -> dict[str, str]:
    """The settings that numbers depend on and that no caller chooses."""
    return {"format": str(FORMAT), "axonal": version()}


def read_header(store: Path) -> tuple[Header, Metadata]:
    """The settings of a store, and the metadata of its root.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it has no settings.
    """
    root = _metadata(store, "group")
    text = root.get("attributes", {}).get("settings")
    header = parse_json(text) if isinstance(text, str) else None
    if not isinstance(header, dict):
        raise ValueError("it has no settings")
    return header, root


def checksum(store: Path, root: Metadata) -> str:
    """SHA-256 of a root without its checksum, and of all files but it and the cells."""
    attributes = {name: x for name, x in root["attributes"].items() if name != CHECKSUM}
    text = json.dumps({**root, "attributes": attributes}, sort_keys=True)
    digest = hashlib.sha256(text.encode())
    cells = store / CELLS / "c"
    for folder, below, names in os.walk(store):
        below[:] = sorted(name for name in below if Path(folder, name) != cells)
        for name in sorted(names):
            file = Path(folder, name)
            if file != store / METADATA:
                check_source(file)
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"\n{file.relative_to(store)} {content}".encode())
    return digest.hexdigest()


def check_whole(store: Path, root: Metadata, number: str) -> None:
    """Refuse a store in which a file beside the cells is not the one that was written.

    Raises:
        ValueError: if it is not.
    """
    expected = None if number == "1" else checksum(store, root)
    if root["attributes"].get(CHECKSUM) != expected:
        raise ValueError("a file beside the cells is not what its checksum was made of")


def arrays(store: Path, header: Header) -> dict[str, Metadata]:
    """Metadata of all arrays of numbers by name, held against the axes in the settings.

    Raises:
        OSError: if they cannot be read.
        ValueError: if one asks for more than its axes have, or is coded in another way.
    """
    lengths = _lengths(header)
    metadata_by_name = {}
    for folder in sorted(store.iterdir()):
        if not folder.is_dir() or (folder.name == QUANTITY and header["format"] != "3"):
            continue
        try:
            metadata = _metadata(folder, "array")
            _check_array(folder, metadata, lengths)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise ValueError(f"{folder.name}: {error}") from error
        metadata_by_name[folder.name] = metadata
    return metadata_by_name


def quantities(metadata: Metadata, header: Header) -> list[str]:
    """Names of the simulated quantities of a cell, the last one a number in every cell.

    Raises:
        ValueError: if they are not as many as the cells have.
    """
    count = metadata["shape"][2]
    if header["format"] == "3":
        names = metadata["attributes"].get(NAMES)
    else:
        names = _earlier_quantities("dilution" in header, count)
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != count or len(set(names)) != count:
        raise ValueError(f"the {count} quantities of a cell have the names {names}")
    return list(names)


def _earlier_quantities(multitasking: bool, count: int) -> list[str]:
    """Names of the quantities in formats 1 and 2, which depend on the model only."""
    if multitasking:
        measured = [f"overlap_{k + 1}" for k in range((count - 3) // 2)]
        last = ["energy", "energy_error", "acceptance"]
    else:
        measured = ["overlap", "survival", "energy"]
        last = ["autocorrelation_time", "acceptance"]
        return [*(name + end for name in measured for end in ("", "_error")), *last]
    return [*measured, *(f"{name}_error" for name in measured), *last]


def _lengths(header: Header) -> dict[str, range]:
    """Lengths that each dimension may have."""
    axes = {name: x for name, x in header.items() if isinstance(x, list)}
    if len(axes) != 2 or "T" not in axes:
        raise ValueError("its settings have not two axes")
    lengths = {"line": range(LONGEST_LINE), "line_T": range(LONGEST_LINE)}
    for name, values in axes.items():
        lengths[name] = range(len(values), len(values) + 1)
        lengths[f"between_{name}"] = range(len(values) - 1, len(values))
    return {
        **lengths,
        "pattern": range(MOST_PATTERNS),
        QUANTITY: range(1, 2 * MOST_PATTERNS + 3),
    }


def _metadata(folder: Path, kind: str) -> Metadata:
    check_source(folder / METADATA)
    metadata = parse_json((folder / METADATA).read_bytes())
    if not isinstance(metadata, dict) or not isinstance(metadata.get("attributes", {}), dict):
        raise ValueError("its metadata are none")
    if metadata.get("zarr_format") != 3 or metadata.get("node_type") != kind:
        raise ValueError(f"it is no {kind} of zarr 3")
    return metadata


def _check_array(folder: Path, metadata: Metadata, lengths: dict[str, range]) -> None:
    shape, dims = metadata["shape"], metadata["dimension_names"]
    if metadata["data_type"] not in TYPES:
        raise ValueError(f"expected numbers, got {metadata['data_type']}")
    if len(shape) != len(dims) or any(
        type(length) is not int or length not in lengths.get(name, ())
        for name, length in zip(dims, shape, strict=True)
    ):
        raise ValueError(f"it has the shape {shape}, for axes of the settings")
    grid = metadata["chunk_grid"]
    chunk = grid["configuration"]["chunk_shape"]
    if (
        grid["name"] != "regular"
        or len(chunk) != len(shape)
        or any(
            type(size) is not int or not 1 <= size <= max(length, 1)
            for size, length in zip(chunk, shape, strict=True)
        )
    ):
        raise ValueError(f"it has chunks of {chunk} in a shape of {shape}")
    codecs = [codec["name"] for codec in metadata["codecs"]]
    if codecs[:1] != ["bytes"] or not set(codecs[1:]) <= {"zstd", "crc32c"}:
        raise ValueError(f"it is coded by {', '.join(map(str, codecs))}")
    if metadata.get("storage_transformers"):
        raise ValueError("it is stored in another way")
    if "zstd" in codecs:
        size = WIDTH * math.prod(chunk)
        for file in sorted((folder / "c").rglob("*")):
            if file.is_file() and _decompressed(file) != size:
                raise ValueError(f"chunk {file.name} is not {size} bytes long")


def _decompressed(file: Path) -> int | None:
    """Bytes that a file of zstd says it decompresses to, which its decoder believes.

    Source: RFC 8878, section 3.1.1.1.
    """
    check_source(file)
    with file.open("rb") as stream:
        start = stream.read(18)
    if start[:4] != ZSTD or len(start) < 6:
        return None
    descriptor = start[4]
    single = descriptor >> 5 & 1
    width = (single, 2, 4, 8)[descriptor >> 6]
    begin = 5 + (1 - single) + (0, 1, 2, 4)[descriptor & 3]
    size = int.from_bytes(start[begin : begin + width], "little") + (256 if width == 2 else 0)
    return size if width else None
