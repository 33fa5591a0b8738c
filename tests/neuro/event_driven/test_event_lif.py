"""Layers of neurons with exact spike times: what only continuous time has, and silence."""

import copy
import pickle

import pytest
import torch

from axonal import neuro
from axonal.neuro import Events


def layer(**given):
    torch.manual_seed(3)
    made = neuro.EventLIF(
        neuro.DelayedLinear(3, 5, max_delay=4, kernel="straight-through"),
        neuro.CuBaLIF(5, tau=8.0, tau_synapse=4.0, decay_input=True),
        **given,
    ).double()
    with torch.no_grad():
        made.synapses.weight.abs_().mul_(8)
    return made


SAMPLES = [([1.0, 2.5, 7.0], [0, 1, 2]), ([0.5, 3.0], [2, 0])]
EVENTS = Events.of(*zip(*SAMPLES, strict=True), 3, 30, dtype=torch.float64)


@pytest.mark.parametrize("name", ["v_reset", "t_ref"])
def test_reset_and_refractory_time_are_learned(name):
    made = layer(v_reset=-0.2, t_ref=1.5, learn=name)
    values = getattr(made, name)
    made(EVENTS).times.nan_to_num(posinf=0.0).sum().backward()
    found = values.grad[0].item()
    times = []
    for step in (1e-6, -1e-6):
        with torch.no_grad():
            values[0] += step
            times.append(made(EVENTS).times.nan_to_num(posinf=0.0).sum().item())
            values[0] -= step
    assert found == pytest.approx((times[0] - times[1]) / 2e-6, rel=1e-5)
    assert found != 0


def test_engines_of_steps_refuse_what_only_continuous_time_has():
    made = layer(v_reset=-0.2, engine="eventprop")
    with pytest.raises(ValueError, match=r'v_reset = 0 and the refractory steps.*engine="exact"'):
        made(EVENTS)


def test_a_network_that_runs_away_ends_with_one_line():
    made = layer(limit=3)
    with pytest.raises(ValueError, match="limit = 3") as caught:
        made(EVENTS)
    assert "\n" not in str(caught.value)


def gradient(events, **given):
    made = layer(**given)
    neuro.first_spike_time(made(events)).square().sum().backward()
    return made.synapses.weight.grad


def test_the_gradient_of_a_sample_is_clipped_before_samples_are_added():
    singles = [Events.of([t], [i], 3, 30, dtype=torch.float64) for t, i in SAMPLES]
    own = [gradient(events) for events in singles]
    clip = 0.5 * min(g.norm().item() for g in own)
    assert torch.equal(gradient(EVENTS, clip=1e9), gradient(EVENTS))
    expected = sum(g * (clip / g.norm()) for g in own)
    torch.testing.assert_close(gradient(EVENTS, clip=clip), expected)
    torch.testing.assert_close(gradient(singles[0], clip=clip).norm().item(), clip)


def test_a_silent_layer_has_gradients_of_zero_and_is_woken():
    made = layer()
    torch.nn.init.zeros_(made.synapses.weight)
    sgd = torch.optim.SGD(made.parameters(), lr=0.1)
    silent = neuro.SilentNeurons(made, sgd, step=0.5, every=2)
    for updates in (1, 2):
        spikes = made(EVENTS)
        assert spikes.counts.tolist() == [0, 0]
        loss = neuro.first_spike_loss(spikes, torch.tensor([0, 4]))
        sgd.zero_grad()
        loss.backward()
        assert made.synapses.weight.grad is None or not made.synapses.weight.grad.any()
        sgd.step()
        assert silent.woken == (0 if updates == 1 else 5)
    assert (made.synapses.weight == 0.5).all()


def test_silence_is_counted_in_training_only_and_travels_with_a_copy():
    made = layer()
    sgd = torch.optim.SGD(made.parameters(), lr=0.1)
    silent = neuro.SilentNeurons(torch.nn.ModuleList([made]), sgd, every=1)
    with torch.no_grad():
        made(EVENTS)
    assert not silent._spikes[0].any()
    copy.deepcopy(made)(EVENTS)
    assert not silent._spikes[0].any()
    assert pickle.loads(pickle.dumps(made)).engine == "exact"
    made(EVENTS)
    assert silent._spikes[0].any()


def test_a_target_that_was_silent_is_woken_at_once():
    made = layer()
    torch.nn.init.zeros_(made.synapses.weight)
    sgd = torch.optim.SGD(made.parameters(), lr=0.1)
    silent = neuro.SilentNeurons(made, sgd, step=0.5, every=100)
    silent.told(made(EVENTS), torch.tensor([1, 1]))
    sgd.step()
    assert made.synapses.weight.sum(1).tolist() == [0, 1.5, 0, 0, 0]


def silent(net, **given):
    return neuro.SilentNeurons(net, torch.optim.SGD(net.parameters(), lr=0.1), **given)


def by_func(engine, transform):
    made = layer(engine=engine)
    parameters = {name: p.detach() for name, p in made.named_parameters()}
    if transform is torch.func.vmap:
        parameters = {name: torch.stack([p, p]) for name, p in parameters.items()}

    def total(parameters):
        out = torch.func.functional_call(made, parameters, (EVENTS,))
        return out.times.masked_fill(~out.valid, 0).sum()

    return made, transform(total)(parameters)


