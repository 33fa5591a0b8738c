"""Norse: neurons that fire above their threshold, with time constants in 1 / seconds and a dt."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro.importers._convert import convert
from axonal.neuro.importers._neurons import chain, connections, integrator, neuron, values
from axonal.neuro.importers._rules import Framework, Rule, Site, UnlikeError
from axonal.neuro.layers import LSNN, AdEx
from axonal.neuro.layers._neuron import Size
from axonal.neuro.network import Network, Recurrent
from axonal.neuro.surrogates import FastSigmoid, Surrogate

_RATES = "factors 1 - dt tau_inv; v_leak shifts potential and threshold and must equal v_reset"


def _factor(dt: float, rate: Any) -> Tensor:
    """Return the factor that is left after a step, from the share lost as Norse rounds it."""
    return 1 - torch.as_tensor(dt * rate).detach().double()


def _firing(site: Site, p: Any, **settings: Any) -> nn.Module:
    rest = getattr(p, "v_leak", torch.zeros(()))
    leak, goal = (
        values(name, v, site.size) for name, v in (("v_leak", rest), ("v_reset", p.v_reset))
    )
    if not torch.equal(leak.expand(site.size), goal.expand(site.size)):
        raise UnlikeError(
            "v_reset differs from v_leak, so that a neuron at rest is not where one starts"
        )
    known = p.method == "super"
    # Norse 1.1.0 differentiates through the reset, and its alpha has no effect
    choices: dict[str, Any] = {"reset": "zero", "decay_input": True, "detach_reset": False}
    choices |= settings
    return neuron(
        site,
        threshold=values("v_th", p.v_th, site.size) - leak,
        strict=True,
        surrogate=FastSigmoid(1.0) if known else None,
        form="euler",
        **choices,
    )


def _current_based(module: Any, site: Site, p: Any, **settings: Any) -> nn.Module:
    decay, synapse = _factor(module.dt, p.tau_mem_inv), _factor(module.dt, p.tau_syn_inv)
    return _firing(site, p, decay=decay, synapse=synapse, **settings)


def _lif(module: Any, site: Site) -> nn.Module:
    return _current_based(module, site, module.p)


def _refractory(module: Any, site: Site) -> nn.Module:
    steps = torch.as_tensor(module.p.rho_reset)
    if steps.numel() != 1 or steps.item() != int(steps.item()) or steps.item() < 0:
        raise UnlikeError(f"rho_reset={steps.tolist()} is not one whole number of steps")
    return _current_based(module, site, module.p.lif, refractory=int(steps.item()))


def _lsnn(module: Any, site: Site) -> nn.Module:
    p = module.p
    return _current_based(
        module, site, p, make=LSNN, adaptation=_factor(module.dt, p.tau_adapt_inv),
        exact={"beta": p.beta},
    )  # fmt: skip


def _adex(module: Any, site: Site) -> nn.Module:
    p = module.p
    onset = values("v_th", p.v_th, site.size) - values("v_leak", p.v_leak, site.size)
    signed = {"subthreshold": p.adaptation_current, "jump": p.adaptation_spike}
    return _current_based(
        module, site, p, make=_at_rest, adaptation=_factor(module.dt, p.tau_ada_inv),
        exact={"slope": p.delta_T}, signed={**signed, "onset_level": onset},
    )  # fmt: skip


def _at_rest(size: Size, *, reset: str, decay_input: bool, **settings: Any) -> AdEx:
    """Make adaptive exponential neurons, which have one way to reset, and here to rest."""
    return AdEx(size, **settings)


def _loop(cell: Callable[[Any, Site], nn.Module], module: Any, site: Site) -> nn.Module:
    weight = module.recurrent_weights
    # Norse makes the diagonal zero once and lets no gradient reach it; what was put there counts
    empty = not module.autapses and not weight.diagonal().any()
    mask = 1 - torch.eye(len(weight)) if empty else None
    site = Site((len(weight),), site.dtype, site.device, site.surrogate)
    loop = Recurrent(cell(module, site), connections(site, weight, mask=mask))
    return chain(input=connections(site, module.input_weights), loop=loop)


def _box(module: Any, site: Site) -> nn.Module:
    p = module.p
    resets = {"reset_value": "zero", "reset_subtract": "subtract"}
    name = getattr(p.reset_method, "__name__", repr(p.reset_method))
    if name not in resets:
        raise UnlikeError(f"reset_method={name}; {' and '.join(resets)} have an equivalent")
    if name == "reset_subtract" and torch.as_tensor(p.v_reset).any():
        raise UnlikeError("reset_subtract with a v_reset other than 0")
    decay = _factor(module.dt, p.tau_mem_inv)
    return _firing(site, p, decay=decay, reset=resets[name])


def _iaf(module: Any, site: Site) -> nn.Module:
    return _firing(site, module.p, decay=1.0, decay_input=False)


def _at_rest_at_zero(p: Any) -> None:
    if torch.as_tensor(p.v_leak).any():
        raise UnlikeError("a readout with a v_leak other than 0; add it after the network")


def _li(module: Any, site: Site) -> nn.Module:
    _at_rest_at_zero(module.p)
    synapse, decay = (_factor(module.dt, r) for r in (module.p.tau_syn_inv, module.p.tau_mem_inv))
    return chain(
        synapse=integrator(site, decay=synapse, decay_input=False),
        membrane=integrator(site, decay=decay, decay_input=True),
    )


def _li_linear(module: Any, site: Site) -> nn.Module:
    weight = module.input_weights
    site = Site((len(weight),), site.dtype, site.device, site.surrogate)
    return chain(input=connections(site, weight), readout=_li(module, site))


def _li_box(module: Any, site: Site) -> nn.Module:
    _at_rest_at_zero(module.p)
    return integrator(site, decay=_factor(module.dt, module.p.tau_mem_inv), decay_input=True)


def _encoder(module: Any, site: Site) -> nn.Module:
    return _firing(site, module.p, decay=_factor(module.dt, module.p.tau_mem_inv))


def _returned(module: Any) -> int:
    """An output and a state, but of encoders, which keep none."""
    return 0 if type(module).__name__.endswith("Encoder") else 2


_LIF = Rule("CuBaLIF", _RATES, True, _lif)
_REFRACTORY = Rule("CuBaLIF", "refractory for rho_reset steps", True, _refractory)
_RECURRENT = Rule("Linear, Recurrent of CuBaLIF", "an empty diagonal", True, partial(_loop, _lif))
_LSNN = Rule(
    "LSNN",
    f"{_RATES}; a potential that exactly meets a threshold that has risen fires here",
    True,
    _lsnn,
)
_ADEX = Rule("AdEx", _RATES, True, _adex)
_ADEX_LOOP = Rule("Linear, Recurrent of AdEx", "an empty diagonal", True, partial(_loop, _adex))
_LSNN_LOOP = Rule("Linear, Recurrent of LSNN", "an empty diagonal", True, partial(_loop, _lsnn))
_IAF = Rule("IF as LIF", "v_reset = 0", True, _iaf)
_LI = Rule("LeakyIntegrator twice", "v_leak = 0", True, _li)
NORSE = Framework(
    "norse",
    "1.1.0",
    {
        "LIF": _LIF,
        "LIFCell": _LIF,
        "LIFBoxCell": Rule("LIF", f"{_RATES}; reset_value and reset_subtract", True, _box),
        "LIFRefracCell": _REFRACTORY,
        "LIFRecurrent": _RECURRENT,
        "LIFRecurrentCell": _RECURRENT,
        "ConstantCurrentLIFEncoder": Rule(
            "LIF", f"{_RATES}; its input is that of every step", True, _encoder
        ),
        "LSNN": _LSNN,
        "LSNNCell": _LSNN,
        "LSNNRecurrent": _LSNN_LOOP,
        "LSNNRecurrentCell": _LSNN_LOOP,
        "LIFAdEx": _ADEX,
        "LIFAdExCell": _ADEX,
        "LIFAdExRecurrent": _ADEX_LOOP,
        "LIFAdExRecurrentCell": _ADEX_LOOP,
        "IAF": _IAF,
        "IAFCell": _IAF,
        "LI": _LI,
        "LICell": _LI,
        "LILinearCell": Rule("Linear, LeakyIntegrator twice", "v_leak = 0", True, _li_linear),
        "LIBoxCell": Rule("LeakyIntegrator", "v_leak = 0", True, _li_box),
    },
    containers=frozenset({"SequentialState"}),
    wrappers={"Lift": "lifted_module"},
    encoders=frozenset({"ConstantCurrentLIFEncoder"}),
    returned=_returned,
    keeps=False,
    instead={
        "LIFAdExRefracCell": "use neuro.AdEx, which has no refractory steps",
        "LIFEx": "use neuro.AdEx with subthreshold=0 and jump=0",
        "LIFExCell": "use neuro.AdEx with subthreshold=0 and jump=0",
        "PoissonEncoder": "its spikes are drawn: encode the input before the network",
        "LConv2d": "use neuro.Conv2d before the neurons",
    },
)


def from_norse(
    module: nn.Module, *, input_shape: Size | None = None, surrogate: Surrogate | None = None
) -> Network:
    """Make a Network of a Norse module that fires the same spikes.

    Norse fires above the threshold where a LIF here fires at it, so that the threshold becomes the
    next number of the type. dt and the rates become factors per step; the current of ``LIFCell``
    reaches the potential within the step, as in :class:`CuBaLIF`. In single precision a potential
    within rounding of its threshold may go the other way. A ``forward`` that loops over time is
    imported as what it does in one step, as by :func:`from_snntorch`.

    Args:
        module: a neuron, a ``SequentialState``, or a torch ``Sequential`` of them; not changed.
        input_shape: of one step of one sample, where the first layer does not tell it.
        surrogate: of every neuron; by default FastSigmoid(1) for the method "super", whose alpha
            Norse 1.1.0 does not use, else ATan(2). The gradient passes through the reset, as there.

    Returns:
        A :class:`Network` with the parameters' names.

    Raises:
        ConversionError: for modules without an equivalent, all of them by path.
        TypeError: if ``module`` is no module.

    ``norse.torch.SequentialState(nn.Linear(3, 4), norse.torch.LIFBoxCell())`` is taken as this is:

    >>> net = from_norse(nn.Sequential(nn.Linear(3, 4)))
    >>> y, state = net(torch.ones(5, 2, 3))
    >>> y.shape
    torch.Size([5, 2, 4])
    """
    return convert(NORSE, module, input_shape, surrogate)
