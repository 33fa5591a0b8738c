"""Reference pages, made from signatures and docstrings without importing the package."""

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import griffe

from _site.packages import PACKAGES
from axonal._base.files import write_text

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "docs/reference"
_ROLE = re.compile(r":(?:py:)?(?:class|func|meth|mod|attr|exc|data):`~?([^`]+)`")
_HIDDEN = frozenset({"self", "cls"})


def write(app: "Sphinx") -> None:
    """Write the pages that differ from what is there, and remove those of names that went."""
    folder = Path(app.srcdir, FOLDER)
    pages = {folder / f"{name}.md": text for name, text in made(Path(app.srcdir, "src")).items()}
    for page, text in pages.items():
        if not page.exists() or page.read_text() != text:
            page.parent.mkdir(parents=True, exist_ok=True)
            write_text(page, text)
    for page in folder.glob("*/*.md"):
        if page not in pages:
            page.unlink()


def made(source: Path) -> dict[str, str]:
    """Pages by their names: an index, one per package and one per group of its names."""
    root = griffe.load(
        "axonal", search_paths=[source], docstring_parser="google", resolve_aliases=True,
        docstring_options={"warn_missing_types": False, "warn_unknown_params": False},
    )  # fmt: skip
    pages: dict[str, str] = {}
    for package in PACKAGES:
        groups: dict[str, list[griffe.Object]] = {}
        for name in root[package].exports or ():
            thing = _target(root[package][str(name)])
            groups.setdefault(_group(package, thing), []).append(thing)
        for group, things in sorted(groups.items()):
            module = root[f"{package}.{group}" if group else package]
            name = f"{package}.{group}" if group else package
            pages[f"{package.split('.')[0]}/{name}"] = _page(package, name, module, things)
    tops = sorted({name.split("/")[0] for name in pages}, key=PACKAGES.index)
    for top in tops:
        children = [name for name in pages if name.startswith(f"{top}/")]
        pages[f"packages/{top}"] = _contents(
            f"`axonal.{top}`", _summary(root[top]), [f"../{child}" for child in children]
        )
    return pages


def _target(thing: griffe.Object | griffe.Alias) -> griffe.Object:
    return thing.final_target if isinstance(thing, griffe.Alias) else thing


def _group(package: str, thing: griffe.Object) -> str:
    """The folder below the package that makes the name; empty for one of its own files."""
    below = thing.path.removeprefix(f"axonal.{package}.").split(".")
    public = len(below) > 2 and not below[0].startswith("_")
    # a package of its own has a page of its own
    return below[0] if public and f"{package}.{below[0]}" not in PACKAGES else ""


def _summary(thing: griffe.Object | griffe.Alias) -> str:
    text = inspect.cleandoc(thing.docstring.value) if thing.docstring else ""
    return _markdown(text.split("\n\n")[0].replace("\n", " "))


def _contents(title: str, summary: str, children: Iterable[str]) -> str:
    tree = "\n".join(children)
    return f"# {title}\n\n{summary}\n\n```{{toctree}}\n:maxdepth: 1\n\n{tree}\n```\n"


def _page(
    package: str, name: str, module: griffe.Object | griffe.Alias, things: list[griffe.Object]
) -> str:
    listed = "\n".join(f"- `{package}.{thing.name}`: {_summary(thing)}" for thing in things)
    bodies = "\n\n".join(_documented(thing) for thing in things)
    here = f"```{{py:currentmodule}} {package}\n```"
    return f"# {name}\n\n{here}\n\n{_summary(module)}\n\n{listed}\n\n{bodies}\n"


def _documented(thing: griffe.Object) -> str:
    title, name = f"## {thing.name}", thing.name
    if isinstance(thing, griffe.Class):
        members = [_member(member) for member in _members(thing)]
        body = "\n\n".join([_bases(thing), _text(thing), *members])
        made = thing.members.get("__init__")
        parameters = _target(made) if made else thing
        arguments = _signature(getattr(parameters, "parameters", ()))
        kind = "exception" if _is_error(thing) else "class"
        return f"{title}\n\n{_directive(kind, f'{name}({arguments})', body, fence=5)}"
    if isinstance(thing, griffe.Function):
        return f"{title}\n\n{_directive('function', f'{name}{_called(thing)}', _text(thing))}"
    return f"{title}\n\n{_directive('data', name, _text(thing))}"


def _is_error(thing: griffe.Class) -> bool:
    return thing.name.endswith(("Error", "Warning"))


