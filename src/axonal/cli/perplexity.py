"""The command that scores a text: perplexity."""

from pathlib import Path
from typing import Annotated

import typer

from axonal.cli._shipped import OR_SHIPPED, run_folder
from axonal.cli._terminal import Json, print_json, users_own


def perplexity(
    run: Annotated[Path, typer.Argument(help=f"Run folder of a language model; {OR_SHIPPED}")],
    file: Annotated[Path, typer.Argument(help="Text in UTF-8.")],
    window: Annotated[
        int | None,
        typer.Option(min=2, help="Tokens read at once; by default twice those of the training."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Path of the recipe's file, if it has moved.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a text with a trained language model: bits per token, character and byte."""
    from axonal.recipes import _text_scoring, _writing

    with users_own(ValueError, OSError, ImportError):
        model, tokenizer, settings = _writing.load_language_model(run_folder(run), recipe=recipe)
        found = _text_scoring.perplexity(
            model, tokenizer, file, window=window or 2 * settings.window
        )
    bits = {
        "bits_per_token": found.bits_per_token,
        "bits_per_character": found.bits_per_character,
        "bits_per_byte": found.bits_per_byte,
        "perplexity_per_token": found.perplexity,
    }
    if as_json:
        counts = {"tokens": found.tokens, "characters": found.characters, "bytes": found.bytes}
        print_json({"run": str(run), "file": str(file), **counts, **bits})
        return
    typer.echo(
        f"{found.tokens} tokens predicted ({found.characters} characters, {found.bytes} bytes)"
    )
    for name, value in bits.items():
        typer.echo(f"{name.replace('_', ' '):22s}{value:.4f}")
