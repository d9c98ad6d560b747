"""The docker unpacker with Podman's service, which answers as Docker's engine does."""

from __future__ import annotations

import subprocess
import time

import pytest


@pytest.fixture
def service(podman, tmp_path):
    """Where a Podman of this test's own listens."""
    socket = tmp_path / "podman.sock"
    process = podman("system", "service", "--time=0", f"unix://{socket}", start=subprocess.Popen)
    for _ in range(100):
        if socket.exists():
            break
        time.sleep(0.1)
    yield f"unix://{socket}"
    process.terminate()
    process.wait(timeout=30)


def test_with_podman(rpz, pack, probe, service):
    """Two packs of which one has the other's lower layers; run, give, take, remove."""
    named = {"CONTAINER_HOST": service, "DOCKER_HOST": ""}
    commands = [("status", "0"), ("status", "7")]
    for target in "one", "two":
        result = rpz("unpack", "docker", pack(*commands), target, env=named)
        assert result.returncode == 0, result.stderr
    result = rpz("run", "one", "1")
    assert (result.returncode, result.stderr.count(b"\n")) == (7, 1), result.stderr
    (rpz.folder / "new").write_bytes(b"new\n")
    assert rpz("upload", "one", "/bin/probe:new").returncode == 0
    assert rpz("download", "one", "/bin/probe:").stdout == b"new\n"
    assert rpz("download", "two", "/bin/probe:").stdout == probe.read_bytes()
    result = rpz("download", "two", "data.csv:")  # in a folder whose name isn't UTF-8
    assert (result.returncode, b"can't copy" in result.stderr) == (1, True)
    for target in "one", "two":
        assert rpz("destroy", target).returncode == 0
