"""Runs as a Process Run Crate, read by the validators that archives use."""

from __future__ import annotations

import hashlib
import html.parser
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rocrate.rocrate import ROCrate

from rpz.provenance.export.contents import Wanted
from rpz.provenance.export.crate import complete
from rpz.provenance.export.crate.images import image_of
from rpz.provenance.export.folder import new_folder
from rpz.provenance.export.layout import _places
from rpz.provenance.export.markdown import code, plain
from rpz.provenance.graph.captions import printable
from rpz.provenance.publication.sources import read_file
from tests.conftest import rpz_in
from tests.provenance.export.validation import found_in, swhids, wrong_bills

TOKEN = "ghp_" + "k3Jd8sLq0Zx7Vb2Nm5Ty9Rw4Ue6Pa1Sc0Df8"
ODD = b"in <script>|`x`\n\xff.csv"
SCRIPT = b'cat in* > "$OUT"; echo $1 > b.txt; mkdir -p d; cat "$OUT" > d/b.txt\n'
TOLD = ("--title", "Figure 1 <b>of</b> Doe_2026", "--description", "One | [run](x)\n# and its pack",
        "--licence", "CC-BY-4.0", "--author", "Doe, Jane <0000-0002-1825-0097> (CNRS; 02feahw73)",
        "--publisher", "Zenodo", "--related", "10.1000/182", "--keyword", "a", "--doi",
        "10.5281/zenodo.1234567", "--funding", "CNRS; 02feahw73: 42")  # fmt: skip
ENV = {
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "rpz.orcid",
    "GIT_CONFIG_VALUE_0": "0000-0002-1825-0097",
    "GIT_CONFIG_KEY_1": "user.name",
    "GIT_CONFIG_VALUE_1": "Jane",
    "GIT_CONFIG_KEY_2": "user.email",
    "GIT_CONFIG_VALUE_2": "jane@example.org",
    "OUT": "out.png",
    "OMP_NUM_THREADS": "3",
    "MY_TOKEN": TOKEN,
    "RPZ_CONTAINER_IMAGE": "ghcr.io/doe/lab:1.0",
    "container": "lab-engine",
}


@pytest.fixture(scope="module")
def rpz(tmp_path_factory):
    """Two runs of a script in git: the second reads what the first wrote, and is killed."""
    rpz = rpz_in(tmp_path_factory.mktemp("crate"))
    (rpz.folder / "main.sh").write_bytes(SCRIPT)
    Path(os.fsdecode(os.fsencode(rpz.folder) + b"/" + ODD)).write_bytes(b"a\n")
    for words in (["init", "-q"], ["add", "main.sh"], ["commit", "-qm", "x"],
                  ["remote", "add", "origin", "https://github.com/doe/proj.git"]):  # fmt: skip
        subprocess.run(["git", *words], cwd=rpz.folder, check=True, env={**os.environ, **ENV})
    words = ["main.sh", "--gain=2", f"--api-key={TOKEN}"]
    assert rpz("trace", "/bin/sh", *words, env=ENV).returncode == 0
    words = ["/bin/sh", "-c", "cat out.png; kill -9 $$"]
    assert rpz("trace", "--continue", *words, env=ENV).returncode == 137
    done = rpz("meta", *TOLD)
    assert done.returncode == 0, done.stderr
    assert rpz("pack", "fig.rpz").returncode == 0
    return rpz


@pytest.fixture(scope="module")
def crate(rpz):
    """The crate with the files, in a folder."""
    places = ["--ro-crate", "crate", "--bagit", "bag", "--cyclonedx", "bom.json", "--spdx",
              "spdx.json"]  # fmt: skip
    done = rpz("export", "fig.rpz", *places, "--with-files", "--env", "OUT")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return rpz.folder / "crate"


def entities(crate):
    graph = json.loads((crate / "ro-crate-metadata.json").read_bytes())["@graph"]
    return {entity["@id"]: entity for entity in graph}


def test_roc_validator_finds_nothing(rpz, crate):
    done = rpz("export", "fig.rpz", "--ro-crate", "plain.zip")
    assert (done.returncode, done.stderr) == (0, b"")
    with zipfile.ZipFile(rpz.folder / "plain.zip") as archive:
        assert "inputs" not in " ".join(archive.namelist())
        assert hashlib.sha256(archive.read("fig.rpz")).digest() == digest(rpz.folder / "fig.rpz")
    assert found_in(crate, rpz.folder / "plain.zip") == [[], []]


