"""Files of torch: every byte that is read is held against its checksum before it is used."""

import io
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

SHOWN = 3
"""Differences of two networks in a message."""


def read_tensors(content: bytes) -> dict[str, Tensor]:
    """The tensors of a state_dict that `torch.save` wrote.

    Each must be all of a record of the file, and all records must be used: torch itself looks at
    neither checksums nor sizes, and would read beyond a record.

    Raises:
        ValueError: the file is damaged or holds something else; one line without its name.
    """
    found, records = read_torch(content)
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ValueError("it holds no state_dict")
    for key, tensor in found.items():
        if not isinstance(tensor, Tensor) or tensor.layout is not torch.strided:
            raise ValueError(f"{key[:80]!r} is no tensor")
        whole = tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes()
        if not whole or not tensor.is_contiguous():
            raise ValueError(f"the tensor {key[:80]!r} is not all of its record")
    used = {t.data_ptr(): t.untyped_storage().nbytes() for t in found.values() if t.numel()}
    if sorted(used.values()) != sorted(size for size in records if size):
        raise ValueError("its tensors are not those that it stores")
    return found


def read_torch(content: bytes) -> tuple[Any, list[int]]:
    """Content of a file of `torch.save`, plain types and tensors only, and bytes per record.

    Raises:
        ValueError: the file is damaged; one line without its name.
    """
    try:
        # zipfile warns of names that appear twice; these are refused
        with warnings.catch_warnings(action="ignore"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                records = _records(archive, content)
            found = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception as error:
        # torch raises whatever it comes upon, and advises to load without the check for safety
        ours = isinstance(error, ValueError | zipfile.BadZipFile) and bool(error.args)
        why = " ".join(str(error).split())[:120] if ours else type(error).__name__
        raise ValueError(f"the file is damaged ({why})") from error
    return found, records


def _records(archive: zipfile.ZipFile, content: bytes) -> list[int]:
    """Bytes of the records of tensors; every part of the file is read once for its checksum."""
    parts = archive.infolist()
    packed = [part for part in parts if part.compress_type != zipfile.ZIP_STORED]
    if packed or sum(part.file_size for part in parts) > len(content) or content[:2] != b"PK":
        raise ValueError("its parts are larger than it is")
    if len({part.filename for part in parts}) < len(parts) or archive.comment:
        raise ValueError("it has parts of the same name")
    broken = archive.testzip()
    if broken is not None:
        raise ValueError(f"the checksum of {broken[:80]} does not fit")
    return [part.file_size for part in parts if part.filename.split("/")[-2:-1] == ["data"]]


def load(net: torch.nn.Module, tensors: dict[str, Tensor]) -> None:
    """Give a network its weights, which must be of its names, shapes and types.

    Raises:
        ValueError: they are those of another network; one line that names what differs.
    """
    own = net.state_dict()
    alike = {name: tensor for name, tensor in tensors.items() if name in own}
    problem = differences({name: own[name] for name in alike}, alike)
    if problem:
        raise ValueError(differences(own, tensors))
    try:
        # layers know what states of earlier versions lack
        net.load_state_dict(tensors)
    except RuntimeError:
        raise ValueError(differences(own, tensors)) from None


def differences(own: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Tensors in which two networks differ, by name and shape; nothing where they do not.

    >>> differences({"a": torch.zeros(2), "b": torch.zeros(1)}, {"a": torch.zeros(3)})
    "'a' is [3] of float32, expected [2] of float32; 'b' is missing, expected [1] of float32"
    """
    lines = [
        f"{name!r} is {_kind(given[name])}, expected {_kind(tensor)}"
        for name, tensor in own.items()
        if name in given and _kind(given[name]) != _kind(tensor)
    ]
    lines += [
        f"{name!r} is missing, expected {_kind(tensor)}"
        for name, tensor in own.items()
        if name not in given
    ]
    lines += [f"{name[:80]!r} is unknown" for name in given if name not in own]
    more = [f"{len(lines) - SHOWN} more differ"] if len(lines) > SHOWN else []
    return "; ".join(lines[:SHOWN] + more)


def _kind(tensor: object) -> str:
    if not isinstance(tensor, Tensor):
        return f"no tensor but {type(tensor).__name__}"
    return f"{list(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"
