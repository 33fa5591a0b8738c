"""Scores of texts by a language model, and the vectors that it makes of them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from axonal._base.files import check_source
from axonal.datasets.text import Score, Stride, Tokenizer, strided
from axonal.recipes._errors import RecipeError


@torch.no_grad()
def score(
    model: nn.Module, tokens: Any, tokenizer: Tokenizer, length: int, *, at_once: int = 16
) -> Score:
    """Score a text by a model, in windows that overlap by half.

    Every token but the first is counted once, with at least half a window before it where there is
    one.

    Args:
        model: called with tokens [T, B].
        tokens: of the text.
        tokenizer: made them.
        length: of a window.
        at_once: windows that the model is given beside each other.
    """
    was_training = model.training
    model.eval()
    nats, targets = 0.0, []
    for windows in _alike(strided(tokens, length, max(length // 2, 1)), at_once):
        counted = windows[0].counted
        logits, _ = model(torch.from_numpy(np.stack([w.inputs for w in windows], 1)))
        told = logits[counted:].double().log_softmax(-1)
        after = np.stack([w.targets[counted:] for w in windows], 1)
        nats -= float(told.gather(-1, torch.from_numpy(after)[..., None]).sum())
        targets.append(after.T.flatten())
    model.train(was_training)
    return Score.of(nats, np.concatenate(targets), tokenizer)


def _alike(windows: Iterable[Stride], most: int) -> Iterator[list[Stride]]:
    """Windows that follow each other and are of one shape, so many of them at most."""
    for _, few in groupby(windows, lambda window: (len(window.inputs), window.counted)):
        while found := list(islice(few, most)):
            yield found


def perplexity(
    model: nn.Module, tokenizer: Tokenizer, file: str | PathLike[str], *, window: int = 256
) -> Score:
    """Score the text of a file: bits per token, per character and per byte, and perplexity.

    Args:
        model: of `load_language_model`.
        tokenizer: of the model.
        file: path of a text in UTF-8.
        window: tokens that the model reads at once; windows overlap by half.

    Raises:
        ValueError: a text that is too short, is no UTF-8, or has something that the tokenizer does
            not know; one line.
        OSError: the file cannot be read.

    >>> from axonal import neuro
    >>> from axonal.datasets.text import Bytes
    >>> model = neuro.SpikeGPT(256, size=8, layers=1)
    >>> perplexity(model, Bytes(), "no such file")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FileNotFoundError: ...
    """
    check_source(file)
    try:
        tokens = tokenizer.encode(Path(file).read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"{file} is no text in UTF-8 ({error.reason} at byte {error.start}): convert it, with "
            "iconv for instance."
        ) from None
    except ValueError as error:
        raise RecipeError(f"{file}: {error}") from None
    if len(tokens) < 2:
        raise RecipeError(
            f"{file} has {len(tokens)} tokens: a text of two or more can be predicted."
        )
    return score(model, tokens, tokenizer, window)


@torch.no_grad()
def embeddings(
    model: nn.Module, tokenizer: Tokenizer, texts: Sequence[str], *, at_once: int = 16
) -> Tensor:
    """Vectors of texts: the mean over their tokens of what the head of a model hears.

    Args:
        model: of `load_language_model`.
        tokenizer: of the model.
        texts: of one token or more each.
        at_once: texts that the model is given beside each other, the shorter ones with tokens
            behind that do not count.

    Returns:
        vectors [texts, C].

    Raises:
        ValueError: for a text without tokens, or with something that the tokenizer does not know.

    >>> from axonal import neuro
    >>> from axonal.datasets.text import Bytes
    >>> model = neuro.SpikeGPT(256, size=8, layers=1).eval()
    >>> embeddings(model, Bytes(), ["to be", "or not"]).shape
    torch.Size([2, 8])
    """
    found = []
    for first in range(0, len(texts), at_once):
        tokens, lengths = beside(tokenizer, texts[first : first + at_once])
        found.append(mean_over(hidden(model, tokens)[0], lengths))
    return torch.cat(found) if found else torch.zeros(0, 0)


@torch.no_grad()
def ending_bits(
    model: nn.Module, tokenizer: Tokenizer, prompt: str, endings: Sequence[str]
) -> Tensor:
    """Bits that each ending of a prompt takes: the choice of a model that was trained on no choice.

        bits_e = -sum_t log2 p(e_t | prompt, e_1, ..., e_{t-1})

    The smallest is the likeliest ending. Longer ones take more bits: divide by the number of
    characters where lengths differ, as is usual for multiple choice (Brown et al., NeurIPS 2020).

    Args:
        model: of `load_language_model`.
        tokenizer: of the model.
        prompt: text of one token or more.
        endings: of one token or more each. A prompt and an ending are made tokens apart.

    Returns:
        bits [endings].

    Raises:
        ValueError: for a text without tokens, and for no endings.

    >>> from axonal import neuro
    >>> from axonal.datasets.text import Bytes
    >>> model = neuro.SpikeGPT(256, size=8, layers=1).eval()
    >>> ending_bits(model, Bytes(), "to be or ", ["not", "nut"]).shape
    torch.Size([2])
    """
    if not endings:
        raise RecipeError("ending_bits expects endings to choose from, got none.")
    asked, _ = beside(tokenizer, [prompt])
    told, lengths = beside(tokenizer, endings)  # [T, B]
    logits, state = model(asked[:, 0, None].expand(-1, len(endings)))
    after, _ = model(told, state)
    chances = torch.cat((logits[-1:], after[:-1])).double().log_softmax(-1)
    bits = -chances.gather(-1, told[..., None])[..., 0] / math.log(2)
    return bits.cumsum(0).gather(0, lengths[None] - 1)[0]


def beside(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Tokens of texts [T, B], zeros behind the shorter ones, and their numbers [B].

    Raises:
        ValueError: for a text without tokens, or with something that the tokenizer does not know.

    >>> from axonal.datasets.text import Bytes
    >>> beside(Bytes(), ["a", "bc"])
    (tensor([[97, 98],
            [ 0, 99]]), tensor([1, 2]))
    """
    found = [torch.from_numpy(tokenizer.encode(text)) for text in texts]
    empty = [place for place, tokens in enumerate(found) if not len(tokens)]
    if empty:
        raise RecipeError(f"text number {empty[0]} is empty: each needs a character or more.")
    lengths = torch.tensor([len(tokens) for tokens in found])
    return nn.utils.rnn.pad_sequence(found), lengths


def mean_over(y: Tensor, lengths: Tensor) -> Tensor:
    """Means [B, C] of y [T, B, C] over the first so many steps.

    >>> mean_over(torch.tensor([[[1.0], [1.0]], [[3.0], [7.0]]]), torch.tensor([2, 1])).flatten()
    tensor([2., 1.])
    """
    there = torch.arange(len(y), device=y.device)[:, None] < lengths.to(y.device)
    return (y * there[..., None]).sum(0) / lengths.to(y)[:, None]


def hidden(model: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the head of a model hears [T, B, C] for tokens [T, B], and its logits."""
    heads = [part for name, part in model.named_modules() if name.split(".")[-1] == "head"]
    heard: list[Tensor] = []
    handle = heads[0].register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    try:
        logits, _ = model(tokens)
    finally:
        handle.remove()
    # networks apply what has no state to all steps at once
    return heard[0].view(*tokens.shape, -1), logits
