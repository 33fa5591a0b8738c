"""The command that lists trained networks: models."""

from typing import Annotated

import typer

from axonal._base.tables import text_table
from axonal.cli._shipped import SHIPPED
from axonal.cli._terminal import Json, UserError, print_json


def models(
    name: Annotated[str | None, typer.Argument(help="Of one, to be told more of it.")] = None,
    as_json: Json = False,
) -> None:
    """List the trained networks that come with axonal: commands on runs take their names."""
    if name is not None and name not in SHIPPED:
        raise UserError(f"no trained {name!r} comes with axonal, only {', '.join(SHIPPED)}.")
    from axonal.recipes._shipped import described, graph

    if name is not None:
        found = {**described(name), "graph": graph(name)}
        if as_json:
            print_json(found)
            return
        for key, value in found.items():
            typer.echo(f"{key:12s}{value}")
        return
    all_of_them = [described(shipped) for shipped in SHIPPED]
    if as_json:
        print_json({"models": all_of_them})
        return
    head = ("model", "numbers", "test", "kB", "trained by")
    lines = [
        (
            m["name"],
            m["parameters"],
            f"{m['test']:.3f} {m['measure']}",
            m["bytes"] // 1000,
            m["command"],
        )
        for m in all_of_them
    ]
    typer.echo(text_table(head, lines))
