"""Streams, the one loop and the methods in it, on tasks of a few numbers."""

import numpy as np
import pytest
import torch

from axonal import neuro
from axonal.hebbian.continual import (
    EWC,
    GPM,
    HLOP,
    Batch,
    ContinualLearner,
    Method,
    Replay,
    SynapticIntelligence,
    Task,
    average_accuracy,
    backward_transfer,
    forward_transfer,
    grouped,
    permuted,
    plot_accuracy_matrix,
    split,
)

SPLITS = ("train", "validation", "test")
N, HIDDEN, CLASSES = 20, 12, 4


def parts(n=160, seed=0):
    """Noisy prototypes, one per class."""
    rng = np.random.default_rng(seed)
    prototypes = np.random.default_rng(9).standard_normal((CLASSES, N))
    found = {}
    for name in SPLITS:
        y = rng.permutation(np.arange(n) % CLASSES)
        x = prototypes[y] + 0.3 * rng.standard_normal((n, N))
        found[name] = (x.astype(np.float32), y)
    return found


def network(seed=0):
    torch.manual_seed(seed)
    return neuro.Sequential(
        neuro.Linear(N, HIDDEN, bias=False),
        neuro.LIF(HIDDEN),
        neuro.Linear(HIDDEN, CLASSES, bias=False),
    )


def learner(net, stream, method=None, **kwargs):
    return ContinualLearner(
        net, stream, method, optimiser=torch.optim.SGD(net.parameters(), 0.5), epochs=15, batch=16,
        encode=lambda x: x.expand(4, *x.shape), **kwargs,
    )  # fmt: skip


RANKS = {"0": [5, 5], "2": [5, 3]}
METHODS = {
    "sequential": lambda net: Method(),
    "hlop": lambda net: HLOP(net, RANKS, rate=0.02, reorthogonalise=True),
    "gpm": lambda net: GPM(net, RANKS),
    "ewc": lambda net: EWC(net, 10.0, samples=50),
    "si": lambda net: SynapticIntelligence(net, 1.0),
    "replay": lambda net: Replay(40),
}


@pytest.fixture(scope="module")
def learnt():
    """What each method makes of three orders of the same inputs."""
    found = {}
    for name, make in METHODS.items():
        net = network()
        stream = permuted(parts(480), 3, seed=1)
        found[name] = learner(net, stream, make(net)).learn()
    return found


@pytest.mark.slow
def test_what_is_learnt_after_another_is_forgotten_without_a_method(learnt):
    assert learnt["sequential"].test.shape == (3, 3)
    assert learnt["sequential"].test.diagonal().min() > 0.9
    assert backward_transfer(learnt["sequential"].test) < -0.1


@pytest.mark.parametrize("name", ["hlop", "gpm", "ewc", "si", "replay"])
def test_each_method_forgets_less(learnt, name):
    plain = backward_transfer(learnt["sequential"].test)
    assert backward_transfer(learnt[name].test) > plain + 0.05


def test_subspaces_say_what_they_leave(learnt):
    for name in ("hlop", "gpm"):
        for task in learnt[name].residuals:
            assert set(task) == {"0", "2"}
            for left, least in task.values():
                assert 0 <= least <= left + 1e-6 <= 1


def test_the_same_seed_learns_the_same():
    rows = [learner(net := network(), permuted(parts(), 2), Replay(9)).learn().test for _ in "ab"]
    assert np.array_equal(*rows)
    assert net[0].weight.grad is not None


def test_all_tasks_at_once_have_one_row():
    net, stream = network(), permuted(parts(), 2)
    found = learner(net, stream.joint(), measured=stream).learn()
    assert found.test.shape == (1, 2)
    assert average_accuracy(found.test) > 0.7


def test_permuted_tasks_share_no_sample_unless_asked_to():
    x = np.arange(60, dtype=np.float32).reshape(20, 3)
    given = {name: (x, np.arange(20) % 2) for name in SPLITS}
    stream = permuted(given, 4)
    seen = [set(e.train.x.flatten().tolist()) for e in stream.experiences]
    assert [len(own) for own in seen] == [15] * 4
    assert set.union(*seen) == set(x.flatten().tolist())
    again = permuted(given, 4, shared=True).experiences
    assert all(len(e.train.y) == 20 for e in again)
    assert torch.equal(again[2].test.x, stream.experiences[2].test.x)


@pytest.mark.parametrize("scenario", ["task", "domain", "class"])
def test_split_tasks_by_scenario(scenario):
    stream = split(parts(), 2, scenario=scenario, fixed_class_order=[2, 0, 3, 1])
    labels = [set(e.train.y.tolist()) for e in stream.experiences]
    assert labels == ([{0, 1}, {0, 1}] if scenario == "domain" else [{0, 2}, {1, 3}])
    assert stream.n_classes == (2 if scenario == "domain" else 4)
    assert (stream.heads is not None) is (scenario == "task")
    if scenario == "task":
        assert stream.heads.tolist() == [[True, False, True, False], [False, True, False, True]]