def digest(path):
    return hashlib.sha256(path.read_bytes()).digest()


def test_what_is_missing_is_told_in_the_words_of_the_validator(rpz):
    trace = rpz.folder / "bare"
    shutil.copytree(rpz.folder / ".rpz-trace", trace)
    everything = ["authors", "licence", "publisher", "title", "description"]
    assert (
        rpz("meta", *(w for name in everything for w in ("--clear", name)), trace).returncode == 0
    )
    done = rpz("export", trace, "--ro-crate", "none")
    assert done.returncode == 1
    assert b"rpz meta --licence" in done.stderr
    assert complete.LICENCE.encode() in done.stderr
    assert not (rpz.folder / "none").exists()
    told = ["--licence", "MIT", "--author", "Doe, Jane (Somewhere)", "--publisher", "Somebody"]
    assert rpz("meta", *told, trace).returncode == 0
    done = rpz("export", trace, "--ro-crate", "places")
    assert done.returncode == 0
    assert done.stderr.count(complete.URL.encode()) == 2
    assert rpz("meta", "--clear", "authors", "--clear", "publisher", trace).returncode == 0
    done = rpz("export", trace, "--ro-crate", "nobody")
    assert done.returncode == 0
    assert complete.AUTHOR.encode() in done.stderr
    assert complete.PUBLISHER.encode() in done.stderr
    unlicensed = rpz.folder / "unlicensed"
    shutil.copytree(rpz.folder / "nobody", unlicensed)
    graph = json.loads((unlicensed / "ro-crate-metadata.json").read_bytes())
    for entity in graph["@graph"]:
        entity.pop("license", None)
    (unlicensed / "ro-crate-metadata.json").write_text(json.dumps(graph))
    codemeta = json.loads((unlicensed / "codemeta.json").read_bytes())
    (unlicensed / "codemeta.json").write_text(json.dumps(codemeta | {"colour": "red"}))
    places, nobody, without = found_in(rpz.folder / "places", rpz.folder / "nobody", unlicensed)
    assert {severity for severity, _, _ in places + nobody} == {"RECOMMENDED"}
    said = [{" ".join(text.split()).rstrip(".") for _, text, _ in one} for one in (places, nobody)]
    assert said[0] == {complete.URL}
    assert said[1] == {complete.AUTHOR, complete.PUBLISHER}
    assert any(complete.LICENCE in " ".join(text.split()) for _, text, _ in without)
    assert ["CODEMETA", "is no word of its context", "urn:unknown:colour"] in without


