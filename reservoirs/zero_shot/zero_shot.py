"""Two modalities in one space, learned on some classes and asked about others."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor

from axonal._base import checks
from axonal._base.array_types import Float32Array, Int64Array
from axonal.reservoirs.zero_shot import losses
from axonal.reservoirs.zero_shot._pairs import PAIRINGS, pairs
from axonal.reservoirs.zero_shot._side import Encoder, Side
from axonal.reservoirs.zero_shot.retrieval import Retrieval

WHO = "ZeroShot"
LOSSES = ("info-nce", "soft-target")
SIDES = ("first", "second")


class ZeroShot:
    """Fixed encoders of two modalities, and projections that contrastive learning brings together.

    Samples of one class are partners. The projections (:class:`Projection`) learn that partners are
    alike and others are not; what they have learned is asked for classes that they never saw:
    a query of one modality is answered by the most similar item of the other.

        similarity(a, b) = z_a . z_b,    z divided by its length if ``normalise``

    This is the scheme of Lin, Wang et al., Nature Computational Science, 2025 (arXiv 2307.00771).
    Their code of the model and of its loss was never published; :meth:`published` has what the
    public part of it says, and likely forms of the rest.

    Args:
        encoders: of the first and of the second modality: None where samples are features [B, F];
            a function of samples [T, B, I] that returns features, such as ``liquid.features``; or a
            module of torch, such as ``liquid.trained()``, of which a copy is trained as well.
        size: D, that of the space.
        norm: end projections with a layer norm.
        loss: "info-nce" (:func:`info_nce`) or "soft-target" (:func:`soft_target_loss`).
        by_class: for "info-nce": all pairs of a class are right ones, not only the own partner.
        temperature: of the loss, > 0.
        normalise: compare directions and not dot products, in the loss and in retrieval.
        standardise: give the features that are trained on zero mean and unit deviation.
        pairing: "random" (partners drawn anew in each epoch) or "index" (sample i with sample i).
        epochs: passes over the pairs, >= 1; no epoch is selected.
        batch: pairs per update, >= 2.
        learning_rate: of Adam, > 0.
        weight_decay: of AdamW, >= 0; 0 is Adam.
        encoder_rate: learning rate of encoders that are trained; that of the rest by default.
        seed: of the projections at the start, of pairs and of batches.

    Attributes:
        history: mean loss of each epoch.
        classes: classes that it was trained on.

    Raises:
        ValueError: for names that are not known and numbers out of range.

    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(60) % 3
    >>> means = 4 * rng.standard_normal((2, 3, 10))
    >>> first, second = (m[labels] + rng.standard_normal((60, 10)) for m in means)
    >>> model = ZeroShot(size=8, epochs=50, batch=20).fit(first, second, labels)
    >>> model.evaluate(first, second, labels).accuracy
    1.0
    """

    def __init__(
        self,
        encoders: Sequence[Encoder] = (None, None),
        *,
        size: int = 64,
        norm: bool = False,
        loss: str = "info-nce",
        by_class: bool = True,
        temperature: float = 0.07,
        normalise: bool = True,
        standardise: bool = True,
        pairing: str = "random",
        epochs: int = 30,
        batch: int = 64,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        encoder_rate: float | None = None,
        seed: int = 0,
    ) -> None:
        if len(encoders) != 2 or not all(e is None or callable(e) for e in encoders):
            raise ValueError(
                f"{WHO} expects two encoders, each a function, a module or None, got {encoders!r}. "
                "Write liquid.features for a liquid."
            )
        self.encoders, self.norm, self.by_class = tuple(encoders), norm, by_class
        self.normalise, self.standardise = normalise, standardise
        self.size = checks.whole_number(WHO, "size", size)
        self.loss = checks.one_of(WHO, "loss", loss, LOSSES)
        self.temperature = checks.number(WHO, "temperature", temperature, 0, open_low=True)
        self.pairing = checks.one_of(WHO, "pairing", pairing, PAIRINGS)
        self.epochs = checks.whole_number(WHO, "epochs", epochs)
        self.batch = checks.whole_number(WHO, "batch", batch, 2)
        self.learning_rate = checks.number(WHO, "learning_rate", learning_rate, 0, open_low=True)
        self.weight_decay = checks.number(WHO, "weight_decay", weight_decay, 0)
        rate = learning_rate if encoder_rate is None else encoder_rate
        self.encoder_rate = checks.number(WHO, "encoder_rate", rate, 0)
        self.seed = checks.seed(WHO, seed)
        self.history: list[float] = []
        self.classes: Int64Array = np.empty(0, np.int64)
        self._sides: dict[str, Side] = {}

    @classmethod
    def published(cls, encoders: Sequence[Encoder] = (None, None), **changes: Any) -> "ZeroShot":
        """Make one with the settings of the original, as far as they are known.

        Known are the size 64, GELU, dot products that are not normalised, temperature 1, pairs by
        index, 8 pairs per update, Adam with 1e-3 and 100 epochs (of which the original chose the
        best on the test retrieval; here the last one counts). The loss and features that are not
        scaled are likely, and not verified.

        Args:
            encoders: as in :class:`ZeroShot`.
            changes: settings to be different.
        """
        known: dict[str, Any] = {
            "loss": "soft-target", "temperature": 1.0, "normalise": False, "standardise": False,
            "pairing": "index", "batch": 8, "epochs": 100,
        }  # fmt: skip
        return cls(encoders, **{**known, **changes})

    def fit(
        self,
        first: ArrayLike,
        second: ArrayLike,
        labels: ArrayLike,
        second_labels: ArrayLike | None = None,
        *,
        after_epoch: Callable[[int], object] | None = None,
    ) -> "ZeroShot":
        """Train from the start on samples of both modalities.

        Args:
            first: samples of the first modality, [B, F] or [T, B, I] as its encoder takes them.
            second: samples of the second modality.
            labels: class of each first sample [B], whole numbers; and of each second one, unless
                ``second_labels`` are given.
            second_labels: class of each second sample, the same classes.
            after_epoch: called with the number of each epoch, from 1, when it is over; the model
                can be asked then, about validation data for example.

        Returns:
            self.

        Raises:
            ValueError: for samples that are not finite, fewer than two classes, classes that only
                one modality has, and where all samples have the same features.
        """
        first_labels = _labels("labels", labels)
        other = first_labels if second_labels is None else _labels("second_labels", second_labels)
        classes = _classes(first_labels, other)
        sides = [Side(name, e) for name, e in zip(SIDES, self.encoders, strict=True)]
        data = [side.samples(x) for side, x in zip(sides, (first, second), strict=True)]
        for side, samples, own in zip(sides, data, (first_labels, other), strict=True):
            if side.count(samples) != len(own):
                raise ValueError(
                    f"{WHO} expects a label for each {side.name} sample, got {side.count(samples)} "
                    f"samples and {len(own)} labels"
                    + (
                        ": are they pairs? Write second_labels=... where they are not."
                        if second_labels is None
                        else "."
                    )
                )
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(self.seed)
            for side, samples in zip(sides, data, strict=True):
                side.begin(samples, self.size, self.norm, self.standardise)
        paired = np.arange(len(first_labels)) if second_labels is None else None
        self.classes, self.history = classes, []
        self._sides = dict(zip(SIDES, sides, strict=True))
        for epoch, loss in enumerate(self._epochs(data, (first_labels, other), paired), 1):
            self.history.append(loss)
            if after_epoch is not None:
                after_epoch(epoch)
        if not np.isfinite(self.history[-1]):
            raise ValueError(
                f"{WHO}: the loss is {self.history[-1]} after {self.epochs} epochs: lower the "
                "learning rate, or normalise and standardise."
            )
        return self

    def _epochs(
        self,
        data: list[Tensor],
        labels: tuple[Int64Array, Int64Array],
        paired: Int64Array | None,
    ) -> Iterator[float]:
        """Train for all epochs; yield the mean loss of each."""
        sides = list(self._sides.values())
        heads = [p for side in sides for p in side.projection.parameters()]  # type: ignore[union-attr]
        bodies = [p for side in sides if side.trained for p in side.encoder.parameters()]  # type: ignore[union-attr]
        groups: list[dict[str, Any]] = [{"params": heads}]
        if bodies:
            groups.append({"params": bodies, "lr": self.encoder_rate})
        adam = torch.optim.AdamW(groups, self.learning_rate, weight_decay=self.weight_decay)
        rng = np.random.default_rng(self.seed)
        for _ in range(self.epochs):
            if paired is None:
                left, right = pairs(*labels, self.pairing, rng)
            else:
                left = right = paired
            order, found = rng.permutation(len(left)), []
            for some in np.split(order, range(self.batch, len(order), self.batch)):
                if len(some) < 2:  # one pair alone has nothing to be told apart from
                    continue
                a, b = left[some], right[some]
                first, second = sides[0].take(data[0], a), sides[1].take(data[1], b)
                loss = self._loss(first, second, torch.from_numpy(labels[0][a]))
                adam.zero_grad()
                loss.backward()
                adam.step()
                found.append(loss.item())
            yield float(np.mean(found))

    def _loss(self, first: Tensor, second: Tensor, labels: Tensor) -> Tensor:
        if self.loss == "soft-target":
            return losses.soft_target_loss(
                first, second, self.temperature, normalise=self.normalise
            )
        return losses.info_nce(
            first,
            second,
            self.temperature,
            normalise=self.normalise,
            labels=labels if self.by_class else None,
        )

    def embed(self, x: ArrayLike, side: str) -> Float32Array:
        """Embeddings of samples, as they are compared.

        Args:
            x: samples [B, F] or [T, B, I], as in :meth:`fit`.
            side: "first" or "second", the modality of ``x``.

        Returns:
            embeddings [B, D], of length 1 if ``normalise``.
        """
        checks.one_of(f"{WHO}.embed", "side", side, SIDES)
        if not self._sides:
            raise ValueError(f"{WHO} is not trained yet: call fit(first, second, labels) first.")
        own = self._sides[side]
        z = own.embedded(own.samples(x))
        found: Float32Array = (F.normalize(z, dim=-1) if self.normalise else z).numpy()
        return found

    def retrieve(self, first: ArrayLike, second: ArrayLike, ask: str = "second") -> Int64Array:
        """Index of the most similar sample of the other modality, for each that is asked for.

        Args:
            first: samples of the first modality.
            second: samples of the second modality.
            ask: "second" or "first", the modality of the queries.

        Returns:
            indices [queries] into the other modality, of the first one where several are equal.
        """
        checks.one_of(f"{WHO}.retrieve", "ask", ask, SIDES)
        similarity = self.embed(first, "first") @ self.embed(second, "second").T
        found: Int64Array = similarity.argmax(0 if ask == "second" else 1)
        return found

    def evaluate(
        self,
        first: ArrayLike,
        second: ArrayLike,
        labels: ArrayLike,
        second_labels: ArrayLike | None = None,
        ask: str = "second",
    ) -> Retrieval:
        """Count the queries whose most similar sample of the other modality has their class.

        Args:
            first: samples of the first modality.
            second: samples of the second modality.
            labels: class of each first sample; and of each second one, unless
                ``second_labels`` are given.
            second_labels: class of each second sample.
            ask: "second" or "first", the modality of the queries.

        Returns:
            the result, with the number of classes that were searched and the level of chance.

        Raises:
            ValueError: for labels that do not fit, and queries of a class that is not searched.
        """
        found = self.retrieve(first, second, ask)
        first_labels = _labels("labels", labels)
        other = first_labels if second_labels is None else _labels("second_labels", second_labels)
        asked, searched = (other, first_labels) if ask == "second" else (first_labels, other)
        if len(found) != len(asked) or found.max() >= len(searched):
            raise ValueError(
                f"{WHO}.evaluate expects a label for each sample, got {len(found)} queries with "
                f"{len(asked)} labels, and {len(searched)} labels of what is searched."
            )
        shares = {int(label): float(np.mean(searched == label)) for label in np.unique(searched)}
        missing = set(asked.tolist()) - shares.keys()
        if missing:
            raise ValueError(
                f"{WHO}.evaluate expects every class that is asked for among those that are "
                f"searched; class {min(missing)} is not."
            )
        return Retrieval(
            int((searched[found] == asked).sum()),
            len(asked),
            len(shares),
            float(np.mean([shares[label] for label in asked.tolist()])),
        )


def _labels(name: str, value: ArrayLike) -> Int64Array:
    labels = np.asarray(value)
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or not labels.size:
        raise ValueError(
            f"{WHO} expects {name} as whole numbers [B], at least one, got {labels.dtype} "
            f"{labels.shape}."
        )
    return labels.astype(np.int64)


def _classes(first: Int64Array, second: Int64Array) -> Int64Array:
    """Return the classes of both modalities."""
    classes = np.unique(first)
    apart = np.setxor1d(classes, np.unique(second))
    if apart.size:
        raise ValueError(
            f"{WHO} expects the same classes in both modalities; only one of them has class "
            f"{apart[0]}."
        )
    if len(classes) < 2:
        raise ValueError(
            f"{WHO} expects at least two classes, got {len(classes)}: one has nothing to be told "
            "apart from."
        )
    return classes
