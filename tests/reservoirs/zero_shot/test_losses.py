"""Contrastive losses: values of a reference, and cases that can be worked out by hand."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from helpers import needs
from torch import Tensor

from axonal.reservoirs import info_nce, soft_target_loss


@pytest.fixture
def embeddings() -> tuple[Tensor, Tensor]:
    path = needs.data("fixtures") / "lsm_zeroshot" / "lsm_own_reference.npz"
    with np.load(path) as file:
        return torch.from_numpy(file["I"]).double(), torch.from_numpy(file["A"]).double()


def test_both_losses_are_those_of_the_reference(embeddings: tuple[Tensor, Tensor]) -> None:
    assert info_nce(*embeddings, 0.07).item() == pytest.approx(2.8217218, abs=1e-6)
    assert soft_target_loss(*embeddings, 1.0).item() == pytest.approx(7.8772841, abs=1e-6)


def test_info_nce_by_hand() -> None:
    first, second = torch.tensor([[2.0, 0], [0, 1]]), torch.tensor([[1.0, 0], [1, 1]])
    # products 2, 2 / 0, 1
    rows = np.log(2) + np.log(1 + np.exp(-1))
    columns = np.log(1 + np.exp(-2)) + np.log(1 + np.exp(1))
    found = info_nce(first, second, 1.0, normalise=False)
    assert found.item() == pytest.approx((rows + columns) / 4)
    assert info_nce(3 * first, second, 0.5).item() == pytest.approx(
        info_nce(first, second, 0.5).item()
    )


def test_with_labels_no_pair_of_a_class_is_a_wrong_one() -> None:
    z = torch.eye(3)[[0, 0, 1]]
    far = info_nce(z, z, 0.01, labels=torch.tensor([0, 0, 1]))
    # two of three have two equally right partners
    assert far.item() == pytest.approx(2 / 3 * np.log(2), abs=1e-5)
    each = torch.tensor([4, 7, 9])
    a, b = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(info_nce(a, b, labels=each), info_nce(a, b))


@pytest.mark.parametrize("loss", [info_nce, soft_target_loss])
def test_a_common_rotation_and_the_order_of_pairs_change_nothing(
    loss: Callable[..., Tensor],
) -> None:
    a, b = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(1)).double()
    turn = torch.linalg.qr(torch.randn(5, 5).double())[0]
    torch.testing.assert_close(loss(a @ turn, b @ turn), loss(a, b))
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    torch.testing.assert_close(loss(a[order], b[order]), loss(a, b))


@pytest.mark.parametrize(
    ("shapes", "options", "told"),
    [
        (((0, 4), (0, 4)), {}, "at least one pair"),
        (((3, 4), (2, 4)), {}, r"partners row by row, got \(3, 4\) and \(2, 4\)"),
        (((3, 4), (3, 4)), {"temperature": 0.0}, "temperature"),
    ],
)
@pytest.mark.parametrize("loss", [info_nce, soft_target_loss])
def test_errors_are_one_line(loss, shapes, options, told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        loss(*map(torch.ones, shapes), **options)
    assert "\n" not in str(error.value)


def test_labels_have_to_be_one_per_pair() -> None:
    with pytest.raises(ValueError, match=r"labels \[3\]"):
        info_nce(torch.ones(3, 2), torch.ones(3, 2), labels=torch.zeros(2))
