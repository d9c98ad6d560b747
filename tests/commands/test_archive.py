"""``rpz ls``, ``check`` and ``extract``, and what holds of every pack, as a user meets them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tarfile
from gzip import compress

import pytest

from rpz.packer.pack import pack
from tests.conftest import require
from tests.unpackers import packs


@pytest.fixture
def lab(tmp_path, rpz, native_tracer):
    """A folder in which a real run was traced and packed."""
    del native_tracer
    (tmp_path / "data.csv").write_bytes(b"1,2\n" * 1000)
    (tmp_path / "odd\n").write_text("odd")
    assert rpz("trace", "sh", "-c", "cat data.csv odd* >out").returncode == 0
    assert rpz("pack", "x.rpz").returncode == 0
    return tmp_path


def spoil(path, what):
    """Change a byte of the archive's member."""
    data = bytearray(path.read_bytes())
    place = data.index(what.encode()) + 512 + 100
    data[place] ^= 1
    path.write_bytes(data)


class TestLs:
    def test_lists_what_a_pattern_fits(self, rpz, lab):
        done = rpz("ls", "x.rpz", "*.csv")
        assert done.stdout.decode() == f"-rw-r--r--         4000 {lab}/data.csv\n"
        assert rpz("ls", "x.rpz", f"{lab}/odd*").stdout.endswith(b"odd\\n\n")
        assert rpz("ls", "x.rpz", "nothing").stdout == b""

    def test_lists_all_to_programs(self, rpz, lab):
        found = json.loads(rpz("ls", "--json", "x.rpz").stdout)
        (data,) = [entry for entry in found if entry["path"] == f"{lab}/data.csv"]
        assert (data["type"], data["size"], len(data["sha256"])) == ("file", 4000, 64)
        assert json.loads(rpz("ls", "--json", "x.rpz", "nothing").stdout) == []


@pytest.mark.usefixtures("lab")
class TestCheck:
    def test_says_that_a_pack_is_sound(self, rpz):
        done = rpz("check", "x.rpz")
        assert done.returncode == 0
        assert done.stdout.startswith(b"x.rpz is sound: ")
        assert json.loads(rpz("check", "--json", "x.rpz").stdout)["sound"]

    def test_names_what_is_damaged(self, rpz, lab):
        spoil(lab / "x.rpz", "METADATA/trace.sqlite3")
        done = rpz("check", "x.rpz")
        assert (done.returncode, done.stdout) == (1, b"Damaged: METADATA/trace.sqlite3\n")
        assert json.loads(rpz("check", "--json", "x.rpz").stdout)["damaged"] == [
            {"part": "METADATA/trace.sqlite3"}
        ]

    def test_names_the_files_that_are_damaged(self, rpz, lab):
        spoil(lab / "x.rpz", "DATA.tar.gz")
        done = rpz("check", "x.rpz")
        assert done.returncode == 1
        assert done.stdout.startswith(b"Damaged: /")

    def test_says_what_is_missing(self, rpz, lab):
        os.truncate(lab / "x.rpz", 100_000)
        done = rpz("check", "x.rpz")
        assert done.returncode == 1
        assert b"rpz: x.rpz is cut short: " in done.stderr


class TestExtract:
    def test_takes_a_file_out(self, rpz, lab):
        (lab / "o").mkdir()
        done = rpz("extract", "x.rpz", lab / "data.csv", "-C", "o")
        assert (done.returncode, done.stderr) == (0, b"rpz: Took 1 file out of x.rpz\n")
        assert (lab / "o" / str(lab)[1:] / "data.csv").read_bytes() == b"1,2\n" * 1000

    def test_keeps_what_exists(self, rpz, lab):
        assert rpz("extract", "x.rpz", lab / "data.csv").returncode == 0
        done = rpz("extract", "x.rpz", lab / "data.csv")
        assert done.returncode == 1
        assert b"data.csv exists already. Choose another folder, or add --overwrite." in done.stderr
        assert rpz("extract", "--overwrite", "x.rpz", lab / "data.csv").returncode == 0

    @pytest.mark.usefixtures("lab")
    def test_says_what_is_not_there(self, rpz):
        done = rpz("extract", "x.rpz", "/nothing")
        assert done.returncode == 1
        assert done.stderr == b"rpz: x.rpz has no /nothing. See what it has: rpz ls x.rpz.\n"


