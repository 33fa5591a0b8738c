"""Export keeps apart what has names that meet, and refuses weights that its grid would lose."""

import pytest
import torch

from axonal import neuro
from axonal.deploy import ExportError, export, verify


def exported(net, **settings):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_()
    graph = export(net, dt=1e-3, steps=20, **settings)
    assert verify(graph).passed
    return [p.name for p in graph.populations]


def linear(n, m):
    return neuro.Linear(n, m, bias=True)


def cells(n):
    return neuro.LIF(n, threshold=0.1)


def test_a_module_may_have_the_name_of_what_a_bias_comes_from():
    net = {"a": linear(2, 3), "always on": cells(3), "b": linear(3, 3), "always_on": cells(3)}
    assert exported(neuro.Sequential(net)) == ["x", "always on", "always_on"]


def test_a_module_may_have_the_name_that_an_input_would_get():
    net = {"x": linear(2, 3), "x_input": cells(3)}
    assert exported(neuro.Sequential(net)) == ["x_input_input", "x_input"]


def test_a_module_may_have_the_name_of_a_loop():
    body = {"rec": neuro.Recurrent(cells(3), linear(3, 3), 1, size=3)}
    net = {"a": linear(2, 3), "loop of rec": cells(3), "b": linear(3, 3), **body}
    assert exported(neuro.Sequential(net)) == ["x", "loop of rec", "rec.body"]


@pytest.mark.parametrize("place", [(0, 0), (1, 0)])
def test_small_weights_beside_a_large_one_are_refused(place):
    # the golden inputs never use the small ones apart: verification alone would not see it
    net = neuro.Sequential({"fc": neuro.Linear(2, 3), "lif": cells(3)})
    weight = torch.tensor([[0.5211, 0.2533], [0.6137, 0.5511], [0.3173, -0.1071]])
    weight[place] = 1e16
    with torch.no_grad():
        net["fc"].weight.copy_(weight)
    with pytest.raises(ExportError, match=r"population 'lif': its weights, .* are too small"):
        export(net, dt=1e-3, inputs=torch.zeros(5, 1, 2))
