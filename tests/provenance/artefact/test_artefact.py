"""Packs in a real registry, over a line that breaks."""

from __future__ import annotations

import base64
import json
import shutil

import pytest
import requests

from rpz.provenance.artefact.errors import ArtefactError
from rpz.provenance.artefact.packs import ARTEFACT, PACK, Found, find, push
from rpz.provenance.artefact.pulling import Pull
from rpz.provenance.artefact.reference import Reference, reference
from rpz.provenance.artefact.registry import (
    INDEX,
    MANIFEST,
    Registry,
    Upload,
    digest_of,
)
from rpz.provenance.publication.model import Publication
from rpz.provenance.web.errors import TransientError, WebError
from rpz.provenance.web.patience import Patience
from tests.conftest import rpz_in
from tests.provenance.artefact.registries import line, registry
from tests.provenance.deposit.packs import made_pack
from tests.provenance.deposit.servers import Fault, Handler, serving
from tests.provenance.others import ask

LARGE = 24 << 20
NAME = "lab/figure1"
NOTHING = Publication()


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return made_pack(tmp_path_factory.mktemp("experiment"))


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with registry(tmp_path_factory.mktemp("registry")) as where:
        yield where


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with registry(tmp_path_factory.mktemp("guarded"), password=True) as where:
        yield where


@pytest.fixture
def rpz(tmp_path):
    return rpz_in(tmp_path)


def manifest(host, version, kind=MANIFEST):
    url = f"http://{host}/v2/{NAME}/manifests/{version}"
    answer = requests.get(url, headers={"Accept": kind}, timeout=30)
    assert answer.status_code == 200
    return answer.json()


def at(host, tag="v1", name=NAME, tries=4, **options):
    return Registry(Reference(host, name, tag), Patience(tries, 0.01), **options)


def test_what_is_pushed_is_pulled(rpz, pack, host):
    done = rpz("push", "-v", pack, f"oci://{host}/{NAME}:v1")
    assert done.returncode == 0, done.stderr
    by_digest = done.stdout.decode().strip()
    assert by_digest.startswith(f"oci://{host}/{NAME}@sha256:")
    for place, file in ((f"oci://{host}/{NAME}:v1", ()), (by_digest, ("again.rpz",))):
        done = rpz("pull", place, *file)
        assert done.returncode == 0, done.stderr
    for file in ("experiment.rpz", "again.rpz"):
        assert (rpz.folder / file).read_bytes() == pack.read_bytes()
    assert sorted(p.name for p in rpz.folder.iterdir()) == ["again.rpz", "experiment.rpz"]


def test_how_it_is_stored_and_what_is_attached(pack, host):
    pushed = push(at(host), pack)
    assert {"CITATION.cff", "bom.cdx.json", "ro-crate-metadata.json"} <= set(pushed.attached)
    stored = manifest(host, "v1")
    assert stored["artifactType"] == ARTEFACT
    assert [layer["mediaType"] for layer in stored["layers"]] == [PACK]
    assert stored["annotations"]["org.opencontainers.image.licenses"] == "CC-BY-4.0"
    assert stored == manifest(host, pushed.digest)
    push(at(host), pack)  # twice, and it is listed once
    listed = manifest(host, pushed.digest.replace(":", "-"), INDEX)["manifests"]
    assert len(listed) == len(pushed.attached)
    (citation,) = (one["digest"] for one in listed if "application/yaml" in str(one))
    attached = manifest(host, citation)
    assert attached["subject"]["digest"] == pushed.digest
    url = f"http://{host}/v2/{NAME}/blobs/{attached['layers'][0]['digest']}"
    assert b"cff-version: 1.2.0" in requests.get(url, timeout=30).content


def test_the_library_oras_pulls_what_we_push_and_pushes_what_we_pull(pack, host, tmp_path):
    push(at(host), pack)
    ask("artefacts.py", "pull", f"{host}/{NAME}:v1", tmp_path)
    assert (tmp_path / "experiment.rpz").read_bytes() == pack.read_bytes()
    ask("artefacts.py", "push", f"{host}/{NAME}:theirs", f"{pack}:{PACK}")
    Pull(at(host), find(at(host, "theirs")), tmp_path / "got").fetch()
    assert (tmp_path / "got").read_bytes() == pack.read_bytes()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file that doesn't fit into the buffers of sockets."""
    path = tmp_path_factory.mktemp("large") / "large.rpz"
    with path.open("wb") as file:
        for number in range(LARGE >> 20):
            file.write(number.to_bytes(4, "big") * (1 << 18))
    return path


