"""SpikeGPT: published initial values and count, streams, batches of prompts, checkpoints."""

from itertools import islice

import pytest
import torch
import torch.nn.functional as F
from helpers.neuro_fixtures import golden
from torch import nn

from axonal import neuro
from axonal.neuro.generation import nucleus
from axonal.neuro.models.spikegpt import SpikeGPT

DOUBLE = torch.float64


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def awake(tokens=11, size=12, layers=2, **settings):
    """A model whose blocks fire: orthogonal weights, larger products."""
    model = SpikeGPT(tokens, size=size, layers=layers, official=True, **settings)
    with torch.no_grad():
        for block in model.body.blocks:
            block.mix.output.weight.mul_(6)
            block.feed.value.weight.mul_(6)
    return model.double().eval()


def rates(model, tokens):
    """Mean spikes of the layers that fire, in their order."""
    paths = [f"blocks.{i}.{part}" for i in range(model.layers) for part in ("mix", "feed")]
    _, traces = neuro.record(model.body, model.embed(tokens), dict.fromkeys(paths, ("spikes",)))
    return [float(trace["spikes"].detach().mean()) for trace in traces.values()]


def drawn(steps, batch=3, tokens=11):
    return torch.randint(tokens, (steps, batch), generator=torch.Generator().manual_seed(1))


def test_initial_values_are_the_published_ones():
    z = golden("spikegpt/spikegpt_reference.npz")
    model = SpikeGPT(11, size=12, layers=2)
    for layer, block in enumerate(model.body.blocks):
        for part, module in (("att", block.mix), ("ffn", block.feed)):
            for name, own in module.named_parameters():
                key = f"init__blocks__{layer}__{part}__{name}"
                if name.startswith("time_"):
                    wanted = z[key].flatten().to(own.dtype)
                    torch.testing.assert_close(own.detach(), wanted, rtol=1e-6, atol=1e-6)
    silent = ("mix.key", "mix.receptance", "mix.output", "feed.receptance", "feed.value")
    block = model.body.blocks[1]
    assert not any(block.get_submodule(name).weight.any() for name in silent)
    assert rates(model, drawn(5)) == [0.0] * 4
    # the published code leaves its zeros out
    official = SpikeGPT(11, size=12, layers=2, official=True).body.blocks[1]
    for name in silent:
        values = torch.linalg.svdvals(official.get_submodule(name).weight)
        torch.testing.assert_close(values, torch.ones_like(values))


def test_the_published_model_has_its_number_of_parameters():
    with torch.device("meta"):
        model = SpikeGPT(50277, size=768, layers=18)
    assert sum(p.numel() for p in model.parameters()) == 215_399_424
    assert sum(p.numel() for p in SpikeGPT(11, size=12, layers=2).parameters()) == 4320


def written_out(model, tokens):
    """The equations, token by token, for one text."""
    e = model.embed.weight
    shifts, sums, potentials, logits = {}, {}, {}, []

    def fire(place, x):
        h = (potentials.get(place, 0.0) + x) / 2
        s = (h >= 1).to(x)
        potentials[place] = h * (1 - s)
        return s

    def norm(module, x):
        return F.layer_norm(x, x.shape, module.weight, module.bias, module.eps)

    for token in tokens:
        x = norm(model.body.embed_norm, (e[token] >= 0).to(e))
        for i, block in enumerate(model.body.blocks):
            m, a = block.mix, norm(block.mix_norm, x)
            b = shifts.get((i, 0), torch.zeros_like(a))
            k = m.key.weight @ (m.time_mix_k * a + (1 - m.time_mix_k) * b)
            v = m.value.weight @ (m.time_mix_v * a + (1 - m.time_mix_v) * b)
            r = (m.receptance.weight @ (m.time_mix_r * a + (1 - m.time_mix_r) * b)).sigmoid()
            top, bottom = sums.get(i, (0.0, 0.0))
            now = (m.time_first + k).exp()
            y = (top + now * v) / (bottom + now)
            decay = (-m.time_decay.exp()).exp()
            sums[i] = decay * top + k.exp() * v, decay * bottom + k.exp()
            x = x + fire((i, 0), m.output.weight @ (r * y))
            f, c = block.feed, norm(block.feed_norm, x)
            b = shifts.get((i, 1), torch.zeros_like(c))
            k = (f.key.weight @ (f.time_mix_k * c + (1 - f.time_mix_k) * b)).relu() ** 2
            r = (f.receptance.weight @ (f.time_mix_r * c + (1 - f.time_mix_r) * b)).sigmoid()
            x = x + fire((i, 1), r * (f.value.weight @ k))
            shifts[i, 0], shifts[i, 1] = a, c
        logits.append(model.body.head.weight @ norm(model.body.out_norm, x))
    return torch.stack(logits)


