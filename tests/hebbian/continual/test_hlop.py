"""Networks that learn beside earlier activity: what stays, in every mode and kind of layer."""

import copy

import pytest
import torch

from axonal import neuro
from axonal.hebbian.continual import GPM, HLOP, Batch, Task
from axonal.neuro.ops.delayed_linear.reference import delay_kernel

STEPS, B = 7, 5


def spikes(*shape, rate=0.4):
    return (torch.rand(STEPS, B, *shape) < rate).float()


def linear(mask=None):
    torch.manual_seed(0)
    return neuro.Sequential(neuro.Linear(12, 6, bias=False, mask=mask), neuro.LIF(6))


def conv(**kwargs):
    torch.manual_seed(0)
    return neuro.Sequential(
        neuro.Conv2d(2, 3, 3, bias=False, **kwargs), torch.nn.Flatten(), torch.nn.Identity()
    )


def delayed(per="synapse", kernel="gaussian", **kwargs):
    torch.manual_seed(0)
    layer = neuro.DelayedLinear(4, 3, max_delay=3, per=per, kernel=kernel, **kwargs)
    return neuro.Sequential(layer, neuro.LeakyIntegrator(3))


def backward(net, x):
    """Gradients of a loss that depends on every output at every step in its own way."""
    net.zero_grad()
    y = net(x)[0]
    torch.manual_seed(9)
    (y * torch.randn_like(y)).sum().backward()


def taught(net, x, ranks, repeats=100, rate=0.02, **kwargs):
    """HLOP whose first task was x until its rows had come to rest; a second one runs."""
    hlop = HLOP(net, ranks, rate=rate, **kwargs)
    hlop.begin_task()
    for _ in range(repeats):
        net(x)
        hlop.before_step()
    hlop.end_task()
    hlop.begin_task()
    return hlop


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (linear, (12,)),
        (lambda: conv(padding=1, stride=2), (2, 6, 5)),
        (lambda: conv(padding=1, dilation=2, padding_mode="circular"), (2, 6, 6)),
    ],
    ids=["linear", "strided", "dilated"],
)
@pytest.mark.parametrize("activity", ["rate", "steps"])
def test_input_and_weight_modes_make_one_gradient(make, shape, activity):
    net, x = make(), spikes(*shape)
    by_input = copy.deepcopy(net)
    found = []
    for one, mode in ((net, "weight"), (by_input, "input")):
        torch.manual_seed(4)
        hlop = taught(one, x, 3, repeats=3, mode=mode, activity=activity)
        given = spikes(*shape).requires_grad_()
        backward(one, given)
        hlop.before_step()
        found.append((one[0].weight.grad, given.grad))
    plain = make()
    given = given.detach().requires_grad_()
    backward(plain, given)
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)
    assert torch.equal(found[1][1], given.grad)  # what goes on to the layer before is unchanged
    h = hlop.layers["0"].frozen
    g = plain[0].weight.grad.flatten(1)
    want = (g - g @ h.T @ h).view_as(plain[0].weight)
    torch.testing.assert_close(found[0][0], want, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found[0][0], plain[0].weight.grad, rtol=1e-2)


def test_a_current_that_stays_is_learnt_once_per_sample():
    x = torch.randn(B, 12).expand(STEPS, B, 12)
    gradients = []
    for given in (x, x.contiguous()):
        net = linear()
        torch.manual_seed(4)
        hlop = taught(net, given, 3, repeats=3, mode="input")
        backward(net, given)
        gradients.append(net[0].weight.grad)
        assert hlop.layers["0"].weight.shape == (6, 12)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


def test_responses_of_an_earlier_task_stay_while_a_later_one_is_learnt():
    net, old = linear(), spikes(12)[:1]  # five rows of activity
    hlop = taught(net, old, 5, repeats=400, rate=0.05, activity="steps")
    before = net[0](old).detach()
    sgd = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    for _ in range(20):
        backward(net, spikes(12))
        hlop.before_step()
        sgd.step()
    after = net[0](old).detach()
    moved = (net[0].weight - linear()[0].weight).abs().max()
    assert moved > 0.5
    assert (after - before).abs().max() < 1e-3


