"""SpikingJelly: neurons that fire at their threshold and reset within the step."""

from typing import Any

import torch
from torch import nn

from axonal.neuro.importers._convert import convert
from axonal.neuro.importers._neurons import chain, connections, integrator, neuron
from axonal.neuro.importers._rules import Framework, Rule, Site, UnlikeError
from axonal.neuro.importers._spikingjelly_attention import rules
from axonal.neuro.layers import KLIF, Linear
from axonal.neuro.layers._neuron import Size, SpikingNeuron
from axonal.neuro.network import Network, Recurrent
from axonal.neuro.surrogates import ATan, Sigmoid, Surrogate

_RESETS = (
    "v_reset=None subtracts the threshold; another v_reset shifts potential and threshold, since "
    "the leak goes there too"
)


def _surrogate(module: Any) -> Surrogate | None:
    function = module.surrogate_function
    if not getattr(function, "spiking", True):
        raise UnlikeError("surrogate_function(spiking=False) makes its outputs numbers, not spikes")
    kinds = {"ATan": ATan, "Sigmoid": Sigmoid}
    kind = kinds.get(type(function).__name__)
    return None if kind is None else kind(float(function.alpha))


def _firing(module: Any, site: Site, **settings: Any) -> SpikingNeuron:
    soft = module.v_reset is None
    return neuron(
        site,
        # the potential is counted from v_reset, where it rests and returns to
        threshold=module.v_threshold - (0 if soft else module.v_reset),
        reset="subtract" if soft else "zero",
        detach_reset=bool(module.detach_reset),
        surrogate=_surrogate(module),
        form="euler",
        **settings,
    )


def _if(module: Any, site: Site) -> SpikingNeuron:
    return _firing(module, site, decay=1.0)


def _lif(module: Any, site: Site) -> SpikingNeuron:
    return _firing(module, site, decay=1 - 1 / module.tau, decay_input=module.decay_input)


def _plif(module: Any, site: Site) -> SpikingNeuron:
    decay = torch.sigmoid(-module.w.detach())
    learn = ("tau",) if module.w.requires_grad else ()
    return _firing(module, site, decay=decay, decay_input=module.decay_input, learn=learn)


def _klif(module: Any, site: Site) -> SpikingNeuron:
    if module.v_reset:
        raise UnlikeError(
            f"v_reset={module.v_reset} shifts what it rectifies at 0; 0 and None have an equivalent"
        )
    learn = ("k",) if module.k.requires_grad else ()
    return _firing(
        module, site, make=KLIF, decay=1 - 1 / module.tau, decay_input=module.decay_input,
        exact={"k": module.k}, scale_reset=bool(module.scale_reset), learn=learn,
    )  # fmt: skip


def _cuba(module: Any, site: Site) -> SpikingNeuron:
    if module.v_reset:
        raise UnlikeError(
            f"v_reset={module.v_reset} is not where its potential rests; 0 and None are"
        )
    return _firing(module, site, decay=module.v_decay, synapse=module.c_decay)


def _integrating(module: Any, site: Site) -> nn.Module:
    if module.decode is not None:
        raise UnlikeError(f"decode={module.decode!r} mixes steps; take it after the network")
    tau = getattr(module, "tau", None)
    if tau is None:
        return integrator(site, decay=1.0, decay_input=False)
    return integrator(site, decay=1 - 1 / tau, decay_input=True)


def _loop(module: Any, site: Site) -> nn.Module:
    body, joined = module.sub_module, module.rc
    rule = NEURONS.get(type(body).__name__)
    if rule is None or rule.make is _loop:
        raise UnlikeError(
            f"its sub_module is {type(body).__name__}; a neuron alone has an equivalent"
        )
    n = site.size[-1]
    forward = Linear(n, joined.out_features, bias=joined.bias is not None)
    forward.to(site.device, site.dtype)
    with torch.no_grad():
        forward.weight.copy_(joined.weight[:, :n])
        if forward.bias is not None:
            forward.bias.copy_(joined.bias)
    back = connections(site, joined.weight[:, n:])
    return chain(input=forward, loop=Recurrent(rule.make(body, site), back))


