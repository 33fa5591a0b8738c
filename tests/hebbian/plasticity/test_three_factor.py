"""Three-factor learning: the gradient where theory says so, for weights and for delays."""

import pytest
import torch
from torch import Tensor

from axonal import neuro
from axonal.hebbian.plasticity import ThreeFactorLayer, three_factor

KERNELS = ("straight-through", "gaussian", "triangle", "two-tap")


def layers(kernel: str | None, reset: str, **options: object) -> tuple[torch.nn.Module, neuro.LIF]:
    torch.manual_seed(0)
    if kernel is None:
        synapses = neuro.Linear(3, 4).double()
    else:
        sigma = {"two-tap": None}.get(kernel, 1.3)
        synapses = neuro.DelayedLinear(3, 4, 5, kernel=kernel, sigma=sigma, **options).double()
    torch.nn.init.uniform_(synapses.weight, 0.1, 0.9)
    return synapses, neuro.LIF(4, [1.5, 2.0, 3.0, 5.0], reset=reset).double()


def gradients(
    synapses: torch.nn.Module, lif: neuro.LIF, x: Tensor, keep: float
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Spikes, gradients by backpropagation, and the signals that reach the neurons in each step."""
    readout = torch.randn(2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = synapses(x)
    spikes, _ = lif(y[0] if isinstance(y, tuple) else y)
    potentials, v = [], torch.zeros(x.shape[1], 2, dtype=x.dtype)
    for s_t in spikes:
        v = keep * v + s_t @ readout.T
        v.retain_grad()
        potentials.append(v)
    out = torch.stack(potentials)
    loss = torch.logsumexp(out, 2).square().mean(1).sum()
    # what an error at every step tells: the gradient by each y_t with the others fixed
    (direct,) = torch.autograd.grad(loss, out, retain_graph=True)
    learned = [p for p in synapses.parameters() if p.requires_grad]
    exact = torch.autograd.grad(loss, learned)
    batch = x.shape[1]
    return spikes, list(exact), [batch * g @ readout for g in direct]


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
@pytest.mark.parametrize("kernel", [None, *KERNELS])
@pytest.mark.parametrize("keep", [0.0, 0.8])
def test_the_sum_of_the_changes_is_the_gradient(
    kernel: str | None, reset: str, keep: float
) -> None:
    synapses, lif = layers(kernel, reset)
    x = (torch.rand(25, 6, 3, generator=torch.Generator().manual_seed(2)) < 0.4).double()
    spikes, exact, signals = gradients(synapses, lif, x, keep)
    assert 0.05 < spikes.mean() < 0.95
    rule, state = ThreeFactorLayer(synapses, lif, readout_decay=keep), None
    for x_t, signal, wanted in zip(x, signals, spikes, strict=True):
        pending = rule.run(x_t, state)
        assert torch.equal(pending.spikes, wanted)
        change, state = rule.learn(pending, signal)
        rule.accumulate(change)
    names = [name for name, p in synapses.named_parameters() if p.requires_grad and name != "bias"]
    assert names == (["weight"] if kernel is None else ["weight", "position"])
    by_name = dict(zip((n for n, _ in synapses.named_parameters()), exact, strict=True))
    for name in names:
        grad = getattr(synapses, name).grad
        assert grad.abs().max() > 1e-3
        torch.testing.assert_close(grad, by_name[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("per", ["source", "target"])
def test_shared_delays_and_masks_get_the_gradient_too(per: str) -> None:
    mask = torch.tensor([[1, 0, 1], [1, 1, 1], [0, 1, 1], [1, 1, 0]])
    synapses, lif = layers("straight-through", "zero", per=per, mask=mask)
    x = (torch.rand(20, 5, 3, generator=torch.Generator().manual_seed(3)) < 0.5).double()
    _, exact, signals = gradients(synapses, lif, x, 0.5)
    rule, state = ThreeFactorLayer(synapses, lif, readout_decay=0.5), None
    for x_t, signal in zip(x, signals, strict=True):
        change, state = rule.learn(rule.run(x_t, state), signal)
        rule.accumulate(change)
    for name, wanted in zip(("weight", "position"), exact, strict=True):
        torch.testing.assert_close(getattr(synapses, name).grad, wanted, rtol=1e-5, atol=1e-7)


def test_frozen_delays_do_not_learn() -> None:
    synapses, lif = layers("straight-through", "zero")
    synapses.freeze_delays()
    rule = ThreeFactorLayer(synapses, lif)
    pending = rule.run(torch.ones(2, 3, dtype=torch.float64))
    change, _ = rule.learn(pending, torch.ones(2, 4, dtype=torch.float64))
    assert change.delay is None and change.weight.any()


def test_hand_values_of_e_prop() -> None:
    """One input, no recurrence, factor .9, threshold 1, psi = .3 max(0, 1 - |v - 1|)."""
    w, inputs = torch.full((1, 1), 0.5, dtype=torch.float64), (1, 0, 1, 1, 1, 0)
    potentials, spikes = (0.5, 0.45, 0.905, 1.3145, 0.68305, 0.614745), (0, 0, 0, 1, 0, 0)
    traces, found = None, []
    for x, v, s in zip(inputs, potentials, spikes, strict=True):
        one = torch.ones(1, 1, dtype=torch.float64)
        psi = 0.3 * max(0.0, 1 - abs(v - 1)) * one
        change = three_factor(
            w, traces, x * one, s * one, one, slope=psi, decay=0.9, reset="subtract"
        )
        traces = change.traces
        found.append(-change.weight.item())
    wanted = (0.15, 0.1215, 0.491415, 0.540654, 0.689764, 0.558709)
    assert found == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: (neuro.Conv2d(1, 1, 3), neuro.LIF(1)), "trains a neuro.Linear or"),
        (lambda: (neuro.Linear(2, 3), neuro.ALIF(3)), "trains neuro.LIF neurons, got ALIF"),
        (lambda: (neuro.Linear(2, 3), neuro.GradedLIF(3)), "got GradedLIF"),
        (lambda: (neuro.Linear(2, 3), neuro.LIF(4)), "as many neurons as outputs, 3, got"),
        (lambda: (neuro.Linear(2, 3), neuro.LIF(3, refractory=2)), "no trace for refractory steps"),
        (lambda: (neuro.Linear(2, 3), neuro.LIF(3, detach_reset=False)), "with a gradient"),
        (lambda: (neuro.Linear(2, 3), neuro.LIF(3, reset="delayed")), 'reset="delayed"'),
    ],
)
def test_layers_that_it_cannot_train_are_refused_in_one_line(make: object, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said) as caught:
        ThreeFactorLayer(*make())  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_what_does_not_fit_is_refused_in_one_line() -> None:
    w, x, s = torch.zeros(4, 3), torch.zeros(2, 3), torch.zeros(2, 4)
    good = {"slope": s, "decay": 0.9}
    traces = three_factor(w, None, x, s, s, **good).traces
    for given, said in (
        ((w, None, torch.zeros(2, 4), s, s, good), r"expects pre \[B, N\] of one step with N = 3"),
        ((w, None, x, s, x, good), "expects signal"),
        ((w, None, x, s, s, {**good, "reset": "soft"}), "expects reset"),
        ((w, traces, x[:1], s[:1], s[:1], {"slope": s[:1], "decay": 0.9}), "expects the trace"),
        ((w, traces, x, s, s, {**good, "moved": torch.zeros(2, 4, 3)}), "moved at every step or"),
        ((w, None, x, s, s, {**good, "readout_decay": 2.0}), "readout_decay"),
    ):
        *arguments, options = given
        with pytest.raises(ValueError, match=said) as caught:
            three_factor(*arguments, **options)
        assert "\n" not in str(caught.value)