def test_heads_learn_and_are_asked_alone():
    net, stream = network(), split(parts(), 2, fixed_class_order=[0, 1, 2, 3])
    own = learner(net, stream)
    own.learn_task(stream.experiences[0])
    before = net[2].weight[:2].detach().clone()
    own.learn_task(stream.experiences[1])
    assert torch.equal(net[2].weight[:2], before)
    assert min(own.accuracies("test")) > 0.4


def test_importance_of_a_linear_network_is_its_fisher_information():
    torch.manual_seed(0)
    net = torch.nn.Linear(3, 2, bias=False)
    ewc, x = EWC(net, 1.0, samples=4000), torch.randn(4000, 3)
    ewc.end_task(Task(Batch(x, torch.zeros(4000).long()), net))
    p = net(x).softmax(-1)
    want = torch.einsum("bo,bi->oi", p * (1 - p), x.square()) / len(x)
    torch.testing.assert_close(ewc.importance["weight"], want.detach(), rtol=0.15, atol=0.01)


def test_synaptic_intelligence_adds_up_how_the_loss_fell():
    # in a parabola, small steps lower the loss by what it was
    p = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(p.weight, 2.0)
    method, sgd = SynapticIntelligence(p, 1.0, damping=1e-9), torch.optim.SGD(p.parameters(), 1e-3)
    method.begin_task()
    for _ in range(8000):
        sgd.zero_grad()
        p.weight.square().sum().backward()
        method.before_step()
        sgd.step()
        method.after_step()
    method.end_task()
    assert method.importance["weight"].item() == pytest.approx(4 / 4, rel=1e-2)


@pytest.mark.parametrize("kind", [EWC, SynapticIntelligence])
def test_a_penalty_that_steps_by_itself_is_stable_and_has_the_same_rest(kind):
    net = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(net.weight)
    sgd = torch.optim.SGD(net.parameters(), 0.1)
    method = kind(net, 1e4, optimiser=sgd)
    method.begin_task()
    method.importance["weight"].fill_(1.0)
    method.pull["weight"].fill_(3.0)  # times an anchor of 3
    for _ in range(200):
        net.weight.grad = net.weight.detach() - 1  # a task that wants 1
        method.before_step()
        sgd.step()
        method.after_step()
    assert net.weight.item() == pytest.approx((1 + 1e4 * 3) / (1 + 1e4), rel=1e-3)


def test_figures_of_a_matrix():
    a = np.array([[0.9, 0.2, 0.1], [0.8, 0.9, 0.3], [0.6, 0.7, 0.95]])
    assert backward_transfer(a) == pytest.approx((0.6 - 0.9 + 0.7 - 0.9) / 2)
    assert forward_transfer(a, [0.1, 0.1, 0.1]) == pytest.approx(0.15)
    assert average_accuracy(a) == pytest.approx(0.75)
    ax = plot_accuracy_matrix(a)
    assert [t.get_text() for t in ax.texts][:3] == ["90", "20", "10"]
    assert len(ax.images[0].get_array()) == 3


def ones(n):
    return np.ones((n, 2), np.float32)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: permuted({"train": (ones(2), [0, 1])}, 2), "parts train, validation, test"),
        (lambda: permuted(parts(4), 9), "at least one training sample per task"),
        (lambda: permuted(parts(), 0), "n_experiences as a whole number >= 1"),
        (lambda: permuted({s: (ones(2), [0]) for s in SPLITS}, 1), "as many classes [n]"),
        (lambda: split(parts(), 3), "divides 4"),
        (lambda: split(parts(), 2, fixed_class_order=[0, 0, 1, 2]), "every class from 0 to 3 once"),
        (lambda: split(parts(), 2, scenario="online"), "scenario as one of task, domain, class"),
        (
            lambda: grouped({s: (ones(2), [0, 1], [4, 4]) for s in SPLITS}, [4, 5]),
            "no sample of the group 5",
        ),
        (lambda: backward_transfer([[0.5, 0.5]]), "a row for each of 2 tasks"),
        (lambda: average_accuracy([0.5]), "a matrix of accuracies"),
        (lambda: forward_transfer(np.eye(2), [0.1]), "2 accuracies of the untrained"),
        (lambda: Replay(0), "samples as a whole number >= 1"),
        (lambda: EWC(network(), -1.0), "strength as a finite number >= 0"),
        (lambda: EWC(network(), 1.0).end_task(), "call end_task(task)"),
    ],
)
def test_bad_input_is_one_line(call, said):
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
