"""Hebbian orthogonal projection."""

from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor, nn

from axonal._base.checks import whole_number
from axonal.hebbian.continual._choices import Ranks
from axonal.hebbian.continual._watch import Activity
from axonal.hebbian.continual.lateral import Lateral
from axonal.hebbian.continual.presynaptic import Presynaptic
from axonal.hebbian.continual.protected import Protected
from axonal.hebbian.continual.subspaces import Subspaces


class HLOP(Protected):
    """Hebbian learning based orthogonal projection: tasks that do not overwrite one another.

    Beside every protected layer stand lateral units that learn, by Oja's rule, the subspace of its
    presynaptic activity x (:class:`Lateral`). When a task has ended its subspaces H are frozen, and
    later tasks change weights beside them only,

        dW = g (x - H^T H x)^T

    so that responses to earlier activity stay. How the gradients were made does not matter:
    surrogates, exact adjoints of :class:`axonal.neuro.EventNetwork`, rules without
    backpropagation (``observe(x)`` before ``before_step()`` where they call no layers, as OTTT). A
    training loop calls

        hlop.begin_task()
            loss.backward(); hlop.before_step(); optimiser.step(); hlop.after_step()
        hlop.end_task()

    Modes: ``"weight"`` projects the gradient G that the optimiser is about to use, G - (G H^T) H;
    ``"input"`` projects the input in the backward pass of the layer, where spiking lateral units
    (``levels``) answer; the two are equal to rounding. With momentum or plain steps both keep
    steps beside the subspaces; optimisers that scale entries, as Adam does, do not:
    ``"step"`` projects the step that was taken, whatever took it, and is not in the paper.

    Of a DelayedLinear the delayed activity is protected: the last steps of all inputs, to which the
    layer responds by weights and delays alike. Its steps are projected onto those that leave
    protected responses as they are, to first order in delays: a weight makes up for what a delay
    does. In the mode "weight" this holds of the gradient, and of steps if weights and delays have
    one rate; ``"step"`` holds for any.

    From the second task on, biases, norms, thresholds and time constants are stopped, as in the
    paper: each is shared by all activity. A layer that is not protected, as the heads of tasks that
    have heads of their own, goes on learning. Neither batch statistics are held nor anything else
    that is no parameter: set norms to evaluation mode.

    Source: Xiao, Meng, Zhang, He and Lin, ICLR 2024 (arXiv 2402.11984): 5 iterations, momentum 0.9,
    eta 0.01, and 0.001 for the pixels of MNIST. Projection of gradients: Zeng et al., Nature
    Machine Intelligence 1, 2019 (OWM).

    Args:
        network: a Network or an EventNetwork, which is a part of this module: a ``state_dict``
            holds both.
        ranks: new rows for each task: one number, one per task (the last is that of all later
            ones), or such by the paths of layers.
        layers: paths of layers to protect; all connections by default, without those in loops.
        mode: ``"weight"``, ``"input"`` or ``"step"``.
        activity: what laterals learn from: ``"rate"`` (mean over time), ``"steps"`` (every step),
            ``"sampled"`` (one step of each sample, drawn at random), or a function of x
            [T, B, ...] that gives rates [B, ...]. By default rates, of a DelayedLinear steps that
            are sampled: a rate tells nothing of delays.
        delays: what happens to delays from the second task on: ``"protected"``, ``"fixed"``
            (stopped) or ``"free"`` (they learn, and only weights are protected).
        freeze_others: stop biases and the like from the second task on.
        every: batches after which one is learnt.
        rate: eta; one number, or one by the path of each layer.
        laterals: further arguments of :class:`Lateral`: momentum, iterations, levels, largest,
            reorthogonalise.

    Raises:
        TypeError: for layers that are no connections.
        ValueError: for ranks above a layer's directions, layers that are protected already, and
            modes that a layer does not have.

    >>> import torch
    >>> from axonal import neuro
    >>> _ = torch.manual_seed(0)
    >>> net = neuro.Sequential(neuro.Linear(4, 3, bias=False), neuro.LIF(3))
    >>> hlop, sgd = HLOP(net, ranks=1, rate=0.1), torch.optim.SGD(net.parameters(), 0.1)
    >>> used, x = net[0].weight.detach().clone(), torch.tensor([1.0, 1.0, 0.0, 0.0])
    >>> for task in (x, torch.ones(4)):
    ...     hlop.begin_task()
    ...     for _ in range(100):
    ...         sgd.zero_grad()
    ...         (net(task.expand(5, 1, 4))[0].mean() - 1).square().backward()
    ...         hlop.before_step()
    ...         sgd.step()
    ...     hlop.end_task()
    ...     if task is x:
    ...         answered = net[0].weight @ x
    >>> torch.allclose(net[0].weight @ x, answered, atol=1e-4)
    True
    """

    def __init__(
        self,
        network: nn.Module,
        ranks: Ranks,
        *,
        layers: Collection[str] | None = None,
        mode: str = "weight",
        activity: Activity | None = None,
        delays: str = "protected",
        freeze_others: bool = True,
        every: int = 1,
        rate: float | Mapping[str, float] = 0.01,
        **laterals: Any,
    ) -> None:
        if laterals.get("levels") is not None and mode != "input":
            raise ValueError(
                f'HLOP expects mode="input" of spiking lateral units (levels), got {mode!r}: they '
                "answer activity, and no gradient of weights."
            )
        # read by _held, which the constructor below calls
        vars(self)["_rate"], vars(self)["_laterals"] = rate, laterals
        super().__init__(
            network, ranks, layers=layers, mode=mode, activity=activity, delays=delays,
            freeze_others=freeze_others,
        )  # fmt: skip
        self.every, self._batches = whole_number("HLOP", "every", every), 0
        if isinstance(rate, Mapping) and set(rate) != set(self.layers):
            raise ValueError(
                f"HLOP expects rates of {', '.join(self.layers)}, got {', '.join(rate) or 'none'}."
            )

    def _held(self, side: Presynaptic[Any]) -> Lateral:
        rate: Any = self._rate
        own = rate.get(side.name, 0.01) if isinstance(rate, Mapping) else rate
        laterals: Any = self._laterals
        return Lateral(side.features, rate=own, name=side.name, **laterals)

    def _new_rows(self, held: Subspaces, rows: int) -> None:
        assert isinstance(held, Lateral)
        held.grow(rows)

    def learn(self) -> None:
        """Learn the activity seen since the last call; `before_step` does it."""
        self._batches += 1
        if self._batches % self.every:
            self._drop()
        else:
            super().learn()

    def _learn(self, held: Subspaces, rows: Tensor) -> None:
        assert isinstance(held, Lateral)
        held.learn(rows)
