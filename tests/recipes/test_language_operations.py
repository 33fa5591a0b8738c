"""Products of language models: which hear spikes, and that their blocks are refused by name."""

import time

import pytest
import torch
from torch.utils import _pytree as pytree

from axonal import deploy, neuro, recipes

TOKENS = torch.randint(0, 9, (30, 2), generator=torch.Generator().manual_seed(0))


def test_no_product_of_spikegpt_hears_spikes() -> None:
    model = neuro.SpikeGPT(9, size=8, layers=1, official=True)
    found = recipes.language_operations(model, TOKENS)
    assert not any(product.spikes or product.ternary for product in found)
    assert sum(product.dense for product in found) == 13 * 8 * 8 + 9 * 8
    assert all(product.events == product.dense for product in found)


def test_only_the_head_of_a_spiking_ternary_model_hears_real_numbers() -> None:
    torch.manual_seed(0)
    model = neuro.TernaryLM(9, size=8, layers=1, hidden=4, spiking=True).eval()
    found = {p.path: p for p in recipes.language_operations(model, TOKENS)}
    assert [path for path, product in found.items() if not product.spikes] == ["head"]
    assert all(product.ternary for product in found.values())
    up = found["body.blocks.0.feed.up"]
    # what it counts is what arrives: spikes times the weights behind each
    heard: list[torch.Tensor] = []
    layer = model.get_submodule(up.path)
    handle = layer.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    model(TOKENS)
    handle.remove()
    assert up.events == pytest.approx(float(heard[0].detach().sum()) * 8 / TOKENS.numel())
    assert 0 < up.events < up.dense == 64


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (
            neuro.SpikeGPT(9, size=8, layers=1),
            ("blocks.0.mix (SpikingRWKV)", "mix_norm (LayerNorm)"),
        ),
        (neuro.TernaryLM(9, size=8, layers=1, hidden=4), ("blocks.0.mix (MLGRU)", "(TernaryGLU)")),
    ],
)
def test_blocks_without_an_event_graph_are_refused_by_name(
    model: neuro.SpikeGPT | neuro.TernaryLM, named: tuple[str, str]
) -> None:
    with pytest.raises(deploy.ExportError) as error:
        deploy.export(model.body, 1e-3, input_shape=(8,))
    for name in named:
        assert name in str(error.value)


def test_tokens_are_written_with_a_state_of_one_size_at_one_pace() -> None:
    model = neuro.SpikeGPT(9, size=4, layers=1).eval()
    logits, state = model.step(TOKENS[0])
    sizes, seconds = set(), []
    with torch.no_grad():
        for _ in range(10):
            begun = time.process_time()
            for _ in range(100):
                logits, state = model.step(logits.argmax(-1), state)
            seconds.append(time.process_time() - begun)
            leaves = pytree.tree_leaves(state)
            sizes.add(tuple(tuple(leaf.shape) for leaf in leaves if isinstance(leaf, torch.Tensor)))
    assert len(sizes) == 1
    # nothing grows: the last hundreds take what the first did, other work on the machine aside
    assert min(seconds[-4:]) < 1.5 * min(seconds[:4])