def _bases(thing: griffe.Class) -> str:
    names = [str(base) for base in thing.bases if not str(base).startswith("_")]
    return f"Derived from {', '.join(f'`{name}`' for name in names)}." if names else ""


def _members(thing: griffe.Class) -> Iterator[griffe.Object]:
    """Methods and properties that the class itself defines and documents."""
    for name, member in thing.members.items():
        public = not name.startswith("_") and member.docstring and not member.is_alias
        if public and (isinstance(member, griffe.Function) or "property" in member.labels):
            yield _target(member)


def _member(member: griffe.Object) -> str:
    if isinstance(member, griffe.Function):
        options = [f":{kind}:" for kind in ("classmethod", "staticmethod") if kind in member.labels]
        return _directive("method", f"{member.name}{_called(member)}", _text(member), options)
    return _directive("property", member.name, _text(member))


def _directive(
    kind: str, signature: str, body: str, options: Iterable[str] = (), *, fence: int = 4
) -> str:
    colons = ":" * fence
    head = "\n".join([f"{colons}{{py:{kind}}} {signature}", *options])
    return f"{head}\n\n{body.strip()}\n{colons}"


def _called(function: griffe.Function) -> str:
    returns = f" -> {function.returns}" if function.returns else ""
    return f"({_signature(function.parameters)}){returns}"


def _signature(parameters: Iterable[griffe.Parameter]) -> str:
    written, starred = [], False
    for parameter in parameters:
        if parameter.name in _HIDDEN:
            continue
        kind = parameter.kind
        if kind is griffe.ParameterKind.keyword_only and not starred:
            written.append("*")
            starred = True
        stars = {
            griffe.ParameterKind.var_positional: "*",
            griffe.ParameterKind.var_keyword: "**",
        }.get(kind, "")
        starred = starred or stars == "*"
        one = f"{stars}{parameter.name}"
        if parameter.annotation is not None:
            one += f": {parameter.annotation}"
        if parameter.default is not None and not stars:
            one += f" = {parameter.default}" if parameter.annotation else f"={parameter.default}"
        written.append(one)
    return ", ".join(written)


def _text(thing: griffe.Object) -> str:
    """The docstring: prose, fields of a list for its sections, examples as code."""
    if thing.docstring is None:
        return ""
    parts: list[str] = []
    for section in thing.docstring.parsed:
        found = section.value
        match section.kind:
            case griffe.DocstringSectionKind.parameters:
                parts.append(_fields((f"param {_one(one)}", one.description) for one in found))
            case griffe.DocstringSectionKind.attributes:
                parts.append(_fields((f"ivar {one.name}", one.description) for one in found))
            case griffe.DocstringSectionKind.raises:
                parts.append(
                    _fields((f"raises {one.annotation}", one.description) for one in found)
                )
            case griffe.DocstringSectionKind.returns | griffe.DocstringSectionKind.yields:
                title = section.kind.value
                parts.append(_fields([(title, _section(thing.docstring.value, title.title()))]))
            case _:
                parts.append(_prose(str(found)))
    return "\n\n".join(parts)


def _one(parameter: griffe.DocstringParameter) -> str:
    """A name, or several of them as one: a space would make the first of them a type."""
    return re.sub(r",\s+", ",\N{ZERO WIDTH SPACE}", parameter.name)


def _section(text: str, title: str) -> str:
    """The words of a section as they are: griffe takes those before a colon for a type."""
    found = re.search(rf"^( *){title}:\n((?:\1 +.*\n?|\n)+)", text, flags=re.MULTILINE)
    return inspect.cleandoc(found.group(2)) if found else ""


def _fields(fields: Iterable[tuple[str, str]]) -> str:
    lines = []
    for name, description in fields:
        text = _markdown(description).strip().replace("\n", "\n    ")
        lines.append(f":{name}: {text}")
    return "\n".join(lines)


def _prose(text: str) -> str:
    """Paragraphs; those that begin with a prompt are code."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        if paragraph.lstrip().startswith(">>>"):
            parts.append(f"```pycon\n{inspect.cleandoc(paragraph)}\n```")
        elif paragraph.startswith("    "):
            parts.append(f"```{{code-block}} none\n:class: equation\n\n{paragraph}\n```")
        else:
            parts.append(_markdown(paragraph))
    return "\n\n".join(parts)


def _markdown(text: str) -> str:
    return _ROLE.sub(r"`\1`", text)


def setup(app: "Sphinx") -> dict[str, bool]:
    """Write the pages before pages are looked for."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
