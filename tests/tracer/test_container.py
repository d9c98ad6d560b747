"""The native tracer inside a container of the default profile, as root and as an ordinary user."""

from __future__ import annotations

import io
import subprocess
import tarfile
import uuid
from pathlib import Path

import pytest

from rpz.tracer import records
from rpz.tracer.stream import read_records
from tests.conftest import require

SHELL = Path("/bin/busybox")


def docker(*argv: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["docker", *argv], input=stdin, capture_output=True, check=True)


@pytest.fixture
def image(request, native_tracer):
    """An image of the tracer and a static shell."""
    request.getfixturevalue("docker_engine")
    require(SHELL.exists(), "no static shell (apt-get install busybox-static)")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(native_tracer, "rpz-tracer")
        tar.add(SHELL, "bin/sh")
        for name, mode in {"tmp": 0o1777, "bin": 0o755}.items():
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            tar.addfile(folder)
    name = f"rpz-test/{uuid.uuid4().hex}"
    docker("import", "-", name, stdin=content.getvalue())
    yield name
    docker("rmi", name)


@pytest.mark.parametrize("user", ["0", "1000"])
def test_traces(user, image, tmp_path):
    container = f"rpz-test-{uuid.uuid4().hex}"
    options = ["--name", container, "--user", user, "--network", "none"]
    command = ["/rpz-tracer", "/tmp/records", "--", "/bin/sh", "-c", "echo made >/tmp/made; exit 3"]
    try:
        done = subprocess.run(
            ["docker", "run", *options, image, *command], capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (3, b"")
        docker("cp", f"{container}:/tmp/records", tmp_path)
    finally:
        docker("rm", container)
    stream = list(read_records(tmp_path / "records"))
    names = {record.name for record in stream if isinstance(record, records.PathName)}
    assert {b"/bin/sh", b"/tmp/made"} <= names
    assert isinstance(stream[-1], records.End)
