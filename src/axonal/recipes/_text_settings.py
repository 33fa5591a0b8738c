"""Settings that all recipes of language models on windows of a text share."""

import math
from dataclasses import dataclass

from axonal.recipes import _settings
from axonal.recipes._text_corpus import KINDS, SHAKESPEARE

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True, kw_only=True)
class TextSettings(_settings.BaseSettings):
    """Settings of language models.

    Args:
        text: "tiny-shakespeare", or the path of a text in UTF-8; its first 85 % train, 5 %
            choose, and the last 10 % report.
        tokens: "characters", "bytes" or "bpe", which needs the extra ``text``.
        vocabulary: number of tokens of "bpe".
        window: tokens of a window.
        batch: windows per step.
        accumulate: steps whose gradients are added up to one update.
        updates: of the weights.
        warm_up: updates over which the rate rises from zero.
        learning_rate: highest rate; it falls to ``final_rate`` along a cosine.
        final_rate: rate at the end.
        weight_decay: of AdamW.
        largest_gradient: norm that the gradient of an update is cut to.
        pull: keeps the largest logits small, see ``neuro.next_token_loss``.
        width: channels.
        layers: blocks.
        dropout: share of what blocks add that training leaves out.
        kept_every: updates after which a run that is stopped goes on from.
        accelerator: of Lightning: "cpu", "gpu" or "auto".
        devices: number of them.
        strategy: of Lightning: "auto", "ddp" or "fsdp".
        precision: "32-true", "bf16-mixed" or "16-mixed".
    """

    text: str = SHAKESPEARE
    tokens: str = "characters"
    vocabulary: int = 1024
    window: int = 128
    batch: int = 16
    accumulate: int = 1
    updates: int = 400
    warm_up: int = 20
    learning_rate: float = 4e-3
    final_rate: float = 1e-4
    weight_decay: float = 0.0
    largest_gradient: float = 1.0
    pull: float = 1e-4
    width: int = 96
    layers: int = 3
    dropout: float = 0.03
    kept_every: int = 50
    accelerator: str = "cpu"
    devices: int = 1
    strategy: str = "auto"
    precision: str = "32-true"

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = ("window", "batch", "accumulate", "updates", "width", "layers", "kept_every")
        self.require_counts(*counts, "devices")
        self.require("tokens", self.tokens in KINDS, f"one of {', '.join(KINDS)}")
        self.require("vocabulary", self.vocabulary >= 256, "a whole number >= 256")
        self.require("warm_up", self.warm_up >= 0, "a whole number >= 0")
        for name in ("learning_rate", "largest_gradient"):
            self.require(name, getattr(self, name) > 0, "a number > 0")
        for name in ("final_rate", "weight_decay", "pull"):
            self.require(name, getattr(self, name) >= 0, "a number >= 0")
        self.require("dropout", 0 <= self.dropout < 1, "a share from 0 to below 1")
        for name, known in {
            "accelerator": ("cpu", "gpu", "auto"),
            "strategy": ("auto", "ddp", "fsdp"),
            "precision": PRECISIONS,
        }.items():
            self.require(name, getattr(self, name) in known, f"one of {', '.join(known)}")

    def rate_at(self, update: int) -> float:
        """Learning rate of an update, counted from 0: a line up, then a cosine down.

        >>> settings = TextSettings(updates=100, warm_up=10, learning_rate=1.0, final_rate=0.0)
        >>> settings.rate_at(0), settings.rate_at(9), round(settings.rate_at(99), 3)
        (0.1, 1.0, 0.0)
        """
        if update < self.warm_up:
            return self.learning_rate * (update + 1) / self.warm_up
        share = (update - self.warm_up) / max(self.updates - self.warm_up, 1)
        height = 0.5 * (1 + math.cos(math.pi * min(share, 1)))
        return self.final_rate + (self.learning_rate - self.final_rate) * height
