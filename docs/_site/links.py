"""Links from code in prose, such as ``neuro.LIF``, to the reference of the public name."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.python import PythonDomain
from sphinx.util.nodes import make_refnode


def link(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Make links of inline code that is a public name."""
    domain = app.env.domains.python_domain
    short = _short(domain)
    for literal in list(doctree.findall(nodes.literal)):
        if isinstance(literal.parent, nodes.reference):
            continue
        words = literal.astext().removeprefix("axonal.").partition("(")[0]
        name = words if words in domain.objects else short.get(words, "")
        if not name:
            continue
        found = domain.objects[name]
        anchor = make_refnode(
            app.builder, page, found.docname, found.node_id, literal.deepcopy(), name
        )
        literal.replace_self(anchor)


def _short(domain: PythonDomain) -> dict[str, str]:
    """Full names of classes by their last part, where only one class has it."""
    names: dict[str, list[str]] = {}
    for name, found in domain.objects.items():
        if found.objtype in ("class", "exception"):
            names.setdefault(name.rpartition(".")[2], []).append(name)
    return {last: few[0] for last, few in names.items() if len(few) == 1}


def setup(app: Sphinx) -> dict[str, bool]:
    """Link when the references of a page are resolved."""
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
