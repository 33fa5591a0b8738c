"""llms.txt: the pages of the site with their first sentences, for programs that read it."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from axonal._base.files import write_text


def write(app: Sphinx, error: Exception | None) -> None:
    """Write llms.txt beside the pages."""
    if error is not None or app.builder.format != "html":
        return
    lines = ["# Axonal", "", f"> {_sentence(app, app.config.root_doc)}", "", "## Pages", ""]
    for page in sorted(app.env.found_docs):
        title = app.env.titles[page].astext()
        lines.append(f"- [{title}]({app.builder.get_target_uri(page)}): {_sentence(app, page)}")
    write_text(Path(app.outdir, "llms.txt"), "\n".join(lines) + "\n")


def _sentence(app: Sphinx, page: str) -> str:
    for paragraph in app.env.get_doctree(page).findall(nodes.paragraph):
        return paragraph.astext().replace("\n", " ").partition(". ")[0].rstrip(".") + "."
    return ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the file when the site is built."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
