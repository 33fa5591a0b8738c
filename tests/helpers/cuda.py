"""Kernels on machines without a GPU: compiled to machine code, and run as C++ on the CPU."""

import ctypes
import functools
import re
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
import torch

from axonal.neuro.ops import _cuda

SHIM = Path(__file__).with_name("cuda_shim.h")
ARCHITECTURES = ("sm_80", "sm_90")
HALVES = (torch.float16, torch.bfloat16)

needs_compiler = pytest.mark.needs("compiler")
needs_nvrtc = pytest.mark.needs("nvrtc")


@functools.cache
def _folder():
    return tempfile.TemporaryDirectory(prefix="axonal-shim-")


@functools.cache
def _library(text, name):
    folder = Path(_folder().name)
    stem = f"{name}-{abs(hash(text))}"
    file, built = folder / f"{stem}.cpp", folder / f"{stem}.so"
    file.write_text(f'#include "{SHIM}"\n{text}\nRUN({name})\n')
    # contraction off, as in the kernels that decide spikes
    options = ("-O0", "-std=c++17", "-ffp-contract=off", "-shared", "-fPIC", "-w")
    subprocess.run(["g++", *options, "-o", built, file], check=True)
    return ctypes.CDLL(str(built))


def launch_on_cpu(files, name, grid, *arguments, like, choices, contract=False):
    """`_cuda.launch`, by the CPU."""
    text = _cuda.source(*files, dtype=like.dtype, **choices)
    text = re.sub(r"#include <cuda_fp16.h>\n", "", text)
    words = b"".join(
        struct.pack("d", a)
        if isinstance(a, float)
        else struct.pack("q", a.data_ptr() if isinstance(a, torch.Tensor) else a)
        for a in arguments
    )
    assert all(a.is_contiguous() for a in arguments if isinstance(a, torch.Tensor))
    if 0 not in grid:
        _library(text, name).run(*grid, *(1,) * (3 - len(grid)), _cuda.THREADS, words)


def resources(files, name, dtype, arch, choices, contract=False):
    """Registers and bytes spilled of a kernel, as NVRTC's assembler says."""
    text = _cuda.source(*files, dtype=dtype, **choices)
    code, log = _cuda.compiled(text, arch, contract=contract)
    assert code.startswith(b"\x7fELF")
    found = re.search(
        rf"entry function '{name}'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, "
        r"(\d+) bytes spill loads.*?Used (\d+) registers",
        log,
        re.DOTALL,
    )
    assert found, log
    stack, stores, loads, registers = map(int, found.groups())
    return registers, stack + stores + loads
