"""Liquids as networks of layers, and their way through graphs to a simulator."""

import numpy as np
import pytest
import torch

from axonal import deploy
from axonal.reservoirs import Exponential, LastSpike, Liquid, as_network, topology


def liquid(**options):
    wiring, inputs = topology.grid((4, 4, 4), seed=1), topology.random_inputs(6, 64, 0.4, seed=2)
    rng = np.random.default_rng(0)
    size = len(wiring.pre) + len(inputs.pre)
    signs = np.concatenate([wiring.signs, inputs.signs])
    weight = signs * np.rint(256 * rng.uniform(1.0, 6.0, size)) / 256
    if options.pop("delayed", False):
        options["delay"] = rng.integers(0, 5, size)
    usual = {"synapses": Exponential(2.0), "refractory": 2, "holds": True, "dtype": np.float64}
    return Liquid(wiring, inputs, weight=weight, **(usual | options))


def drive(steps=120, samples=2):
    rng = np.random.default_rng(1)
    return (rng.random((steps, samples, 6)) < 0.2) * 1.0


@pytest.mark.parametrize("options", [{}, {"delayed": True}, {"refractory": 0, "holds": False}])
def test_the_network_fires_the_spikes_of_the_liquid_two_steps_earlier(options):
    own, given = liquid(**options), drive()
    run = own.run(own.events(25.0 * given), samples=2, steps=120, record=True)
    spikes, _ = as_network(own, amplitude=25.0)(torch.from_numpy(given))
    raster = run.raster(120)
    assert raster.sum() > 500
    assert np.array_equal(raster[2:], spikes.numpy()[:-2] > 0)


@pytest.mark.needs("brian2")
def test_an_exported_liquid_is_verified_in_brian():
    given = torch.from_numpy(drive(60, 1))
    graph = deploy.export(as_network(liquid(delayed=True), amplitude=25.0), 1e-3, inputs=given)
    found = deploy.verify(graph, ["reference", "brian2"])
    assert found.passed, str(found)
    assert found.spikes > 300


def test_what_no_graph_has_is_one_line():
    with pytest.raises(ValueError, match=r"with Exponential synapses .*, with holds=True"):
        as_network(liquid(synapses=LastSpike(), holds=False))
    with pytest.raises(ValueError, match="with a bias of 0"):
        as_network(liquid(bias=0.1))
    with pytest.raises(ValueError, match="with inputs"):
        as_network(Liquid(topology.grid((3, 3, 3), seed=0), synapses=Exponential(), holds=True))
