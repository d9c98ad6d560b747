"""Drawings in DOT, JSON and SVG, as other programs read them."""

from __future__ import annotations

import json
import subprocess
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.packer.config.model import Package
from rpz.provenance.graph.captions import LONGEST, captions, printable
from rpz.provenance.graph.drawing import Arrow, Drawing, Kind, Node
from rpz.provenance.graph.forms import FORMS, FormError, form_of
from rpz.provenance.graph.model import File, Joint, Process, Role
from rpz.tracer.rows import RunRow
from tests.conftest import require

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=8, unique=True)
ODD = [
    b"a\nb", b"\xff\xfe", b'"', b"\\", b"\\N", b"a\\", b"&amp;", b"&#65;", b"]]>", b"<b>",
    b"</svg>", b"--", b"{x|y}", "\u202e\ufffe\U0001f600\u4e2d".encode(), b"\x1b[2J", b" ", b"\t",
    b"x" * 500,
]  # fmt: skip


def drawing(names):
    """Return a drawing in which a process that is called so executes and writes all others."""
    fields = dict.fromkeys(RunRow._fields, 0)
    run = RunRow(**{**fields, "argv": names[0] + b"\0", "workingdir": names[0], "name": None})
    process = Process(1, 0, None, names[0], ((names[0], names[-1]),), 0, 1, None, 9)
    odd = names[0].decode("utf-8", "surrogateescape")
    package = Package(odd, odd, (), manager="pip")
    nodes = [
        Node("n1", Kind.PROCESS, names[0], process),
        Node("n2", Kind.PACKAGE, names[-1], package),
        *(
            Node(f"n{number}", Kind.FILE, name, File(name, Role.OUTPUT), frame=package)
            for number, name in enumerate(names, 3)
        ),
    ]
    arrows = [Arrow(node.key, "n1", Joint.EXECUTES, 1) for node in nodes[1:]]
    return Drawing(
        [run], nodes, arrows + [Arrow(a.target, a.source, Joint.WRITES, 2) for a in arrows]
    )


def rendered(form, shown):
    return "".join(FORMS[form](shown)).encode()


def check_svg(shown):
    root = ET.fromstring(rendered("svg", shown))
    boxes = root.findall(f"{SVG}g")[-1].findall(f"{SVG}g")
    expected = captions(shown.nodes)
    assert [box.find(f"{SVG}text").text for box in boxes] == [c.label for c in expected]
    assert [box.find(f"{SVG}title").text for box in boxes] == [c.title for c in expected]
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg", "title", "style", "defs", "marker", "path", "g", "rect", "text"
    }  # fmt: skip


def check_json(shown):
    document = json.loads(rendered("json", shown))
    names = [node["name"].encode("utf-8", "surrogateescape") for node in document["nodes"]]
    assert names == [node.name for node in shown.nodes]
    assert len(document["edges"]) == len(shown.arrows)


@given(NAMES)
@settings(max_examples=60, deadline=None)
def test_any_names_in_svg_and_json(names):
    check_svg(drawing(names))
    check_json(drawing(names))


def test_odd_names_in_svg_and_json():
    check_svg(drawing(ODD))
    check_json(drawing(ODD))


def as_graphviz_draws(shown):
    """Return the texts and titles of Graphviz's drawing."""
    require("dot", "Graphviz is not installed (on Debian and Ubuntu: apt-get install graphviz)")
    done = subprocess.run(
        ["dot", "-Tsvg"], input=rendered("dot", shown), capture_output=True, check=True
    )
    assert done.stderr == b""
    root = ET.fromstring(done.stdout)
    nodes = [g for g in root.iter(f"{SVG}g") if g.get("class") == "node"]
    keys = {node.find(f"{SVG}title").text: node for node in nodes}
    drawn = []
    for node in shown.nodes:
        link = keys[node.key].find(f".//{SVG}a")
        title = link.get("{http://www.w3.org/1999/xlink}title")
        drawn.append(("".join(keys[node.key].find(f".//{SVG}text").itertext()), title))
    return drawn


def spaced(text):
    """Return text with plain spaces: Graphviz draws no others, and ends of lines as it likes."""
    return " ".join(text.replace("\xa0", " ").split())


def check_dot(shown):
    for (label, title), caption in zip(
        as_graphviz_draws(shown), captions(shown.nodes), strict=True
    ):
        assert spaced(label) == spaced(caption.label)
        assert spaced(title) == spaced(caption.title).replace("\\", "\u29f5")


def test_odd_names_in_dot():
    check_dot(drawing(ODD))


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=40, max_size=60, unique=True))
@settings(max_examples=4, deadline=None)
def test_any_names_in_dot(names):
    check_dot(drawing(names))


@given(st.binary(max_size=80))
def test_captions_are_printable(name):
    assert printable(name).isprintable()
    (caption,) = captions([Node("n1", Kind.FILE, name or b"x", None)])
    assert len(caption.label) <= LONGEST


@pytest.mark.parametrize("form", FORMS)
def test_nothing(form):
    assert rendered(form, Drawing([], [], []))


@pytest.mark.parametrize(
    ("form", "name", "chosen"),
    [(None, None, "dot"), (None, "a.SVG", "svg"), ("json", "a.svg", "json"), (None, "-", "dot")],
)
def test_form(form, name, chosen, tmp_path):
    file = None if name is None else (tmp_path / name).relative_to(tmp_path)
    assert form_of(form, file) == chosen


def test_no_form(tmp_path):
    with pytest.raises(FormError, match=r"\.svg"):
        form_of(None, tmp_path / "a.rpz")
