"""Folders from which an engine builds a pack's image, with no rpz."""

from __future__ import annotations

import json
import os
import subprocess
import uuid

import pytest

from tests.conftest import require, rpz_in


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("context")
    rpz = rpz_in(folder)
    (folder / "in").write_text("7\n")
    (folder / "run.sh").write_text('read x < in; echo "$x $A $0"; exit 3\n')
    done = rpz("trace", "/bin/sh", "run.sh", env={"A": "b c"})
    assert done.returncode == 3
    assert rpz("pack", "x.rpz").returncode == 0
    return folder / "x.rpz"


@pytest.fixture
def build(docker_engine):  # noqa: ARG001 (it is needed)
    """Build an image, and remove it at the end."""
    made = []

    def build_image(folder, *options):
        name = f"rpz-test/{uuid.uuid4().hex}"
        made.append(name)
        argv = ["docker", "build", "--quiet", "--tag", name, *options, folder]
        done = subprocess.run(argv, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return name

    yield build_image
    for name in made:
        subprocess.run(["docker", "rmi", "--force", name], capture_output=True, check=False)


def run(*words):
    done = subprocess.run(["docker", "run", "--rm", *words], capture_output=True, check=False)
    return done.returncode, done.stdout


def test_the_image_of_a_dockerfile_runs_what_ran(rpz, pack, build):
    done = rpz("export", pack, "--dockerfile", "image")
    assert (done.returncode, done.stderr) == (0, b"")
    assert run(build(rpz.folder / "image")) == (3, b"7 b c run.sh\n")


def test_a_development_container_has_the_files_upon_the_distribution(rpz, pack, build):
    base = os.environ.get("RPZ_TEST_BASE")
    require(bool(base), "no image to build upon: set RPZ_TEST_BASE to one of Debian")
    done = rpz("export", pack, "--devcontainer", "project")
    assert (done.returncode, done.stderr) == (0, b"")
    folder = rpz.folder / "project" / ".devcontainer"
    settings = json.loads((folder / "devcontainer.json").read_text())
    assert settings["workspaceFolder"] == str(pack.parent)
    assert settings["build"] == {"dockerfile": "Dockerfile"}
    name = build(folder, "--build-arg", f"BASE={base}")
    script = "test -x /usr/bin/apt-get && A=d bash run.sh"
    assert run("--workdir", settings["workspaceFolder"], name, "bash", "-c", script) == (
        3, b"7 d run.sh\n"
    )  # fmt: skip


@pytest.mark.parametrize("form", ["dockerfile", "devcontainer"])
def test_a_trace_or_what_exists_is_refused(rpz, pack, form):
    done = rpz("export", pack.parent / ".rpz-trace", f"--{form}", "image")
    assert (done.returncode, b"Pack it: rpz pack" in done.stderr) == (1, True)
    (rpz.folder / "image").mkdir()
    done = rpz("export", pack, f"--{form}", "image")
    assert (done.returncode, b"image exists" in done.stderr) == (1, True)
    assert list((rpz.folder / "image").iterdir()) == []