def test_runs_are_actions(rpz, crate):
    known = entities(crate)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=rpz.folder, capture_output=True,
                            check=True, text=True).stdout.strip()  # fmt: skip
    run = known["#run0"]
    script = f"https://github.com/doe/proj/blob/{commit}/main.sh"
    assert run["instrument"]["@id"] == script
    assert known[script]["version"] == commit
    assert run["agent"]["@id"] == "https://orcid.org/0000-0002-1825-0097"
    read = [known[one["@id"]]["name"] for one in run["object"]]
    assert {"gain", "inputs/main.sh"} < set(read)
    (gain,) = (e for e in known.values() if e.get("name") == "gain")
    assert gain["value"] == "2"
    assert {known[one["@id"]]["alternateName"] for one in run["result"]} == {
        f"{rpz.folder}/{name}" for name in ("out.png", "b.txt", "d/b.txt")
    }
    assert run["@type"] == "CreateAction"
    told = {known[one["@id"]]["name"]: known[one["@id"]]["value"] for one in run["environment"]}
    assert told["OMP_NUM_THREADS"] == "3"
    assert told["OUT"] == "out.png"
    assert not {"HOME", "MY_TOKEN", "PATH"} & set(told)
    image = known[run["containerImage"]["@id"]]
    assert [image[name] for name in ("registry", "name", "tag")] == ["ghcr.io", "doe/lab", "1.0"]
    usage = {known[one["@id"]]["name"] for one in run["resourceUsage"]}
    assert usage == {"wallClockTime", "userTime", "systemTime", "peakMemory"}
    killed = known["#run1"]
    assert killed["@type"] == "ActivateAction"  # it leaves nothing
    assert killed["error"] == "killed by signal 9"
    assert killed["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert {"@id": "outputs/out.png"} in as_list(killed["object"])
    packages = [known[one["@id"]] for one in as_list(known[script]["softwareRequirements"])]
    assert any(package["identifier"].startswith("pkg:") for package in packages)


def test_what_several_runs_are_of_needs_what_all_of_them_used(tmp_path):
    alone = rpz_in(tmp_path)
    for more, script in (([], "true"), (["--continue"], "echo >list; gzip list")):
        assert alone("trace", *more, "sh", "-c", script).returncode == 0
    assert alone("meta", "--licence", "MIT").returncode == 0
    assert alone("export", "--ro-crate", "crate").returncode == 0
    known = entities(tmp_path / "crate")
    first, second = (known[f"#run{number}"]["instrument"] for number in (0, 1))
    assert first == second
    needed = [
        known[one["@id"]]["name"] for one in as_list(known[first["@id"]]["softwareRequirements"])
    ]
    assert any("gzip" in name for name in needed)


@pytest.mark.parametrize(
    ("told", "image"),
    [
        ("docker", None),
        ("docker debian", ("docker.io", "library/debian", "latest", "")),
        ("docker r-base:4.2", ("docker.io", "library/r-base", "4.2", "")),
        ("podman localhost/mine:1", ("localhost", "mine", "1", "")),
        ("shifter docker:quay.io:5000/a/b:c", ("quay.io:5000", "a/b", "c", "")),
        (f"docker ghcr.io/a/b@sha256:{'0' * 64}", ("ghcr.io", "a/b", "", "0" * 64)),
        ("docker a b::c", ("not known", "a b::c", None, "")),
        ("apptainer lab_1.0.sif", ("not known", "lab_1.0.sif", None, "")),
    ],
)
def test_images_of_containers(told, image):
    run = SimpleNamespace(fact=lambda _topic, name: told if name == "container" else "")
    found = image_of(run)
    assert (found and tuple(map(found.get, ("registry", "name", "tag", "sha256")))) == image
    kind = "SIFImage" if told.startswith("apptainer") else "DockerImage"
    assert found is None or found["additionalType"]["@id"].endswith(f"#{kind}")


def as_list(value):
    return value if isinstance(value, list) else [value]


def test_files_are_what_they_were(rpz, crate):
    known = entities(crate)
    assert [known["fig.rpz"]["identifier"]] == swhids(crate / "fig.rpz")
    folder = os.fsencode(rpz.folder)
    names = {known[one]["alternateName"]: one for one in known if "puts/" in one}
    for path in (folder + b"/" + ODD, folder + b"/out.png", folder + b"/d/b.txt"):
        entity = known[names[printable(path)]]
        laid = crate / entity["name"]
        assert laid.read_bytes() == Path(os.fsdecode(path)).read_bytes()
        assert entity["sha256"] == digest(laid).hex()
        assert laid.name.isprintable()
        assert not set(laid.name) & set('<>:"/\\|?*`')
    assert known["outputs/out.png"]["encodingFormat"] == "image/png"


@pytest.mark.usefixtures("crate")
def test_what_nobody_has_any_more_is_said(rpz):
    copy = rpz.folder / "b.txt"
    before = copy.read_bytes()
    try:
        copy.write_bytes(b"another\n")
        more = ["--env", "MY_TOKEN", "--env", "NOBODYS", "--env", "OUT"]
        done = rpz("export", "fig.rpz", "--ro-crate", "lost", "--with-files", *more)
    finally:
        copy.write_bytes(before)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if b"is not told" in line] == [
        b"rpz: MY_TOKEN is not told: it was withheld",
        b"rpz: NOBODYS is not told: no run was given it",
    ]
    assert b"Not laid out" in done.stderr
    assert f"{rpz.folder}/b.txt".encode() in done.stderr
    readme = (rpz.folder / "lost" / "README.md").read_text()
    assert "Not laid out here" in readme
    (lost,) = (e for e in entities(rpz.folder / "lost").values()
               if e.get("alternateName") == f"{rpz.folder}/b.txt")  # fmt: skip
    assert lost["sha256"] == hashlib.sha256(before).hexdigest()
    assert lost["@type"] == "CreativeWork"