@pytest.mark.parametrize("optimiser", ["SGD", "Adam"])
@pytest.mark.parametrize("per", ["synapse", "source", "target"])
@pytest.mark.parametrize("kernel", ["gaussian", "triangle"])
def test_delayed_responses_stay_to_first_order(per, kernel, optimiser):
    net, old = delayed(per, kernel).double(), spikes(4)[:, :1].double()
    layer = net[0]
    with torch.no_grad():  # a triangle has kinks at whole delays, where nothing is of first order
        layer.position.copy_(layer.position.floor() + 0.4)
    hlop = taught(net, old, 3, repeats=50, rate=0.02, activity="steps", mode="step")
    rows = hlop.layers["0"].frozen.view(3, 4, 4)

    def responses():
        k = delay_kernel(layer.weight, layer.delay, layer.sigma, kernel, 3)
        return torch.einsum("rij,oij->ro", rows, k).detach()

    changes = []
    for rate in (1e-2, 5e-3):
        start = copy.deepcopy(net.state_dict())
        before = responses()
        groups = [
            {"params": [layer.weight], "lr": rate},
            {"params": [layer.position], "lr": 3 * rate},
        ]
        step = getattr(torch.optim, optimiser)(groups)
        backward(net, spikes(4).double())
        if optimiser == "SGD":
            for p in net.parameters():
                p.grad /= p.grad.abs().max()
        hlop.before_step()
        step.step()
        hlop.after_step()
        assert (layer.position - start["0.position"]).abs().max() > rate / 10
        changes.append((responses() - before).abs().max())
        net.load_state_dict(start)
    # what is left is of second order: half the step leaves a quarter
    assert changes[0] < 1e-3
    assert changes[1] < 0.35 * changes[0] + 1e-6


def test_delays_are_fixed_or_free_when_asked_for():
    x = spikes(4)
    for delays, moves in (("fixed", False), ("free", True)):
        net = delayed()
        hlop = taught(net, x, 2, repeats=2, delays=delays)
        net.zero_grad()
        (net(x)[0] ** 2).sum().backward()
        gradient = net[0].position.grad
        hlop.before_step()
        assert (gradient is not None) is moves
        assert net[0].position.requires_grad is moves
        hlop.remove()
        assert net[0].position.requires_grad


def test_synapses_that_do_not_exist_take_up_nothing():
    mask = (torch.rand(6, 12, generator=torch.Generator().manual_seed(1)) < 0.6).float()
    net, x = linear(mask), spikes(12)
    hlop = taught(net, x, 2, repeats=3)
    backward(net, x)
    hlop.before_step()
    g = net[0].weight.grad
    assert torch.equal(g * mask, g)
    assert (g @ hlop.layers["0"].frozen.T).abs().max() < 1e-4 * g.abs().max()


def test_spiking_laterals_answer_inputs():
    torch.manual_seed(4)
    net, x = linear(), 3 * spikes(12)
    hlop = taught(net, x, 3, repeats=30, mode="input", levels=40)
    held = hlop.layers["0"]
    y = held.respond(x[0], held.frozen)
    assert torch.equal(y * 2, (y * 2).round())  # steps of 20 / 40
    torch.testing.assert_close(held.project(x[0]), x[0] - y @ held.frozen)


@pytest.mark.parametrize("engine", ["exact", "eventprop", "surrogate"])
def test_gradients_of_events_are_projected_alike(engine):
    torch.manual_seed(0)
    net = neuro.Sequential(
        neuro.DelayedLinear(4, 6, max_delay=2),
        neuro.CuBaLIF(6, decay_input=True),
        neuro.Linear(6, 2, bias=False),
        neuro.LeakyIntegrator(2, tau=5.0),
        neuro.LeakyIntegrator(2, tau=10.0, decay_input=True),
    )
    with torch.no_grad():
        net[0].weight.fill_(4.0)
    run = neuro.EventNetwork(net, engine=engine)
    hlop = HLOP(run, {"0": 3, "2": 2})
    x = spikes(4)
    hlop.begin_task()
    run(x).sum().backward()
    hlop.before_step()
    hlop.end_task()
    hlop.begin_task()
    net.zero_grad()
    torch.manual_seed(2)
    (run(spikes(4)) * torch.randn(B, 2)).sum().backward()
    hlop.before_step()
    g = net[2].weight.grad
    assert g.abs().max() > 0
    h = hlop.layers["2"].frozen
    own = h @ h.T  # rows that one batch has taught are not quite orthonormal
    assert torch.linalg.vector_norm(g @ torch.linalg.solve(own, h).T) < 0.2 * g.norm()


def test_others_stop_from_the_second_task_on():
    torch.manual_seed(0)
    net = neuro.Sequential(neuro.Linear(4, 3), neuro.LIF(3, learn="threshold"))
    hlop = HLOP(net, 1)
    hlop.begin_task()
    backward(net, spikes(4))
    assert all(p.requires_grad for p in net.parameters())
    hlop.before_step()
    hlop.end_task()
    hlop.begin_task()
    assert [name for name, p in net.named_parameters() if p.requires_grad] == ["0.weight"]


