"""What is chosen when unpacking for Docker: ports, displays, the engine's own options, networks."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpz.packer.archive.reader import Pack
from rpz.unpackers import target as state
from rpz.unpackers.docker import gpu, x11
from rpz.unpackers.docker.engine import DOCKER, connected, place
from rpz.unpackers.docker.push import checked, push
from rpz.unpackers.errors import DockerError, TargetError
from tests.conftest import require
from tests.provenance.artefact.registries import registry
from tests.unpackers import packs

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def unpacked(rpz, docker_engine):
    """Unpack a BusyBox that runs these commands, with these options; return the target."""
    del docker_engine
    require("busybox", "no busybox (on Debian and Ubuntu: apt-get install busybox-static)")
    program = Path(shutil.which("busybox")).read_bytes()

    def unpack(*options, commands=(("true",),)):
        data = packs.data_tar(
            [
                packs.folder("DATA/bin"),
                packs.file("DATA/bin/busybox", program, mode=0o755),
                packs.folder(f"DATA{packs.FOLDER}", uid=packs.UID),
                packs.file(f"DATA{packs.FOLDER}/page", b"served"),
            ]
        )
        config = packs.config(*commands, binary="/bin/busybox")
        argvs = [("busybox", *words) for words in commands]
        runs = [dataclasses.replace(r, argv=a) for r, a in zip(config.runs, argvs, strict=True)]
        config = dataclasses.replace(config, runs=tuple(runs))
        packs.write_pack(rpz.folder / "exp.rpz", config, data)
        result = rpz("unpack", "docker", "exp.rpz", "demo", *options)
        assert result.returncode == 0, result.stderr
        return state.read(rpz.folder / "demo")

    yield unpack
    if (rpz.folder / "demo").exists():
        assert rpz("destroy", "demo").returncode == 0


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def fetched(url):
    for _ in range(100):
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return urllib.request.urlopen(url, timeout=5).read()
        time.sleep(0.1)
    return None


def test_published_port(rpz, unpacked):
    port = free_port()
    unpacked("--publish", f"127.0.0.1:{port}:8080", commands=[("httpd", "-f", "-p", "8080")])
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    try:
        assert fetched(f"http://127.0.0.1:{port}/page") == b"served"
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--publish", "eighty"], b"can't be published"),
        (["--engine-option", "ShmSize"], b"no engine option"),
        (["--engine-option", "ShmSize=much"], b"engine says"),
    ],
)
def test_choices_that_are_wrong(rpz, pack, docker_engine, options, said):
    del docker_engine
    result = rpz("unpack", "docker", pack(("status", "0")), "demo", *options)
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    assert said in result.stderr
    assert [path.name for path in rpz.folder.iterdir()] == ["exp.rpz"]


def test_engine_option(rpz, unpacked):
    unpacked("--engine-option", "ShmSize=33554432", commands=[("df", "/dev/shm")])
    assert b" 32768 " in rpz("run", "demo").stdout


RUN = """\
import sys, pathlib
from rpz.unpackers import docker, target
from rpz.unpackers.job import Job
demo = target.read(pathlib.Path("demo"))
sys.exit(docker.run(demo, Job(0, demo.runs[0], network=sys.argv[1] == "True")))
"""


@pytest.mark.parametrize("first", [False, True])
def test_network_of_a_run(rpz, unpacked, first):
    """Without it there is a loopback only, whatever the run before has had."""
    unpacked(commands=[("ls", "/sys/class/net")])
    found = []
    for network in (first, not first, first):
        argv = [sys.executable, "-c", RUN, str(network)]
        result = subprocess.run(
            argv, cwd=rpz.folder, env=rpz.environment, capture_output=True, check=True
        )
        found.append(b"eth0" in result.stdout)
    assert found == [first, not first, first]


def test_display(rpz, unpacked, tmp_path):
    commands = [("env",), ("od", "-An", "-tx1", "/.rpz/Xauthority"), ("ls", x11.SOCKETS)]
    cookies = tmp_path / "cookies"
    cookies.write_bytes(b"\1\0\0\4host\0\x0297\0\4NAME\0\3key")
    Path(x11.SOCKETS).mkdir(exist_ok=True)
    display = Path(x11.SOCKETS, "X97")
    unpacked("--x11", commands=commands)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(display))
        try:
            result = rpz("run", "demo", env={"DISPLAY": ":97", "XAUTHORITY": str(cookies)})
        finally:
            display.unlink()
    assert (result.returncode, result.stderr) == (0, b"")
    lines = result.stdout.splitlines()
    assert {b"DISPLAY=:97", b"XAUTHORITY=/.rpz/Xauthority"} <= set(lines)
    assert b" ff ff 00 00 00 02 39 37 00 04 4e 41 4d 45 00 03" in lines
    assert b"X97" in lines


def test_without_a_display(rpz, unpacked):
    unpacked("--x11")
    result = rpz("run", "demo", env={"DISPLAY": "far:10.0"})
    assert (result.returncode, b"no local display" in result.stderr) == (0, True)


@given(data=st.binary(max_size=60))
def test_cookies_of_any_bytes(data):
    assert len(x11.for_any_host(data)) <= len(data)


def test_engine_is_remembered(rpz, unpacked):
    """A target is run where it was unpacked, whatever the environment says later."""
    unpacked()
    assert rpz("run", "demo", env={"DOCKER_HOST": "unix:///nowhere"}).returncode == 0


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"DOCKER_HOST": "tcp://a:1", "CONTAINER_HOST": "unix:///b"}, "tcp://a:1"),
        ({"CONTAINER_HOST": "unix:///b"}, "unix:///b"),
    ],
)
def test_place_of_the_engine(environ, found):
    assert place(environ) == found


def test_place_of_a_users_podman(tmp_path, monkeypatch):
    socket_file = tmp_path / "podman" / "podman.sock"
    socket_file.parent.mkdir()
    socket_file.touch()
    monkeypatch.setattr("rpz.unpackers.docker.engine.DOCKER", str(tmp_path / "none"))
    assert place({"XDG_RUNTIME_DIR": str(tmp_path)}) == f"unix://{socket_file}"


def test_place_when_there_is_none(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert place({}) == f"unix://{DOCKER}"


@pytest.mark.parametrize(("name", "used"), [("/dev/nvidia0", True), ("/dev/null", False)])
def test_graphics_processor_in_the_trace(tmp_path, name, used):
    trace = tmp_path / "trace.sqlite3"
    with contextlib.closing(sqlite3.connect(trace)) as database, database:
        database.execute("CREATE TABLE opened_files (name TEXT)")
        database.execute("INSERT INTO opened_files VALUES (?)", [name])
    path = packs.write_pack(tmp_path / "exp.rpz", packs.config(("x",)), packs.data_tar([]))
    whole = tmp_path / "whole.rpz"
    with tarfile.open(path) as old, tarfile.open(whole, "w") as new:
        for info in old:
            if info.name == "METADATA/trace.sqlite3":
                new.add(trace, info.name)
            else:
                new.addfile(info, old.extractfile(info))
    with Pack.open(whole) as pack:
        assert gpu.was_used(pack) is used


def test_connection_by_place(docker_engine):
    del docker_engine
    with connected(place()) as engine:
        assert engine.ping()


def test_an_image_is_pushed(unpacked, tmp_path_factory):
    """What was called so before in the engine is so afterwards."""
    with registry(tmp_path_factory.mktemp("registry")) as host:
        target = unpacked("--push", f"{host}/lab/figure1:v1")
        with connected() as engine:
            names = engine.inspect_image(target.data["image"])["RepoTags"]
            assert names == [target.data["image"]]
        accepted = "application/vnd.docker.distribution.manifest.v2+json"
        url = f"http://{host}/v2/lab/figure1/manifests/v1"
        asked = urllib.request.Request(url, headers={"Accept": accepted})
        with urllib.request.urlopen(asked) as answer:
            assert len(json.load(answer)["layers"]) >= 1


@pytest.mark.parametrize(
    "name", ["figure1", "lab/figure1", "ghcr.io/Lab/a", "ghcr.io/a:b:c", "a.b"]
)
def test_what_is_no_place_to_push_to(name):
    with pytest.raises(TargetError, match="is no place in a registry"):
        checked(name)


def test_a_registry_that_is_not_there(rpz, unpacked):
    unpacked()
    done = rpz("unpack", "docker", "exp.rpz", "other", "--push", f"127.0.0.1:{free_port()}/a")
    assert done.returncode == 1
    assert b"The registry didn't take the image" in done.stderr
    assert not (rpz.folder / "other").exists()


def test_what_an_image_was_called_before_a_push_stays(unpacked):
    target = unpacked()
    with connected() as engine:
        image = target.data["image"]
        name = f"127.0.0.1:1/rpz/{image.rpartition(':')[2]}"
        engine.tag(image, name, "v1")
        try:
            with contextlib.suppress(DockerError):
                push(engine, image, f"{name}:v1")
            assert engine.inspect_image(f"{name}:v1")["Id"]
        finally:
            engine.remove_image(f"{name}:v1")
