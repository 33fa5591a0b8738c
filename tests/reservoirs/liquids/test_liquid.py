"""Liquids beside the published arrays and Brian 2, and what is said of wrong arguments."""

import numpy as np
import pytest
from helpers import brian_liquid
from helpers.neuro_fixtures import golden

from axonal.neuro.ops.event_network import Events
from axonal.reservoirs import (
    ActivitySTDP,
    Astrocyte,
    Constant,
    Exponential,
    LastSpike,
    Liquid,
    Modulator,
    PairSTDP,
    topology,
)
from axonal.reservoirs.topology import InputWiring, Wiring

OFFICIAL = -1.0 / np.log(0.90477447)


@pytest.mark.needs("data")
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_the_published_liquid_is_met_for_sixty_steps(backend):
    arrays = {key: tensor.numpy() for key, tensor in golden("nalsm/nalsm_reference.npz").items()}
    n, excitatory, inputs = 12, 10, 6
    pre, post, weights = arrays["pre"], arrays["post"], arrays["W0"][0]
    own = pre < n
    order = np.concatenate([np.flatnonzero(own), np.flatnonzero(~own)])
    tau = np.array([arrays["tau_u"][0][post == i][0] for i in range(n)], float)
    assert np.array_equal(tau[post], arrays["tau_u"][0])
    liquid = Liquid(
        Wiring(np.arange(n) < excitatory, pre[own], post[own]),
        InputWiring(inputs, pre[~own] - n, post[~own], np.sign(weights[~own])),
        weight=weights[order],
        synapses=LastSpike(tau),
        plasticity=PairSTDP(tau_pre=OFFICIAL, tau_post=OFFICIAL),
        modulator=Astrocyte(),
        fading=0.99,
    )
    state, held = liquid.rest(1, silent_for=20), None
    for t in range(60):
        given = 100.0 * np.ceil(arrays["rate"][0] - arrays["U"][t])
        run = liquid.run(
            liquid.events(given[None, None]), samples=1, steps=1, state=state, weights=held,
            consecutive=True, backend=backend,
        )  # fmt: skip
        state, held = run.state, run.weights
        spikes = np.concatenate([run.counts[0], run.input_counts[0]])
        assert np.array_equal(spikes, arrays["S"][t]), t
        assert np.allclose(state.v[0], arrays["V"][t], rtol=3e-6, atol=1e-4)
        assert np.allclose(held, arrays["W"][t][order], rtol=0, atol=1e-6)
        assert np.allclose(state.pre_trace[0], arrays["trace"][t], rtol=1e-6, atol=1e-7)
        # the fixture tells A before the rates of this step have faded
        assert np.isclose(state.modulation[0, 0] / 0.99, arrays["A"][t], rtol=0, atol=1e-6)


@pytest.mark.needs("brian2")
@pytest.mark.filterwarnings("ignore")  # of the libraries that Brian 2 uses
@pytest.mark.parametrize("learns", [False, True])
def test_brian_fires_the_same_spikes(learns):
    import brian2 as b

    rng = np.random.default_rng(5)
    wiring = topology.grid((5, 10, 10), seed=3)
    inputs = topology.random_inputs(60, 500, 0.15, seed=4)
    size = len(wiring.pre) + len(inputs.pre)
    signs = np.concatenate([wiring.signs, inputs.signs])
    rule = PairSTDP(rate=0.05)
    liquid = Liquid(
        wiring,
        inputs,
        weight=signs * rng.uniform(0.5, 2.5, size),
        synapses=Exponential(2.0),
        plasticity=rule if learns else None,
        dtype=np.float64,
    )
    given = np.zeros((500, 1, 60))
    given[rng.random(given.shape) < 0.05] = 25.0
    run = liquid.run(liquid.events(given), samples=1, steps=500, record=True, consecutive=True)
    for_brian = liquid if learns else Liquid(
        wiring, inputs, weight=liquid.weights, synapses=Exponential(2.0), plasticity=rule,
        dtype=np.float64,
    )  # fmt: skip
    wide = np.zeros((500, 560))
    wide[:, 500:] = given[:, 0]
    b.prefs.codegen.target = "numpy"
    net, spikes, joins = brian_liquid.network(for_brian, wide, tau=2.0, learns=learns)
    net.run(500 * b.ms, namespace={})
    steps = np.rint(np.asarray(spikes.t / b.ms)).astype(int)
    theirs = sorted(zip(steps.tolist(), np.asarray(spikes.i).tolist(), strict=True))
    ours = sorted(zip(run.step.tolist(), run.neuron.tolist(), strict=True))
    assert len(ours) > 5000
    assert ours == theirs
    if learns:
        assert np.array_equal(np.asarray(joins.w), run.weights)