def claiming(size):
    """A tar whose member claims to have so many bytes: in its header, else in a record before."""
    info = tarfile.TarInfo("DATA/a")
    if size < 1 << 63:
        info.size = size
        return info.tobuf(tarfile.GNU_FORMAT) + bytes(20_000)
    info.pax_headers = {"size": str(size)}
    return info.tobuf(tarfile.PAX_FORMAT) + bytes(20_000)


@pytest.mark.parametrize("size", [1 << 60, 10**26])
@pytest.mark.parametrize("pack", [compress, bytes], ids=["gzip", "none"])
@pytest.mark.parametrize("words", [("ls",), ("info",), ("check",), ("extract", "/b")])
def test_a_member_that_claims_more_than_there_is_ends_it(rpz, tmp_path, size, pack, words):
    config = packs.config(("status", "0"))
    packs.write_pack(tmp_path / "x.rpz", config, pack(claiming(size)))
    done = rpz(words[0], "x.rpz", *words[1:])
    assert done.returncode == 1
    assert b"amaged" in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_other_compressions_say_that_reprozip_does_not_read_them(rpz, lab, compression):
    done = rpz("pack", "--compression", compression, "y.rpz")
    assert b"ReproZip can't read this pack" in done.stderr
    assert json.loads(rpz("info", "--json", "y.rpz").stdout)["compression"] == compression
    assert rpz("check", "y.rpz").returncode == 0
    ids = {json.loads(rpz("info", "--json", n).stdout)["pack_id"] for n in ("x.rpz", "y.rpz")}
    assert len(ids) == 1
    assert (lab / "y.rpz").exists()


def test_the_same_trace_gives_the_same_bytes_anywhere(rpz, lab, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(lab / ".rpz-trace", elsewhere / "trace")
    assert rpz("pack", elsewhere / "a.rpz").returncode == 0
    assert rpz("pack", "-d", elsewhere / "trace", elsewhere / "b.rpz").returncode == 0
    assert rpz("pack", "again.rpz").returncode == 0
    one = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *rpz.argv("pack", "one.rpz")]
    subprocess.run(one, cwd=lab, env=rpz.environment, check=True, capture_output=True)
    packs = (lab / "x.rpz", elsewhere / "a.rpz", elsewhere / "b.rpz", lab / "again.rpz")
    assert {path.read_bytes() for path in (*packs, lab / "one.rpz")} == {packs[0].read_bytes()}


def test_another_user_packs_the_same_bytes(lab):
    require(os.geteuid() == 0, "only root may become another user")
    nobody = 65534
    shared = lab / "shared"
    shutil.copytree(lab / ".rpz-trace", shared / "trace")
    for path in (shared, *shared.rglob("*")):
        os.chown(path, nobody, nobody)
    modes = [
        (path, path.stat().st_mode) for path in (lab, *lab.parents[:3])
    ]  # as many as xdist makes
    try:
        for path, mode in modes:
            path.chmod(mode | 0o005)
        first = pack(lab / ".rpz-trace", lab / "y.rpz").path.read_bytes()
        if (child := os.fork()) == 0:  # who can't read this Python: all of it is loaded by now
            status = 1
            with contextlib.suppress(BaseException):
                os.setgroups([])
                os.setresgid(nobody, nobody, nobody)
                os.setresuid(nobody, nobody, nobody)
                pack(shared / "trace", shared / "z.rpz")
                status = 0
            os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        for path, mode in modes:
            path.chmod(mode)
    assert (shared / "z.rpz").stat().st_uid == nobody
    assert (shared / "z.rpz").read_bytes() == first


def test_a_full_disk_leaves_nothing_and_tells_what_is_needed(rpz, lab):
    require(os.geteuid() == 0, "only root may mount a small file system")
    (lab / "data.csv").write_bytes(os.urandom(8_000_000))
    (lab / "small").mkdir()
    script = (
        "mount -t tmpfs -o size=2M none small && "
        '"$@"; status=$?; ls -A small; umount small; exit $status'
    )
    argv = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        script,
        "-",
        *rpz.argv("pack", "--allow-changed", "small/y.rpz"),
    ]
    done = subprocess.run(argv, cwd=lab, env=rpz.environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b""), done.stderr
    assert b"small/y.rpz can't be written: No space left on device; it needs about " in done.stderr
