"""Targets of the same pack have one image, which others make and remove at the same time."""

from __future__ import annotations

import subprocess

import pytest
from docker import APIClient

from rpz.packer.archive.reader import Pack
from rpz.unpackers import docker, target
from rpz.unpackers.errors import DockerError
from tests.unpackers.test_docker import docker as engine

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.usefixtures("docker_engine"),
]
GONE = "sha256:" + "0" * 64


@pytest.fixture
def unpack(pack, tmp_path):
    """Unpack the same pack as often as wanted."""
    path = pack(("status", "3"))
    made = []

    def once():
        with Pack.open(path) as opened:
            made.append(docker.unpack(opened, tmp_path / f"shared{len(made)}", {}))
        return made[-1]

    yield once
    for found in filter(lambda one: one.folder.exists(), made):
        docker.destroy(target.read(found.folder))


def test_an_image_that_goes_while_images_are_listed(unpack, monkeypatch):
    listed = APIClient.images
    monkeypatch.setattr(
        APIClient, "images", lambda *args, **more: [{"Id": GONE}, *listed(*args, **more)]
    )
    assert unpack().data["image"]


def taken_away(monkeypatch, times):
    """Let the image go as soon as the engine has it, so often."""
    load = APIClient.load_image
    calls = []

    def loaded(self, *args, **more):
        answer = list(load(self, *args, **more))
        calls.append(1)
        if len(calls) <= times:
            names = engine("images", "--format", "{{.Repository}}:{{.Tag}}", "rpz/shared0").stdout
            assert engine("rmi", *names.split()).returncode == 0
        return answer

    monkeypatch.setattr(APIClient, "load_image", loaded)


def test_an_image_that_another_destroys(unpack, monkeypatch):
    taken_away(monkeypatch, 2)
    assert engine("run", "--rm", unpack().data["image"]).returncode == 3


def test_an_image_that_goes_again_and_again(unpack, monkeypatch, tmp_path):
    taken_away(monkeypatch, 100)
    with pytest.raises(DockerError, match="lost the image"):
        unpack()
    assert not (tmp_path / "shared0").exists()


def test_destroy_leaves_the_other_target(unpack, rpz):
    one, other = unpack(), unpack()
    assert one.data["image"] != other.data["image"]
    assert rpz("destroy", one.folder).returncode == 0
    assert rpz("run", other.folder).returncode == 3
    assert rpz("reset", other.folder).returncode == 0
    assert rpz("run", other.folder).returncode == 3


def test_two_at_the_same_time(pack, rpz):
    path = pack(("status", "3"))
    processes = [rpz.start("unpack", "docker", path, f"at-once{n}") for n in range(2)]
    said = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    ids = {
        subprocess.check_output(
            ["docker", "inspect", "-f", "{{.Id}}", target.read(rpz.folder / name).data["image"]]
        )
        for name in ("at-once0", "at-once1")
    }
    assert len(ids) == 1
    assert rpz("destroy", "at-once0").returncode == 0
    assert rpz("run", "at-once1").returncode == 3
    assert rpz("destroy", "at-once1").returncode == 0