def test_secrets_are_withheld_and_named(crate):
    for path in crate.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes()
    readme = (crate / "README.md").read_text()
    assert "Secrets were withheld: `MY_TOKEN`" in readme
    assert "Secrets were withheld in arguments: `--api-key=<redacted>`" in readme


@pytest.mark.usefixtures("crate")
def test_the_trace_itself_can_be_exported(rpz):
    done = rpz("export", ":run0", "--ro-crate", "traced", "--with-files")
    assert done.returncode == 0, done.stderr
    traced = rpz.folder / "traced"
    assert not list(traced.glob("*.rpz"))
    assert "#run1" not in entities(traced)
    assert (traced / "outputs" / "out.png").read_bytes() == b"a\n"
    for path in traced.rglob("*.*"):
        assert TOKEN.encode() not in path.read_bytes()


def test_the_readme_tells_what_committees_ask(rpz, crate):
    readme = (crate / "README.md").read_text()
    for words in ("## Hardware and software", "measured time", "memory of the machine",
                  "Unpacked, the pack takes", "rpz unpack chroot fig.rpz", "killed by signal 9",
                  "outputs/d/b.txt", "CC-BY-4.0", "OMP_NUM_THREADS=3",
                  " ghcr.io/doe/lab:1.0"):  # fmt: skip
        assert words in readme
    rows = [line for line in readme.splitlines() if line.startswith(f"| `{rpz.folder}/b.txt` |")]
    assert [row.split(" | ")[-1] for row in rows] == [
        "`/bin/sh main.sh --gain=2 '--api-key=<redacted>'` |"
    ]
    packages = readme.split("Packages that the runs used: ")[1]
    assert packages.startswith("`")
    assert readme.index("| processor |") == readme.rindex("| processor |")  # one machine
    assert digest(rpz.folder / "fig.rpz").hex() in readme


def test_credentials_stay_where_they_are(tmp_path):
    alone = rpz_in(tmp_path)
    (alone.folder / ".netrc").write_text("machine a login b password 83hd-ahHy2\n")
    (alone.folder / "token").write_text(f"{TOKEN}\n")
    script = "cat .netrc; cat token > log; echo harmless > other"
    assert alone("trace", "sh", "-c", script).returncode == 0
    assert alone("meta", "--licence", "MIT").returncode == 0
    assert alone("pack").returncode == 0
    (alone.folder / ".rpz-trace" / "config.yml").unlink()  # which leaves it out already
    done = alone("export", ".rpz-trace", "--ro-crate", "one", "--with-files")
    assert done.returncode == 0
    assert b"Not laid out, since it is not others' to have (passwords of servers)" in done.stderr
    assert [line for line in done.stderr.decode().splitlines() if "secret" in line] == [
        f"rpz: {place} holds what looks like a secret (github-token): look at it"
        for place in ("outputs/log", "inputs/token")
    ]
    assert alone("export", "experiment.rpz", "--ro-crate", "two", "--with-files").returncode == 0
    inputs = [*(tmp_path / "one" / "inputs").iterdir(), *(tmp_path / "two" / "inputs").iterdir()]
    assert [path.name for path in inputs] == ["token", "token"]


def test_names_that_are_folders_elsewhere(tmp_path):
    paths = [b"/p/b", b"/q/b/c", b"/r/d/c", b"/s/B"]
    places = _places("inputs", [Wanted(path, "") for path in paths], set())
    for place in places.values():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")
    assert len({place.lower() for place in places.values()}) == len(paths)


