"""What only the docker unpacker promises: an image that runs by itself, streams that are exact."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpz.unpackers import target as state
from rpz.unpackers.docker.attach import Demultiplexer
from rpz.unpackers.docker.engine import connected
from rpz.unpackers.errors import DockerError
from rpz.unpackers.image import tarstream
from tests.unpackers import packs

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def docker(*argv, **options):
    return subprocess.run(
        ["docker", *argv], check=False, capture_output=True, timeout=60, **options
    )


@pytest.fixture
def unpacked(rpz, pack, docker_engine):
    """Unpack an experiment with these commands as its runs; return the image's name."""
    del docker_engine

    def unpack(*commands, **options):
        result = rpz("unpack", "docker", pack(*commands, **options), "demo")
        assert result.returncode == 0, result.stderr
        return state.read(rpz.folder / "demo").data["image"]

    yield unpack
    if (rpz.folder / "demo").exists():
        assert rpz("destroy", "demo").returncode == 0


def test_image_runs_alone(unpacked):
    image = unpacked(("dump", ""))
    result = docker("run", "--rm", image)
    words = result.stdout.split(b"\0")
    assert words[0].startswith(b"%d %d /work" % (packs.UID, packs.GID))
    assert words[2:5] == [b"probe", b"dump", b""]
    assert sorted(words[5:-1]) == [b"A=1", b"BYTES=\xfe\n", b"EMPTY=", b"PATH=/nowhere"]


def test_all_runs_up_to_a_failure(unpacked):
    image = unpacked(("stderr", "first"), ("status", "5"), ("stderr", "third"))
    result = docker("run", "--rm", image)
    assert (result.returncode, result.stderr) == (5, b"first")


def test_chosen_run(unpacked):
    image = unpacked(("status", "5"), ("status", "6"))
    assert docker("run", "--rm", image, "1").returncode == 6


@pytest.mark.parametrize("words", [["7"], ["x"], ["-1"], ["1", "0x0"]])
def test_run_that_does_not_exist(unpacked, words):
    image = unpacked(("status", "0"), ("status", "0"))
    result = docker("run", "--rm", image, *words)
    assert (result.returncode, result.stderr.count(b"\n")) == (125, 1)


def test_signal_death_in_image(unpacked):
    assert docker("run", "--rm", unpacked(("signal", "11"))).returncode == 139


def test_content_of_the_image(unpacked):
    image = unpacked(("status", "0"))
    container = docker("create", image).stdout.decode().strip()
    export = docker("export", container).stdout
    docker("rm", container)
    listing = subprocess.run(["tar", "-tv"], input=export, capture_output=True, check=True).stdout
    assert b"rwxrwxrwt" in next(line for line in listing.splitlines() if line.endswith(b" tmp/"))
    assert b"link to" in next(line for line in listing.splitlines() if b"hard.csv" in line)
    assert b"2009-02-13" in next(line for line in listing.splitlines() if b"bin/probe" in line)


def test_destroy_removes_everything(rpz, unpacked):
    image = unpacked(("status", "0"))
    container = state.read(rpz.folder / "demo").data["container"]
    assert rpz("destroy", "demo").returncode == 0
    assert docker("inspect", image).returncode != 0
    assert docker("inspect", container).returncode != 0


def test_destroy_of_what_is_gone(rpz, unpacked):
    image = unpacked(("status", "0"))
    docker("rm", state.read(rpz.folder / "demo").data["container"])
    docker("rmi", image)
    result = rpz("run", "demo")
    assert (result.returncode, b"is gone" in result.stderr) == (125, True)
    for words in ["download", "data.csv:"], ["upload", "data.csv:exp.rpz"], ["run", "--", "probe"]:
        result = rpz(words[0], "demo", *words[1:])
        assert b"The container of demo is gone. Make a new one: rpz reset demo." in result.stderr
    assert rpz("destroy", "demo").returncode == 0


def test_run_while_running(rpz, unpacked):
    unpacked(("sleep",))
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    result = rpz("run", "demo")
    process.terminate()
    process.communicate(timeout=30)
    assert (result.returncode, b"is running already" in result.stderr) == (125, True)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGQUIT])
def test_signals_of_a_terminal(rpz, unpacked, signum):
    """The program isn't among the terminal's processes: rpz passes on what it gets."""
    unpacked(("sleep",))
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signum)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signum


@pytest.mark.usefixtures("docker_engine")
def test_hostile_archive_leaves_no_image(rpz):
    def images():
        return docker("images", "--quiet", "--no-trunc", "rpz/hostile").stdout

    packs.write_pack(
        rpz.folder / "exp.rpz",
        packs.config(("status", "0")),
        packs.data_tar([packs.file("DATA/a"), packs.file("DATA/../../b")]),
    )
    result = rpz("unpack", "docker", "exp.rpz", "hostile")
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    assert b"outside the experiment" in result.stderr
    assert images() == b""


def test_engine_that_is_not_running(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with pytest.raises(DockerError, match="is not running"), connected():
        pass


def test_engine_that_refuses_the_connection(monkeypatch, tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/dead.sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    with pytest.raises(DockerError, match="is not running"), connected():
        pass


@pytest.mark.usefixtures("docker_engine")
def test_without_an_init_program(rpz, pack):
    result = rpz("unpack", "docker", pack(("status", "0")), "demo", env={"RPZ_INIT": "/missing"})
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)


FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)))


@given(frames=FRAMES, size=st.integers(1, 20))
def test_demultiplexer(frames, size):
    """However the stream is cut, each descriptor gets its bytes."""
    stream = b"".join(struct.pack(">BxxxL", fd, len(data)) + data for fd, data in frames)
    got = {1: b"", 2: b""}
    demultiplexer = Demultiplexer()
    for start in range(0, len(stream), size):
        for fd, piece in demultiplexer.feed(stream[start : start + size]):
            got[fd] += piece
    assert got == {fd: b"".join(data for f, data in frames if f == fd) for fd in got}


@given(pieces=st.lists(st.binary(max_size=50)), size=st.integers(1, 100))
def test_blocks(pieces, size):
    blocks = list(tarstream.in_blocks(pieces, size))
    assert b"".join(blocks) == b"".join(pieces)
    assert all(len(block) >= size for block in blocks[:-1])


@given(pieces=st.lists(st.binary(min_size=1, max_size=50)))
def test_incoming(pieces):
    assert tarstream.Incoming(pieces).read() == b"".join(pieces)
