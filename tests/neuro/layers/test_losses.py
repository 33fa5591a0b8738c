"""Readouts and losses: padding counts for nothing."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from axonal import neuro

READOUTS = [neuro.mean_over_time, neuro.max_over_time, neuro.summed_softmax]
LOSSES = [neuro.rate_loss, neuro.max_over_time_loss, neuro.summed_softmax_loss]


@st.composite
def batches(draw):
    """Potentials [T, B, C] with NaN after each sample's end, their lengths and targets."""
    steps, batch, classes = (
        draw(st.integers(1, 8)),
        draw(st.integers(1, 4)),
        draw(st.integers(2, 4)),
    )
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    y = torch.randn(steps, batch, classes, dtype=torch.float64, generator=generator)
    lengths = torch.tensor([draw(st.integers(1, steps)) for _ in range(batch)])
    for b, length in enumerate(lengths.tolist()):
        y[length:, b] = math.nan
    target = torch.tensor([draw(st.integers(0, classes - 1)) for _ in range(batch)])
    return y, lengths, target


@pytest.mark.parametrize("readout", READOUTS)
@given(batches())
def test_readouts_see_each_sample_up_to_its_end(readout, drawn):
    y, lengths, _ = drawn
    cropped = torch.cat([readout(y[:n, b : b + 1]) for b, n in enumerate(lengths.tolist())])
    torch.testing.assert_close(readout(y, lengths), cropped)


@pytest.mark.parametrize("loss", LOSSES)
@given(batches())
def test_losses_equal_those_of_the_cropped_samples(loss, drawn):
    y, lengths, target = drawn
    y = torch.nan_to_num(y, nan=1e3).requires_grad_()
    value = loss(y, target, lengths)
    cropped = [loss(y[:n, b : b + 1], target[b : b + 1]) for b, n in enumerate(lengths.tolist())]
    torch.testing.assert_close(value, torch.stack(cropped).mean())
    value.backward()
    for b, n in enumerate(lengths.tolist()):
        assert not y.grad[n:, b].any()
    assert y.grad.isfinite().all()


@pytest.mark.parametrize("loss", LOSSES)
def test_full_lengths_change_nothing(loss):
    y, target = torch.randn(5, 3, 4), torch.tensor([0, 3, 1])
    torch.testing.assert_close(loss(y, target), loss(y, target, torch.tensor([5, 5, 5])))


def test_losses_by_hand():
    y = torch.tensor([[[0.0, 1.0]], [[2.0, 0.0]]])
    target = torch.tensor([0])
    rate = -math.log(math.e / (math.e + math.exp(0.5)))
    assert neuro.rate_loss(y, target).item() == pytest.approx(rate)
    highest = -math.log(math.exp(2) / (math.exp(2) + math.e))
    assert neuro.max_over_time_loss(y, target).item() == pytest.approx(highest)
    m = [1 / (1 + math.e) + 1 / (1 + math.exp(-2)), math.e / (1 + math.e) + 1 / (1 + math.exp(2))]
    twice = -math.log(math.exp(m[0]) / (math.exp(m[0]) + math.exp(m[1])))
    assert neuro.summed_softmax_loss(y, target).item() == pytest.approx(twice)


def test_the_summed_softmax_sums_to_the_number_of_steps():
    y, lengths = torch.randn(9, 3, 5), torch.tensor([9, 2, 4])
    torch.testing.assert_close(neuro.summed_softmax(y, lengths).sum(-1), lengths.float())
    uniform = neuro.summed_softmax_loss(torch.zeros(7, 2, 20), torch.tensor([1, 2]))
    assert uniform.item() == pytest.approx(math.log(20))


def test_the_rate_regulariser_pulls_rates_into_the_band():
    spikes = torch.zeros(10, 2, 3)
    spikes[:, :, 1] = 1
    spikes[::2, :, 2] = 1
    spikes.requires_grad_()
    value = neuro.spike_rate_regulariser(spikes, low=0.2, high=0.6)
    assert value.item() == pytest.approx((0.2**2 + 0.4**2) / 3)
    value.backward()
    silent, busy, healthy = spikes.grad[0, 0].tolist()
    assert silent < 0 < busy and healthy == 0


def test_the_rate_regulariser_counts_valid_steps_only():
    spikes = torch.ones(10, 2, 1)
    spikes[4:, 0] = 0
    lengths = torch.tensor([4, 10])
    assert neuro.spike_rate_regulariser(spikes, 0.0, 0.5, lengths).item() == pytest.approx(0.25)
    assert neuro.spike_rate_regulariser(spikes, 0.0, 0.5).item() == pytest.approx(0.04)


def test_losses_take_images_of_spikes_too():
    y, lengths = torch.rand(6, 2, 3, 4, 4), torch.tensor([6, 3])
    torch.testing.assert_close(neuro.mean_over_time(y, lengths)[1], y[:3, 1].mean(0))
    assert F.relu(neuro.max_over_time(y, lengths)).shape == (2, 3, 4, 4)


