"""The page of the command line, made from the commands."""

import re
from pathlib import Path

import typer.main
from sphinx.application import Sphinx
from typer.cli import get_docs_for_click

from axonal._base.files import write_text
from axonal.cli import app as commands

PAGE = "docs/reference/command_line.md"


def write(app: Sphinx) -> None:
    """Write the page where it differs from what is there."""
    command = typer.main.get_command(commands)
    context = typer.Context(command, info_name="axonal")
    text = get_docs_for_click(obj=command, ctx=context, name="axonal", title="Command line")
    # tags of the console's colours say nothing on a page
    text = re.sub(r"\[/?(?:bold|dim|italic|red|green|yellow|blue|cyan|magenta)\]", "", text)
    page = Path(app.srcdir, PAGE)
    if not page.exists() or page.read_text() != text:
        page.parent.mkdir(exist_ok=True)
        write_text(page, text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the page before pages are looked for."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
