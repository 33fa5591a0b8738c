"""Permuted MNIST, task by task: stopped, resumed, refused; the first layer run once."""

import dataclasses

import numpy as np
import pytest
import torch

from axonal import recipes
from axonal.recipes import hlop_pmnist
from axonal.recipes.hlop_pmnist import Settings, SteadyInput, build

SMALL = {"tasks": 2, "samples": 128, "validated": 50, "tested": 50, "hidden": 60, "epochs": 1,
         "ranks": "20,12,8", "later": "10"}  # fmt: skip


def test_a_steady_input_is_multiplied_once():
    net = build(Settings(**SMALL))
    x = torch.randn(3, 784).expand(6, 3, 784)
    wanted, given = net(x)[0], SteadyInput(net)(x)[0]
    torch.testing.assert_close(given, wanted, rtol=0, atol=1e-5)
    gradients = []
    for y in (wanted, given):
        net.zero_grad()
        y.square().sum().backward()
        gradients.append([p.grad.clone() for p in net.parameters()])
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-4)


class Stop(Exception):
    pass


@pytest.mark.needs("data")
@pytest.mark.parametrize("arm", ["hlop", "si", "replay"])
def test_a_run_that_was_stopped_after_a_task_goes_on_as_if_it_had_not_been(tmp_path, arm):
    settings = Settings(arm=arm, **SMALL)

    def parts(name):
        (tmp_path / name).mkdir(exist_ok=True)
        return recipes.Parts(tmp_path / name, lambda part, share: None)

    whole = hlop_pmnist.learn(settings, parts("whole"))
    broken = parts("broken")
    get = broken.get

    def stopping(name, make):
        if name == "task2":
            raise Stop
        return get(name, make)

    broken.get = stopping
    with pytest.raises(Stop):
        hlop_pmnist.learn(settings, broken)
    torch.manual_seed(99)
    again = hlop_pmnist.learn(settings, parts("broken"))
    for name, weights in whole.arrays.items():
        assert np.array_equal(weights, again.arrays[name]), name
    assert whole.results == again.results
    assert np.shape(whole.results["matrix"]) == (2, 2)


def test_rows_follow_from_the_ranks():
    paper = Settings(
        tasks=10, shared=True, hidden=800, ranks="80,200,100", later="70,70,50,50,50,30,30,30,10"
    )
    assert {name: sum(rows) for name, rows in paper.rows.items()} == {
        "pixels": 470, "first": 590, "second": 490,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arm": "dream"}, "arm takes one of sequential, hlop"),
        ({"ranks": "80,100"}, "three whole numbers"),
        ({"later": "60,,40"}, "whole numbers >= 1 with commas"),
        ({"ranks": "80,390,60"}, "at most 400 rows beside 'first'"),
        ({"tasks": 9}, "a number whose product with tasks is 58000 at most"),
        ({"rate": 0.0}, "rate takes a number > 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, said):
    with pytest.raises(ValueError) as caught:
        dataclasses.replace(Settings(), **changes)
    assert said in str(caught.value)