def test_transforms_of_torch_differentiate_the_exact_engine():
    made, found = by_func("exact", torch.func.grad)
    out = made(EVENTS)
    out.times.masked_fill(~out.valid, 0).sum().backward()
    assert out.counts.sum() > 0
    for name, p in made.named_parameters():
        torch.testing.assert_close(found[name], p.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: neuro.EventLIF(neuro.LIF(3), neuro.CuBaLIF(3)), "a DelayedLinear or a Linear"),
        (lambda: layer(learn="tau"), "can learn v_reset, t_ref; got tau"),
        (lambda: layer(limit=0), "limit"),
        (lambda: layer(clip=0), "clip > 0, got 0"),
        (lambda: layer(clip=1.0, engine="eventprop")(EVENTS), "does not clip samples"),
        (lambda: silent(torch.nn.Linear(1, 1), every=1), "found none in Linear"),
        (lambda: silent(layer(), every=0), "every >= 1"),
        (lambda: silent(layer(), step=-1.0, every=1), "step > 0"),
        (lambda: neuro.SilentNeurons(layer(), None, every=1), "optimiser of torch, got NoneType"),
        (lambda: silent(layer(), every=1).told(EVENTS, torch.tensor([0, 7])), "from 0 to 2, got 7"),
        (lambda: layer(t_ref=-1.0), "t_ref as a finite number >= 0, got -1.0"),
        (lambda: layer(v_reset=float("nan")), "v_reset as a finite number, got nan"),
        (lambda: layer()([1.0]), "Events, or spikes"),
        (
            lambda: layer().bfloat16()(EVENTS),
            "float32 or float64, whose.*got torch.bfloat16",
        ),
        (lambda: layer(engine="eventprop").half()(EVENTS), r"got torch.float16: write .float\(\)"),
        (lambda: by_func("exact", torch.func.vmap), "not run within torch.func.vmap"),
        (lambda: by_func("eventprop", torch.func.vmap), "not run within torch.func.vmap"),
        (lambda: by_func("eventprop", torch.func.grad), "nor one by torch.func"),
        (lambda: layer()(EVENTS._replace(times=EVENTS.times.half())), "float32 or float64"),
        (lambda: layer(engine="surrogate")(EVENTS._replace(times=EVENTS.times - 9)), "from 0 to"),
    ],
)
def test_bad_settings_are_one_line(make, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_silent_target_has_no_gradient_and_others_are_not_pushed():
    times = torch.tensor([[1.0, 2.0], [1.0, 3.0]], dtype=torch.float64, requires_grad=True)
    indices = torch.tensor([[0, 1], [0, 1]])
    events = Events(times, indices, torch.tensor([2, 2]), 3, 9.0)
    neuro.first_spike_loss(events, torch.tensor([1, 2])).backward()
    assert times.grad[0].abs().min() > 0
    assert not times.grad[1].any()


def test_the_late_term_pulls_the_target_forward():
    times = torch.tensor([[4.0, 6.0]], dtype=torch.float64, requires_grad=True)
    events = Events(times, torch.tensor([[0, 1]]), torch.tensor([2]), 2, 9.0)
    target = torch.tensor([0])
    plain = neuro.first_spike_loss(events, target, scale=2.0)
    both = neuro.first_spike_loss(events, target, scale=2.0, late=0.1, late_scale=4.0)
    (slope,) = torch.autograd.grad(both - plain, times)
    assert slope[0, 0].item() == pytest.approx(0.1 / 4 * torch.e)
    assert slope[0, 1] == 0


def test_events_are_refused_where_classes_or_lengths_do_not_fit():
    with pytest.raises(neuro.InputError, match="leave out the lengths"):
        neuro.first_spike_time(EVENTS, torch.tensor([3, 3]))
    with pytest.raises(neuro.InputError, match="classes from 0 to 2, got 7"):
        neuro.first_spike_loss(EVENTS, torch.tensor([0, 7]))
    with pytest.raises(neuro.InputError, match=r"classes \[B\] = \(2,\) of int64"):
        neuro.first_spike_loss(EVENTS, torch.tensor([0.5, 0.5]))
    with pytest.raises(neuro.InputError, match=r"wanted times \(2, 3\)"):
        neuro.spike_time_loss(EVENTS, torch.zeros(2, 2))


def test_a_spike_at_the_end_has_its_whole_gradient_and_a_silent_target_is_not_late():
    times = torch.tensor([[9.0, 9.0]], dtype=torch.float64, requires_grad=True)
    events = Events(times, torch.tensor([[0, 1]]), torch.tensor([2]), 2, 9.0)
    neuro.spike_time_loss(events, torch.tensor([[1.0, torch.inf]])).backward()
    assert times.grad.tolist() == [[16.0, 0.0]]
    silent_target = Events.of([[1.0]], [[0]], 2, 90)
    plain, both = (
        neuro.first_spike_loss(silent_target, torch.tensor([1]), late=late) for late in (0.0, 1.0)
    )
    assert plain == both
