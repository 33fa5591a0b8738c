"""Ternary layers: the published figures by hand, additions only, streams, counts."""

import pytest
import torch

from axonal import neuro
from axonal.neuro.layers.bit_linear import rounded

DOUBLE = torch.float64


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def by_hand():
    layer = neuro.BitLinear(4, 1).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5, -0.2, 0.05, -1.0]]))
    return layer, torch.tensor([[1.0, -2.0, 0.5, 3.0]], dtype=DOUBLE)


def test_a_row_by_hand():
    layer, x = by_hand()
    signs, scale = layer.ternary()
    assert signs.tolist() == [[1, 0, 0, -1]]
    assert scale.item() == pytest.approx(0.4375)
    normed = torch.nn.functional.rms_norm(x, (4,), eps=1e-8)
    assert normed.max().item() == pytest.approx(1.589439, abs=1e-6)
    steps = rounded(normed) / normed.max() * 127
    assert steps.round().tolist() == [[42, -85, 21, 127]]
    assert layer(x).item() == pytest.approx(-0.465411, abs=1e-6)


def test_gradients_pass_the_rounding():
    layer, x = by_hand()
    x.requires_grad_()
    layer(x).sum().backward()
    # that of a linear layer of the rounded numbers, by the weights before they were rounded
    normed = torch.nn.functional.rms_norm(x.detach(), (4,), eps=1e-8)
    torch.testing.assert_close(layer.weight.grad, rounded(normed))
    signs, scale = layer.ternary()
    other = x.detach().requires_grad_()
    torch.nn.functional.rms_norm(other, (4,), eps=1e-8).matmul((signs * scale).T).sum().backward()
    torch.testing.assert_close(x.grad, other.grad)


def test_products_of_spikes_are_additions():
    layer = neuro.BitLinear(30, 7, events=True).double()
    spikes = (torch.rand(5, 2, 30) < 0.3).double()
    signs, scale = layer.ternary()
    counts = torch.stack([signs.long()[:, s.bool()].sum(1) for s in spikes.flatten(0, 1)])
    torch.testing.assert_close(layer(spikes).flatten(0, 1), counts * scale)
    assert "norm_weight" not in layer.state_dict()


def test_the_recurrence_by_hand():
    layer = neuro.MLGRU(1).double()
    layer.write.forward = lambda x: torch.full_like(x, 0.8)
    layer.forget.forward = lambda x: torch.full_like(x, 1.0)
    states, state = [], None
    for _ in range(3):
        _, state = layer(torch.zeros(1, 1, 1, dtype=DOUBLE), state)
        states.append(state.h.item())
    assert states == pytest.approx([0.148450, 0.256976, 0.336315], abs=1e-6)


@pytest.mark.parametrize("spiking", [False, True])
def test_a_block_computes_its_equations(spiking):
    bounds = neuro.LowerBounds(3, 6)
    with torch.no_grad():
        bounds.table.normal_()
    layer = neuro.MLGRU(6, layer=2, bounds=bounds, spiking=spiking).double()
    glu = neuro.TernaryGLU(6, 10, spiking=spiking).double()
    x = 2 * torch.randn(9, 2, 6, dtype=DOUBLE)
    b = bounds.table.softmax(0)[1:].sum(0)

    def lif(y):
        v, spikes = torch.zeros_like(y[0]), []
        for y_t in y:
            h = (v + y_t) / 2
            spikes.append((h >= 1).double())
            v = h * (1 - spikes[-1])
        return torch.stack(spikes)

    fire = lif if spiking else lambda y: y
    heard = fire(x)
    f = b + (1 - b) * layer.forget(heard).sigmoid()
    i = torch.nn.functional.silu(layer.write(heard)) * (1 - f)
    h, states = torch.zeros(2, 6, dtype=DOUBLE), []
    for f_t, i_t in zip(f, i, strict=True):
        h = f_t * h + i_t
        states.append(h)
    gate = torch.nn.functional.rms_norm(layer.gate(heard), (6,), eps=1e-8)
    y = layer.output(fire(gate * torch.nn.functional.silu(torch.stack(states))))
    torch.testing.assert_close(layer(x)[0], y)
    g, u = glu.up(heard).split(10, -1)
    y = glu.down(fire(torch.nn.functional.silu(g) * u))
    torch.testing.assert_close(glu(x)[0], y)


@pytest.mark.parametrize("spiking", [False, True])
def test_streams_equal_the_whole_and_it_learns(spiking):
    model = neuro.TernaryLM(5, size=16, layers=2, hidden=24, spiking=spiking)
    tokens = (torch.arange(33) % 5)[:, None].expand(-1, 4)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        loss = neuro.next_token_loss(model(tokens[:-1])[0], tokens[1:])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    model = model.double().eval()
    whole, _ = model(tokens)
    state, parts = None, []
    for part in tokens.split((10, 1, 22)):
        y, state = model(part, state)
        parts.append(y)
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-10)


def test_the_published_models_have_their_numbers_of_parameters():
    for size, layers, wanted in ((1024, 24, 374_108_160), (2560, 32, 2_702_357_504)):
        with torch.device("meta"):
            model = neuro.TernaryLM(32000, size=size, layers=layers)
        assert sum(p.numel() for p in model.parameters()) == wanted


def test_first_weights_are_the_published_ones():
    model = neuro.TernaryLM(50, size=64, layers=8, hidden=64)
    block = model.body.blocks[3]
    assert block.mix.write.weight.std().item() == pytest.approx(0.02, rel=0.1)
    for last in (block.mix.output, block.feed.down):
        assert last.weight.std().item() == pytest.approx(0.02 / 4, rel=0.1)
    assert block.mix.bounds is model.body.blocks[0].mix.bounds