def test_an_astrocyte_relaxes_to_the_activity_it_sees():
    state = np.array([0.15, 0.15])
    Astrocyte.step(state, Astrocyte().parameters(), 7, 2, 1.0)
    assert np.isclose(state[0], 0.15 + 0.015 * 5 / 100)
    for _ in range(3000):
        Astrocyte.step(state, Astrocyte().parameters(), 7, 2, 1.0)
    assert np.isclose(state[0], 0.015 * 5 + 0.15)


def test_a_modulator_of_ones_own_is_one_class():
    class Quota(Modulator):
        def start(self, potentiation):
            return np.array([potentiation])

        def parameters(self):
            return np.array([2.0, 0.01])

        @staticmethod
        def step(state, parameters, liquid, inputs, scale):
            state[0] = max(state[0] + parameters[1] * scale * (liquid - parameters[0]), 0.0)

    wiring, inputs = topology.grid((3, 3, 3), seed=0), topology.random_inputs(4, 27, 0.5, seed=0)
    liquid = Liquid(wiring, inputs, plasticity=PairSTDP(), modulator=Quota())
    given = 100.0 * (np.random.default_rng(0).random((50, 2, 4)) < 0.3)
    options = {"samples": 2, "steps": 50}
    compiled = liquid.run(liquid.events(given), **options)
    plain = liquid.run(liquid.events(given), backend="reference", **options)
    assert np.array_equal(compiled.counts, plain.counts)
    assert np.allclose(compiled.state.modulation, plain.state.modulation)
    assert np.all(compiled.state.modulation != 0.15)


def test_a_sparse_astrocyte_watches_its_share():
    liquid = Liquid(
        topology.grid((5, 5, 4), seed=0),
        topology.random_inputs(7, 100, 0.5, seed=0),
        plasticity=PairSTDP(),
        modulator=Astrocyte(connected=0.25),
    )
    assert liquid.rule.watch[:100].sum() == 25
    assert liquid.rule.watch[100:].sum() == 2  # a share is rounded up


def test_activity_gates_what_learns():
    """One neuron below its level: its synapse shrinks at spikes of its source and never grows."""
    wiring = Wiring(np.array([True, True]), np.array([0]), np.array([1]))
    rule = ActivitySTDP(level=5.0, width=10.0, rate=0.1)
    liquid = Liquid(
        wiring, weight=0.3, synapses=Exponential(1.0), threshold=1.0, plasticity=rule,
        dtype=np.float64,
    )  # fmt: skip
    given = np.zeros((40, 1, 2))
    given[::8, 0, 1] = 2.0
    given[4::8, 0, 0] = 2.0
    run = liquid.run(liquid.events(given, to="liquid"), samples=1, steps=40, consecutive=True)
    trace, weight = 0.0, 0.3
    for t in range(40):
        if t % 8 == 5:
            weight -= 0.1 * trace
        trace = np.exp(-0.1) * (trace + 0.1 * (t % 8 == 1))
    assert np.isclose(run.weights[0], weight)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight": 4.0, "plasticity": PairSTDP()}, "its bounds are 0 and 3. Lower the weight"),
        ({"weight": [1.0]}, "one number or one per synapse, .*, got \\(1,\\)"),
        ({"weight": float("nan")}, "expects weight to be finite"),
        ({"delay": [1]}, "expects delay as one number or one per synapse"),
        ({"threshold": 0.0}, "expects threshold as a finite number > 0, got 0.0"),
        ({"modulator": Astrocyte()}, "expects a plasticity beside a modulator"),
        ({"leak": 2.0}, "expects leak as a finite number from 0 to 1, got 2.0"),
        ({"delay": 1.5}, "expects delay in whole steps, got fractions"),
        ({"bias": [1.0, 2.0]}, r"bias as one number or one per neuron, 27, got \(2,\)"),
        ({"bias": float("nan")}, "expects bias to be finite, got NaN"),
        ({"synapses": LastSpike(np.ones(3))}, r"one number or one per neuron, 27, got \(3,\)"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, message):
    wiring, inputs = topology.grid((3, 3, 3), seed=0), topology.random_inputs(4, 27, 0.5, seed=0)
    with pytest.raises(ValueError, match=message):
        Liquid(wiring, inputs, **arguments)


