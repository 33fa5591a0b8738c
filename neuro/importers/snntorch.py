"""snnTorch: neurons that fire above their threshold and, as a rule, reset one step late."""

from typing import Any

import torch
from torch import nn

from axonal.neuro.importers._convert import convert
from axonal.neuro.importers._neurons import connections, integrator, neuron, required, values
from axonal.neuro.importers._rules import Framework, Rule, Site, UnlikeError
from axonal.neuro.importers._stateless import converted
from axonal.neuro.layers._neuron import Size
from axonal.neuro.network import Network, Recurrent
from axonal.neuro.surrogates import Surrogate

_SAME_STEP = 'the potential goes to zero within the step for reset_mechanism="zero"'
_NEXT_STEP = 'the step after a spike is silent for reset_mechanism="zero"'
_LATE = '"subtract" one step late, "none" (not exported)'


def _firing(module: Any, site: Site, *, decay: Any, gain: Any = 1, **settings: Any) -> nn.Module:
    required(module, inhibition=False, state_quant=False, graded_spikes_factor=1)
    reset = {"subtract": "delayed"}.get(module.reset_mechanism, module.reset_mechanism)
    if reset == "delayed" and not getattr(module, "reset_delay", True):
        raise UnlikeError(
            'reset_mechanism="subtract" with reset_delay=False subtracts twice where the potential '
            "stays above the threshold; reset_delay=True has an equivalent"
        )
    learn = [name for name, held in settings.pop("learned").items() if _learned(module, held)]
    if gain != 1 and _learned(module, "threshold"):
        raise UnlikeError("learn_threshold=True beside an input that is scaled by time_step / C")
    return neuron(
        site,
        decay=decay,
        # an input scaled by the gain meets a threshold that is divided by it
        threshold=values("threshold", module.threshold, site.size) / gain,
        strict=True,
        form="exp",
        reset=reset,
        learn=tuple(learn),
        **settings,
    )


def _learned(module: Any, name: str) -> bool:
    return isinstance(getattr(module, name, None), nn.Parameter)


def _clamped(factor: Any) -> Any:
    return torch.as_tensor(factor).detach().clamp(0, 1)


def _silent_step(module: Any) -> int:
    """Steps without input after a spike: a late reset to zero takes those of the next step too."""
    late = getattr(module, "reset_delay", True)
    return int(module.reset_mechanism == "zero" and late)


def _leaky(module: Any, site: Site) -> nn.Module:
    learned = {"tau": "beta", "threshold": "threshold"}
    return _firing(module, site, decay=_clamped(module.beta), learned=learned)


def _lapicque(module: Any, site: Site) -> nn.Module:
    step, resistance, capacity = (
        values(name, getattr(module, name), ()) for name in ("time_step", "R", "C")
    )
    return _firing(
        module, site, decay=1 - step / (resistance * capacity), gain=(step / capacity).item(),
        refractory=_silent_step(module), learned={"threshold": "threshold"},
    )  # fmt: skip


def _synaptic(module: Any, site: Site) -> nn.Module:
    learned = {"tau": "beta", "tau_synapse": "alpha", "threshold": "threshold"}
    return _firing(
        module, site, decay=_clamped(module.beta), synapse=_clamped(module.alpha),
        refractory=_silent_step(module), learned=learned,
    )  # fmt: skip


def _loop(module: Any, site: Site, body: nn.Module) -> nn.Module:
    back, shared = module.recurrent, getattr(module.recurrent, "V", None)
    if shared is None:
        return Recurrent(body, converted(back), size=site.size)
    if len(site.size) > 1:
        raise UnlikeError(
            "all_to_all=False over maps; over a vector of neurons it has an equivalent"
        )
    n = site.size[0]
    each = values("V", shared, site.size).expand(n)
    feedback = connections(site, torch.diag(each), mask=torch.eye(n))
    return Recurrent(body, feedback.requires_grad_(shared.requires_grad))