def test_a_push_that_is_cut_twice_completes(large, host, monkeypatch):
    monkeypatch.setattr("rpz.provenance.artefact.packs.read_publication", lambda _: NOTHING)
    shown = []
    with line(host) as cable:
        cable.cuts = [LARGE // 2, LARGE // 3]
        push(at(cable.where, "cut"), large, lambda total: shown.append(-total) or shown.append)
        assert cable.cuts == []
    assert sum(shown) == 0
    assert find(at(host, "cut")).size == LARGE


def test_a_pull_that_is_cut_goes_on_in_the_next_call(large, host, tmp_path, monkeypatch):
    monkeypatch.setattr("rpz.provenance.artefact.packs.read_publication", lambda _: NOTHING)
    push(at(host, "cut"), large)
    with line(host) as cable:
        found = find(at(cable.where, "cut"))
        cable.cuts = [LARGE // 3, LARGE // 2]
        pull = Pull(at(cable.where, "cut", tries=2), found, tmp_path / "got")
        with pytest.raises(TransientError, match="What has arrived stays"):
            pull.fetch()
        assert list(tmp_path.iterdir()) == [pull.part]
        before, arrived = cable.carried, pull.part.stat().st_size
        assert arrived > LARGE // 2  # either call alone had brought less; some is lost in a cut
        Pull(at(cable.where, "cut"), found, tmp_path / "got").fetch()
        assert cable.carried - before < LARGE - arrived + (1 << 16)
    assert (tmp_path / "got").read_bytes() == large.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["got"]


def test_other_bytes_than_promised_are_not_kept(pack, host, tmp_path):
    push(at(host), pack)
    found = find(at(host))
    pull = Pull(at(host), found, tmp_path / "got")
    pull.part.write_bytes(b"x")
    with pytest.raises(ArtefactError, match="has sent something else"):
        pull.fetch()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(rpz, pack, host):
    push(at(host), pack)
    (rpz.folder / "mine").write_text("mine")
    done = rpz("pull", f"oci://{host}/{NAME}:v1", "mine")
    assert (done.returncode, (rpz.folder / "mine").read_text()) == (1, "mine")
    assert b"--overwrite" in done.stderr
    assert rpz("pull", "--overwrite", f"oci://{host}/{NAME}:v1", "mine").returncode == 0
    assert (rpz.folder / "mine").read_bytes() == pack.read_bytes()


def test_a_tag_stays_what_it_is(rpz, pack, host):
    other = shutil.copy(pack, rpz.folder)
    place = f"oci://{host}/{NAME}:mine"
    assert rpz("push", pack, place).returncode == 0
    assert rpz("push", other, place).returncode == 0  # the same again
    assert rpz("meta", other, "--title", "Another").returncode == 0
    before = manifest(host, "mine")
    done = rpz("push", other, place)
    assert (done.returncode, manifest(host, "mine")) == (1, before)
    assert (
        b"is something else already. Choose another tag, or replace it with --over" in done.stderr
    )
    assert rpz("push", "--overwrite", other, place).returncode == 0
    assert manifest(host, "mine") != before


def test_a_tag_of_images_for_several_machines_stays(pack, host):
    push(at(host), pack)
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
    at(host).put_manifest(document, "several", INDEX)
    with pytest.raises(ArtefactError, match="is something else already"):
        push(at(host, "several"), pack)
    assert manifest(host, "several", INDEX) == document


def test_who_is_asked_for_a_password_logs_in_as_with_docker(rpz, pack, guarded):
    place = f"oci://{guarded}/{NAME}:v1"
    env = {"DOCKER_CONFIG": str(rpz.folder)}
    done = rpz("push", pack, place, env=env)
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"Log in: docker login {guarded}".encode() in done.stderr
    for word, status in ((b"jane:wrong", 1), (b"jane:word", 0)):
        auths = {guarded: {"auth": base64.b64encode(word).decode()}}
        (rpz.folder / "config.json").write_text(json.dumps({"auths": auths}))
        done = rpz("push", pack, place, env=env)
        assert done.returncode == status, done.stderr
        assert b"word" not in done.stderr
    assert rpz("pull", place, env=env).returncode == 0


class Guarded(Handler):
    """A registry that takes tokens of its own."""

    def may(self):
        return True

    def do(self, path, query):
        who = self.headers.get("Authorization", "")
        if path == "/token":
            assert query["scope"] == [f"repository:{NAME}:pull"]
            assert query["service"] == ["here"]
            jane = f"Basic {base64.b64encode(b'jane:word').decode()}"
            return self.answer(*((200, {"token": "t1"}) if who == jane else (401, {})))
        if who != "Bearer t1":
            challenge = f'Bearer realm="{self.server.url}/token",service="here",scope="x"'
            return self.answer(401, {}, {"WWW-Authenticate": challenge})
        layer = {"mediaType": PACK, "digest": f"sha256:{'0' * 64}", "size": 7}
        return self.answer(200, {"layers": [layer | {"annotations": self.server.said}]})


def test_tokens(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with serving(Guarded) as server:
        server.said = None
        host = server.url.removeprefix("http://")
        with pytest.raises(WebError, match=r"gives no token.*docker login"):
            find(at(host))
        auth = base64.b64encode(b"jane:word").decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        assert find(at(host)) == Found(f"sha256:{'0' * 64}", 7, "")


class Resuming(Handler):
    """A registry that keeps what has arrived of an upload, as the specification allows."""

    keeps = 1 << 30

    def may(self):
        return True

    def broken(self):
        self.server.held += self.kept

    def do(self, path, query):
        place = {"Location": "/upload"}
        if path == "/upload" and self.command == "GET":
            return self.answer(204, None, place | {"Range": f"0-{len(self.server.held) - 1}"})
        if path == "/upload" and self.command == "PATCH":
            begin = int(self.headers.get("Content-Range", "0-").partition("-")[0])
            assert begin == len(self.server.held)
            self.server.held += self.kept
            return self.answer(202, None, place)
        if path == "/upload":
            (self.server.digest,) = query["digest"]
            return self.answer(201)
        return self.answer(*((202, None, place) if self.command == "POST" else (404,)))


def test_a_push_goes_on_where_the_registry_has_it(large):
    with serving(Resuming) as server:
        server.held = bytearray()
        server.faults += [Fault("PATCH", "upload", cut_after=n << 20) for n in (9, 7)]
        size, digest = large.stat().st_size, digest_of(large.read_bytes())
        shown = []
        upload = Upload(large, digest, size, shown.append)
        at(server.url.removeprefix("http://")).put_blob(upload)
        assert server.held == large.read_bytes()
        assert server.digest == digest
        assert server.received == size
        assert sum(shown) == size


def test_no_name_of_a_registry_leads_elsewhere():
    from rpz.commands.pull import _name

    where = Reference("h", NAME, "v1")
    assert _name("a.rpz", where) == "a.rpz"
    for bad in ("", ".", "..", "/etc/passwd", "../a", ".bashrc", "a\nb", "-rf"):
        assert _name(bad, where) == "figure1.rpz"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("oci://ghcr.io/jane/a:v1", Reference("ghcr.io", "jane/a", "v1")),
        ("oci://localhost:5000/a", Reference("localhost:5000", "a", "latest")),
        (f"oci://h/a@sha256:{'a' * 64}", Reference("h", "a", f"sha256:{'a' * 64}")),
        ("ghcr.io/jane/a:v1", None),
        ("oci://h/A", None),
        ("oci://jane:word@h/a", None),
        ("oci://h/a:b/../c", None),
        ("oci://h/", None),
    ],
)
def test_references(text, read):
    if read is None:
        with pytest.raises(ArtefactError, match="is no place in a registry"):
            reference(text)
    else:
        assert reference(text) == read
        assert reference(str(read)) == read


def test_where_nothing_goes_unencrypted():
    assert reference("oci://ghcr.io/a").base() == "https://ghcr.io"
    assert reference("oci://ghcr.io/a").base(plain=True) == "http://ghcr.io"
    assert reference("oci://docker.io/a/b").base() == "https://registry-1.docker.io"
    assert reference("oci://127.0.0.1:5000/a").base() == "http://127.0.0.1:5000"


def test_what_is_not_there(host):
    with pytest.raises(ArtefactError, match="There is no oci://"):
        find(at(host, "none"))
