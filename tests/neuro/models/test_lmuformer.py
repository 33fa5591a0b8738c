"""LMUFormer: sizes, streaming, checkpoints of the published code."""

import pytest
import torch

from axonal import neuro


@pytest.mark.parametrize(
    ("model", "parameters"), [(neuro.LMUFormer, 1_621_796), (neuro.SpikingLMUFormer, 1_689_894)]
)
def test_the_published_network_has_the_published_number_of_parameters(model, parameters):
    assert sum(p.numel() for p in model(128, 35).parameters()) == parameters


def _small(model=neuro.LMUFormer, **settings):
    torch.manual_seed(0)
    net = model(5, 4, width=8, order=6, theta=9.0, **settings)
    for _ in range(3):  # statistics of norms
        net(torch.randn(20, 8, 5))
    return net.eval()


@pytest.mark.parametrize("model", [neuro.LMUFormer, neuro.SpikingLMUFormer])
def test_a_stream_says_what_the_whole_sequence_does(model):
    net, x = _small(model, blocks=2).double(), torch.randn(30, 2, 5, dtype=torch.float64)
    whole, _ = net(x)
    state, outputs = None, []
    for part in x.split([1, 1, 7, 21]):
        y, state = net(part, state=state)
        outputs.append(y)
    torch.testing.assert_close(torch.cat(outputs), whole, rtol=1e-9, atol=1e-12)


def test_published_convolutions_look_ahead_and_do_not_stream():
    net, x = _small(causal=False), torch.randn(12, 1, 5)
    changed = x.clone()
    changed[7] += 1.0
    whole, _ = net(x)
    differs = (net(changed)[0] != whole).any(-1).any(-1)
    assert differs.nonzero().min() == 2  # five steps before
    with pytest.raises(ValueError, match="looks 1 steps ahead and cannot go on from a state"):
        net(x, state=net(x)[1])


def _official(net, blocks=1):
    """The state of a network under the names of the published code."""
    from axonal.neuro.models.lmuformer import NAMES

    own = net.state_dict()
    given = {}
    for theirs, ours in NAMES.items():
        for i in range(4):
            for rest in ("weight", "bias", "running_mean", "running_var"):
                name = (ours or "").replace("{i}", str(i)).replace("*", rest)
                if name in own:
                    value = own[name]
                    if "_conv." in theirs and rest == "weight" and "rpe" not in theirs:
                        value = value.unsqueeze(-1)
                    value = value[:, None] if theirs.endswith("lmu.B") else value
                    given[theirs.replace("{i}", str(i)).replace("*", rest)] = value
    return given


def test_a_checkpoint_under_the_published_names():
    net, x = _small(causal=False, blocks=2), torch.randn(10, 2, 5)
    checkpoint = _official(net)
    checkpoint["lmu_block.0.attn.lmu.H"] = torch.zeros(6, 10)
    loaded = neuro.LMUFormer.from_official(checkpoint, theta=9.0).eval()
    assert torch.equal(loaded(x)[0], net(x)[0])
    with pytest.raises(ValueError, match=r"does not know blocks\.0\.att"):
        neuro.LMUFormer.from_official({**checkpoint, "blocks.0.att.key.weight": torch.zeros(2)})
    wrong = {**checkpoint, "head.weight": torch.zeros(4, 9)}
    with pytest.raises(ValueError, match=r"head.weight is \(4, 9\) instead of \(4, 8\)"):
        neuro.LMUFormer.from_official(wrong, theta=9.0)
