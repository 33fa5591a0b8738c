"""Compilation of CUDA sources, their machine code on disk, and its launch.

A source is compiled by NVRTC at its first use, for the choices of the call, which are macros.
The machine code is kept in ``$AXONAL_CACHE`` or ``$XDG_CACHE_HOME/axonal`` (``~/.cache/axonal``).
"""

import functools
import hashlib
import importlib
import importlib.util
import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from axonal._base.files import write_bytes

FOUND = bool(importlib.util.find_spec("cuda") and importlib.util.find_spec("cuda.core"))
"""Whether cuda.core is installed; `missing` looks closer."""

INSTALL = "pip install 'axonal[gpu]'"
THREADS = 128
"""Threads of a block, in all kernels."""

_HERE = Path(__file__).parent
_LEGACY_STREAM = 1  # CU_STREAM_LEGACY of the driver
_TYPES = {
    torch.float32: ("float", "float", ""),
    torch.float64: ("double", "double", ""),
    torch.float16: ("__half", "float", "#include <cuda_fp16.h>\n"),
    torch.bfloat16: ("__nv_bfloat16", "float", "#include <cuda_bf16.h>\n"),
}
TYPES = tuple(_TYPES)
"""Types that the kernels take as inputs."""


class _Compiled(NamedTuple):
    """Machine code and the log of the compiler."""

    cubin: bytes
    log: str


def source(*files: str, dtype: torch.dtype, **choices: int | str) -> str:
    """Join files below ``axonal/neuro/ops`` to one source, behind their macros.

    >>> source("_common.cuh", dtype=torch.float32, WIDTH=4).splitlines()[0]
    '#define REAL float'
    """
    real, state, include = _TYPES[dtype]
    macros = {"REAL": real, "STATE": state, **choices}
    head = "".join(f"#define {name} {value}\n" for name, value in macros.items())
    return include + head + "".join((_HERE / file).read_text() for file in files)


@functools.cache
def missing() -> str | None:
    """Return the reason in one line why kernels cannot be compiled here, or ``None``."""
    try:
        importlib.import_module("cuda.core")
        from cuda.bindings import nvrtc
        from cuda.pathfinder import find_nvidia_header_directory

        _, known = nvrtc.nvrtcGetSupportedArchs()
        headers = find_nvidia_header_directory("cudart")
    except Exception as error:  # each of these packages has errors of its own
        what = str(error).split("\n")[0].rstrip(".")
        return f"CUDA kernels cannot be compiled here ({what}): {INSTALL}."
    if not headers:
        return f"CUDA kernels cannot be compiled here (no headers of CUDA): {INSTALL}."
    for index in range(torch.cuda.device_count()):
        major, minor = torch.cuda.get_device_capability(index)
        if 10 * major + minor not in known:
            return f"CUDA kernels cannot be compiled for sm_{major}{minor} by this NVRTC."
    return None


@functools.cache
def warn_missing() -> None:
    """Warn once that the slower definition runs on the GPU."""
    warnings.warn(f"{missing()} Until then the slower definition runs.", stacklevel=5)


def on_gpu(x: Tensor) -> bool:
    """Whether kernels run on x; the tests say so of tensors on the CPU."""
    return x.is_cuda


def available() -> bool:
    """Return whether kernels can be compiled; while a graph is traced, whether they seem to be.

    >>> available() == (missing() is None)
    True
    """
    return FOUND if torch.compiler.is_compiling() else missing() is None