class _Page(html.parser.HTMLParser):
    """The scripts of a page, and the tags that are in it."""

    def __init__(self):
        super().__init__()
        self.tags, self.scripts = [], []

    def handle_starttag(self, tag, _attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        if self.tags[-1:] == ["script"] and data.strip():
            self.scripts.append(data)
            self.tags.append("/script")


def test_the_preview_takes_nothing_for_markup(crate):
    page = _Page()
    page.feed((crate / "ro-crate-preview.html").read_text())
    assert page.tags.count("script") == 1
    assert "b" not in page.tags
    metadata = (crate / "ro-crate-metadata.json").read_text()
    assert json.loads(page.scripts[0]) == json.loads(metadata)


def test_others_read_it(crate):
    read = ROCrate(crate)
    assert read.name == TOLD[1]
    assert {one["@id"] for one in as_list(read.root_dataset.as_jsonld()["mentions"])} == {
        "#run0", "#run1"
    }  # fmt: skip
    told = read_file(crate / "codemeta.json")
    assert (told.title, told.licence) == (TOLD[1], "CC-BY-4.0")
    assert [(a.family, a.orcid) for a in told.authors] == [("Doe", "0000-0002-1825-0097")]
    assert [a.affiliations[0].ror for a in told.authors] == ["02feahw73"]


def test_bills_are_valid(rpz, crate):
    bills = [crate / "bom.cdx.json", crate / "bom.spdx.json"]
    assert bills[0].read_bytes() == (rpz.folder / "bom.json").read_bytes()
    assert bills[1].read_bytes() == (rpz.folder / "spdx.json").read_bytes()
    (runs, *_) = json.loads(bills[1].read_bytes())["packages"]
    assert (runs["licenseDeclared"], runs["originator"]) == ("CC-BY-4.0", "Person: Jane Doe")
    document = json.loads(bills[0].read_bytes())
    assert document["metadata"]["component"]["licenses"] == [{"license": {"id": "CC-BY-4.0"}}]
    of_all = {component["name"] for component in document["components"]}
    of_one = json.loads(rpz("export", "fig.rpz:run1", "--cyclonedx", "-").stdout)["components"]
    assert {component["name"] for component in of_one} < of_all
    document["components"][0].pop("name")
    wrong = rpz.folder / "wrong.json"
    wrong.write_text(json.dumps(document))
    assert wrong_bills(*bills, wrong, wrong) == 2


@pytest.mark.usefixtures("crate")
def test_the_bag_tells_a_changed_byte(rpz):
    argv = [sys.executable, "-m", "bagit", "--quiet", "--validate", rpz.folder / "bag"]
    assert subprocess.run(argv, check=False).returncode == 0
    inside = {path.name for path in (rpz.folder / "bag" / "data").iterdir()}
    assert inside == {path.name for path in (rpz.folder / "crate").iterdir()}
    output = rpz.folder / "bag" / "data" / "outputs" / "out.png"
    before = output.read_bytes()
    try:
        output.write_bytes(b"b\n")
        assert subprocess.run(argv, check=False, stderr=subprocess.DEVNULL).returncode == 1
    finally:
        output.write_bytes(before)


@pytest.mark.parametrize("form", ["--ro-crate", "--bagit", "--spdx"])
def test_what_exists_is_refused(rpz, form):
    place = rpz.folder / f"there{form}"
    place.write_text("mine")
    done = rpz("export", "fig.rpz", form, place)
    assert done.returncode == 1
    assert b"exists" in done.stderr
    assert place.read_text() == "mine"


def test_files_are_replaced_if_asked_for(rpz):
    (rpz.folder / "old.json").write_text("mine")
    assert rpz("export", "fig.rpz", "--spdx", "old.json", "--overwrite").returncode == 0
    assert (rpz.folder / "old.json").read_text() != "mine"


def test_nothing_is_left_of_what_fails(tmp_path):
    def fails():
        with new_folder(tmp_path / "new") as folder:
            (folder / "a").write_text("a")
            (folder / "b" / "a").write_text("a")

    with pytest.raises(FileNotFoundError):
        fails()
    assert not list(tmp_path.iterdir())


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_markdown_means_only_itself(text):
    shown = printable(text)
    tokens = MarkdownIt("js-default").parseInline(plain(text))[0].children
    assert "".join(token.content for token in tokens) == shown
    assert {token.type for token in tokens} <= {"text", "text_special"}
    tokens = MarkdownIt("js-default").parseInline(code(text))[0].children
    if shown.strip() and "|" not in shown:
        assert [token.content for token in tokens] == [shown]
        assert tokens[0].type == "code_inline"
