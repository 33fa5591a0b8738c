"""What compiles CUDA sources: what it keeps, what it refuses, and what it says where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers import ROOT
from helpers.cuda import needs_nvrtc
from torch._subclasses.fake_tensor import FakeTensorMode

from axonal.neuro.ops import _cuda, _dispatch
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.ops.lif import lif

GOOD = 'extern "C" __global__ void one(float *a) { a[threadIdx.x] = 1; }'


@pytest.fixture
def count(monkeypatch):
    """Sources that were compiled rather than found."""
    done = []
    whole = _cuda.compiled
    monkeypatch.setattr(_cuda, "compiled", lambda *a, **k: done.append(a) or whole(*a, **k))
    return done


@needs_nvrtc
def test_machine_code_is_kept_by_source_architecture_and_options(count, monkeypatch, tmp_path):
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path / "new"))
    first = _cuda.cubin(GOOD, "sm_90")
    assert _cuda.cubin(GOOD, "sm_90") == first
    assert len(count) == 1
    _cuda.cubin(GOOD, "sm_80")
    _cuda.cubin(GOOD + " ", "sm_90")
    _cuda.cubin(GOOD, "sm_90", contract=True)
    assert len(count) == 4
    files = list((tmp_path / "new").iterdir())
    assert len(files) == 4
    assert {file.suffix for file in files} == {".cubin"}


@needs_nvrtc
def test_damaged_files_are_compiled_again(count, monkeypatch, tmp_path):
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path))
    first = _cuda.cubin(GOOD, "sm_90")
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"")
    assert _cuda.cubin(GOOD, "sm_90") == first == file.read_bytes()
    assert len(count) == 2


@needs_nvrtc
def test_a_folder_that_cannot_be_written_means_no_cache(count, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path / "file" / "below"))
    assert _cuda.cubin(GOOD, "sm_90") == _cuda.cubin(GOOD, "sm_90")
    assert len(count) == 2


def test_the_cache_lies_where_the_user_wants_it(monkeypatch):
    monkeypatch.delenv("AXONAL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert _cuda._folder() == Path("/somewhere/axonal")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert _cuda._folder() == Path.home() / ".cache" / "axonal"


@needs_nvrtc
@pytest.mark.parametrize("wrong", [GOOD.replace("float *a", "float a"), GOOD + "}", "#error no"])
def test_bad_sources_are_refused(wrong):
    with pytest.raises(Exception, match="NVRTC_ERROR_COMPILATION"):
        _cuda.compiled(wrong, "sm_90")


@pytest.mark.slow
def test_importing_and_using_axonal_on_the_cpu_does_not_import_cuda_core():
    script = (
        "import sys, torch\n"
        "from axonal import neuro\n"
        "neuro.LIF(4)(torch.ones(3, 2, 4))\n"
        "print([name for name in sys.modules if name.startswith('cuda.core')])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.fixture
def without_nvrtc(monkeypatch):
    """A machine with a GPU and nothing to compile with; its tensors have no data here."""
    message = f"CUDA kernels cannot be compiled here (no cuda.core): {_cuda.INSTALL}."
    monkeypatch.setattr(_cuda, "missing", lambda: message)
    _cuda.warn_missing.cache_clear()
    with FakeTensorMode():
        yield
    _cuda.warn_missing.cache_clear()


def on_gpu(*shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device="cuda")


def run(x, backend="auto"):
    one = on_gpu()
    return lif(x, on_gpu(*x.shape[1:]), None, one, one, backend=backend)


@pytest.mark.usefixtures("without_nvrtc")
def test_without_nvrtc_the_definition_runs_after_one_warning(recwarn):
    x = on_gpu(3, 2, 4)
    with pytest.warns(UserWarning, match=r"pip install 'axonal\[gpu\]'.*definition runs") as caught:
        assert run(x)[0].is_cuda
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    run(x)
    assert len(recwarn) == 0


@pytest.mark.usefixtures("without_nvrtc")
def test_without_nvrtc_who_asks_for_the_kernel_is_told_in_one_line():
    with pytest.raises(ValueError, match=r"^CUDA kernels cannot be compiled here .*axonal\[gpu\]"):
        run(on_gpu(3, 2, 4), backend="cuda")


def test_the_kernel_takes_every_precision_with_a_state_of_its_own_or_of_single(monkeypatch):
    monkeypatch.setattr(_cuda, "missing", lambda: None)

    def takes(*types):
        return _dispatch.use_compiled("lif", "auto", *(on_gpu(dtype=t) for t in types), cuda=True)

    with FakeTensorMode():
        for dtype in _cuda.TYPES:
            assert takes(dtype, dtype)
            assert takes(dtype, torch.float32) == (dtype != torch.float64)
            assert not takes(dtype, torch.int32)
        spikes, v, _ = run(on_gpu(33, 2, 4, dtype=torch.bfloat16), backend="cuda")
    assert (spikes.dtype, v.dtype) == (torch.bfloat16, torch.float32)


@pytest.mark.parametrize(
    ("x", "error"),
    [
        (torch.zeros(3, 2, 4), 'backend="cuda" of lif expects tensors on one GPU: .* on cpu'),
        (torch.zeros(3, 2, 4, dtype=torch.int32), "of float16, bfloat16, float32 or float64"),
    ],
)
def test_what_no_gpu_holds_is_refused_in_one_line(x, error):
    one = torch.tensor(1.0)
    with pytest.raises(ValueError, match=error) as caught:
        lif(x, x[0], None, one, one, backend="cuda")
    assert "\n" not in str(caught.value)


def test_an_operator_without_a_kernel_says_so():
    with pytest.raises(ValueError, match=r'leaky_integrator has no kernel for backend="cuda"'):
        leaky_integrator(torch.zeros(3, 1), torch.zeros(1), torch.tensor(0.5), backend="cuda")
