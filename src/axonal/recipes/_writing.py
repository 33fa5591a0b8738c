"""Text that a trained language model writes, and the runs that hold one."""

import codecs
from collections.abc import Iterator
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np
from torch import nn

from axonal import neuro, recipes
from axonal.datasets.text import Tokenizer, from_settings
from axonal.recipes import _weights
from axonal.recipes._errors import RecipeError
from axonal.recipes._run_folder import RunFolder
from axonal.recipes._text_settings import TextSettings


def load_language_model(
    folder: str | PathLike[str], *, recipe: str | None = None
) -> tuple[nn.Module, Tokenizer, Any]:
    """Load the model of a finished run of a language recipe.

    Args:
        folder: run folder that `train` left.
        recipe: see `load_run`.

    Returns:
        the model in evaluation mode, its tokenizer, and the settings.

    Raises:
        FileNotFoundError: there is no finished run.
        ValueError: the run is of another kind, or damaged; one line.

    >>> load_language_model("runs/of-nobody")
    Traceback (most recent call last):
    FileNotFoundError: runs/of-nobody holds no run: it has no config.json. Is the path right?
    """
    run = RunFolder(folder, recipe)
    if not run.config.exists():
        raise FileNotFoundError(
            f"{run.path} holds no run: it has no config.json. Is the path right?"
        )
    name, settings = run.settings()
    if not isinstance(settings, TextSettings):
        raise RecipeError(
            f"the run in {run.path} is of {name}, which writes no text: train spikegpt-char, say."
        )
    if not run.finished:
        raise FileNotFoundError(
            f"the run in {run.path} is not finished: go on with `axonal train {name} --out "
            f"{run.path} --resume`."
        )
    try:
        tokenizer = from_settings(run.read_summary()["tokenizer"])
    except (KeyError, TypeError, ValueError) as error:
        raise run.damaged(run.summary, f"its tokenizer cannot be read ({error})") from error
    tensors = _weights.read_tensors(run.read(run.model))
    rows = [len(tensor) for key, tensor in tensors.items() if key.startswith("embed")]
    if rows[:1] != [tokenizer.size]:
        raise run.damaged(
            run.model, f"its model has {rows[:1]} tokens, its tokenizer {tokenizer.size}"
        )
    model = recipes.find(name).build(settings, tokenizer.size)  # type: ignore[call-arg]
    try:
        _weights.load(model, tensors)
    except ValueError as error:
        raise run.damaged(
            run.model, f"it does not hold the weights of this run: {error}"
        ) from error
    return model.eval(), tokenizer, settings


def write(
    model: nn.Module,
    tokenizer: Tokenizer,
    prompt: str,
    *,
    length: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
    stop: str | None = None,
    seed: int = 0,
) -> Iterator[str]:
    """Yield the text that a model writes behind a prompt, piece by piece, as it comes.

    Args:
        model: in evaluation mode.
        tokenizer: of the model.
        prompt: text of one token or more.
        length: number of tokens.
        temperature: see ``neuro.generate``.
        top_p: see there.
        stop: text before which it ends; None to write all tokens.
        seed: of the random numbers.

    Raises:
        ValueError: for a prompt that has no tokens, and numbers out of range.
    """
    tokens = tokenizer.encode(prompt)
    if not len(tokens):
        raise RecipeError("a prompt of one character or more is needed: write --prompt TEXT.")
    made = neuro.generate(model, [tokens.tolist()], temperature=temperature, top_p=top_p, seed=seed)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    pieces = (
        decoder.decode(tokenizer.decode_bytes(np.array([int(token[0])])))
        for token in islice(made, length)
    )
    yield from _until(pieces, stop)


def _until(pieces: Iterator[str], stop: str | None) -> Iterator[str]:
    """Pieces of a text until another text is in it; what could begin that is held back.

    >>> list(_until(iter(["a", "b", "c", "d"]), "bc"))
    ['a']
    """
    if not stop:
        yield from pieces
        return
    held = ""
    for piece in pieces:
        held += piece
        before, found, _ = held.partition(stop)
        if found:
            if before:
                yield before
            return
        most = min(len(stop) - 1, len(held))
        kept = next((n for n in range(most, 0, -1) if stop.startswith(held[-n:])), 0)
        if len(held) > kept:
            yield held[: len(held) - kept]
            held = held[len(held) - kept :]
    if held:
        yield held