def test_it_computes_its_equations():
    model, tokens = awake(), drawn(20, batch=1)
    logits, _ = model(tokens)
    torch.testing.assert_close(logits[:, 0], written_out(model, tokens[:, 0]), rtol=0, atol=1e-10)
    assert min(rates(model, tokens)) > 0.01


def test_streams_and_chunks_equal_the_whole():
    model, tokens = awake(), drawn(30)
    whole, end = model(tokens)
    for cuts in ((7, 23), (1,) * 30):
        state, parts = None, []
        for part in tokens.split(cuts):
            y, state = model(part, state)
            parts.append(y)
        torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-10)
    step, _ = model.step(tokens[0], end)
    torch.testing.assert_close(step, model(tokens[:1], end)[0][0])


def test_a_later_token_changes_no_earlier_logits():
    model, tokens = awake(), drawn(12)
    other = tokens.clone()
    other[8:] = (other[8:] + 1) % 11
    assert torch.equal(model(tokens)[0][:8], model(other)[0][:8])
    assert not torch.equal(model(tokens)[0][8:], model(other)[0][8:])


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_batch_of_prompts_writes_what_they_write_alone(temperature):
    model, prompts = awake(), [[1, 2, 3], [4], [5, 6, 7, 8, 9]]
    settings = {"temperature": temperature, "top_p": 0.9, "seed": 3}

    def write(prompts):
        return torch.stack(list(islice(neuro.generate(model, prompts, **settings), 40)))

    together = write(prompts)
    for row, prompt in enumerate(prompts):
        assert torch.equal(together[:, row], write([prompt])[:, 0])
    assert len(set(together.flatten().tolist())) > 3 or temperature == 0


def test_the_most_likely_tokens_reach_the_share():
    chances = torch.rand(50, 20, dtype=DOUBLE)
    chances /= chances.sum(-1, keepdim=True)
    for share in (1e-9, 0.3, 0.9, 1.0):
        kept = nucleus(chances, share)
        assert torch.equal(kept[kept > 0], chances[kept > 0])
        assert (kept.sum(-1) >= min(share, 1.0) - 1e-12).all()
        least = torch.where(kept > 0, kept, 2.0).amin(-1)
        assert (kept.sum(-1) - least < share).all()
        assert (torch.where(kept > 0, 0.0, chances).amax(-1) <= least).all()


def test_the_state_has_one_size():
    model = awake()
    sizes = []
    _, state = model(drawn(3))
    for _ in range(3):
        _, state = model(drawn(50), state)
        leaves = [a for layer in state.values() for a in layer if isinstance(a, torch.Tensor)]
        sizes.append([(a.shape, a.untyped_storage().nbytes()) for a in leaves])
    assert sizes[0] == sizes[1] == sizes[2]


def published(model):
    """Entries under the published names."""
    entries = {
        "emb.weight": model.embed.weight,
        "head.weight": model.body.head.weight,
        **{f"blocks.0.ln0.{k}": v for k, v in model.body.embed_norm.named_parameters()},
        **{f"ln_out.{k}": v for k, v in model.body.out_norm.named_parameters()},
    }
    for i, block in enumerate(model.body.blocks):
        parts = {"ln1": block.mix_norm, "ln2": block.feed_norm, "att": block.mix, "ffn": block.feed}
        for part, module in parts.items():
            for name, value in module.named_parameters():
                shaped = value[None, None] if "time_mix" in name else value
                entries[f"blocks.{i}.{part}.{name}"] = shaped
    return {name: value.detach().clone() for name, value in entries.items()}


