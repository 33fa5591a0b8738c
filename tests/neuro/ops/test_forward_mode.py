"""Forward-mode derivatives: right in plain torch, refused by compiled code, never zero."""

import pytest
import torch
from torch.autograd import forward_ad
from torch.func import hessian, jacfwd, jacrev, jvp

pytest.importorskip("numba")

from axonal import neuro
from axonal.neuro.events import Events
from axonal.neuro.ops.delayed_conv import Geometry, delayed_conv
from axonal.neuro.ops.delayed_linear import delayed_linear
from axonal.neuro.ops.egru import egru
from axonal.neuro.ops.eventprop_lif import eventprop_lif, eventprop_readout
from axonal.neuro.ops.exact_lif import exact_lif
from axonal.neuro.ops.gated_scan import gated_scan
from axonal.neuro.ops.leaky_integrator import leaky_integrator
from axonal.neuro.ops.leaky_rnn import leaky_rnn
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.neuron_loop import Parameters, State, neuron_loop
from axonal.neuro.ops.recurrent_lif import recurrent_lif
from axonal.neuro.ops.sparse_egru import Compressed, sparse_egru
from axonal.neuro.ops.spike_linear import spike_linear
from axonal.neuro.ops.wkv import wkv

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
]

HALF, REST, WEIGHT = torch.tensor(0.5), torch.zeros(2, 3), torch.full((3, 3), 0.3)
X = torch.linspace(0, 0.9, 24).reshape(4, 2, 3)

ONE_UNIT = torch.zeros(2, 1), torch.zeros(2, 1), WEIGHT[:, :1], WEIGHT[:, 0], HALF.expand(1) / 5

FEW = Compressed.of(WEIGHT), WEIGHT[0], Compressed.of(WEIGHT[:, :1]), WEIGHT[:, 0]

SPACE = Geometry((1,), (1,), (1, 1))

OPERATORS = {
    "egru": lambda x, b: egru(x, *ONE_UNIT, support=0.5, backend=b)[1],
    "sparse_egru": lambda x, b: sparse_egru(x, *ONE_UNIT[:2], *FEW, ONE_UNIT[4], backend=b)[1],
    "lif": lambda x, b: lif(x, REST, None, HALF, 4 * HALF, backend=b)[1],
    "leaky_integrator": lambda x, b: leaky_integrator(x, REST, HALF, backend=b),
    "leaky_rnn": lambda x, b: leaky_rnn(x, REST, WEIGHT, WEIGHT[0], backend=b),
    "leaky_rnn_inside": lambda x, b: leaky_rnn(x, REST, WEIGHT, WEIGHT[0], inside=True, backend=b),
    "neuron_loop": lambda x, b: (
        neuron_loop(
            x,
            State(REST, REST, None),
            Parameters(HALF, 4 * HALF, HALF, HALF),
            kind="cubalif",
            backend=b,
        )[1].v
    ),
    "recurrent_lif": lambda x, b: recurrent_lif(
        x, REST, REST, None, WEIGHT, None, HALF, 4 * HALF, backend=b
    )[1],
    "spike_linear": lambda x, b: spike_linear(x, WEIGHT, backend=b),
    "gated_scan": lambda x, b: gated_scan(x, x + 0.5, REST + 1, backend=b),
    "wkv": lambda x, b: wkv(x, x + 1, -WEIGHT[0], WEIGHT[0], backend=b)[0],
    "delayed_conv": lambda x, b: delayed_conv(
        x.unsqueeze(2),
        torch.zeros(14, 2, 1, 3),
        WEIGHT[:, None],
        torch.ones(3, 1, 3),
        kernel="two-tap",
        max_delay=14,
        geometry=SPACE,
        backend=b,
    )[0],
    "delayed_linear": lambda x, b: delayed_linear(
        x, torch.zeros(2, 2, 3), WEIGHT, torch.ones(3, 3), kernel="two-tap", max_delay=2, backend=b
    )[0],
}


def dual(call, x, *, learns=False):
    with forward_ad.dual_level():
        x = forward_ad.make_dual(x.clone().requires_grad_(learns), torch.ones_like(x))
        return forward_ad.unpack_dual(call(x)).tangent


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_gives_the_tangent_or_refuses(name):
    run = OPERATORS[name]
    exact = dual(lambda x: run(x, "reference"), X)
    # all entries of x move together: the Jacobian that a backward pass knows says the same
    turned = jacrev(lambda x: run(x, "reference"))(X).flatten(-3).sum(-1)
    torch.testing.assert_close(exact, turned)
    assert exact.abs().sum() > 0
    for learns in (False, True):
        assert torch.equal(dual(lambda x: run(x, "auto"), X, learns=learns), exact)
        with pytest.raises(ValueError, match="no forward-mode derivative in compiled code") as e:
            dual(lambda x: run(x, "cpu"), X, learns=learns)
        assert "\n" not in str(e.value)
    assert torch.equal(jvp(lambda x: run(x, "auto"), (X,), (torch.ones_like(X),))[1], exact)
    for transform in (jacfwd, jacrev, hessian):
        transform(lambda x: run(x, "auto").sum())(X)
        with pytest.raises(ValueError, match="compiled code"):
            transform(lambda x: run(x, "cpu").sum())(X)