def _folder() -> Path:
    given = os.environ.get("AXONAL_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "axonal"


def _options(arch: str, contract: bool) -> dict[str, Any]:
    return {"arch": arch, "std": "c++17", "fma": contract, "ptxas_options": ["-v"]}


def compiled(text: str, arch: str, *, contract: bool = False) -> _Compiled:
    """Compile a source, whatever is kept on disk.

    Args:
        text: C++ for NVRTC.
        arch: such as ``"sm_90"``.
        contract: let products and sums be rounded once, for everything that decides no spike.

    Raises:
        NVRTCError: of cuda.core, with the log of the compiler for a source that it refuses.
    """
    from cuda.core import Program, ProgramOptions
    from cuda.pathfinder import find_nvidia_header_directory

    headers = find_nvidia_header_directory("cudart")
    options = ProgramOptions(**_options(arch, contract), include_path=[str(headers)])
    log = io.StringIO()
    code = Program(text, "c++", options).compile("cubin", logs=log).code
    return _Compiled(bytes(code), log.getvalue())


def cubin(text: str, arch: str, *, contract: bool = False) -> bytes:
    """Return machine code like `compiled`, from disk if it was compiled before."""
    from cuda.bindings import nvrtc

    key = repr((text, _options(arch, contract), nvrtc.nvrtcVersion()[1:]))
    file = _folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}-{arch}.cubin"
    try:
        kept = file.read_bytes()
    except OSError:
        kept = b""
    if kept.startswith(b"\x7fELF"):
        return kept
    code = compiled(text, arch, contract=contract).cubin
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(file, code)
    except OSError:
        # a folder that cannot be written costs a compilation in every process, and nothing else
        pass
    return code


@functools.cache
def _loaded(
    files: tuple[str, ...],
    name: str,
    dtype: torch.dtype,
    contract: bool,
    choices: tuple[tuple[str, int | str], ...],
    device: int,
) -> Any:
    from cuda.core import ObjectCode

    problem = missing()
    if problem:
        raise ValueError(problem)
    major, minor = torch.cuda.get_device_capability(device)
    text = source(*files, dtype=dtype, **dict(choices))
    return ObjectCode.from_cubin(cubin(text, f"sm_{major}{minor}", contract=contract)).get_kernel(
        name
    )


class _Current:
    """The stream that torch uses now, as cuda.core wants to be shown it."""

    def __init__(self, device: torch.device) -> None:
        # the default stream has a name beside its null handle, which could be taken for none
        self._handle = torch.cuda.current_stream(device).cuda_stream or _LEGACY_STREAM

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self._handle


def launch(
    files: tuple[str, ...],
    name: str,
    grid: tuple[int, ...],
    *arguments: Tensor | int | float,
    like: Tensor,
    contract: bool = False,
    choices: Mapping[str, int | str],
) -> None:
    """Run a kernel on the device of ``like``, in torch's current stream, and return at once.

    Args:
        files: the source, below ``axonal/neuro/ops``.
        name: of the kernel.
        grid: blocks of `THREADS` threads along each axis; nothing runs where one is 0.
        arguments: contiguous tensors, integers (long long) and floats (double), in order.
        like: gives the device, and the type REAL of the source.
        contract: see `compiled`.
        choices: the other macros of the source.
    """
    if 0 in grid:
        return
    from cuda.core import Device, LaunchConfig
    from cuda.core import launch as start

    index = like.device.index
    with torch.cuda.device(index):
        # a thread of autograd may not have made the device's context its own yet
        Device(index).set_current()
        kernel = _loaded(files, name, like.dtype, contract, tuple(choices.items()), index)
        values = [a.data_ptr() if isinstance(a, Tensor) else a for a in arguments]
        config = LaunchConfig(grid=grid, block=THREADS)
        start(_Current(like.device), config, kernel, *values)


def width(cells: int, widest: int, *tensors: Tensor) -> int:
    """Choose how many neighbouring cells a thread handles: rows must be aligned for it.

    Few cells are spread over many threads rather than packed: 2^17 of them keep every
    multiprocessor of an H100 busy at 64 registers each.

    >>> width(2**20, 4), width(2**20 + 2, 4), width(100, 4)
    (4, 2, 1)
    """
    while widest > 1 and (
        cells % widest
        or cells < widest << 17
        or any(a.data_ptr() % (widest * a.element_size()) for a in tensors)
    ):
        widest //= 2
    return widest
