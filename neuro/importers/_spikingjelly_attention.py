"""Attention of SpikingJelly, whose tokens are the places of maps."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro.importers._neurons import chain
from axonal.neuro.importers._rules import Rule, Site, UnlikeError
from axonal.neuro.importers._stateless import hooked
from axonal.neuro.layers._neuron import SpikingNeuron
from axonal.neuro.models import QKAttention, SpikeDrivenSelfAttention

Fires = Callable[[Any, Site], SpikingNeuron]
"""Makes the neurons of one of theirs; raises :class:`UnlikeError` for one without an equivalent."""

_CONVS, _NORMS = ("Conv1d", "Conv2d"), ("BatchNorm1d", "BatchNorm2d")
_OURS = ("k", "v", "q")
"""Their parts in the order of our queries, keys and values: there k and v make the mask of q."""
_PARTS = "its neurons by their own rules; num_heads"


def rules(fires: Fires) -> dict[str, Rule]:
    """Return the rules of the attentions with an equivalent, by the name of their class.

    Args:
        fires: for the neurons inside.
    """
    masks = partial(_qk, fires)
    kept = f"{_PARTS}; the neurons behind it"
    return {
        "SpikeDrivenSelfAttention": Rule(
            "SpikeDrivenSelfAttention",
            f"{_PARTS.removesuffix('; num_heads')}; the neurons before it and the sum behind it",
            True,
            partial(_spike_driven, fires),
        ),
        "QKAttention": Rule("QKAttention", f"{kept}; qka_type", True, masks),
        "TokenQKAttention": Rule("QKAttention", kept, True, masks),
        "ChannelQKAttention": Rule("QKAttention", kept, True, masks),
    }


class _OverTokens(nn.Module):
    """Attention over the places of maps [T, B, C, ...], heard as tokens [T, B, L, C]."""

    def __init__(self, attention: nn.Module, places: tuple[int, ...]) -> None:
        super().__init__()
        self.attention, self.places = attention, places

    def forward(self, x: Tensor) -> Tensor:
        y = self.attention(x.flatten(3).transpose(2, 3))
        maps: Tensor = y.transpose(2, 3).unflatten(3, self.places)
        return maps


class _Added(nn.Module):
    """Attention that hears spikes of its input, and is added to it."""

    def __init__(self, shortcut: nn.Module, attention: nn.Module) -> None:
        super().__init__()
        self.shortcut_lif, self.over_tokens = shortcut, attention

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.over_tokens(self.shortcut_lif(x))
        return y


def _spike_driven(fires: Fires, module: Any, site: Site) -> nn.Module:
    features, tokens = _sizes(module, site, 3)
    conv_and_norm = [
        _linear(module, f"{name}_conv", f"{name}_bn", features) for name in (*_OURS, "proj")
    ]
    fired = [(f"{name}_lif", module.get_submodule(f"{name}_lif")) for name in _OURS]
    neurons = _joined(fires, fired, _at(site, (tokens, 3 * features)))
    attention = SpikeDrivenSelfAttention(tokens, features, neurons=lambda size: neurons)
    attention.to(site.device, site.dtype)
    attention.gate = _one(fires, module, "attn_lif", _at(site, (1, features)))
    _fill(attention.fired.connected, conv_and_norm[:-1])
    _fill(attention.outputs, conv_and_norm[-1:])
    shortcut = _one(fires, module, "shortcut_lif", site)
    return _Added(shortcut, _OverTokens(attention, site.size[1:]))


def _qk(fires: Fires, module: Any, site: Site) -> nn.Module:
    features, tokens = _sizes(module, site, 2)
    by_tokens = module.qka_type == "token"
    heads = int(module.num_heads) if by_tokens else 1  # a sum over tokens knows no heads
    queries_and_keys = _linear(module, "qk_conv_bn.0", "qk_conv_bn.1", 2 * features)
    outputs = _linear(module, "proj_conv_bn.0", "proj_conv_bn.1", features)
    neurons = _one(fires, module, "qk_lif", _at(site, (tokens, 2 * features)))
    attention = QKAttention(
        tokens,
        features,
        masks="tokens" if by_tokens else "channels",
        heads=heads,
        neurons=lambda size: neurons,
    )
    attention.to(site.device, site.dtype)
    attention.gate = _one(fires, module, "attn_lif", _at(site, attention.gate.size))
    _fill(attention.fired.connected, [queries_and_keys])
    _fill(attention.outputs, [outputs])
    return chain(
        over_tokens=_OverTokens(attention, site.size[1:]),
        proj_lif=_one(fires, module, "proj_lif", site),
    )


def _sizes(module: Any, site: Site, axes: int) -> tuple[int, int]:
    """Return channels and tokens of a site; refuse parts that do more than they say."""
    if len(site.size) != axes or site.size[0] != module.dim:
        wanted = f"({module.dim}, {'L' if axes == 2 else 'H, W'})"
        raise UnlikeError(f"it hears steps of shape {wanted}, and here come {site.size}")
    if any(hooked(part) for part in module.modules()):
        raise UnlikeError("forward hooks of its parts would be lost; remove them first")
    return site.size[0], torch.Size(site.size[1:]).numel()


def _at(site: Site, size: tuple[int, ...]) -> Site:
    return Site(size, site.dtype, site.device, site.surrogate)


def _linear(module: nn.Module, conv: str, norm: str, outputs: int) -> tuple[Any, Any]:
    """Return a convolution over one place and the norm behind it; refuse other parts."""
    like, behind = module.get_submodule(conv), module.get_submodule(norm)
    for path, part, known in ((conv, like, _CONVS), (norm, behind, _NORMS)):
        if type(part).__name__ not in known:
            raise UnlikeError(f"its {path} is {type(part).__name__}; {known[-1]} has an equivalent")
    if behind.training != module.training:
        raise UnlikeError(f"its {norm} is in another mode than the whole: write train() or eval()")
    theirs: Any = like
    # with one place per window stride and padding alone could move what comes out
    alone = {*theirs.kernel_size, *theirs.stride, theirs.groups} == {1} and not any(theirs.padding)
    if not alone or len(theirs.weight) != outputs:
        raise UnlikeError(
            f"its {conv} is no convolution over one place to {outputs} channels: {theirs}"
        )
    return theirs, behind


def _one(fires: Fires, module: nn.Module, name: str, site: Site) -> SpikingNeuron:
    return _joined(fires, [(name, module.get_submodule(name))], site)


def _joined(fires: Fires, parts: Sequence[tuple[str, Any]], site: Site) -> SpikingNeuron:
    """Make one population of several, which follow one another along the last axis."""
    made: list[SpikingNeuron] = []
    for name, part in parts:
        try:
            made.append(fires(part, site))
        except UnlikeError as reason:
            raise UnlikeError(f"its {name} ({type(part).__name__}): {reason}") from None
    first = made[0]
    for (name, _), layer in zip(parts, made, strict=True):
        if _form(layer) != _form(first):
            raise UnlikeError(
                f"its {name} and {parts[0][0]} differ in more than time constants and thresholds, "
                "and here are one population"
            )
    held = [*first.state_dict(keep_vars=True)]
    for name in held:
        values = [getattr(layer, name) for layer in made]
        if all(torch.equal(value, values[0]) for value in values):
            continue
        share = site.size[-1] // len(made)
        cut = [
            value.detach().expand(site.size)[..., i * share : (i + 1) * share]
            for i, value in enumerate(values)
        ]
        whole = torch.cat(cut, -1)
        learned = isinstance(values[0], nn.Parameter)
        setattr(first, name, nn.Parameter(whole) if learned else whole)
    return first


def _form(layer: SpikingNeuron) -> tuple[Any, ...]:
    """Return all that neurons of one population have in common."""
    return type(layer), layer.convention, layer.decay_form, layer.learn


@torch.no_grad()
def _fill(connected: Any, parts: Sequence[tuple[Any, Any]]) -> None:
    """Fill weights and norm with the rows of convolutions and norms, one below the other."""
    convs, norms = ([pair[k] for pair in parts] for k in (0, 1))
    settings = {(n.eps, n.momentum, n.affine, n.track_running_stats) for n in norms}
    if len(settings) > 1:
        raise UnlikeError("its norms differ in eps, momentum, affine or track_running_stats")
    ((eps, momentum, affine, tracks),) = settings
    ours = connected.norm
    norm = type(ours)(
        ours.num_features, eps, momentum, affine, tracks, axis=-1,
        device=ours.weight.device, dtype=ours.weight.dtype,
    )  # fmt: skip
    connected.weights.weight.copy_(torch.cat([conv.weight.flatten(1) for conv in convs]))
    connected.weights.weight.requires_grad_(_learned([conv.weight for conv in convs]))
    for name in ("weight", "bias") if affine else ():
        values = [getattr(part, name) for part in norms]
        getattr(norm, name).copy_(torch.cat(values)).requires_grad_(_learned(values))
    if tracks:
        # a norm takes out a constant before it, so that the mean without it says the same
        shifts = [0 if conv.bias is None else conv.bias for conv in convs]
        means = [part.running_mean - shift for part, shift in zip(norms, shifts, strict=True)]
        norm.running_mean.copy_(torch.cat(means))
        norm.running_var.copy_(torch.cat([part.running_var for part in norms]))
        norm.num_batches_tracked.copy_(norms[0].num_batches_tracked)
    connected.norm = norm


def _learned(values: Sequence[Tensor]) -> bool:
    learned = {value.requires_grad for value in values}
    if len(learned) > 1:
        raise UnlikeError("some weights of its queries, keys and values learn and others do not")
    return learned.pop()
