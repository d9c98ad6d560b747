"""What isn't packed unless a person says so, and why."""

from __future__ import annotations

import os

import pytest

from rpz.packer.archive.reader import Pack
from rpz.packer.config.reader import read_config
from rpz.packer.configure import write_config
from rpz.packer.pack import pack
from rpz.packer.select import Reason
from rpz.packer.withheld import credential, driver, may_be_withheld
from tests.packer.traces import Trace

HOME = "/home/felix"


@pytest.mark.parametrize(
    "path",
    [
        ".ssh/id_ed25519", ".ssh/known_hosts", ".netrc", ".aws/credentials", ".config/gcloud/a.db",
        ".azure/token", ".docker/config.json", ".pypirc", ".git-credentials", ".kube/config",
        ".gnupg/private-keys-v1.d/x.key", ".mozilla/firefox/p/logins.json", ".pgpass",
        ".config/google-chrome/Default/Cookies", ".local/share/keyrings/login.keyring",
        ".cache/huggingface/token", ".config/gh/hosts.yml", ".kaggle/kaggle.json", ".cdsapirc",
        ".Xauthority", ".bash_history", "lab/secrets.kdbx", ".zenodo_token",
    ],
)  # fmt: skip
def test_credentials(path):
    found = os.fsencode(f"{HOME}/{path}")
    assert credential(found, None)
    assert may_be_withheld(found)
    assert may_be_withheld(b"\0".join([b"/a/b", found, b"/c/d"]))


@pytest.mark.parametrize(
    "path",
    [
        f"{HOME}/data/netrc", f"{HOME}/.sshx/a", f"{HOME}/.netrc.py", f"{HOME}/token",
        "/usr/lib/python3/.netrc", "/usr/share/.ssh/x", "/etc/passwd", "/etc/ssl/certs/ca.crt",
        f"{HOME}/.netrc\n", f"{HOME}/.cache/huggingface/hub/model", f"{HOME}/.config/matplotlib",
    ],
)  # fmt: skip
def test_what_is_no_credential(path):
    assert credential(os.fsencode(path), None) is None


def test_most_paths_are_looked_through_together():
    assert not may_be_withheld(b"/home/felix/a.csv\0/home/felix/b/.c\0/usr/lib/d.so\0/etc/passwd")
    assert may_be_withheld(b"/home/felix/a.csv\0/etc/shadow\0/home/felix/b")
    assert not may_be_withheld(b"/x/etc/shadow\0/home/felix/b")  # not at the root


@pytest.mark.parametrize(
    ("name", "text", "is_secret"),
    [
        (".npmrc", "registry=https://registry.example/\n", False),
        (".npmrc", "//registry.example/:_authToken=abcdefgh\n", True),
        (".Renviron", "R_LIBS_USER=~/R\nTZ=UTC\n", False),
        (".Renviron", 'GITHUB_PAT="abcdefgh"\n', True),
        (".env", "DEBUG=1\n", False),
        (".env", "export DB_PASSWORD=abc\n", True),
        (".gitconfig", "[user]\n\tname = Me\n", False),
        (".gitconfig", "[github]\n\ttoken = abcdefgh\n", True),
        (".git/config", "[remote]\n\turl = https://me:hunter22@host/x\n", True),
        (".condarc", "channels:\n  - https://conda.example/t/x\n", False),
        (".yarnrc.yml", 'npmAuthToken: "abcdefgh"\n', True),
        ("pip.conf", "[global]\nindex-url = https://me:hunter22@host/simple\n", True),
    ],
)
def test_settings_only_with_a_secret_in_them(tmp_path, name, text, is_secret):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert bool(credential(os.fsencode(path), os.fsencode(path))) is is_secret


