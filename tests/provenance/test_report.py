"""The page of ``rpz report``, in a real browser: what it shows, and what it can't be made to do."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.packer.secrets.redact import Secrets
from rpz.provenance.diff import Section
from rpz.provenance.diff.difference import Difference
from rpz.provenance.report import write_report
from rpz.provenance.report.differences import differences_document
from rpz.provenance.report.html import PAGE, SCRIPTS, embedded
from rpz.provenance.report.originals import Original
from rpz.provenance.report.preview import HEAD, LARGEST_IMAGE, Budget, image_type, preview
from rpz.provenance.source import SourceError
from rpz.tracer.database import TraceDatabase
from rpz.tracer.fields import joined
from rpz.tracer.rows import (
    DigestRow,
    ExecutionRow,
    FactRow,
    FileRow,
    PackageFileRow,
    PackageRow,
    ProcessRow,
    RunRow,
    WarningRow,
)
from tests.browser import browser
from tests.conftest import rpz_in

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ0123"
SCRIPT = """\
cp in.txt mid.txt; sort -o out.txt mid.txt
cp figure.png plot.png; cp drawing.svg shape.svg; cp in.csv table.csv
echo "$LAB_TOKEN" > leaked.txt
(sleep 0.05; exit 3)
echo said
"""
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>top.pwned = 1</script>
<image href="http://192.0.2.1/x.png"/></svg>
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """A run with outputs of every kind, and another one with another input."""
    folder = tmp_path_factory.mktemp("report")
    rpz = rpz_in(folder)
    (folder / "figure.png").write_bytes(PNG)
    (folder / "drawing.svg").write_text(SVG)
    (folder / "in.csv").write_text("day,rain\n1,2.5\n2,<b>3</b>\n")
    (folder / "a.sh").write_text(SCRIPT)
    env = {"LAB_TOKEN": TOKEN, "PYTHONDONTWRITEBYTECODE": "1"}
    for name, content in (("one", "b\na\n"), ("other", "b\nc\n")):
        (folder / "in.txt").write_text(content)
        words = ("trace", "-d", name, "--save-output", "--reason", "why <i>not</i>")
        assert rpz(*words, "sh", "a.sh", "--gain=2", env=env).returncode == 0
    return rpz


@pytest.fixture(scope="module")
def made(traced):
    """The page of the second run, of which the outputs are still there."""
    done = traced("report", "other", "page.html")
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    return traced.folder / "page.html"


def shown(chromium, path, *, dark=False):
    page = chromium.page()
    page.size(1300, 1000, dark=dark)
    page.go(path.as_uri())
    return page


def is_sound(page, path):
    """Whether nothing went wrong, and nothing but the page itself was loaded."""
    others = [url for url in page.requests if not url.startswith("data:")]
    return (page.faults, others) == ([], [path.as_uri()])


def settle(page):
    page.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def texts(page, selector):
    return page.ask(
        f"[...document.querySelectorAll({json.dumps(selector)})].map(found => found.textContent)"
    )


TITLES = ["Summary", "Outputs", "Timeline", "Graph", "Files", "Environment", "Host"]


class TestPage:
    def test_it_shows_the_run(self, chromium, made):
        page = shown(chromium, made)
        assert texts(page, "h1") == ["sh a.sh --gain=2"]
        assert texts(page, "h2") == texts(page, "#contents a") == TITLES
        assert texts(page, ".lead") == ["why <i>not</i>"]
        assert "✓ exit 0" in texts(page, ".chip")
        assert {"in.txt", "in.csv"} <= set(texts(page, "#summary .path"))
        assert texts(page, "#summary tr > *")[:2] == ["gain", "2"]
        assert any(label.startswith("sleep 0.05") for label in texts(page, "#timeline .label"))
        assert any(" ✗ exit 3" in time for time in texts(page, "#timeline .time"))
        assert is_sound(page, made)

    def test_it_shows_outputs(self, chromium, made):
        page = shown(chromium, made)
        images = "[...document.querySelectorAll('#outputs img')]"
        page.ask(f"Promise.all({images}.map(found => found.decode()))")
        assert page.ask(f"{images}.map(found => found.naturalWidth)") == [1, 9]
        assert page.ask("window.pwned") is None
        assert "b\nc" in texts(page, "#outputs pre")
        assert "said" in texts(page, "#outputs pre")
        assert texts(page, "#outputs td") == ["1", "2.5", "2", "<b>3</b>"]
        assert is_sound(page, made)

    def test_secrets_are_withheld(self, chromium, made):
        assert TOKEN not in made.read_text()
        page = shown(chromium, made)
        assert texts(page, "#environment .withheld") == ["withheld"]
        assert "<redacted>" in texts(page, "#outputs pre")

    def test_an_output_that_was_changed_since_is_not_shown(self, chromium, traced):
        assert traced("report", "one", "one.html").returncode == 0
        page = shown(chromium, traced.folder / "one.html")
        assert "b\nc" not in texts(page, "#outputs pre")
        assert any("is not in the pack" in note for note in texts(page, "#outputs .note"))

    def test_a_pack_has_the_same_page(self, chromium, traced, made):
        assert traced("pack", "-d", "other", "pack.rpz").returncode == 0
        assert traced("report", "pack.rpz:run0", "pack.html").returncode == 0
        one, other = shown(chromium, made), shown(chromium, traced.folder / "pack.html")
        for selector in ("h2", "#summary .card", ".label", "#environment tr"):
            assert texts(one, selector) == texts(other, selector) != []
        assert len(texts(other, "#outputs img")) == 2
        assert TOKEN not in (traced.folder / "pack.html").read_text()


class TestUse:
    def test_a_process_is_chosen_by_keys(self, chromium, made):
        page = shown(chromium, made)
        page.ask("document.querySelector('#timeline .rows').focus()")
        page.press("ArrowDown", 40)
        page.press("ArrowDown", 40)
        assert texts(page, "#timeline .details pre") == ["cp in.txt mid.txt"]
        page.ask(
            "[...document.querySelectorAll('#timeline .details button')]"
            ".find(found => found.textContent === 'Its files').click()"
        )
        page.ask("document.querySelector('#files input').focus()")
        page.type(str(made.parent))
        assert texts(page, "#files .row .path b") == ["in.txt", "mid.txt"]

    def test_files_are_searched_and_sorted(self, chromium, made):
        page = shown(chromium, made)
        page.ask("document.querySelector('#files input').focus()")
        page.type("OUT.t")
        assert texts(page, "#files .row .path b") == ["out.txt"]
        page.ask("document.querySelector('#files .row').click()")
        assert str(made.parent / "out.txt") in texts(page, "#files .details dd .path")

    def test_the_graph_is_searched_and_walked(self, chromium, made):
        page = shown(chromium, made)
        page.ask("document.querySelector('#graph input[type=search]').focus()")
        page.type("mid.txt")
        page.press("Enter", 13)
        assert texts(page, "#graph .details h3") == ["mid.txtbetween"]
        page.ask("document.querySelector('canvas.graph').focus()")
        page.press("ArrowRight", 39)
        assert texts(page, "#graph .details h3") == ["sortprocess"]
        assert {"mid.txt", "out.txt"} <= set(texts(page, "#graph .details .link"))
        assert is_sound(page, made)

    def test_dark_and_on_paper(self, chromium, made, tmp_path):
        page = shown(chromium, made, dark=True)
        background = "getComputedStyle(document.body).backgroundColor"
        dark = page.ask(background)
        page.ask("document.querySelector('.theme').click()")
        assert page.ask(background) != dark
        page.pdf(tmp_path / "page.pdf")
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
        assert is_sound(page, made)

    def test_everything_to_be_used_has_a_name(self, chromium, made):
        page = shown(chromium, made)
        page.call("Accessibility.enable")
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        used = {"button", "link", "searchbox", "combobox", "checkbox", "listbox", "image", "option"}
        named = [
            (node["role"]["value"], node.get("name", {}).get("value"))
            for node in nodes
            if not node["ignored"] and node["role"]["value"] in used
        ]
        assert {"button", "searchbox", "listbox"} <= {role for role, _ in named}
        assert [role for role, name in named if not name] == []


class TestTwoRuns:
    @pytest.mark.parametrize(
        "words", [("report", "one", "other"), ("diff", "one", "other", "--html")]
    )
    def test_differences_come_first(self, chromium, traced, words):
        done = traced(*words, "two.html")
        assert done.returncode == (words[0] == "diff"), done.stderr
        made = traced.folder / "two.html"
        page = shown(chromium, made)
        assert texts(page, "#contents a") == ["Differences", *TITLES]
        assert texts(page, "#differences h3")[0].startswith("inputs")
        assert texts(page, "#differences .difference p")[0].endswith("/in.txt")
        assert page.ask("[...document.querySelectorAll('.run')].map(run => run.hidden)") == [
            False,
            True,
        ]
        page.ask("document.getElementById('tab-2').click()")
        assert "summary-2" in page.ask("document.querySelector('#contents a:nth-child(2)').href")
        settle(page)
        assert any(label.startswith("sleep") for label in texts(page, "#timeline-2 .label"))
        assert is_sound(page, made)

    def test_secrets_in_what_differs_are_withheld(self):
        secret = Secrets()
        secret.collect([b"LAB_PASSWORD=open sesame 7"], [])
        secret.seal()
        found = Difference("out", None, "x", f"-{TOKEN}\n+open sesame 7 \udcff")
        sections = [Section("outputs", (found,))]
        document = differences_document(sections, 0, "", gaps=False, secrets=(None, secret))
        ((told,),) = (kind["differences"] for kind in document["sections"])
        assert told["detail"] == "-<redacted>\n+<redacted> \udcff"
        assert (told["one"], told["other"]) == (None, "x")

    def test_the_same(self, chromium, traced):
        assert traced("report", "one", "one", "same.html").returncode == 0
        page = shown(chromium, traced.folder / "same.html")
        assert texts(page, ".verdict") == ["The runs are the same."]


MARKUP = (
    "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\"'`${pwned=1}&lt;"
)
BYTES = MARKUP.encode() + b"\xff\xfe\x01\n\r\xe2\x80\xa8\xe2\x80\xae--><!--<script"


def written(folder, processes=3, files=3, name=BYTES, label=MARKUP):
    """Write a trace in which every text is ``name`` or ``label``."""
    folder.mkdir()
    with TraceDatabase.create(folder / "trace.sqlite3") as database:
        host = (label,) * 2 + ("12",) + (label,) * 3
        times = (10**18, 10**18 + 10**9, 0, 10**9)
        argv = joined([name, b"--x=" + name])
        database.add([RunRow(0, label, argv, b"/" + name, 18, *times, 0, 0, 0, *host, 2, 10**9,
                             5, 5, 10**6, label)])  # fmt: skip
        every = range(1, processes + 1)
        database.add(
            ProcessRow(n, 0, max(n // 3, 1) if n > 1 else None, n * 1000, False, n % 7 == 0,
                       10**9 - n, n, 1, 1, 10**6)
            for n in every
        )  # fmt: skip
        envp = joined([b"A" + name + b"=" + name, b"PATH=/a:" + name])
        database.add(ExecutionRow(n, name, 0, n * 1000, n, argv, envp, b"/") for n in every)
        paths = [b"/data/%d/%d%s" % (n % 100, n, name.replace(b"/", b"|")) for n in range(files)]
        database.add(
            FileRow(n + processes + 1, 0, path, 5, 1 + n % 2, False, n % processes + 1, True, False)
            for n, path in enumerate(paths)
        )
        database.add(
            DigestRow(n, 0, path, ("input", "output")[n % 2], n, 5, "0" * 64)
            for n, path in enumerate(paths)
        )
        database.add([WarningRow(10**6, 0, 5, None, name)])
        topics = (
            "run",
            "why",
            "who",
            "when",
            "job",
            "note",
            "where",
            "code",
            "parameter",
            "chance",
        )
        names = ("id", "reason", "utc offset", "diff", "commit", label)
        both = [(topic, fact) for topic in topics for fact in names]
        database.add(FactRow(n, 0, t, f, name, name) for n, (t, f) in enumerate(both))
        database.add([PackageRow(0, 0, label, label, label, label, 5)])
        database.add([PackageFileRow(0, 0, 0, paths[0])])
        database.commit()
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    traces = [written(folder / "one"), written(folder / "other", name=b"<b>")]
    write_report(folder / "page.html", [str(trace) for trace in traces])
    return folder / "page.html"


class TestHostile:
    def test_nothing_becomes_markup(self, chromium, hostile):
        page = shown(chromium, hostile)
        page.ask("document.querySelectorAll('button').forEach(found => found.click())")
        page.ask("document.querySelectorAll('.row').forEach(found => found.click())")
        page.ask("document.querySelectorAll('details').forEach(found => { found.open = true; })")
        page.ask("new Promise(done => setTimeout(done, 100))")
        assert page.ask("window.pwned") is None
        assert page.ask("document.scripts.length") == 2
        assert page.ask("document.querySelectorAll('img, iframe, object, [onerror]').length") == 0
        assert is_sound(page, hostile)

    def test_it_is_readable(self, chromium, hostile):
        page = shown(chromium, hostile)
        (heading,) = texts(page, "h1")
        assert heading.startswith("'</script><script>window.pwned=1</script>")
        assert r"\xff\xfe\x01\n\r\u2028\u202e" in heading

    def test_its_markup_is_ours_alone(self, hostile):
        text = hostile.read_text("utf-8")
        assert len(re.findall("</script", text, re.IGNORECASE)) == 2
        assert "onerror" not in text.replace("onerror=window.pwned", "")

    def test_the_policy_holds(self, chromium, hostile):
        """Even if something got in: it would not be run, nor could it send anything away."""
        page = shown(chromium, hostile)
        page.ask(
            "const bad = document.createElement('script'); bad.textContent = 'window.pwned = 1';"
            "document.body.append(bad); const handler = document.createElement('p');"
            "handler.setAttribute('onclick', 'window.pwned = 1'); document.body.append(handler);"
            "handler.click()"
        )
        assert page.ask("window.pwned") is None
        assert page.ask("fetch('https://192.0.2.1/').then(() => 'went', () => 'refused')") == (
            "refused"
        )
        image = "const i = new Image(); i.onload = () => done('loaded');"
        image += "i.onerror = () => done('refused'); i.src = 'http://192.0.2.1/a.png'"
        assert page.ask(f"new Promise(done => {{ {image} }})") == "refused"
        assert page.faults != []

    def test_the_scripts_make_no_markup_from_text(self):
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
        for name in SCRIPTS:
            text = (PAGE / f"{name}.js").read_text("utf-8")
            assert not re.search(f"{forbidden}|srcdoc|</script", text), name
        assert {path.stem for path in PAGE.glob("*.js")} == set(SCRIPTS)


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=5))
def test_data_in_the_page_are_data(value):
    text = embedded({"x": value})
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"x": value}


def test_five_thousand_processes_and_fifty_thousand_files(chromium, tmp_path):
    trace = written(tmp_path / "trace", 5000, 50_000, name=b"work", label="big")
    write_report(tmp_path / "page.html", [str(trace)])
    page = shown(chromium, tmp_path / "page.html")
    assert "50,000" in texts(page, ".tile b")
    assert 10 < len(texts(page, "#timeline .row")) < 100
    assert 10 < len(texts(page, "#files .row")) < 100
    page.ask("{ const rows = document.querySelector('#files .rows'); rows.scrollTop = 1e9; }")
    settle(page)
    assert texts(page, "#files .row .path b")[-1].startswith("99")
    page.ask("document.querySelector('#files input').focus()")
    page.type("/49999work")
    assert texts(page, "#files .row .path b") == ["49999work"]
    (nodes,) = texts(page, "#graph .tools > .note")
    assert 2 < int(nodes.split()[0].replace(",", "")) <= 400
    assert page.ask("document.querySelectorAll('*').length") < 3000
    assert page.call("Runtime.getHeapUsage")["usedSize"] < 200 * 2**20
    assert is_sound(page, tmp_path / "page.html")


def test_what_nobody_recorded_is_told(chromium, tmp_path):
    trace = written(tmp_path / "old")
    with sqlite3.connect(trace / "trace.sqlite3") as database:
        database.execute("DELETE FROM facts")
    database.close()
    write_report(tmp_path / "page.html", [str(trace)])
    page = shown(chromium, tmp_path / "page.html")
    (told,) = texts(page, "#summary .warning:not(:last-child) li")
    assert told.startswith(f"{trace} is of an earlier rpz")


class TestPreview:
    @staticmethod
    def of(name, data, tmp_path, secrets=None, budget=None):
        (tmp_path / "file").write_bytes(data)
        with (tmp_path / "file").open("rb") as file:
            return preview(name, Original(file), secrets, budget or Budget())

    @pytest.mark.parametrize(
        ("begin", "suffix", "kind"),
        [
            (PNG, b"", "image/png"),
            (b"\xff\xd8\xff\xe0", b".jpg", "image/jpeg"),
            (b"GIF89a", b".x", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", b"", "image/webp"),
            (b"<svg/>", b".svg", "image/svg+xml"),
            (b"<svg/>", b".html", None),
            (b"%PDF-1.4", b".png", None),
        ],
    )
    def test_images(self, begin, suffix, kind):
        assert image_type(begin, suffix) == kind

    def test_an_image_that_is_too_large(self, tmp_path):
        assert "note" in self.of(b"x", PNG + bytes(LARGEST_IMAGE), tmp_path)

    def test_there_is_an_end_of_images(self, tmp_path):
        budget = Budget(images=len(PNG) + 1)
        assert "data" in self.of(b"x", PNG, tmp_path, budget=budget)
        assert "room" in self.of(b"x", PNG, tmp_path, budget=budget)["note"]

    def test_text(self, tmp_path):
        assert self.of(b"x", "é\n".encode(), tmp_path) == {"text": "é", "more": False}
        long = self.of(b"x", b"a line\n" * 10_000, tmp_path)
        assert long["more"]
        assert set(long["text"].splitlines()) == {"a line"}
        assert "note" in self.of(b"x", b"a\0b", tmp_path)
        assert "note" in self.of(b"x", b"\xff\xfe\xfd", tmp_path)
        assert "note" in self.of(b"x", b"", tmp_path)

    def test_a_table_with_more_than_is_shown(self, tmp_path):
        found = self.of(b"t.csv", b"a;b\n" + b'"x;y";2\n' * 900, tmp_path)
        assert found["rows"][:2] == [["a", "b"], ["x;y", "2"]]
        assert found["more"]

    def test_a_secret_at_the_end_of_what_is_shown(self, tmp_path):
        secrets = Secrets()
        secrets.collect([b"LAB_TOKEN=" + TOKEN.encode()], [])
        secrets.seal()
        data = b"x" * (HEAD - 10) + TOKEN.encode() + b"\n" + b"y" * HEAD
        found = self.of(b"x", data, tmp_path, secrets)
        assert TOKEN[:6] not in found["text"]
        assert TOKEN not in self.of(b"x", f"a {TOKEN} b".encode(), tmp_path)["text"]  # by form
        drawing = SVG.encode() + TOKEN.encode()
        assert "secret" in self.of(b"x.svg", drawing, tmp_path, secrets)["note"]


class TestTarget:
    def test_it_must_be_called_as_a_page(self, traced):
        before = (traced.folder / "in.txt").read_bytes()
        done = traced("report", "one", "in.txt")
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
        assert b"ends in .html" in done.stderr
        assert (traced.folder / "in.txt").read_bytes() == before

    def test_another_page_stays(self, traced, tmp_path):
        other = tmp_path / "other.html"
        other.write_text("<html>mine</html>")
        with pytest.raises(SourceError, match="no report of rpz"):
            write_report(other, [str(traced.folder / "one")])
        assert other.read_text() == "<html>mine</html>"

    def test_an_earlier_report_is_replaced(self, traced, made, tmp_path):
        shutil.copy(made, tmp_path / "page.html")
        write_report(tmp_path / "page.html", [str(traced.folder / "one")])
        assert (tmp_path / "page.html").read_bytes() != made.read_bytes()

    def test_of_what_is_no_trace(self, traced):
        done = traced("report", "missing", "x.html")
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
        assert not (traced.folder / "x.html").exists()

    def test_of_three(self, traced):
        done = traced("report", "one", "other", "one", "x.html")
        assert done.returncode == 2