def test_published_checkpoints_load_by_their_own_names():
    model, tokens = awake(), drawn(20)
    entries = published(model)
    assert entries["blocks.1.att.time_mix_k"].shape == (1, 1, 12)
    loaded = SpikeGPT.from_official(entries).eval()
    assert torch.equal(loaded(tokens)[0], model(tokens)[0])
    with pytest.raises(ValueError, match=r"body\.blocks\.0\.mix\.gate is unknown"):
        SpikeGPT.from_official(entries | {"blocks.0.att.gate": torch.zeros(3)})
    del entries["blocks.1.ln1.bias"]
    with pytest.raises(ValueError, match=r"body\.blocks\.1\.mix_norm\.bias is missing"):
        SpikeGPT.from_official(entries)


def test_the_published_inference_halves_what_flows():
    model, tokens = awake(77, layers=7), drawn(20)
    odd = model.official_inference()
    assert not torch.allclose(odd(tokens)[0], model(tokens)[0])
    # of six blocks the last weights are as they were, and a norm takes no notice of the half
    model = awake(77, layers=6)
    torch.testing.assert_close(
        model.official_inference()(tokens)[0], model(tokens)[0], rtol=1e-4, atol=1e-4
    )
    # without thresholds nothing changes but what the norm's eps sees
    model = awake(77, layers=7, spiking=False)
    torch.testing.assert_close(
        model.official_inference()(tokens)[0], model(tokens)[0], rtol=1e-3, atol=1e-3
    )
    assert not awake(11, layers=1).official_inference().embed.binary


def test_the_pull_of_the_largest_logit():
    logits = torch.randn(4, 3, 5, dtype=DOUBLE, requires_grad=True)
    targets = torch.randint(5, (4, 3))
    plain, pulled = (neuro.next_token_loss(logits, targets, pull=p) for p in (0.0, 1e-4))
    assert plain.item() == pytest.approx(pulled.item(), abs=1e-12)
    extra = torch.autograd.grad(pulled, logits)[0] - torch.autograd.grad(plain, logits)[0]
    largest, places = logits.detach().max(-1, keepdim=True)
    wanted = torch.zeros_like(logits).scatter(-1, places, 1e-4 * largest / 12)
    torch.testing.assert_close(extra, wanted)


def test_it_learns_to_repeat():
    model = SpikeGPT(5, size=16, layers=1, dropout=0.0)
    tokens = (torch.arange(33) % 5)[:, None].expand(-1, 4)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        logits, _ = model(tokens[:-1])
        loss = neuro.next_token_loss(logits, tokens[1:], pull=1e-4)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
    # every parameter of a silent block was reached
    assert all(p.grad.any() for p in model.body.blocks.parameters())


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        (torch.zeros(3, 2), "expects tokens as whole numbers"),
        (torch.zeros(3, dtype=torch.long), r"expects tokens \\[T, B\\], got \\(3,\\)"),
        (torch.full((3, 2), 11), "knows the tokens 0 to 10, got 11 to 11"),
    ],
)
def test_bad_tokens_are_one_line(tokens, told):
    with pytest.raises(ValueError, match=told.replace("\\\\", "\\")) as error:
        awake()(tokens)
    assert "\n" not in str(error.value)


def test_bad_numbers_of_a_generation_are_one_line():
    model = awake()
    for settings, told in (({"temperature": -1}, "temperature >= 0"), ({"top_p": 0}, "top_p in")):
        with pytest.raises(ValueError, match=told):
            neuro.generate(model, [[1]], **settings)
    with pytest.raises(ValueError, match="at least one token"):
        neuro.generate(model, [[1], []])
    with torch.no_grad():
        model.body.head.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        next(neuro.generate(model, [[1]]))
    with pytest.raises(ValueError, match="layer below layers = 2"):
        neuro.SpikingRWKV(4, layer=2, layers=2)
    assert isinstance(model.body.head, nn.Linear)
