"""The container that a run is in, as its files and its environment tell it."""

from __future__ import annotations

import pytest

from rpz.provenance.containers import Container, container

PRIVILEGED = """engine="podman-4.3.1"
name="odd_name"
id="1d0a"
image="docker.io/library/debian:12"
imageid="7d2c07d0aa1c"
rootless=0
"""
DEBIAN = "docker.io/library/debian:12"


@pytest.mark.parametrize(
    ("environ", "files", "found"),
    [
        ({}, {}, None),
        ({"RPZ_CONTAINER_IMAGE": "debian"}, {}, None),
        ({"APPTAINER_NAME": "a.sif"}, {".dockerenv": ""}, Container("apptainer", "a.sif")),
        ({"SINGULARITY_NAME": "a.sif"}, {}, Container("apptainer", "a.sif")),
        ({"SHIFTER_IMAGEREQUEST": "docker:d:1"}, {}, Container("shifter", "docker:d:1")),
        ({}, {".dockerenv": ""}, Container("docker")),
        ({"RPZ_CONTAINER_IMAGE": "d:1"}, {".dockerenv": ""}, Container("docker", "d:1")),
        ({"CI_JOB_IMAGE": "r:4"}, {".dockerenv": ""}, Container("docker", "r:4")),
        ({"JUPYTER_IMAGE": "j"}, {".dockerenv": ""}, Container("docker", "j")),
        ({}, {"run/.containerenv": ""}, Container("podman")),
        ({}, {"run/.containerenv": PRIVILEGED}, Container("podman", DEBIAN, "7d2c07d0aa1c")),
        (
            {"RPZ_CONTAINER_IMAGE": "mine"},
            {"run/.containerenv": PRIVILEGED},
            Container("podman", "mine"),
        ),
        ({"container": "systemd-nspawn"}, {}, Container("systemd-nspawn")),
    ],
)
def test_what_engines_tell(environ, files, found, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert container(environ, tmp_path) == found