@pytest.mark.parametrize(
    ("path", "is_driver"),
    [
        ("/usr/lib/x86_64-linux-gnu/libcuda.so.535.183.01", True),
        ("/usr/lib/x86_64-linux-gnu/libcuda.so", True),
        ("/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1", True),
        ("/usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.0", True),
        ("/usr/lib/wsl/lib/libdxcore.so", True),
        ("/opt/amdgpu/lib/libdrm.so.2", True),
        ("/usr/local/cuda/lib64/stubs/libcuda.so", False),
        ("/usr/local/cuda/lib64/libcudart.so.12", False),
        ("/home/felix/venv/lib/python3.11/site-packages/nvidia/cublas/lib/libcublas.so.12", False),
        ("/opt/rocm/lib/libamdhip64.so.6", False),
    ],
)
def test_drivers_of_the_host(path, is_driver):
    assert bool(driver(os.fsencode(path))) is is_driver


@pytest.fixture
def traced(tmp_path):
    """A run that reads data, a .netrc, the driver of a GPU, and what is in the trace folder."""
    folder = tmp_path / "w"
    trace = Trace(folder)
    for name in ("data", ".netrc", "lib/libcuda.so.1", ".rpz-trace/records/0.records"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"machine {name}")
    trace.start("cat")
    for name in ("data", ".netrc", "lib/libcuda.so.1", ".rpz-trace/records/0.unfinished"):
        trace.read(folder / name)
    trace.read(folder / ".rpz-trace/records/0.records").follow(
        folder / "lib/libcuda.so", "libcuda.so.1"
    )
    trace.save(folder / ".rpz-trace")
    write_config(folder / ".rpz-trace")
    return folder


def names_in(report, folder):
    with Pack.open(report.path) as opened, opened.data() as tar:
        prefix = f"DATA{folder}/"
        return {i.name.removeprefix(prefix) for i in tar if i.name.startswith(prefix)}


def test_they_are_not_packed_and_told_with_the_reason(traced):
    report = pack(traced / ".rpz-trace", traced.parent / "p.rpz")
    assert names_in(report, traced) == {"data"}
    reasons = {os.path.relpath(os.fsdecode(x.path), traced): x.reason for x in report.left_out}
    assert reasons == {
        ".netrc": Reason.CREDENTIALS,
        "lib/libcuda.so": Reason.HOST,
        "lib/libcuda.so.1": Reason.HOST,
        ".rpz-trace/records/0.records": Reason.TRACE,
        ".rpz-trace/records/0.unfinished": Reason.TRACE,
    }
    assert report.unlisted == ()
    with Pack.open(report.path) as opened, opened.metadata("config.yml") as file:
        text = file.read().decode()
    assert f'  # - "{traced}/.netrc"  # 14 bytes, passwords of servers\n' in text
    assert f'  # - "{traced}/lib/libcuda.so.1"  # ' in text
    assert "host-provided: part of the host's graphics driver" in text
    assert [item.name for item in read_config(traced / ".rpz-trace/config.yml").inputs_outputs] == [
        "data"
    ]


def test_one_is_packed_when_its_line_is_taken_in(traced):
    path = traced / ".rpz-trace" / "config.yml"
    text = path.read_text().replace(f'  # - "{traced}/.netrc"', f'  - "{traced}/.netrc"')
    path.write_text(text)
    report = pack(traced / ".rpz-trace", traced.parent / "p.rpz")
    assert names_in(report, traced) == {"data", ".netrc"}
    assert os.fsencode(traced / ".netrc") not in {left.path for left in report.left_out}
    with Pack.open(report.path) as opened, opened.metadata("config.yml") as file:
        text = file.read().decode()
    assert f'\n  - "{traced}/.netrc"' in text
    assert f'# - "{traced}/.netrc"' not in text


def test_what_was_changed_is_put_back_as_it_was(tmp_path):
    trace = Trace(tmp_path).start("cat")
    (tmp_path / ".netrc").write_text("after")
    trace.read(tmp_path / ".netrc").keep(tmp_path / ".netrc", "before").append(tmp_path / ".netrc")
    trace.save(tmp_path / ".rpz-trace")
    path = tmp_path / ".rpz-trace" / "config.yml"
    write_config(path.parent)
    path.write_text(path.read_text().replace("  # - ", "  - "))
    report = pack(path.parent, tmp_path / "p.rpz")
    with Pack.open(report.path) as opened, opened.data() as tar:
        texts = {i.name: tar.extractfile(i).read() for i in tar if i.isreg()}
    assert texts == {f"DATA{tmp_path}/.netrc": b"before"}
