"""What a manuscript shows of runs: a kind of manuscript is a reader, and a row here."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rpz.process import output_of
from rpz.provenance.paper import rpz_filter
from rpz.provenance.paper.errors import PaperError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

CONF = "conf.py"
"""What is in the folder that Sphinx reads."""
SPHINX_SUFFIXES = (".rst",)
DIRECTIVE, ROLE = "rpz-figure", "rpz"


@dataclass
class Uses:
    """The names of files and of values, each once, in their order."""

    figures: dict[str, None] = field(default_factory=dict)
    results: dict[str, None] = field(default_factory=dict)


def of_latex(manuscript: Path, uses: Uses) -> None:
    """Add what our macros name, in the files that it inputs, too."""
    folder, waiting, read = manuscript.parent, [manuscript], set()
    while waiting:
        path = waiting.pop()
        if path in read:
            continue
        read.add(path)
        for macro, name in _macros(_text(path)):
            if macro == "rpzincludegraphics":
                uses.figures[name] = None
            elif macro in {"rpzresult", "rpzvalue"}:
                uses.results[name] = None
            elif (found := _input(folder, name)) is not None:
                waiting.append(found)


def _input(folder: Path, name: str) -> Path | None:
    """Return the file that LaTeX inputs, if it is the manuscript's own."""
    found = (folder / name, folder / f"{name}.tex")
    return next((path for path in reversed(found) if path.is_file()), None)


ARGUMENTS = {
    "rpzincludegraphics": "[{",
    "rpzresult": "{",
    "rpzvalue": "{",
    "input": "{",
    "include": "{",
    "subfile": "{",
}
"""Macros that are looked for, and what they take."""


def _macros(text: str) -> Iterator[tuple[str, str]]:
    """Yield macros of :data:`ARGUMENTS` and their last argument; not of a macro's definition."""
    from pylatexenc.latexwalker import LatexMacroNode, LatexWalker, get_default_latex_context_db
    from pylatexenc.macrospec import MacroSpec

    context = get_default_latex_context_db()
    macros = [MacroSpec(name, arguments) for name, arguments in ARGUMENTS.items()]
    context.add_context_category("rpz", macros=macros, prepend=True)
    nodes, _, _ = LatexWalker(text, latex_context=context, tolerant_parsing=True).get_latex_nodes()
    waiting: list[Any] = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        arguments = getattr(getattr(node, "nodeargd", None), "argnlist", None) or ()
        if isinstance(node, LatexMacroNode) and node.macroname in ARGUMENTS and arguments:
            name = arguments[-1].latex_verbatim().strip("{}").strip()
            if name and "#" not in name:
                yield node.macroname, name
        waiting += [*reversed(getattr(node, "nodelist", None) or ()), *reversed(arguments)]


def of_markdown(manuscript: Path, uses: Uses) -> None:
    """Add the images and spans of the class ``rpz``, as pandoc reads them."""
    for kind, name in rpz_filter.uses(_document(manuscript, "markdown")):
        (uses.figures if kind == "Image" else uses.results)[name] = None


def of_sphinx(manuscript: Path, uses: Uses) -> None:
    """Add what our directives and roles name, as pandoc reads them; from the folder of conf.py."""
    folder = manuscript.absolute().parent.relative_to(home_of(manuscript).absolute())
    for element in rpz_filter.elements(_document(manuscript, "rst")):
        about: Any = element.get("c")
        if element["t"] == "Div" and DIRECTIVE in about[0][1]:
            name = posixpath.join("/", folder.as_posix(), rpz_filter.words(about[1][0]["c"]))
            uses.figures[posixpath.normpath(name).lstrip("/")] = None
        elif element["t"] == "Code" and ["role", ROLE] in about[0][2]:
            uses.results[about[1].strip()] = None


def _document(manuscript: Path, form: str) -> dict[str, Any]:
    argv = ["pandoc", "--from", form, "--to", "json", str(manuscript)]
    document: dict[str, Any] = json.loads(output_of(argv, package="pandoc"))
    return document


def home_of(manuscript: Path) -> Path:
    """Return the folder that a manuscript's names are from: of Sphinx's, where conf.py is."""
    if manuscript.suffix.lower() in SPHINX_SUFFIXES:
        for folder in manuscript.absolute().parents:
            if (folder / CONF).is_file():
                return folder
    return manuscript.parent


@dataclass(frozen=True)
class Kind:
    """A kind of manuscript: what reads it, how to see that it shows something, what it needs.

    ``needs`` are files of this package that are put beside it.
    """

    read: Callable[[Path, Uses], None]
    shows: re.Pattern[bytes]
    needs: tuple[str, ...]


LATEX = Kind(of_latex, re.compile(rb"\\rpz(includegraphics|result|value)\b"), ("rpz.sty",))
MARKDOWN = Kind(of_markdown, re.compile(rb"\{[^{}\n]*\.rpz\b[^{}\n]*\}"), ("rpz_filter.py",))
SPHINX = Kind(of_sphinx, re.compile(rb"rpz-figure::|:rpz:`"), ("rpz_sphinx.py", "rpz_filter.py"))
KINDS = {
    ".tex": LATEX,
    ".ltx": LATEX,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".qmd": MARKDOWN,
    ".rmd": MARKDOWN,
    ".rst": SPHINX,
}
"""By the suffix of the manuscript."""


def manuscripts_in(folder: Path) -> list[Path]:
    """Return the manuscripts of a folder that show something of runs."""
    found = sorted(path for path in _files(folder) if path.suffix.lower() in KINDS)
    return [
        path
        for path in found
        if path.is_file() and KINDS[path.suffix.lower()].shows.search(path.read_bytes())
    ]


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder; of Sphinx's, what is deeper too, but for what it has made."""
    yield from folder.iterdir()
    if (folder / CONF).is_file():
        for path in folder.glob("[!._]*/**/*"):
            if path.suffix.lower() in SPHINX_SUFFIXES:
                yield path


def uses_of(manuscripts: Sequence[Path]) -> tuple[list[Kind], Uses]:
    """Return the kinds of some manuscripts, and what they show.

    Raises:
        PaperError: there is none, it can't be read, or is of no known kind.
        RpzError: it is Markdown, and pandoc isn't installed or fails.

    """
    if not manuscripts:
        raise PaperError(
            "No manuscript here shows anything of a run",
            r"Use \rpzincludegraphics, or the class .rpz in Markdown; name it with --manuscript",
        )
    kinds = {manuscript: _kind_of(manuscript) for manuscript in manuscripts}
    uses = Uses()
    for manuscript, kind in kinds.items():
        kind.read(manuscript, uses)
    return list(dict.fromkeys(kinds.values())), uses


def _kind_of(manuscript: Path) -> Kind:
    kind = KINDS.get(manuscript.suffix.lower())
    if kind is None:
        raise PaperError(
            f"{manuscript} is no manuscript that rpz reads", f"It reads {', '.join(KINDS)}"
        )
    if not manuscript.is_file():
        raise PaperError(f"There is no manuscript {manuscript}", "Name it: --manuscript FILE")
    return kind


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")
