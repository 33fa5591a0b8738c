"""One modality: its encoder, and the tensors that its samples become."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from axonal._base.array_types import Int64Array
from axonal.reservoirs._inputs import real_array
from axonal.reservoirs.zero_shot.projection import Projection

Encoder = Callable[..., Any] | None
WHO = "ZeroShot"
BATCH = 256
"""Samples that a trained encoder takes at once where nothing is trained."""


class Side:
    """The encoder and the projection of a modality.

    Args:
        name: "first" or "second".
        encoder: None where samples are features [B, F]; a function of samples [T, B, I] that
            returns features; or a module, which is copied and trained.
    """

    def __init__(self, name: str, encoder: Encoder) -> None:
        self.name = name
        self.encoder = copy.deepcopy(encoder) if isinstance(encoder, nn.Module) else encoder
        self.projection: Projection | None = None

    @property
    def trained(self) -> bool:
        """True if the encoder is trained, too."""
        return isinstance(self.encoder, nn.Module)

    def samples(self, x: ArrayLike) -> Tensor:
        """Samples as a tensor: features [B, F], or [T, B, I] for an encoder that is trained."""
        kept = torch.get_default_dtype()
        if self.encoder is None:
            return torch.from_numpy(real_array(WHO, self.name, x, "[B, F]", 2)).to(kept)
        raw = real_array(WHO, self.name, x, "[T, B, I]", 3)
        if self.trained:
            return torch.from_numpy(raw).to(kept)
        found = real_array(WHO, f"features of {self.name}", self.encoder(raw), "[B, F]", 2)
        if len(found) != raw.shape[1]:
            raise ValueError(
                f"{WHO} expects the {self.name} encoder to return features [{raw.shape[1]}, F] for "
                f"samples {raw.shape}, got {found.shape}."
            )
        return torch.from_numpy(found).to(kept)

    def count(self, samples: Tensor) -> int:
        """Return the number of samples B."""
        return samples.shape[1 if self.trained else 0]

    def take(self, samples: Tensor, chosen: Int64Array) -> Tensor:
        """Embeddings of chosen samples, differentiable."""
        assert self.projection is not None
        some = samples.index_select(1 if self.trained else 0, torch.from_numpy(chosen))
        features: Tensor = self.encoder(some) if isinstance(self.encoder, nn.Module) else some
        found: Tensor = self.projection(features)
        return found

    def embedded(self, samples: Tensor) -> Tensor:
        """Embeddings [B, D] of all samples."""
        assert self.projection is not None
        known, came = self.projection.linear.in_features, samples.shape[-1]
        if not self.trained and known != came:
            raise ValueError(
                f"{WHO} was trained on {self.name} samples with {known} features, got {came}."
            )
        every = np.arange(self.count(samples))
        with torch.no_grad():
            parts = [self.take(samples, some) for some in np.split(every, every[BATCH::BATCH])]
        return torch.cat(parts)

    def begin(self, samples: Tensor, size: int, norm: bool, standardise: bool) -> None:
        """Make a new projection for samples to train on.

        Raises:
            ValueError: if all of them have the same features.
        """
        features = samples
        if isinstance(self.encoder, nn.Module):
            with torch.no_grad():
                parts = [self.encoder(some) for some in samples.split(BATCH, 1)]
            features = torch.cat(parts)
        mean, deviation = features.mean(0), features.std(0, correction=0)
        if not deviation.any():
            raise ValueError(
                f"{WHO}: all {len(features)} {self.name} samples have the same features, so that "
                "nothing can be learned. Is the liquid silent? Raise its scale."
            )
        silent = int((features == 0).all(1).sum())
        if silent:
            warnings.warn(
                f"{WHO}: {silent} of {len(features)} {self.name} samples have features that are "
                "all zero: nothing tells them apart. Raise the scale of the liquid.",
                stacklevel=3,
            )
        scaling = {}
        if standardise:
            # what never changes says nothing, and is not to be divided by zero
            deviation[deviation == 0] = 1.0
            scaling = {"shift": mean.numpy(), "scale": deviation.numpy()}
        self.projection = Projection(features.shape[1], size, norm=norm, **scaling)
