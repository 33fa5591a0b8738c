"""Tokens that a language model writes."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils import _pytree as pytree


class LanguageModel(Protocol):
    """A model that is called with tokens [T, B] and a state, whose tensors have B first."""

    def __call__(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return logits of the next token [T, B, V] and the state."""


def generate(
    model: LanguageModel,
    prompts: Sequence[Tensor | Sequence[int]],
    *,
    temperature: float = 1.0,
    top_p: float = 1.0,
    seed: int = 0,
) -> Iterator[Tensor]:
    """Yield the tokens that a model writes behind prompts, one of each text at a time, without end.

    Every text has random numbers of its own from the same seed: a batch writes what its prompts
    would alone, but for rounding. Memory and time per token do not grow.

    Args:
        model: in evaluation mode, with a state of one size.
        prompts: whole numbers of each text, at least one.
        temperature: logits are divided by it, >= 0; 0 takes the most likely token.
        top_p: the least share, in (0, 1], of the most likely tokens that are drawn from.
        seed: of the random numbers.

    Yields:
        tokens [B].

    Raises:
        ValueError: for numbers out of range, an empty prompt, or logits that are not finite.

    >>> from itertools import islice
    >>> from axonal.neuro import SpikeGPT
    >>> model = SpikeGPT(10, size=8, layers=1).eval()
    >>> [tokens.shape for tokens in islice(generate(model, [[1, 2], [3]]), 2)]
    [torch.Size([2]), torch.Size([2])]
    """
    if not temperature >= 0 or temperature == float("inf"):
        raise ValueError(f"generate expects temperature >= 0, got {temperature}.")
    if not 0 < top_p <= 1:
        raise ValueError(f"generate expects top_p in (0, 1], got {top_p}.")
    if not len(prompts) or any(len(prompt) == 0 for prompt in prompts):
        raise ValueError("generate expects prompts of at least one token.")
    return _written(model, prompts, temperature, top_p, seed)


@torch.no_grad()
def _written(
    model: LanguageModel,
    prompts: Sequence[Tensor | Sequence[int]],
    temperature: float,
    top_p: float,
    seed: int,
) -> Iterator[Tensor]:
    heard = [model(torch.as_tensor(prompt).long().view(-1, 1)) for prompt in prompts]
    last = torch.cat([logits[-1] for logits, _ in heard])  # [B, V]
    state = _batched([state for _, state in heard])
    del heard
    generators = [torch.Generator().manual_seed(seed) for _ in prompts]
    while True:
        if not bool(last.isfinite().all()):
            raise ValueError("the model gave logits that are not finite: its training diverged.")
        if temperature:
            chances = nucleus((last.double() / temperature).softmax(-1), top_p).cpu()
            drawn = [
                torch.multinomial(row, 1, generator=generator)
                for row, generator in zip(chances, generators, strict=True)
            ]
            tokens = torch.cat(drawn).to(last.device)
        else:
            tokens = last.argmax(-1)
        yield tokens
        logits, state = model(tokens[None], state)
        last = logits[-1]


def nucleus(chances: Tensor, top_p: float) -> Tensor:
    """Keep the most likely tokens that together reach a share, and none beside them.

    Args:
        chances: of the tokens [B, V].
        top_p: the share; the most likely token is always kept.

    Returns:
        [B, V], zero for the others; their sum is not 1.

    >>> nucleus(torch.tensor([[0.5, 0.3, 0.2]]), 0.6)
    tensor([[0.5000, 0.3000, 0.0000]])
    """
    if top_p >= 1:
        return chances
    ordered, places = chances.sort(-1, descending=True)
    before = ordered.cumsum(-1) - ordered  # share of what is more likely
    kept = torch.where(before < top_p, ordered, 0.0)
    return torch.zeros_like(chances).scatter(-1, places, kept)


def _batched(states: list[Any]) -> Any:
    """Put the states of single texts beside each other."""
    leaves = [pytree.tree_flatten(state) for state in states]
    rows = zip(*(values for values, _ in leaves), strict=True)
    joined = [torch.cat(row) if isinstance(row[0], Tensor) else row[0] for row in rows]
    return pytree.tree_unflatten(joined, leaves[0][1])
