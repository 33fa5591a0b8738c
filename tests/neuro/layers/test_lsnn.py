"""LSNN: a current before the potential, a threshold that rises with every spike."""

import torch
from helpers.neuro import double, sequence, spike_train

from axonal.neuro import LSNN, CuBaLIF


def test_a_current_reaches_the_potential_of_an_lsnn_one_step_late():
    x = spike_train(3, 30, 2, 4) * 0.6
    settings = {"threshold": 0.4, "decay_input": True, "reset": "subtract", "refractory": 1}
    # no adaptation to speak of
    spikes, state = double(LSNN, 4, 6.0, 3.0, beta=1e-30, **settings)(x)
    late = torch.cat((torch.zeros_like(x[:1]), x[:-1]))
    same, end = double(CuBaLIF, 4, 6.0, 3.0, **settings)(late)
    assert torch.equal(spikes, same) and spikes.any() and torch.equal(state.v, end.v)


def test_the_threshold_of_an_lsnn_rises_by_beta_with_a_spike_and_falls_geometrically():
    neuron = double(LSNN, 1, 1.0, 1.0, 4.0, beta=2.0, decay="euler", decay_input=False)
    # memoryless: the potential is the input before, compared with 1 + 2 b
    spikes, state = neuron(sequence(1.5, 2.25, 2.5, 0.0))
    assert spikes.flatten().tolist() == [0, 1, 0, 1]
    assert state.b.item() == 1 + 0.75**2 and state.v.item() == 2.5 - (1 + 2 * 0.75**2)