def test_what_is_registered_with_torch_refuses_when_it_is_called_directly():
    assert exact_lif  # whose import registers it
    ops, none = torch.ops.axonal, X.new_empty(0)
    waits, saved = torch.zeros(0, dtype=torch.int32), X.new_empty(0, 2, 3)
    last = (1, False, False)
    settings = (False, "zero", True, 0, "atan", 2.0)
    row = torch.full((3,), 0.5)
    alone = none, none.new_empty(0, 0), none, none.new_empty(0, 0), none, "", 0
    each = HALF, HALF, HALF, HALF
    calls = {
        "lif": lambda x: ops.lif(x, REST, waits, HALF, HALF, *settings, 0)[1],
        "lif_backward": lambda x: ops.lif_backward(
            x, REST, None, x.detach(), saved.int(), HALF, HALF, *settings, *last
        )[0],
        "leaky_integrator": lambda x: ops.leaky_integrator(x, REST, HALF, False),
        "leaky_integrator_backward": lambda x: ops.leaky_integrator_backward(
            x, None, x, REST, HALF, False, False
        )[0],
        "leaky_rnn": lambda x: ops.leaky_rnn(x, REST, WEIGHT, row, 0.01, False)[0],
        "leaky_rnn_backward": lambda x: ops.leaky_rnn_backward(
            x, X, REST, WEIGHT, row, X, none, 0.01, False
        )[0],
        "spike_linear": lambda x: ops.spike_linear(x.flatten(0, 1), WEIGHT),
        "spike_linear_weight": lambda x: ops.spike_linear_weight(x.flatten(0, 1), X.flatten(0, 1)),
        "neuron_loop": lambda x: ops.neuron_loop(
            x, REST, REST, waits, *alone, *each, *settings, "alif", False
        )[1],
        "neuron_loop_backward": lambda x: ops.neuron_loop_backward(
            x, REST, REST, X, X, X, saved.to(torch.int8), REST, REST, *alone, *each, *settings,
            "alif", *(False,) * 6,
        )[0],
        "gated_scan": lambda x: ops.gated_scan(x, X, REST),
        "gated_scan_backward": lambda x: ops.gated_scan_backward(x, X, REST, X)[0],
        "wkv": lambda x: ops.wkv(x, x, row, row, REST, REST, REST, False)[0],
        "wkv_backward": lambda x: ops.wkv_backward(
            x, REST, REST, X, X, row, row, *(X.new_zeros(1, 2, 3),) * 3
        )[0],
        "recurrent_lif": lambda x: ops.recurrent_lif(
            x, REST, WEIGHT, row, REST, waits, row, row, *settings, 0
        )[1],
        "recurrent_lif_backward": lambda x: ops.recurrent_lif_backward(
            x, REST, None, X, X, REST, WEIGHT, row, REST, waits, row, row, *settings, *last[1:]
        )[0],
        "delayed_conv": lambda x: ops.delayed_conv(
            x[:, :, None, None], torch.zeros(1, 3).long(), 1, 3, 2,
            WEIGHT, torch.ones(3, 3), HALF, "one-tap", 2,
        ),
        "delayed_conv_backward": lambda x: ops.delayed_conv_backward(
            x[:, :, None, None], X[:, :, None, None].repeat(2, 1, 1, 1, 1)[:6],
            torch.zeros(1, 3).long(), 2, WEIGHT[:1], torch.ones(1, 3), HALF, "one-tap", 2,
            True, False,
        )[0],
        "delayed_linear": lambda x: ops.delayed_linear(
            x, none.new_zeros(2, 2, 3), WEIGHT, torch.ones(3, 3), HALF, "one-tap", 2
        ),
        "delayed_linear_backward": lambda x: ops.delayed_linear_backward(
            x, X, none.new_zeros(2, 2, 3), WEIGHT, torch.ones(3, 3), HALF, "one-tap", 2,
            True, False, False,
        )[0],
    }  # fmt: skip
    gates, cells = X.new_zeros(4, 2, 3), X.new_zeros(4, 2, 1)
    calls |= {
        "egru": lambda x: ops.egru(x, *ONE_UNIT[:4], None, ONE_UNIT[4], 0.7, 1.0, False)[0],
        "sparse_egru": lambda x: ops.sparse_egru(
            x, *ONE_UNIT[:2], *FEW[0], FEW[1], *FEW[2], FEW[3], ONE_UNIT[4], 1.0
        )[0],
        "egru_backward": lambda x: ops.egru_backward(
            x[..., :1], cells, gates, cells, cells, cells, *ONE_UNIT[:3], None, ONE_UNIT[4],
            0.7, 1.0,
        )[0],
    }  # fmt: skip
    spikes = X.new_zeros(2, 4), torch.zeros(2, 4).long(), torch.full((2,), 4)
    synapses, loop = (WEIGHT, torch.ones(3, 3)), (WEIGHT, torch.ones(3, 3))
    neurons = *synapses, row, row, row, row, *loop
    calls |= {
        "eventprop_lif": lambda x: ops.eventprop_lif(
            x[0] + spikes[0][:, :3], spikes[1][:, :3], spikes[2] - 1, *neurons, 3, 99
        )[0],
        "eventprop_lif_backward": lambda x: ops.eventprop_lif_backward(
            x[0], *(a[..., :3] for a in spikes[:2]), spikes[2] - 1, x[0].detach(), x[0].detach(),
            *spikes, *neurons, 3, True, True, True,
        )[0],
        "eventprop_readout": lambda x: ops.eventprop_readout(
            *spikes, WEIGHT * x[0, 0], torch.ones(3, 3), row, row, 3
        ),
        "eventprop_readout_backward": lambda x: ops.eventprop_readout_backward(
            x, *spikes, *synapses, row, row, True, True, True
        ),
    }  # fmt: skip
    events = torch.tensor([[0.5, 1.0]], dtype=torch.float64), torch.tensor([[0, 2]])
    one, many = torch.ones(3, dtype=torch.float64), torch.tensor([2])
    exact_synapses = (5 * WEIGHT.double(), WEIGHT.double(), *(torch.zeros(0, 0).double(),) * 2)
    exact_neurons = 9 * one, 5 * one, one, 0 * one, 0 * one
    setting = 9.0, "", 0.0, 99, torch.inf
    made = ops.exact_lif(*events, many, *exact_synapses, *exact_neurons, *setting)
    calls |= {
        "exact_lif": lambda x: ops.exact_lif(
            events[0] + x.sum(), events[1], many, *exact_synapses, *exact_neurons, *setting
        )[0],
        "exact_lif_scan": lambda x: ops.exact_lif_scan(
            events[0] + x.sum(), events[1], many, *exact_synapses, *exact_neurons, *setting
        )[0],
        "exact_lif_backward": lambda x: ops.exact_lif_backward(
            made[0] + x.sum(), made[3], *events, many, *made[:3], *made[4:],
            *exact_synapses, *exact_neurons, *setting, False,
        )[0],
    }  # fmt: skip
    registered = {name for name in torch._C._dispatch_get_all_op_names() if "axonal::" in name}
    # masks are only looked at: there is nothing to differentiate
    looked_at = {"axonal::hopfield_masks"}
    assert {name.removeprefix("axonal::") for name in registered - looked_at} == set(calls)
    for call in calls.values():
        call(X)
        with pytest.raises(ValueError, match="forward-mode"):
            dual(call, X)
        with pytest.raises(ValueError, match="forward-mode"):
            jvp(call, (X,), (torch.ones_like(X),))


