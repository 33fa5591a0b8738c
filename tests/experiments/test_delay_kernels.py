"""Delay kernels compared: a plan without gaps, a choice by validation data, a report of both."""

from pathlib import Path

import pytest
import torch
from helpers.rows import made

from axonal import neuro, recipes
from axonal._base.sweeps import Store
from axonal.recipes import _train
from axonal.recipes._runs import Run
from experiments import delay_kernels as part
from experiments._kernel_runs import KernelRun, learn_by


def store(path: Path, **reached: dict[str, float]) -> Store:
    """Rows of the whole plan, 0.9 but where an arm of a task reached something else."""
    rows = Store(path / "runs.jsonl")
    for name, task in part.TASKS.items():
        for arm, runs in part.arms(task):
            value = reached.get(name.replace("-", "_"), {}).get(arm, 0.9)
            for run in runs:
                rows.add(made(run, validation=value, test=value))
    return rows


def test_the_plan_holds_every_task_kernel_end_and_control_once() -> None:
    plan = part.plan()
    assert len({run.key for run in plan}) == len(plan) == 5 * (3 * 4 * 2 + 3 + 2 + 3)
    kernels = {run.build()["delays"].kernel for run in plan if run.recipe == "digits"}
    assert kernels == set(part.KERNELS)


def test_equal_controls_train_at_least_as_many_numbers() -> None:
    for task in part.TASKS.values():
        learned, fixed = (
            _train.count_trained(runs[0].build())
            for runs in (task.learned("two-tap", part.FROZEN), task.control("fixed, equal"))
        )
        assert learned <= fixed < 1.05 * learned


@pytest.mark.parametrize("kernel", ["triangle", "two-tap", "straight-through"])
def test_another_kernel_begins_with_the_weights_and_delays_of_the_recipe(kernel: str) -> None:
    changes = {"seed": 3, "hidden": 4}
    plain = Run("digits", changes)
    other = KernelRun("digits", changes, kernel)
    assert plain.key != other.key != KernelRun("digits", changes, "fixed").key
    nets = [run.build() for run in (plain, other, KernelRun("digits", changes, "fixed"))]
    plain_delays, other_delays, fixed = (net["delays"] for net in nets)
    for name in ("weight", "position"):
        assert torch.equal(getattr(plain_delays, name), getattr(other_delays, name))
    assert torch.equal(fixed.weight, plain_delays.weight)
    assert torch.equal(fixed.delay, plain_delays.position.round())
    x = torch.rand(24, 2, 64)
    layer = neuro.DelayedLinear(64, 4, 8, kernel=kernel)
    layer.load_state_dict(nets[1]["delays"].state_dict())
    assert torch.equal(layer(x)[0], nets[1]["delays"](x)[0])


def test_no_delays_are_delays_of_zero() -> None:
    layer = neuro.DelayedLinear(3, 2, 5)
    learn_by(layer, "none")
    x = torch.rand(7, 1, 3)
    torch.testing.assert_close(layer(x)[0], x @ layer.weight.T)
    assert not layer.position.requires_grad


def test_the_runs_of_a_kernel_train() -> None:
    row = KernelRun("digits", {"epochs": 1, "hidden": 4, "seed": 1}, "two-tap").make("abc")
    assert row["kernel"] == "two-tap" and row["commit"] == "abc"
    assert recipes.find(row["recipe"])


def test_a_default_changes_by_validation_data_only_where_nothing_speaks_against_it(
    tmp_path: Path,
) -> None:
    through = f"straight-through, {part.FROZEN}"
    same = store(tmp_path / "same")
    text = part.write(same, tmp_path)[0].read_text()
    assert f"**The default stays: Gaussian, {part.FROZEN}. No other arm" in text
    better = store(tmp_path / "better", digits={through: 0.95})
    text = part.write(better, tmp_path)[0].read_text()
    assert f"**By the rule the default becomes: straight-through, {part.FROZEN}.**" in text
    assert f"- straight-through, {part.FROZEN}: above on digits, not apart from on coi" in text
    mixed = store(tmp_path / "mixed", digits={through: 0.95}, spoken_digits={through: 0.85})
    assert "The default stays" in part.write(mixed, tmp_path)[0].read_text()
    assert "coincidence, test data: learned by default not apart from fixed" in text
