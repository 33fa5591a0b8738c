"""The steps of an epoch as functions: the same for Lightning and for plain loops."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from axonal import neuro
from axonal.recipes._errors import RecipeError
from axonal.recipes._learner import READOUTS, Input, Learner, runner
from axonal.recipes._samples import Samples, Timed, in_epoch
from axonal.recipes._settings import Settings

EVALUATION_BATCH = 256


def begin_epoch(
    net: neuro.Network, optimiser: torch.optim.Optimizer, settings: Settings, epoch: int
) -> None:
    """Seed torch and set rates, widths and freezing to what belongs to ``epoch``, from 0.

    Nothing here depends on what happened before, so a resumed run goes on as if it never stopped.
    """
    torch.manual_seed(np.random.SeedSequence((settings.seed, epoch)).generate_state(1)[0])
    for group in optimiser.param_groups:
        # delays come to rest before they are rounded, or the last steps of noise would be kept
        frozen = settings.freeze_epoch if group["name"] == "delays" else None
        last = settings.epochs if frozen is None else max(frozen, 1)
        share = 0.5 * (1 + math.cos(math.pi * min(epoch / last, 1)))
        group["lr"] = group["first_lr"] * share
    neuro.SigmaSchedule(
        net, settings.narrow_epochs, start=settings.sigma, end=settings.final_sigma
    ).set_epoch(epoch)
    if settings.freeze_epoch is not None and epoch >= settings.freeze_epoch:
        neuro.freeze_delays(net)


def cut(net: neuro.Network, settings: Settings) -> None:
    """Cut the gradient to the norm that the settings name, where they name one."""
    largest: float | None = getattr(settings, "largest_gradient", None)
    if largest is not None:
        torch.nn.utils.clip_grad_norm_(net.parameters(), largest)


def order(seed: int, epoch: int, samples: int) -> npt.NDArray[np.int64]:
    """Order of the training samples in an epoch: a pure function of the seed and the epoch."""
    return np.random.default_rng((seed, epoch)).permutation(samples)


def batches(
    samples: Samples, indices: npt.NDArray[np.int64], size: int
) -> Iterator[tuple[Input, Tensor]]:
    """Batches ``(x, target [B])`` of the samples named by ``indices``, x as `inputs` gives it."""
    for start in range(0, len(indices), size):
        chosen = indices[start : start + size]
        yield inputs(samples, chosen), torch.from_numpy(samples.labels[chosen])


def inputs(samples: Samples, indices: npt.NDArray[np.int64]) -> Input:
    """Rasters [T, B, N] of the chosen samples, or their events where spikes have exact times."""
    if isinstance(samples, Timed):
        return samples.timed(indices)
    return torch.from_numpy(samples.dense(indices))


def fit(
    net: neuro.Network,
    settings: Settings,
    samples: Samples,
    after: Callable[[int], None] = lambda epoch: None,
) -> None:
    """Train in a plain loop, for sweeps over many small networks; nothing is saved.

    Args:
        net: the network, which is trained in place.
        settings: of the recipe.
        samples: of training.
        after: called with the number of every epoch that ended, from 0.
    """
    learner = Learner(net, settings)
    adam = learner.optimiser
    net.train()
    for epoch in range(settings.epochs):
        begin_epoch(net, adam, settings, epoch)
        seen = in_epoch(samples, epoch)
        for x, target in batches(seen, order(settings.seed, epoch, len(seen)), settings.batch):
            loss = learner.loss(learner.run(x), target)
            if not math.isfinite(loss.detach()):
                raise RecipeError(
                    f"the loss is {float(loss)} in epoch {epoch}: write a smaller --learning-rate."
                )
            adam.zero_grad()
            loss.backward()
            cut(net, settings)
            adam.step()
        after(epoch)


@torch.no_grad()
def predict(net: neuro.Network, samples: Samples, settings: Settings) -> npt.NDArray[np.int64]:
    """Class of every sample `[n]`, in evaluation mode and on the network's device."""
    was_training = net.training
    net.eval()
    device, run = next(net.parameters()).device, runner(net, settings)
    found = [
        READOUTS[settings.readout](run(pytree.tree_map_only(Tensor, lambda t: t.to(device), x)))
        .argmax(-1)
        .cpu()
        for x, _ in batches(samples, np.arange(len(samples)), EVALUATION_BATCH)
    ]
    net.train(was_training)
    classes: npt.NDArray[np.int64] = torch.cat(found).numpy()
    return classes


def accuracy(net: neuro.Network, samples: Samples, settings: Settings) -> float:
    """Share of samples whose class is found, in evaluation mode."""
    return float((predict(net, samples, settings) == samples.labels).mean())