def test_networks_and_subspaces_are_restored_together():
    net, x = linear(), spikes(12)
    hlop = taught(net, x, [3, 2], repeats=3)
    backward(net, x)
    hlop.before_step()
    state = copy.deepcopy(hlop.state_dict())
    again = linear()
    other = HLOP(again, [3, 2], rate=0.02)
    other.begin_task()
    with pytest.raises(ValueError, match="subspaces of 2 tasks, this one of 1: call begin_task"):
        other.load_state_dict(state)
    again(x)
    other.before_step()
    other.end_task()
    other.begin_task()
    other.load_state_dict(state)
    x = spikes(12)
    for one, own in ((net, hlop), (again, other)):
        backward(one, x)
        own.before_step()
    assert torch.equal(net[0].weight.grad, again[0].weight.grad)
    for name, held in hlop.state_dict().items():
        assert torch.equal(held, other.state_dict()[name]), name


def test_gpm_holds_principal_components():
    net, x = linear(), torch.randn(40, 12) * torch.linspace(0.1, 2, 12)
    gpm = GPM(net, [4, 2])
    task = Task(Batch(x, torch.zeros(40).long()), lambda x: net(x.expand(3, *x.shape))[0].mean(0))
    for most in (4, 6):
        gpm.begin_task()
        gpm.end_task(task)
        held = gpm.layers["0"]
        axes = torch.linalg.svd(x)[2][:most]
        inside = torch.linalg.vector_norm(axes @ held.frozen.T, dim=1)
        assert inside == pytest.approx(torch.ones(most).numpy(), abs=1e-4)
        left, least = gpm.residuals(task)["0"]
        assert left == pytest.approx(least, rel=1e-4)


def never_seen():
    hlop = HLOP(linear(), 1)
    hlop.begin_task()
    hlop.end_task()


def silent():
    net = linear()
    hlop = HLOP(net, 1)
    hlop.begin_task()
    net(torch.zeros(STEPS, B, 12))
    hlop.before_step()
    hlop.end_task()


def twice():
    net = linear()
    HLOP(net, 1)
    HLOP(net, 1)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: HLOP(linear(), 13), ValueError, "12 presynaptic directions: a rank of 13"),
        (lambda: HLOP(linear(), 0), ValueError, "the rank of '0' as a whole number >= 1"),
        (lambda: HLOP(linear(), []), ValueError, "at least one rank"),
        (lambda: HLOP(linear(), {"1": 2}), ValueError, "expects ranks of '0', got those of '1'"),
        (lambda: HLOP(linear(), 1, layers=["1"]), TypeError, "'1' is LIF. Name some of '0'"),
        (lambda: HLOP(linear(), 1, layers=["7"]), ValueError, "finds no layer '7'"),
        (lambda: HLOP(neuro.LIF(3), 1), ValueError, "finds no connections"),
        (lambda: HLOP(linear(), 1, mode="output"), ValueError, "mode as one of weight, input"),
        (lambda: HLOP(linear(), 1, levels=40), ValueError, 'expects mode="input"'),
        (lambda: HLOP(delayed(), 1, mode="input"), ValueError, "an input of its own"),
        (lambda: HLOP(conv(groups=1), 1, activity="spikes"), ValueError, "activity as one of"),
        (lambda: HLOP(linear(), 1).before_step(), ValueError, "no task runs"),
        (lambda: HLOP(linear(), 1, rate={"2": 0.1}), ValueError, "expects rates of 0"),
        (never_seen, ValueError, "no activity reached '0' in task 1"),
        (silent, ValueError, "Are the neurons before it silent"),
        (twice, ValueError, "the layer '0' is protected already"),
    ],
)
def test_bad_input_is_one_line(call, kind, said):
    with pytest.raises(kind) as caught:
        call()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["Backprop", "OTTT", "FeedbackAlignment", "SignSymmetric", "DirectFeedbackAlignment"]
)
def test_gradients_of_rules_without_backpropagation_are_projected_alike(name):
    from axonal.hebbian import local

    torch.manual_seed(0)
    lif = {"decay": "euler", "reset": "subtract", "surrogate": neuro.Sigmoid(4)}
    net = neuro.Sequential(
        neuro.Linear(8, 6, bias=False), neuro.LIF(6, **lif), neuro.Linear(6, 3, bias=False)
    )
    rule, y = getattr(local, name)(net), torch.arange(B) % 3
    hlop = HLOP(net, 2, rate=0.02)
    for _ in range(2):
        x = spikes(8, rate=0.8)
        hlop.begin_task()
        net.zero_grad()
        rule.gradients(x, y)
        before = net[0].weight.grad.clone()
        hlop.observe(x)
        hlop.before_step()
        if hlop.tasks == 1:
            hlop.end_task()
    h = hlop.layers["0"].frozen
    want = before - before @ h.T @ h
    torch.testing.assert_close(net[0].weight.grad, want, rtol=1e-4, atol=1e-6)
    assert before.abs().max() > 0
