"""Images as events: by latency, rate and change, and pixel by pixel."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from helpers import needs
from hypothesis import given
from hypothesis import strategies as st

from axonal.datasets import Sensor, _mnist
from axonal.datasets.sets import event_images, idx_images, permutation, psmnist, smnist
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.sequential_mnist import PERMUTATION_SHA256, crossings

LABELS = np.array([7, 0, 9, 1, 1], np.uint8)


def images() -> np.ndarray:
    rng = np.random.default_rng(0)
    ink = rng.integers(0, 256, (5, 28, 28), np.uint8)
    ink[:, :5] = 0
    ink[0, 6, 6], ink[0, 7, 7] = 255, 1
    return ink


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five images in files like the published ones, and manifests that know them."""
    monkeypatch.setattr(_mnist, "SPLITS", {"test": ("t10k", 5)})
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path / "cache"))
    files = []
    for kind, values in (("images-idx3", images()), ("labels-idx1", LABELS)):
        sizes = np.array(values.shape, ">u4").tobytes()
        path = tmp_path / f"t10k-{kind}-ubyte.gz"
        path.write_bytes(gzip.compress(bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()))
        content = path.read_bytes()
        files.append(ListedFile(path.name, len(content), hashlib.md5(content).hexdigest()))
    made = Manifest("MNIST", ("mnist",), "its authors", {"test": tuple(files)})
    monkeypatch.setattr(idx_images, "KINDS", {"mnist": made, "fashion_mnist": made})
    return tmp_path


def test_latency_is_one_event_per_inked_pixel(small: Path) -> None:
    events = event_images("mnist", "latency", steps=256, dt=100, folder=small, splits=["test"])
    found = events["test"]
    assert found.sensor == Sensor(28, 28)
    assert found.labels.tolist() == LABELS.tolist()
    assert found.groups["index"].tolist() == [0, 1, 2, 3, 4]
    for k, (recording, _) in enumerate(found):
        ink = images()[k]
        assert len(recording) == (ink > 0).sum()
        np.testing.assert_array_equal(
            recording.times, (255 - ink[recording.y, recording.x].astype(int)) * 100
        )


def test_rates_are_those_of_the_pixels_and_keyed_by_the_image(small: Path) -> None:
    first = event_images(code="rate", steps=400, folder=small, splits=["test"])["test"]
    again = event_images(code="rate", steps=400, folder=small, splits=["test"])["test"]
    other = event_images(code="rate", steps=400, seed=1, folder=small, splits=["test"])["test"]
    np.testing.assert_array_equal(first.low, again.low)
    assert first.event_count != other.event_count
    counts = np.bincount(first[0].recording.addresses, minlength=784)
    want = images()[0].ravel() * (400 / 255)
    assert np.abs(counts - want).max() < 5 * np.sqrt(400) / 2
    assert counts[6 * 28 + 6] == 400
    assert (counts[want == 0] == 0).all()
    assert first[0].recording.times.max() == 399_000


def test_changes_give_the_image_back_to_within_a_threshold(small: Path) -> None:
    found = event_images(code="delta", threshold=0.1, folder=small, splits=["test"])["test"]
    assert found.sensor == Sensor(28, 1, 2)
    for k, (recording, _) in enumerate(found):
        sent = np.zeros((28, 28))
        sign = 2 * recording.p - 1
        np.add.at(sent, (recording.x, recording.times // 1000), 0.1 * sign)
        assert np.abs(np.cumsum(sent, axis=1) - images()[k] / 255).max() < 0.1 + 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(1, 255))
def test_thresholds_that_are_crossed_follow_their_definition(seed: int, levels: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 9), np.uint8)
    found = set(zip(*(part.tolist() for part in crossings(pixels, levels)), strict=True))
    want = set()
    for owner, row in enumerate(pixels.tolist()):
        for step, (before, now) in enumerate(zip([0, *row], row, strict=False)):
            for j in range(levels):
                height = 255 * (2 * j + 1) / (2 * levels)
                if before < height <= now:
                    want.add((owner, step, levels + j))
                elif now < height <= before:
                    want.add((owner, step, j))
    assert found == want
    assert len(crossings(pixels, levels)[0]) == len(want)


def test_a_sequence_gives_its_image_back(small: Path) -> None:
    order = permutation()
    found = {
        "smnist": (smnist(small, splits=["test"])["test"], np.arange(784)),
        "psmnist": (psmnist(small, splits=["test"])["test"], order),
    }
    for events, places in found.values():
        recording, label = events[2]
        assert label == 9
        assert recording.sensor == Sensor(40, 1, 2)
        level = np.zeros(784)
        np.add.at(level, recording.times // 1000, 2 * recording.p - 1)
        grey = np.cumsum(level) * 255 / 40
        assert np.abs(grey - images()[2].ravel()[places]).max() <= 255 / 80 + 1e-9


def test_the_permutation_is_the_one_that_was_published() -> None:
    order = permutation()
    assert sorted(order.tolist()) == list(range(784))
    assert hashlib.sha256(order.astype("<i8").tobytes()).hexdigest() == PERMUTATION_SHA256
    assert not np.array_equal(order, permutation(1))


def test_settings_out_of_range_are_refused(small: Path) -> None:
    for wrong, name in (
        ({"steps": 0}, "steps"),
        ({"dt": 0}, "dt"),
        ({"threshold": 0.0}, "threshold"),
        ({"kind": "cifar"}, "kind"),
    ):
        with pytest.raises(ValueError, match=f"event_images expects {name}"):
            event_images(folder=small, **wrong)
    with pytest.raises(ValueError, match="smnist expects dt"):
        smnist(small, dt=0)


def test_a_file_that_was_changed_is_refused(small: Path) -> None:
    path = small / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match=r"labels-idx1-ubyte\.gz has the MD5"):
        smnist(small, splits=["test"])


@pytest.mark.parametrize("kind", ["mnist", "fashion_mnist"])
def test_the_files_at_hand_are_the_published_ones(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs.data("mnist" if kind == "mnist" else "fashion-mnist")
    monkeypatch.setenv("AXONAL_CACHE", str(tmp_path))
    found = event_images(kind, splits=["test"])["test"]
    assert len(found) == 10_000
    assert found.classes[9] == {"mnist": "9", "fashion_mnist": "ankle boot"}[kind]
