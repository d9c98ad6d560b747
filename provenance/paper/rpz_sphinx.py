"""An extension of Sphinx that checks figures and numbers against the runs that made them.

``rpz latex`` puts it beside ``conf.py``, with the map that it reads (``rpz-map.json``). The
directive ``rpz-figure`` is a ``figure``, the role ``rpz`` a number. What isn't as the run left it
is an error, and the build ends. It needs Sphinx 7 and ``rpz_filter.py``, which lies beside it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from docutils import nodes
from rpz_filter import MAP, Checked, NotAsMadeError
from sphinx.directives.patches import Figure
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxRole

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

    Answer = TypeVar("Answer")

SHOWS = "rpz"
"""What the metadata of a document has that shows something of runs."""


class ChangedError(SphinxError):
    """What is shown isn't what a run made."""

    category = "rpz"


class RpzFigure(Figure):
    """A figure that a run has made; it leads to the run, unless it has a ``target``."""

    def run(self) -> list[nodes.Node]:
        """Return the figure."""
        env: BuildEnvironment = self.state.document.settings.env
        name, _ = env.relfn2path(self.arguments[0])
        entry, run = _asked(env, lambda checked: checked.file(name))
        self.arguments[0] = f"/{entry['file']}"
        link = "" if "target" in self.options else run["link"]
        found: list[nodes.Node] = super().run()
        if link:
            for image in [image for node in found for image in node.findall(nodes.image)]:
                image.replace_self(_linked(image.deepcopy(), link))
        return found


class RpzResult(SphinxRole):
    """A number that a run has made."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the value."""
        value, run = _asked(self.env, lambda checked: checked.value(self.text.strip()))
        return [_linked(nodes.Text(value), run["link"]) if run["link"] else nodes.Text(value)], []


def _asked(env: BuildEnvironment, question: Callable[[Checked], Answer]) -> Answer:
    env.metadata[env.docname][SHOWS] = "1"
    try:
        return question(Checked(os.path.join(env.srcdir, MAP)))
    except NotAsMadeError as error:
        raise ChangedError(f"{env.docname}: {error}") from None


def _linked(inner: nodes.Node, link: str) -> nodes.Node:
    return nodes.reference("", "", inner, refuri=link, classes=["rpz-run"])


def outdated(_app: Sphinx, env: BuildEnvironment, *_documents: set[str]) -> list[str]:
    """Return the documents that show something of runs: it is checked in each build."""
    return [name for name in env.found_docs if SHOWS in env.metadata.get(name, ())]


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive and the role."""
    app.add_directive("rpz-figure", RpzFigure)
    app.add_role("rpz", RpzResult())
    app.connect("env-get-outdated", outdated)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