def _fires(module: Any, site: Site) -> SpikingNeuron:
    """Make the neurons of a module that stands inside another."""
    kind = type(module)
    # a user's class may have the name, and do something else
    theirs = kind.__module__.partition(".")[0] == "spikingjelly"
    if not theirs or kind.__name__ not in _FIRING:
        raise UnlikeError(f"inside another module {', '.join(_FIRING)} have an equivalent")
    return _FIRING[kind.__name__](module, site)


def _voting(module: Any) -> nn.Module:
    """The mean of neighbours, as the pooling that it is."""
    size = int(module.voting_size)
    return nn.Sequential(nn.Unflatten(1, (1, -1)), nn.AvgPool1d(size, size), nn.Flatten())


_FIRING = {"IFNode": _if, "LIFNode": _lif, "ParametricLIFNode": _plif, "CUBALIFNode": _cuba}
NEURONS = {
    "IFNode": Rule("IF as LIF", _RESETS, True, _if),
    "LIFNode": Rule("LIF", f"decay_input; {_RESETS}", True, _lif),
    "ParametricLIFNode": Rule(
        "PLIF as LIF", "its one time constant is learned by every neuron apart", True, _plif
    ),
    "KLIFNode": Rule(
        "KLIF",
        "scale_reset; its one k is learned by every neuron apart; v_reset=None subtracts the "
        "threshold, or 0",
        True,
        _klif,
    ),
    "CUBALIFNode": Rule(
        "CuBaLIF", "c_decay and v_decay; v_reset=None subtracts the threshold, or 0", True, _cuba
    ),
    "NonSpikingIFNode": Rule("LeakyIntegrator", "decode=None", True, _integrating),
    "NonSpikingLIFNode": Rule("LeakyIntegrator", "decode=None", True, _integrating),
    "LinearRecurrentContainer": Rule("Linear, Recurrent", "around one neuron", True, _loop),
    **rules(_fires),
}
SPIKINGJELLY = Framework(
    "spikingjelly",
    "2.0.0",
    NEURONS,
    containers=frozenset({"MultiStepContainer", "SeqToANNContainer", "StepModeContainer"}),
    stateless={"VotingLayer": _voting},
    instead={
        "Delay": "use neuro.DelayedLinear, whose delays are learned",
        "SynapseFilter": "use neuro.CuBaLIF, whose synapses have a time constant",
        "IzhikevichNode": "write it as a neuro.Cell",
        "EIFNode": "write it as a neuro.Cell",
        "QIFNode": "write it as a neuro.Cell",
        "SpikingSelfAttention": "its products of matrices are numbers; those of "
        "SpikeDrivenSelfAttention and QKAttention are spikes",
        "TemporalWiseAttention": "it weighs a step by those after it, which a stream has not heard",
        "MultiDimensionalAttention": "it weighs a step by those after it, which a stream has not "
        "heard",
    },
)


def from_spikingjelly(
    module: nn.Module, *, input_shape: Size | None = None, surrogate: Surrogate | None = None
) -> Network:
    """Make a Network of a SpikingJelly module that fires the same spikes.

    Weights, time constants, thresholds and resets are copied, whatever the step mode; a neuron
    starts from rest. In single precision a potential within rounding of its threshold may go the
    other way, since sums are taken in another order. A forward of the module's own is traced, as
    multi-step modules are written; one that loops over time, repeats its input or takes a mean over
    the steps is imported as what it does in one step, as by :func:`from_snntorch`.

    Args:
        module: a neuron, a container, or a module with an ordinary ``forward``; not changed.
        input_shape: of one step of one sample, where the first layer does not tell it.
        surrogate: of every neuron; by default the original's ATan or Sigmoid, and ATan(2) where it
            is another.

    Returns:
        A :class:`Network` with the parameters' names.

    Raises:
        ConversionError: for modules without an equivalent, all of them by path.
        TypeError: if ``module`` is no module.

    With ``layer`` and ``neuron`` of SpikingJelly, ``layer.Linear`` and ``neuron.LIFNode()`` may
    stand in this list:

    >>> net = from_spikingjelly(nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.2)))
    >>> y, state = net(torch.ones(5, 2, 3))
    >>> y.shape
    torch.Size([5, 2, 4])
    """
    return convert(SPIKINGJELLY, module, input_shape, surrogate)
