"""Kernels on machines without a GPU: compiled to machine code, and run as C++ on the CPU."""

import ctypes
import functools
import hashlib
import re
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
import torch

from axonal._base.files import write_text
from axonal.neuro.ops import _cuda
from helpers import ROOT

SHIM = Path(__file__).with_name("cuda_shim.h")
ARCHITECTURES = ("sm_80", "sm_90")
HALVES = (torch.float16, torch.bfloat16)

needs_compiler = pytest.mark.needs("compiler")
needs_nvrtc = pytest.mark.needs("nvrtc")


# contraction off, as in the kernels that decide spikes
COMPILER = ("g++", "-O0", "-std=c++17", "-ffp-contract=off", "-shared", "-fPIC", "-w")
KEPT = ROOT / ".pytest_cache" / "kernels"
"""What was compiled, by all that it was made of: shared by workers and runs."""


@functools.cache
def _version():
    return subprocess.run([COMPILER[0], "--version"], check=True, capture_output=True).stdout


def _kept(name, *made_of):
    """Place of what is made of texts."""
    KEPT.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:32]
    return KEPT / f"{digest}-{name}"


@functools.cache
def _library(text, name):
    text = f'#include "{SHIM}"\n{text}\nRUN({name})\n'
    built = _kept(f"{name}.so", text, SHIM.read_text(), *COMPILER, str(_version()))
    if not built.exists():
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:
            file, fresh = Path(folder, f"{name}.cpp"), Path(folder, built.name)
            file.write_text(text)
            subprocess.run([*COMPILER, "-o", fresh, file], check=True)
            fresh.replace(built)
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


def _assembled(text, arch, contract):
    """What NVRTC's assembler says of sources."""
    from cuda.bindings import nvrtc

    made_of = _cuda._options(arch, contract), nvrtc.nvrtcVersion()[1:]
    told = _kept("log.txt", text, *map(repr, made_of))
    if not told.exists():
        code, log = _cuda.compiled(text, arch, contract=contract)
        assert code.startswith(b"\x7fELF")
        write_text(told, log)
    return told.read_text()


def resources(files, name, dtype, arch, choices, contract=False):
    """Registers and bytes spilled of a kernel, as NVRTC's assembler says."""
    text = _cuda.source(*files, dtype=dtype, **choices)
    log = _assembled(text, arch, contract)
    found = re.search(
        rf"entry function '{name}'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, "
        r"(\d+) bytes spill loads.*?Used (\d+) registers",
        log,
        re.DOTALL,
    )
    assert found, log
    stack, stores, loads, registers = map(int, found.groups())
    return registers, stack + stores + loads
