"""Random Networks of everything that can be exported fire the same spikes as event graphs."""

import pytest
from helpers.random_networks import networks
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from axonal import deploy


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:in the golden run .* never fired:UserWarning")
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(networks(exportable=True), st.integers(0, 2**16))
def test_a_random_network_exports_to_a_graph_without_a_mismatch(tmp_path_factory, network, seed):
    net, shape = network
    folder = tmp_path_factory.mktemp("graph")
    deploy.export(net, dt=1e-3, input_shape=shape, steps=40, samples=2, seed=seed).save(
        folder / "net.h5"
    )
    result = deploy.verify(deploy.EventGraph.load(folder / "net.h5"))
    # a network that stays silent shows nothing
    assume(result.spikes > 0)
    assert result.passed, str(result)
