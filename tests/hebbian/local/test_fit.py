"""Training by a rule, driven by Lightning."""

from pathlib import Path

import lightning
import pytest
import torch
from torch import Tensor

from axonal import neuro
from axonal.hebbian import local
from axonal.hebbian.local.training import Training


def batches() -> list[tuple[Tensor, Tensor]]:
    drawn = torch.Generator().manual_seed(13)
    x = torch.rand(5, 40, 8, generator=drawn)
    target = (x[:, :, :4].sum((0, 2)) > x[:, :, 4:].sum((0, 2))).long()
    return [(x[:, k : k + 10], target[k : k + 10]) for k in range(0, 40, 10)]


def rule() -> local.Rule:
    torch.manual_seed(14)
    layers = neuro.Linear(8, 30), neuro.LIF(30, reset="subtract", threshold=0.3)
    return local.OTTT(neuro.Sequential(*layers, neuro.Linear(30, 2)))


def test_it_does_what_a_plain_loop_does() -> None:
    ours, theirs = rule(), rule()
    history = local.fit(ours, batches(), epochs=3, optimiser=1e-2, validation=batches())
    adam = torch.optim.Adam(theirs.parameters(), lr=1e-2)
    for _ in range(3):
        for x, target in batches():
            adam.zero_grad()
            theirs.gradients(x, target)
            adam.step()
    for name, p in ours.named_parameters():
        assert torch.equal(p, theirs.get_parameter(name)), name
    right = sum(int((theirs.scores(x).argmax(1) == y).sum()) for x, y in batches())
    assert history[-1]["accuracy"] == right / 40
    assert history[-1]["loss"] < history[0]["loss"]


@pytest.mark.filterwarnings("ignore:The .*dataloader.* does not have many workers")
@pytest.mark.filterwarnings("ignore:.*LeafSpec")
def test_a_checkpoint_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    def trainer(epochs: int) -> lightning.Trainer:
        return lightning.Trainer(
            max_epochs=epochs, accelerator="cpu", devices=1, logger=False,
            enable_checkpointing=True, enable_progress_bar=False, enable_model_summary=False,
            default_root_dir=tmp_path, num_sanity_val_steps=0,
        )  # fmt: skip

    loader = torch.utils.data.DataLoader(batches(), batch_size=None)
    whole = Training(rule())
    trainer(4).fit(whole, loader, loader)
    half = trainer(2)
    half.fit(Training(rule()), loader, loader)
    half.save_checkpoint(tmp_path / "half.ckpt")
    rest = Training(rule())
    trainer(4).fit(rest, loader, loader, ckpt_path=tmp_path / "half.ckpt", weights_only=True)
    assert rest.history == whole.history
    for name, p in rest.named_parameters():
        assert torch.equal(p, whole.get_parameter(name)), name


def test_what_is_no_epoch_and_no_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="fit expects epochs as a whole number >= 1, got 0"):
        local.fit(rule(), batches(), epochs=0)
    with pytest.raises(ValueError, match="fit expects optimiser as a finite number > 0"):
        local.fit(rule(), batches(), optimiser=-1.0)