def test_wrong_drives_and_rules_are_one_line():
    liquid = Liquid(topology.grid((3, 3, 3), seed=0), topology.random_inputs(4, 27, 0.5, seed=0))
    with pytest.raises(ValueError, match=r"drive \[T, B, 4\] for inputs, got \(2, 5\)"):
        liquid.events(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="expects finite amounts"):
        liquid.events(np.full((2, 1, 4), np.inf))
    with pytest.raises(ValueError, match="PairSTDP expects tau_pre"):
        PairSTDP(tau_pre=0.0)
    with pytest.raises(ValueError, match="Astrocyte expects connected"):
        Astrocyte(connected=0.0)
    with pytest.raises(ValueError, match="LastSpike expects tau as finite steps > 0"):
        LastSpike(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match="Constant expects rate"):
        Constant(-1.0)


def test_what_a_run_cannot_have_is_one_line():
    liquid = Liquid(topology.grid((3, 3, 3), seed=0), topology.random_inputs(4, 27, 0.5, seed=0))
    events = liquid.events(np.full((30, 1, 4), 100.0))
    with pytest.raises(ValueError, match="events of 2 x 30 samples and steps, got 30 in all"):
        liquid.run(events, samples=2, steps=30)
    with pytest.raises(ValueError, match=r"expects weights \[.*\] or \[B, .*\], got \(3,\)"):
        liquid.run(events, samples=1, steps=30, weights=np.ones(3))
    with pytest.raises(ValueError, match=r"expects finite weights, got NaN"):
        liquid.run(events, samples=1, steps=30, weights=np.full_like(liquid.weights, np.nan))
    with pytest.raises(ValueError, match=r"recorded: write run\(..., record=True\)"):
        liquid.run(events, samples=1, steps=30).raster(30)


class _Listed(Modulator):
    """A modulator with lists for arrays."""

    def start(self, potentiation):
        return [potentiation]

    def parameters(self):
        return [2]

    @staticmethod
    def step(state, parameters, liquid, inputs, scale):
        state[0] = parameters[0]


class _Method(_Listed):
    def step(self, state, parameters, liquid, inputs, scale):
        pass


class _Empty(_Listed):
    def start(self, potentiation):
        return []


def test_a_modulator_is_checked_before_it_is_compiled():
    wiring = topology.grid((2, 2, 2), seed=0)
    liquid = Liquid(wiring, plasticity=PairSTDP(), modulator=_Listed())
    assert liquid.run(liquid.events(np.ones((2, 1, 8)), to="liquid"), samples=1, steps=2)
    for modulator, message in (
        (Astrocyte, r"expects a reservoirs.Modulator, got .*Astrocyte.*. Write Astrocyte\(\)"),
        ("astrocyte", "expects a reservoirs.Modulator, got 'astrocyte'"),
        (_Method(), r"_Method expects a static method step\(state, parameters, liquid"),
    ):
        with pytest.raises(TypeError, match=message):
            Liquid(wiring, plasticity=PairSTDP(), modulator=modulator)
    with pytest.raises(ValueError, match=r"_Empty.start expects finite numbers \[K\], got \[\]"):
        Liquid(wiring, plasticity=PairSTDP(), modulator=_Empty())
    with pytest.raises(TypeError, match=r"Write PairSTDP\(\)"):
        Liquid(wiring, plasticity=PairSTDP)


class _Wordy(Modulator):
    def start(self, potentiation):
        return np.zeros(1)

    def parameters(self):
        return np.zeros(0)

    @staticmethod
    def step(state, parameters, liquid, inputs, scale):
        state[0] = undefined_name  # noqa: F821


def test_a_step_that_cannot_be_compiled_is_one_line():
    liquid = Liquid(topology.grid((2, 2, 2), seed=0), plasticity=PairSTDP(), modulator=_Wordy())
    with pytest.raises(
        TypeError, match=r"_Wordy.step cannot be compiled: .*undefined_name"
    ) as told:
        liquid.run(liquid.events(np.ones((2, 1, 8)), to="liquid"), samples=1, steps=2)
    assert "\n" not in str(told.value)


def test_delays_move_spikes_by_as_many_steps():
    wiring = Wiring(np.array([True, True]), np.array([0]), np.array([1]))
    given = Events(np.array([0, 1, *[1] * 9]), np.array([0]), np.array([25.0]))
    for delay in (0, 3):
        liquid = Liquid(wiring, weight=30.0, synapses=Exponential(0.0), delay=delay)
        run = liquid.run(given, samples=1, steps=10, record=True)
        assert list(zip(run.step.tolist(), run.neuron.tolist(), strict=True)) == [
            (1, 0),
            (2 + delay, 1),
        ]
