"""The feed-forward network with learnable delays, and its published checkpoints."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from axonal.neuro import _checks
from axonal.neuro.layers import LIF, BatchNorm, DelayedLinear, Dropout, LeakyIntegrator
from axonal.neuro.network import Network
from axonal.neuro.network._refusals import wrong_state
from axonal.neuro.surrogates import ATan


class _Block(nn.Module):
    """Sum of parallel :class:`DelayedLinear` layers, then norm, neuron and dropout."""

    def __init__(self, connections: list[DelayedLinear], *after: nn.Module) -> None:
        super().__init__()
        self.connections = nn.ModuleList(connections)
        self.after = nn.Sequential(*after)

    def forward(self, x: Tensor) -> Tensor:
        first, *others = self.connections
        y = first(x)
        for connection in others:
            y = y + connection(x)
        after: Tensor = self.after(y)
        return after


class _Chain(nn.Module):
    """The blocks one after another, under the name ``blocks``."""

    source_name = "DelaySNN"

    def __init__(self, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class DelaySNN(Network):
    """Spiking network with one or several learnable delays per synapse.

    Every hidden layer is :class:`DelayedLinear`, :class:`BatchNorm` over time and batch,
    :class:`LIF` (Euler decay, reset to zero, detached, ATan(5)) and dropout of the spikes; the last
    is :class:`DelayedLinear` and a :class:`LeakyIntegrator`, whose potential is the output. It is a
    :class:`Network`: it streams, shows what is inside and is exported like every other. The
    published code pads: each layer's input gets ``max_delay / 2`` steps of silence at its end, so
    that late spikes still arrive, and L layers return T + L ``max_delay / 2`` steps. Ask for it
    with ``padding=True``, and train with :func:`summed_softmax_loss` and :class:`SigmaSchedule`.

    Source: Hammouamri et al., ICLR 2024 (arXiv 2306.17670).

    Args:
        inputs: N.
        hidden: neurons of each hidden layer.
        outputs: C.
        max_delay: longest delay in steps, even; the original's kernel size K is max_delay + 1.
        tau: membrane time constant in steps, >= 1.
        threshold: of the hidden neurons, > 0.
        kernel: of :class:`DelayedLinear`.
        count: delays per synapse.
        dropout: share of the hidden spikes that are dropped while training, at each step anew.

    Attributes:
        extra_steps: by how many steps the output is longer than the input with padding.

    Returns:
        Called with x [T, B, N] and a state: potentials [T, B, C] and the states by path; with
        ``padding=True`` potentials [T + ``extra_steps``, B, C] and the states after each layer's
        silence. In evaluation mode chunks, the last of them padded, equal one padded call.

    Raises:
        ValueError: for parameters out of range, and for inputs of the wrong shape.

    >>> net = DelaySNN(6, (8, 8), 5, max_delay=6, tau=1.005)
    >>> y, state = net(torch.zeros(11, 2, 6))
    >>> longer, _ = net(torch.zeros(11, 2, 6), padding=True)
    >>> y.shape, longer.shape
    (torch.Size([11, 2, 5]), torch.Size([20, 2, 5]))
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        outputs: int,
        *,
        max_delay: int,
        tau: float,
        threshold: float = 1.0,
        kernel: str = "gaussian",
        count: int = 1,
        dropout: float = 0.0,
    ) -> None:
        steps, several = _checks.whole(max_delay), _checks.whole(count)
        if steps is None or steps < 0 or steps % 2:
            raise ValueError(
                "DelaySNN expects max_delay as an even number of steps, K - 1 for the original's "
                f"kernel of K taps (K = 25 is max_delay=24), got {max_delay!r}."
            )
        if several is None or several < 1:
            raise ValueError(f"DelaySNN expects count >= 1 delays per synapse, got {count!r}.")
        max_delay = steps
        blocks: list[nn.Module] = []
        widths = (inputs, *hidden, outputs)
        for k, (n, m) in enumerate(pairwise(widths)):
            connections = [DelayedLinear(n, m, max_delay, kernel=kernel) for _ in range(several)]
            with torch.no_grad():
                for connection in connections:
                    connection.weight.div_(several**0.5)  # the delays of a synapse share its fan-in
            if k < len(hidden):
                lif = LIF(m, tau, decay="euler", threshold=threshold, surrogate=ATan(5))
                block = _Block(connections, BatchNorm(m), lif, Dropout(dropout))
            else:
                block = _Block(connections, LeakyIntegrator(m, tau, decay="euler"))
            blocks.append(Network(block))
        super().__init__(_Chain(blocks))
        self.max_delay = max_delay

    @property
    def extra_steps(self) -> int:
        """By how many steps the output is longer than the input."""
        return len(self.blocks) * (self.max_delay // 2)

    def forward(
        self, x: Tensor, state: Mapping[str, Any] | None = None, *, padding: bool = False
    ) -> tuple[Any, dict[str, Any]]:
        """Run ``x`` [T, B, N] on from ``state``; with ``padding`` append silence to each layer."""
        blocks = dict(self.get_submodule("blocks").named_children())
        first = blocks["0"].get_submodule("connections.0")
        assert isinstance(first, DelayedLinear)
        _checks.sequence(self, x, (first.in_features,), first.weight.dtype)
        if not padding:
            result: tuple[Any, dict[str, Any]] = super().forward(x, state=state)
            return result
        before = dict.fromkeys(self.stateful_layers) if state is None else state
        if not isinstance(before, Mapping) or set(before) != set(self.stateful_layers):
            raise wrong_state(self, state)
        after: dict[str, Any] = {}
        for name, block in blocks.items():
            x = F.pad(x, (0, 0, 0, 0, 0, self.max_delay // 2))
            prefix = f"blocks.{name}."
            states = {k.removeprefix(prefix): v for k, v in before.items() if k.startswith(prefix)}
            x, states = block(x, states)
            after.update({prefix + path: entry for path, entry in states.items()})
        return x, after

    @classmethod
    def from_official(
        cls,
        state_dict: Mapping[str, Tensor],
        *,
        max_delay: int,
        tau: float,
        threshold: float = 1.0,
        kernel: str = "gaussian",
        dropout: float = 0.0,
        whole_kernel: bool = True,
    ) -> "DelaySNN":
        """Load a checkpoint of the original delay code (SNN-delays).

        Position P and width SIG become the delay ``max_delay / 2 - P`` and the sigma |SIG| + 0.27
        (|SIG| + 1 for triangles). In evaluation mode a synapse has one tap of weight W, where the
        original's has W / (1 + 1e-7).

        Args:
            state_dict: names ``model.0.weight``, ``model.0.P``, ``model.0.SIG``, ``model.1...`` and
                so on, four entries per hidden layer and one for the last.
            max_delay: longest delay in steps, K - 1 of the configuration's K taps. The checkpoint
                does not hold it, and another one would shift every delay.
            tau: time constant of the configuration, in steps (1.005 for 10.05 ms in 10 ms steps).
            threshold: of the configuration.
            kernel: the configuration's version, "gauss" is ``"gaussian"``, "max" is
                ``"triangle"`` and "v1" is ``"two-tap"``.
            dropout: of the configuration.
            whole_kernel: the places P were drawn from the whole kernel, as the original draws them:
                a ``max_delay`` that they do not fill to within one step is refused. Write ``False``
                if the configuration draws them from a part of it.

        Returns:
            A :class:`DelaySNN` with the checkpoint's weights, delays, width and norms, in training
            mode.

        Raises:
            ValueError: for names or shapes that the original does not write; they are named; for a
                ``max_delay`` that contradicts the places P.

        >>> one = {"model.0.weight": torch.ones(2, 3, 1), "model.0.SIG": torch.zeros(1, 2, 3, 1),
        ...        "model.0.P": torch.full((1, 2, 3, 1), -3.0)}
        >>> net = DelaySNN.from_official(one, max_delay=6, tau=2.0)
        >>> net.blocks[0].connections[0].delay[0, 0].item()
        6.0
        """
        if not isinstance(state_dict, Mapping):
            raise ValueError(
                f"from_official expects a state_dict, got {type(state_dict).__name__}: write "
                "torch.load(path, weights_only=True), or .state_dict() of a module."
            )
        layers = _layers(state_dict)
        weights = [state_dict[f"model.{k}.weight"] for k in layers]
        for k, w, before in zip(layers, weights, [None, *weights], strict=False):
            fits = w.ndim == 3 and w.shape[2] == weights[0].shape[2]
            if not fits or (before is not None and w.shape[1] != before.shape[0]):
                raise ValueError(
                    f"from_official expects model.{k}.weight (out, in, count) that fits the layer "
                    f"before it, got {tuple(w.shape)}."
                )
        if whole_kernel:
            _fills_the_kernel([state_dict[f"model.{k}.P"] for k in layers], max_delay)
        sizes = [weights[0].shape[1], *(w.shape[0] for w in weights)]
        net = cls(
            sizes[0], sizes[1:-1], sizes[-1], max_delay=max_delay, tau=tau, threshold=threshold,
            kernel=kernel, count=weights[0].shape[2], dropout=dropout,
        )  # fmt: skip
        net.to(weights[0])
        for neuron in net.modules():
            if isinstance(neuron, (LIF, LeakyIntegrator)):
                # as precise as the checkpoint, not as what torch makes by default
                neuron.decay_factor = torch.full_like(neuron.decay_factor, 1 - 1 / tau)
            if isinstance(neuron, LIF):
                neuron.threshold_level = torch.full_like(neuron.threshold_level, threshold)
        for k, block in zip(layers, net.blocks, strict=True):
            _load_connections(state_dict, k, block, max_delay)
            if k != layers[-1]:
                norm = block.get_submodule("after.0")
                prefix = f"model.{k + 1}."
                entries = {n: v for n, v in state_dict.items() if n.startswith(prefix)}
                try:
                    norm.load_state_dict({n.removeprefix(prefix): v for n, v in entries.items()})
                except RuntimeError as error:
                    reason = " ".join(str(error).split())
                    raise ValueError(
                        f"from_official expects a batch norm at {prefix[:-1]}: {reason}"
                    ) from error
        return net


def _layers(state_dict: Mapping[str, Tensor]) -> list[int]:
    """Return the numbers of the delay layers; refuse names that the original does not write."""
    names = map(str, state_dict)
    numbers = sorted(int(m[1]) for n in names if (m := re.fullmatch(r"model\.(\d+)\.P", n)))
    if not numbers or numbers != list(range(0, 4 * len(numbers), 4)):
        layers = ", ".join(f"model.{k}" for k in numbers) or "none"
        first = ", ".join(map(str, list(state_dict)[:4])) or "nothing"
        inside = [n for n, x in state_dict.items() if isinstance(x, Mapping)]
        whole = [n for n in map(str, state_dict) if n.endswith("model.0.P")]
        hint = "is it the state_dict of the whole network?"
        if inside:
            hint = f"hand over the state_dict inside it, [{inside[0]!r}]."
        elif whole:
            hint = f"take {whole[0].removesuffix('model.0.P')!r} from the start of the names."
        raise ValueError(
            "from_official expects delay layers at model.0, model.4, model.8, ..., each with "
            f"weight, P and SIG, got {layers} of the names {first}, ...: {hint}"
        )
    strange = [n for n, x in state_dict.items() if not isinstance(x, Tensor)]
    strange += [n for n, x in state_dict.items() if n not in strange and not x.isfinite().all()]
    if strange:
        raise ValueError(
            f"from_official expects tensors of finite numbers, {', '.join(strange)} is none."
        )
    delays = {f"model.{k}.{name}" for k in numbers for name in ("weight", "P", "SIG")}
    norms = tuple(f"model.{k + 1}." for k in numbers[:-1])
    missing = sorted(delays - set(state_dict))
    foreign = sorted(n for n in set(state_dict) - delays if not n.startswith(norms or ("?",)))
    if missing or foreign:
        wrong = [f"{n} is missing" for n in missing] + [f"{n} is unknown" for n in foreign]
        raise ValueError(f"from_official cannot read this checkpoint: {', '.join(wrong)}.")
    return numbers


def _fills_the_kernel(places: list[Tensor], max_delay: Any) -> None:
    """Refuse a ``max_delay`` whose kernel is wider than the places of the checkpoint."""
    furthest = max((p.abs().max().item() for p in places if p.numel()), default=0.0)
    if isinstance(max_delay, int) and furthest <= max_delay // 2 - 1:
        raise ValueError(
            f"from_official got P up to {furthest:.9g} only, where max_delay = {max_delay} has "
            f"room for {max_delay // 2}: which K does the configuration name? max_delay is K - 1; "
            "if P was drawn from a part of the kernel, write whole_kernel=False."
        )


def _load_connections(
    state_dict: Mapping[str, Tensor], k: int, block: nn.Module, max_delay: int
) -> None:
    weight, place, width = (state_dict[f"model.{k}.{name}"] for name in ("weight", "P", "SIG"))
    for name, tensor in (("P", place), ("SIG", width)):
        if tensor.shape != (1, *weight.shape):
            raise ValueError(
                f"from_official expects model.{k}.{name} of shape {(1, *weight.shape)}, got "
                f"{tuple(tensor.shape)}."
            )
    half = max_delay // 2
    if place.abs().max() > half:
        raise ValueError(
            f"from_official got P up to {place.abs().max().item():.9g} in model.{k}, beyond "
            f"max_delay / 2 = {half}: which K does the configuration name? max_delay is K - 1."
        )
    if (width.abs() - width.abs().max()).abs().max() > 1e-6:
        raise ValueError(
            f"from_official expects one width SIG for all synapses of model.{k}, got "
            f"{width.min().item():g} to {width.max().item():g}."
        )
    sums = block.get_submodule("connections")
    assert isinstance(sums, nn.ModuleList)
    for j, connection in enumerate(sums):
        assert isinstance(connection, DelayedLinear)
        with torch.no_grad():
            connection.weight.copy_(weight[..., j])
        connection.set_delays(_delays(place[0, ..., j], half))
        if not connection.frozen:
            connection.set_sigma(width.abs().max().item() + connection.sigma_offset)


def _delays(place: Tensor, half: int) -> Tensor:
    """Delays ``half - P`` that round to ``half - round(P)``, also where P lies between two steps.

    The original rounds P, half to even, and here delays are rounded: of 0.5 and 15 - 0.5 one goes
    up and the other down. Single precision has places for P near 0 that it has not near ``half``.
    """
    delay = (half - place.double()).to(place.dtype)
    wanted = half - place.round()
    return torch.where(delay.round() == wanted, delay, torch.nextafter(delay, wanted))