@pytest.mark.parametrize("backend", ["auto", "reference", "cpu"])
def test_event_driven_neurons_refuse_by_any_way(backend):
    events, delay = Events.of([[0.0, 1.0]], [[0, 1]], 3, 4.0), torch.ones(3, 3)
    taus = {"tau": 5.0, "tau_synapse": 3.0, "backend": backend}
    for call in (
        lambda w: eventprop_lif(events, w, delay, **taus).times,
        lambda w: eventprop_readout(events, w, delay, **taus),
    ):
        with pytest.raises(ValueError, match="forward-mode") as caught:
            dual(call, 9 * WEIGHT)
        assert "\n" not in str(caught.value)


def test_a_backward_pass_of_compiled_code_within_forward_mode_is_refused():
    x = X.clone().requires_grad_()
    y = OPERATORS["lif"](x, "cpu")
    with pytest.raises(ValueError, match="forward-mode"):
        dual(lambda g: torch.autograd.grad(y, x, g)[0], torch.ones_like(y))


def test_layers_and_networks_have_forward_mode_derivatives():
    delayed = neuro.DelayedLinear(3, 3, 2, delay=torch.full((3, 3), 0.75), kernel="two-tap")
    net = neuro.Sequential(neuro.Linear(3, 3), delayed, neuro.LIF(3), neuro.LeakyIntegrator(3))
    x = 3 * X
    exact = jacrev(lambda x: net(x)[0])(x).flatten(-3).sum(-1)
    assert exact.abs().sum() > 0
    torch.testing.assert_close(dual(lambda x: net(x)[0], x), exact)

    def by_position(p):
        parameters = {"position": p, "weight": torch.ones(3, 3)}
        return torch.func.functional_call(delayed, parameters, (x,))[0].sum()

    at = delayed.position.detach()
    turned = jacrev(by_position)(at)
    assert turned.abs().sum() > 0
    torch.testing.assert_close(jacfwd(by_position)(at), turned)
