"""The command that writes text: generate."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from axonal.cli._shipped import OR_SHIPPED, run_folder
from axonal.cli._terminal import Json, Stopped, UserError, print_json, users_own


def generate(
    run: Annotated[Path, typer.Argument(help=f"Run folder of a language model; {OR_SHIPPED}")],
    prompt: Annotated[str, typer.Option(help="Text to go on with.")],
    length: Annotated[int, typer.Option(min=1, help="Number of tokens.")] = 200,
    temperature: Annotated[
        float, typer.Option(min=0.0, help="Divides the logits; 0 takes the most likely token.")
    ] = 1.0,
    top_p: Annotated[
        float, typer.Option(help="Share of the most likely tokens that are drawn from, up to 1.")
    ] = 1.0,
    stop: Annotated[str | None, typer.Option(help="Text before which it ends.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers.")] = 0,
    recipe: Annotated[
        str | None, typer.Option(help="Path of the recipe's file, if it has moved.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write text behind a prompt with a trained language model, as it comes."""
    if not 0 < top_p <= 1:
        raise UserError(f"--top-p takes a share above 0, to 1, got {top_p}.")
    from axonal.recipes import _writing

    with users_own(ValueError, OSError, ImportError):
        model, tokenizer, _ = _writing.load_language_model(run_folder(run), recipe=recipe)
        pieces = _writing.write(
            model, tokenizer, prompt, length=length, temperature=temperature, top_p=top_p,
            stop=stop, seed=seed,
        )  # fmt: skip
        if as_json:
            text = "".join(pieces)
            print_json({"run": str(run), "prompt": prompt, "text": text, "seed": seed})
            return
        _stream(prompt, pieces)


def _stream(prompt: str, pieces: Iterator[str]) -> None:
    first = next(pieces, "")
    typer.echo(prompt + first, nl=False)
    try:
        for piece in pieces:
            typer.echo(piece, nl=False)
    except KeyboardInterrupt as stop:
        typer.echo()
        raise Stopped("") from stop
    typer.echo()
