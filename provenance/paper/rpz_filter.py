#!/usr/bin/env python3
"""A filter of pandoc and Quarto that checks figures and numbers against the runs that made them.

``rpz latex`` puts it beside the manuscript, with the map that it reads (``rpz-map.json``): an image
or a span of the class ``rpz`` is looked up there. What isn't as the run left it is an error, and
nothing is written. It needs Python 3.9 alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

MAP = "rpz-map.json"
CLASS = "rpz"


class NotAsMadeError(Exception):
    """What is shown isn't what a run made."""


def words(inlines: list[Json]) -> str:
    """Return inline elements as text."""
    parts = []
    for element in inlines:
        content = element.get("c", " ")
        if isinstance(content, list):  # Code is attributes and text; the others hold elements
            last = content[-1] if content else ""
            content = (
                last if isinstance(last, str) else words([x for x in content if _is_element(x)])
            )
        parts.append(content)
    return "".join(parts).strip()


def _is_element(value: Any) -> bool:
    return isinstance(value, dict) and "t" in value


def name_of(element: Json) -> str | None:
    """Return what an element of our class names; None: it is none of ours."""
    kind = element.get("t")
    if kind not in ("Image", "Span") or CLASS not in element["c"][0][1]:
        return None
    return str(element["c"][2][0]) if kind == "Image" else words(element["c"][1])


def uses(document: Json) -> Iterator[tuple[str, str]]:
    """Yield the kind (Image, Span) and the name of each element of ours in a document."""
    for element in elements(document):
        name = name_of(element)
        if name is not None:
            yield element["t"], name


def elements(document: Json) -> Iterator[Json]:
    """Yield all elements of a document, in their order."""
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if _is_element(value):
            yield value
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(inner, (list, type({}.values()))):
            waiting += reversed(list(inner))


class Checked:
    """The map of a manuscript, and which of its files were looked at."""

    def __init__(self, path: str) -> None:
        """Read it; its folder is where the files are."""
        self._folder = os.path.dirname(path)
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                self._map: Json = json.load(file)
        except FileNotFoundError:
            raise NotAsMadeError(f"There is no {path}. Write it: rpz latex PACK") from None
        self._good: dict[str, None] = {}

    def file(self, name: str) -> tuple[Json, Json]:
        """Return what the map says of a file that is as its run left it, and the run."""
        entry = self._entry("files", name)
        run = self._map["runs"][entry["run"]]
        if name not in self._good:
            found = self._sha256(entry, run)
            if found != entry["sha256"]:
                made = f"run {run['label']} of {run['pack']} ({entry['run']})"
                raise NotAsMadeError(
                    f"{entry['file']} isn't what {made} wrote: its SHA-256 is {found}, "
                    f"not {entry['sha256']}. Take the run's, or name the new run: rpz latex PACK"
                )
            self._good[name] = None
        return entry, run

    def value(self, name: str) -> tuple[str, Json]:
        """Return a value whose file is as its run left it, and the run."""
        entry = self._entry("results", name)
        _, run = self.file(entry["file"])
        return entry["value"], run

    def _entry(self, table: str, name: str) -> Json:
        if name not in self._map[table]:
            raise NotAsMadeError(
                f"{name} isn't in the map of this manuscript. Add it: rpz latex PACK"
            )
        entry: Json = self._map[table][name]
        return entry

    def _sha256(self, entry: Json, run: Json) -> str:
        digest = hashlib.sha256()
        try:
            with open(os.path.join(self._folder, entry["file"]), "rb") as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    digest.update(block)
        except FileNotFoundError:
            raise NotAsMadeError(
                f"{entry['file']} of run {run['label']} of {run['pack']} isn't here. "
                "Put it here: rpz latex PACK"
            ) from None
        return digest.hexdigest()


def changed(element: Json, checked: Checked) -> Json:
    """Return an element of ours as it is shown: with a link to its run, if there is one."""
    if element["t"] == "Image":
        return _image(element, *checked.file(element["c"][2][0]))
    value, run = checked.value(words(element["c"][1]))
    return _linked({"t": "Str", "c": value}, run)


def _image(element: Json, entry: Json, run: Json) -> Json:
    attributes, caption, (_, title) = element["c"]
    attributes[2].append(["data-rpz-run", entry["run"]])
    is_figure = title.startswith("fig:")  # pandoc 2: it has to stay alone in its paragraph
    if is_figure and run["link"]:
        label = {"t": "Str", "c": f"(run {run['label']})"}
        caption = [*caption, {"t": "Space"}, _linked(label, run)]
    image = {"t": "Image", "c": [attributes, caption, [entry["file"], title]]}
    return image if is_figure else _linked(image, run)


def _linked(element: Json, run: Json) -> Json:
    if not run["link"]:
        return element
    return {"t": "Link", "c": [["", ["rpz-run"], []], [element], [run["link"], ""]]}


def filtered(value: Any, checked: Checked) -> Any:
    """Return a document, or a part of one, with our elements as they are shown."""
    if isinstance(value, list):
        return [filtered(item, checked) for item in value]
    if not isinstance(value, dict):
        return value
    if "t" in value and name_of(value) is not None:
        return changed(value, checked)
    return {key: filtered(item, checked) for key, item in value.items()}


def main() -> None:
    """Filter standard input, as pandoc wants it."""
    document = json.load(sys.stdin)
    if next(uses(document), None) is not None:
        document = filtered(document, Checked(MAP))
    json.dump(document, sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except NotAsMadeError as error:
        sys.exit(f"rpz: {error}.")