def _rleaky(module: Any, site: Site) -> nn.Module:
    body = _firing(
        module, site, decay=_clamped(module.beta), refractory=_silent_step(module),
        learned={"tau": "beta", "threshold": "threshold"},
    )  # fmt: skip
    return _loop(module, site, body)


def _rsynaptic(module: Any, site: Site) -> nn.Module:
    return _loop(module, site, _synaptic(module, site))


def _potential(module: Any, site: Site) -> nn.Module:
    return integrator(site, decay=_clamped(module.beta), decay_input=False)


def _returned(module: Any) -> int:
    """Spikes and the states beside them, unless these are hidden and not asked for."""
    hidden = getattr(module, "init_hidden", False) and not getattr(module, "output", False)
    return 0 if hidden else _VALUES.get(type(module).__name__, 2)


_VALUES = {"Synaptic": 3, "RSynaptic": 3}


def _unreset(module: Any) -> bool:
    learned = _learned(module, "beta")
    return bool(module.reset_mechanism == "none") and not learned and not module.inhibition


SNNTORCH = Framework(
    "snntorch",
    "1.0.0",
    {
        "Leaky": Rule("LIF", f"{_LATE}; {_SAME_STEP}", True, _leaky),
        "Lapicque": Rule("LIF", f"time_step, R and C; {_LATE}; {_NEXT_STEP}", True, _lapicque),
        "Synaptic": Rule("CuBaLIF", f"{_LATE}; {_NEXT_STEP}", True, _synaptic),
        "RLeaky": Rule(
            "Recurrent of LIF", f"all_to_all or not; {_LATE}; {_NEXT_STEP}", True, _rleaky
        ),
        "RSynaptic": Rule(
            "Recurrent of CuBaLIF", f"all_to_all or not; {_LATE}; {_NEXT_STEP}", True, _rsynaptic
        ),
    },
    returned=_returned,
    potentials={"Leaky": Rule("LeakyIntegrator", "", True, _potential)},
    unreset=_unreset,
    instead={
        "Alpha": "use Synaptic, or write it as a neuro.Cell",
        "SLSTM": "its state is not that of a spiking neuron",
        "SConv2dLSTM": "its state is not that of a spiking neuron",
        "LeakyParallel": "use Leaky after a Linear",
    },
)


def from_snntorch(
    module: nn.Module, *, input_shape: Size | None = None, surrogate: Surrogate | None = None
) -> Network:
    """Make a Network of a snnTorch module that fires the same spikes.

    snnTorch fires above the threshold where a LIF here fires at it, so that the threshold becomes
    the next number of the type; its default reset comes one step late (``reset="delayed"``). The
    outputs are spikes: potentials that a neuron with ``output=True`` returns beside them are not
    part of the result. In single precision a potential within rounding of its threshold may go the
    other way, since sums are taken in another order.

    A ``forward`` that loops over time is run once on symbolic values. Where every step makes the
    same calls of its part of the input and of the states of the step before, the Network is what
    it does in one step, and ``net.time_loop`` (:class:`TimeLoop`) holds the rest: the number of
    steps, how the input enters, and the decision. The potential of a ``Leaky`` whose
    ``reset_mechanism`` is "none" is an output like any other.

    Args:
        module: a neuron or a torch ``Sequential``, with or without ``init_hidden``; not changed.
        input_shape: of one step of one sample, where the first layer does not tell it.
        surrogate: of every neuron; by default ATan(2), snnTorch's own default: its functions do not
            tell which they are.

    Returns:
        A :class:`Network` with the parameters' names.

    Raises:
        ConversionError: for modules without an equivalent, all of them by path.
        TypeError: if ``module`` is no module.

    ``nn.Sequential(nn.Linear(3, 4), snntorch.Leaky(0.9, init_hidden=True))`` is taken as this is:

    >>> net = from_snntorch(nn.Sequential(nn.Linear(3, 4)))
    >>> y, state = net(torch.ones(5, 2, 3))
    >>> y.shape
    torch.Size([5, 2, 4])
    """
    return convert(SNNTORCH, module, input_shape, surrogate)
