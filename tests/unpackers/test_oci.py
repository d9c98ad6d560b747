"""Images without an engine: engines and skopeo take them, and they are the same each time."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile

import pytest

from tests.conftest import require
from tests.unpackers import packs

START = ["run", "--rm", "--network", "none"]


def done(*argv, **options):
    return subprocess.run(argv, check=False, capture_output=True, timeout=60, **options)


@pytest.fixture
def skopeo():
    """Run skopeo, and return what it printed."""
    require("skopeo", "no skopeo (on Debian and Ubuntu: apt-get install skopeo)")

    def run(*argv):
        result = done("skopeo", *argv)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


@pytest.fixture
def image(rpz, pack):
    """Write the image of an experiment with these commands as its runs."""

    def write(*commands, to="image.tar", options=()):
        result = rpz("unpack", "oci", pack(*commands), to, *options)
        assert (result.returncode, result.stdout) == (0, b""), result.stderr
        return rpz.folder / to

    return write


def of_archive(path, name):
    with tarfile.open(path) as tar:
        return tar.extractfile(name).read()


def test_docker_loads_and_runs_it(image, docker_engine):
    del docker_engine
    path = image(("dump", "x"), options=["--name", "rpz-test/loaded:1"])
    with path.open("rb") as file:
        loaded = done("docker", "load", stdin=file)
    assert loaded.stdout == b"Loaded image: rpz-test/loaded:1\n", loaded.stderr
    try:
        ran = done("docker", "run", "--rm", "rpz-test/loaded:1")
        assert ran.stdout.split(b"\0")[2:5] == [b"probe", b"dump", b"x"]
    finally:
        done("docker", "rmi", "rpz-test/loaded:1")


def test_tells_how_it_is_run(rpz, pack):
    told = rpz("unpack", "oci", pack(("dump",)), "an image.tar").stderr
    assert b"docker load -i 'an image.tar'; docker run rpz/an-image:latest\n" in told


def test_podman_loads_and_runs_it(image, podman):
    path = image(("dump", "x"))
    loaded = podman("load", "--input", path, capture_output=True, timeout=60)
    assert loaded.returncode == 0, loaded.stderr
    ran = podman(*START, "rpz/image:latest", capture_output=True, timeout=60)
    assert ran.stdout.split(b"\0")[2:5] == [b"probe", b"dump", b"x"], ran.stderr


def test_skopeo_reads_it_in_every_form(image, skopeo):
    path = image(("status", "0"))
    folder = image(("status", "0"), to="layout")
    found = [f"docker-archive:{path}", f"oci-archive:{path}", f"oci:{folder}"]
    shown = [json.loads(skopeo("inspect", where)) for where in found]
    assert all(document["Labels"]["rpz.pack_id"] for document in shown)
    assert shown[0]["Layers"] == shown[1]["Layers"] == shown[2]["Layers"]
    configs = [json.loads(skopeo("inspect", "--config", where)) for where in found]
    assert configs[0]["config"] == configs[2]["config"]


@pytest.mark.parametrize(
    ("form", "has", "lacks"),
    [("docker", "manifest.json", "index.json"), ("oci", "index.json", "manifest.json")],
)
def test_for_one_of_them_only(image, skopeo, form, has, lacks):
    path = image(("status", "0"), options=["--format", form])
    with tarfile.open(path) as tar:
        assert has in tar.getnames()
        assert lacks not in tar.getnames()
    skopeo("inspect", f"{form}-archive:{path}")


def test_blobs_are_what_their_names_say(image):
    with tarfile.open(image(("status", "0"))) as tar:
        blobs = {i.name: tar.extractfile(i).read() for i in tar if i.isreg() and "/" in i.name}
    assert len(blobs) == 3
    for name, content in blobs.items():
        assert name == f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"


def test_same_pack_same_bytes(image):
    one = image(("status", "0"), to="one.tar", options=["--name", "a"])
    other = image(("status", "0"), to="other.tar", options=["--name", "a"])
    assert one.read_bytes() == other.read_bytes()


def test_same_pack_same_id_in_an_engine(rpz, image, docker_engine):
    del docker_engine
    (manifest,) = json.loads(of_archive(image(("status", "0")), "manifest.json"))
    for target in "one", "two":
        assert rpz("unpack", "docker", "exp.rpz", target).returncode == 0
    names = [json.loads((rpz.folder / t / "target.json").read_text()) for t in ("one", "two")]
    ids = [done("docker", "images", "-q", "--no-trunc", n["data"]["image"]) for n in names]
    hexadecimal = manifest["Config"].rpartition("/")[2]
    assert [found.stdout for found in ids] == [f"sha256:{hexadecimal}\n".encode()] * 2
    assert rpz("destroy", "one").returncode == 0
    assert rpz("run", "two").returncode == 0
    assert rpz("destroy", "two").returncode == 0


def test_rootfs(image):
    with tarfile.open(image(("status", "0"), options=["--format", "rootfs"])) as tar:
        assert {"bin/probe", "tmp", ".rpz/init", ".rpz/runs/0"} <= set(tar.getnames())


def test_dockerfile_builds(rpz, pack, docker_engine):
    del docker_engine
    assert rpz("unpack", "docker", pack(("dump", "x")), "demo").returncode == 0
    folder = rpz.folder / "demo"
    try:
        comment = (folder / "Dockerfile").read_text().splitlines()[2]
        assert comment == "#     rpz unpack oci --format rootfs exp.rpz rootfs.tar"
        assert rpz(*comment.split()[2:-1], "demo/rootfs.tar").returncode == 0
        built = done("docker", "build", "--tag", "rpz-test/built", folder)
        assert built.returncode == 0, built.stderr
        ran = done("docker", "run", "--rm", "rpz-test/built")
        assert ran.stdout.split(b"\0")[2:5] == [b"probe", b"dump", b"x"]
    finally:
        done("docker", "rmi", "rpz-test/built")
        assert rpz("destroy", "demo").returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["image.tar", "--format", "zip"], b"no format"),
        (["image.tar", "--name", "No Name"], b"can't be an image's name"),
        (["image.tar", "--name", "a-_b"], b"can't be an image's name"),
        (["folder", "--format", "docker"], b"is a file's"),
        (["missing/image.tar"], b"doesn't exist"),
        (["exp.rpz"], b"exists already"),
    ],
)
def test_refused(rpz, pack, words, said):
    result = rpz("unpack", "oci", pack(("status", "0")), *words)
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    assert said in result.stderr
    assert [path.name for path in rpz.folder.iterdir()] == ["exp.rpz"]


@pytest.mark.parametrize("to", ["image.tar", "layout"])
def test_hostile_archive_leaves_nothing(rpz, to):
    data = packs.data_tar([packs.file("DATA/a"), packs.file("DATA/../../b")])
    packs.write_pack(rpz.folder / "exp.rpz", packs.config(("status", "0")), data)
    result = rpz("unpack", "oci", "exp.rpz", to)
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    assert [path.name for path in rpz.folder.iterdir()] == ["exp.rpz"]


def test_what_an_image_cannot_hold(rpz):
    data = packs.data_tar([packs.file("DATA/a/.wh.b")])
    packs.write_pack(rpz.folder / "exp.rpz", packs.config(("status", "0")), data)
    result = rpz("unpack", "oci", "exp.rpz", "image.tar")
    assert result.returncode == 1
    assert b"can't be in an image" in result.stderr
