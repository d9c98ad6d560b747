"""Secrets, as a user meets them: they don't leave the machine, and a replay takes the caller's."""

from __future__ import annotations

import gzip
import io
import tarfile

from tests.conftest import rpz_in

SECRET = "correct-horse-battery"
SCRIPT = 'echo "token $MY_TOKEN"; sh -c "cat settings" "$0" --password "$OTHER"; : >"out"'


def everything(path):
    whole = path.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        return whole + gzip.decompress(tar.extractfile("DATA.tar.gz").read())


def done(result, status=0):
    assert result.returncode == status, result.stderr.decode()
    return result


def test_secrets_stay_and_the_callers_are_taken(rpz, tmp_path, backend):
    (tmp_path / "settings").write_text("secret-less\n")
    env = {"MY_TOKEN": SECRET, "OTHER": "a second/one", "LANG": "C"}
    traced = done(rpz("trace", "sh", "-c", SCRIPT, env=env))
    assert traced.stdout == b"token correct-horse-battery\nsecret-less\n"
    packed = done(rpz("pack", "p.rpz"))
    assert b"Withheld, because they look like secrets: --password, MY_TOKEN (" in packed.stderr
    assert SECRET.encode() not in packed.stderr
    whole = everything(tmp_path / "p.rpz")
    assert SECRET.encode() not in whole
    assert b"a second/one" not in whole
    assert SECRET.encode() in (tmp_path / ".rpz-trace" / "trace.sqlite3").read_bytes()
    done(rpz("unpack", backend, "p.rpz", "target"))
    try:
        given = done(rpz("run", "target", env={"MY_TOKEN": "my own"}))
        assert given.stdout == b"token my own\nsecret-less\n"
        without = done(rpz("run", "target", env={"MY_TOKENS": ""}))
        assert without.stdout == b"token \nsecret-less\n"
        assert b"run0 runs without MY_TOKEN" in without.stderr
    finally:
        done(rpz("destroy", "target"))


def test_a_secret_is_kept_when_told_and_files_with_one_are_named(rpz, tmp_path):
    (tmp_path / "settings").write_text(f"password = {SECRET}\n")
    done(rpz("trace", "cat", "settings", env={"MY_TOKEN": SECRET}))
    packed = done(rpz("pack", "p.rpz"))
    assert b"Packed files that hold what was withheld (1):" in packed.stderr
    assert b"settings: MY_TOKEN" in packed.stderr
    kept = done(rpz("pack", "--keep-secret", "MY_TOKEN", "kept.rpz"))
    assert b"ithheld" not in kept.stderr
    assert SECRET.encode() in (tmp_path / "kept.rpz").read_bytes()


def test_a_folder_named_like_a_token_is_the_one_of_the_traced_run(tmp_path, backend):
    token = "ghp_0123456789abcdefABCDEF0123456789abcd"
    folder = tmp_path / token
    folder.mkdir()
    rpz = rpz_in(folder)
    (folder / "x").write_text("here\n")
    command = ("sh", "-c", 'cat "$PWD/x" "$LAB/x"')
    env = {"PWD": str(folder), "LAB": str(folder)}
    traced = done(rpz("trace", *command, env=env))
    packed = done(rpz("pack", "p.rpz"))
    assert b"Secrets that are in the pack, as a part of paths or other words: LAB" in packed.stderr
    assert b"Withheld" not in packed.stderr
    done(rpz("unpack", backend, "p.rpz", "target"))
    try:
        replayed = done(rpz("run", "target", env={"PWD": "/", "LAB": "/"}))
        assert replayed.stdout == traced.stdout == b"here\nhere\n"
    finally:
        done(rpz("destroy", "target"))
