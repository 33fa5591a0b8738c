"""Each surrogate of the table has one derivative: in torch, of one number, compiled.

Its form for GPUs runs as C++ beside the conventions of LIF, in test_lif_cuda.py.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.cuda import needs_nvrtc

from axonal import neuro
from axonal.neuro.ops import _cuda
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops._neuron_cuda import FILES, macros
from axonal.neuro.ops.lif import lif
from axonal.neuro.surrogates import SURROGATES

ALPHA = 1.5
U = torch.linspace(-3, 3, 61, dtype=torch.float64)


def test_the_table_holds_every_public_surrogate():
    public = {getattr(neuro, name) for name in neuro.surrogates.__all__} - {neuro.Surrogate}
    assert set(SURROGATES.values()) == public
    assert public <= {getattr(neuro, name) for name in neuro.__all__}


def test_every_file_is_a_surrogate_of_the_table():
    folder = Path(neuro.surrogates.__file__).parent
    assert {file.stem for file in folder.glob("[!_]*.py")} == set(SURROGATES)


@pytest.mark.parametrize("name", SURROGATES)
def test_the_scalar_form_equals_that_of_torch(name):
    kind = SURROGATES[name]
    exact = kind(ALPHA).derivative(U)
    for number, tolerance in ((np.float64, 1e-8), (np.float32, 2e-5)):
        scalars = [kind.scalar(number(u), ALPHA, number) for u in U.tolist()]
        np.testing.assert_allclose(np.array(scalars), exact, rtol=tolerance, atol=1e-7)


@pytest.mark.parametrize("name", SURROGATES)
def test_the_compiled_form_equals_that_of_torch(name):
    pytest.importorskip("numba")
    x = torch.rand(4, 1, 9, dtype=torch.float64, requires_grad=True)
    half = torch.tensor(0.5, dtype=torch.float64)
    convention = Convention(surrogate=name, alpha=ALPHA)
    run = [
        lif(x, 0 * x[0], None, half, half, convention, backend=backend)[0]
        for backend in ("cpu", "reference")
    ]
    mine, exact = (torch.autograd.grad(spikes.sum(), x)[0] for spikes in run)
    torch.testing.assert_close(mine, exact, rtol=1e-5, atol=1e-8)


@needs_nvrtc
@pytest.mark.parametrize("name", SURROGATES)
def test_the_form_for_gpus_compiles(name):
    choices = macros(Convention(surrogate=name), backward=True) | {"WIDTH": 1}
    text = _cuda.source(*FILES, dtype=torch.float32, **choices)
    assert _cuda.compiled(text, "sm_90").cubin