Y, TARGET = torch.zeros(5, 2, 4), torch.tensor([0, 3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: neuro.rate_loss(Y.transpose(0, 1), TARGET),
            r"a target for each of B = 5 samples, got \(2,\) for y \(2, 5, 4\)\. Is y "
            r"batch-first\? Use y\.transpose\(0, 1\)",
        ),
        (
            lambda: neuro.rate_loss(Y, TARGET, torch.tensor([5, 5, 5, 5, 5])),
            r"lengths \[B\] with B = 2, got \(5,\)\. Is y batch-first\?",
        ),
        (
            lambda: neuro.rate_loss(Y, TARGET, torch.tensor([0, 5])),
            r"from 1 to T = 5, got \[0, 5\]",
        ),
        (
            lambda: neuro.rate_loss(Y, TARGET, torch.tensor([6, 5])),
            r"from 1 to T = 5, got \[6, 5\]",
        ),
        (lambda: neuro.rate_loss(Y, TARGET, torch.tensor([1.0, 5])), "lengths as integers"),
        (lambda: neuro.rate_loss(Y, TARGET, [1, 5]), r"lengths as a tensor \[B\], got list"),
        (lambda: neuro.rate_loss(Y[:0], TARGET), r"with T >= 1, got \(0, 2, 4\)"),
        (lambda: neuro.mean_over_time(torch.zeros(3)), r"expected y \[T, B, \.\.\.\]"),
        (lambda: neuro.spike_rate_regulariser(Y, 0.5, 0.2), "0 <= low <= high <= 1"),
        (lambda: neuro.spike_rate_regulariser(Y, -0.1), "got -0.1"),
    ],
)
def test_bad_input_gets_one_clear_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


ALL_LOSSES = [*LOSSES, neuro.first_spike_loss]


@st.composite
def dense_batches(draw):
    """Spikes [T, B, C, ...] with NaN or infinity after each end, lengths, targets [B, ...]."""
    steps, batch, classes = (
        draw(st.integers(1, 6)),
        draw(st.integers(1, 3)),
        draw(st.integers(2, 4)),
    )
    space = draw(st.sampled_from([(), (3,), (2, 3), (4, 4)]))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    y = (torch.rand(steps, batch, classes, *space, generator=generator) < 0.4).double()
    lengths = torch.tensor([draw(st.integers(1, steps)) for _ in range(batch)])
    padding = draw(st.sampled_from([math.nan, math.inf, -math.inf, 1e308]))
    for b, length in enumerate(lengths.tolist()):
        y[length:, b] = padding
    target = torch.randint(0, classes, (batch, *space), generator=generator)
    return y, lengths, target


@pytest.mark.parametrize("loss", ALL_LOSSES)
@given(dense_batches(), st.booleans())
def test_dense_targets_and_any_padding_give_the_losses_of_the_cropped_samples(loss, drawn, shares):
    y, lengths, target = drawn
    y.requires_grad_()
    if shares:
        target = F.one_hot(target, y.shape[2]).movedim(-1, 1).double()
    value = loss(y, target, lengths)
    cropped = [loss(y[:n, b : b + 1], target[b : b + 1]) for b, n in enumerate(lengths.tolist())]
    torch.testing.assert_close(value, torch.stack(cropped).mean())
    (grad,) = torch.autograd.grad(value, y)
    (expected,) = torch.autograd.grad(torch.stack(cropped).mean(), y)
    torch.testing.assert_close(grad, expected)
    assert grad.isfinite().all()


def test_the_softmax_is_over_the_classes_of_images():
    y = torch.randn(3, 2, 5, 4, 6)
    torch.testing.assert_close(neuro.summed_softmax(y), y.softmax(2).sum(0))
    spikes, lengths = (torch.rand(6, 2, 3, 4, 4) < 0.5).float(), torch.tensor([6, 3])
    spikes[3:, 1] = math.nan
    spikes.requires_grad_()
    neuro.spike_rate_regulariser(spikes, 0.9, 1.0, lengths).backward()
    assert spikes.grad.isfinite().all() and spikes.grad[:3].any()


@pytest.mark.parametrize("loss", ALL_LOSSES)
@pytest.mark.parametrize(
    ("y", "target", "message"),
    [
        (
            torch.zeros(5, 2),
            torch.tensor([0, 1]),
            r"y \[T, B, C, ...\] with a class axis, got \(5, 2",
        ),
        (torch.zeros(5, 2, 3, 4, 4), torch.tensor([0, 1]), r"classes \[B, \.\.\.\] = \(2, 4, 4\)"),
        (torch.zeros(5, 2, 3), torch.zeros(2, 4), r"or shares \(2, 3\), got float32 \(2, 4\)"),
        (torch.zeros(5, 2, 3), torch.zeros(2), r"got float32 \(2,\)"),
        (torch.zeros(5, 2, 3), torch.zeros(2).int(), r"got int32 \(2,\).*\.long\(\)"),
        (torch.zeros(5, 2, 3), torch.tensor([0, 3]), r"classes from 0 to 2, got 3"),
        (torch.zeros(5, 2, 3), torch.tensor([-1, 0]), r"classes from 0 to 2, got -1"),
        (torch.zeros(5, 2, 3), [0, 1], r"target as a tensor, got list"),
    ],
)
def test_targets_that_do_not_fit_get_one_line(loss, y, target, message):
    with pytest.raises(ValueError, match=message) as caught:
        loss(y, target)
    assert "\n" not in str(caught.value)


def test_a_target_to_be_ignored_is():
    y, target = torch.randn(5, 2, 3), torch.tensor([1, -100])
    torch.testing.assert_close(neuro.rate_loss(y, target), neuro.rate_loss(y[:, :1], target[:1]))
