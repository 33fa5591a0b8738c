"""The network of the experiment ``mil`` and its training, and what it is compared with."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from axonal._base.array_types import Float64Array, Int64Array
from axonal.datasets import Bags
from axonal.hebbian import HopfieldPooling


@dataclass(frozen=True)
class Settings:
    """Network and training; the first two are chosen by the training bags of a fold.

    Args:
        embedding: neurons of a rectified layer in front of the pooling; 0 for none.
        beta: inverse temperature of the pooling.
        heads: heads of the pooling.
        hidden: size of the association space of a head, and of what is pooled.
        dropout: share of the associations that is dropped in training.
        epochs: passes over the training bags; always all of them.
        batch: bags an update.
        learning_rate: of AdamW at the start; it falls to zero along a cosine.
        weight_decay: of AdamW.
    """

    embedding: int
    beta: float
    heads: int = 4
    hidden: int = 32
    dropout: float = 0.5
    epochs: int = 20
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.3

    def __str__(self) -> str:
        first = f"embedding {self.embedding}" if self.embedding else "no embedding"
        return f"{first}, beta {self.beta:.3g}"


class Network(nn.Module):
    """Instances, an embedding or none, one Hopfield query that pools them, one logit."""

    def __init__(self, features: int, settings: Settings) -> None:
        super().__init__()
        size = settings.embedding or features
        self.embed: nn.Module = nn.Identity()
        if settings.embedding:
            self.embed = nn.Sequential(nn.Linear(features, size), nn.ReLU())
        self.pool = HopfieldPooling(
            size,
            settings.hidden,
            settings.hidden,
            num_heads=settings.heads,
            beta=settings.beta,
            dropout=settings.dropout,
        )
        self.out = nn.Linear(self.pool.output_size, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Logits [B] of bags ``x`` [B, N, F], ``mask`` [B, N] True where there is no instance."""
        logits: Tensor = self.out(self.pool(self.embed(x), padding_mask=mask))
        return logits.squeeze(-1)


def hopfield(
    bags: Bags, train: Int64Array, test: Int64Array, settings: Settings, seed: int
) -> Float64Array:
    """Train on some bags for a fixed number of epochs and score others."""
    instances = np.concatenate([bags[bag][0] for bag in train])
    mean, deviation = instances.mean(0), instances.std(0)
    # a feature that is constant in training says nothing
    deviation[deviation == 0] = np.inf

    def tensors(chosen: Int64Array) -> tuple[Tensor, Tensor]:
        values, mask = bags.padded(chosen)
        return torch.from_numpy((values - mean) / deviation).float(), torch.from_numpy(mask)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        x, mask = tensors(train)
        y = torch.from_numpy(bags.labels[train]).float()
        net = Network(x.shape[-1], settings)
        optimizer = torch.optim.AdamW(
            net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        updates = settings.epochs * -(-len(train) // settings.batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
        for _ in range(settings.epochs):
            for some in torch.randperm(len(train)).split(settings.batch):
                optimizer.zero_grad()
                logits = net(x[some], mask[some])
                nn.functional.binary_cross_entropy_with_logits(logits, y[some]).backward()
                optimizer.step()
                schedule.step()
    net.eval()
    with torch.no_grad():
        return np.asarray(net(*tensors(test)).double())


def summarized(bags: Bags, extremes: bool) -> Float64Array:
    """Mean of each bag, [bags, F], or mean, least and largest value, [bags, 3 F]."""
    rows = []
    for bag in range(len(bags)):
        instances, _ = bags[bag]
        parts = [instances.mean(0)]
        if extremes:
            parts += [instances.min(0), instances.max(0)]
        rows.append(np.concatenate(parts))
    return np.stack(rows)


def logistic(
    x: Float64Array, labels: Int64Array, train: Int64Array, test: Int64Array, strength: float
) -> Float64Array:
    """Fit a logistic regression to standardised summaries of some bags and score others."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=5000))
    scores: Float64Array = model.fit(x[train], labels[train]).decision_function(x[test])
    return scores
