"""``rpz sign`` and ``rpz check --signature``, with the programs that people have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile

import pytest

from rpz.packer.archive.format import EXTENSIONS, INDEX, MANIFEST
from rpz.packer.archive.reader import Pack
from rpz.provenance.publication.model import Publication
from rpz.provenance.publication.storage import write_publication
from rpz.provenance.signatures.errors import SignatureError
from rpz.provenance.signatures.signing import (
    check_fits,
    sign_pack,
    signature_of,
    verify_signature,
)
from rpz.provenance.signatures.trust import Trust
from tests.conftest import require, rpz_in


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Keys of Jane and Bob, and a list that has Jane's only."""
    require("ssh-keygen", "no ssh-keygen (on Debian and Ubuntu: apt-get install openssh-client)")
    folder = tmp_path_factory.mktemp("keys")
    for name in ("jane", "bob"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name]
        subprocess.run(argv, check=True)
    (folder / "allowed").write_text(f"jane@example.org {(folder / 'jane.pub').read_text()}")
    return folder


@pytest.fixture(scope="module")
def signed(keys, tmp_path_factory):
    """A pack that Jane has signed."""
    rpz = rpz_in(tmp_path_factory.mktemp("signed"))
    assert rpz("trace", "true").returncode == 0
    assert rpz("pack").returncode == 0
    done = rpz("sign", "--key", keys / "jane", "experiment.rpz")
    assert (done.returncode, done.stderr) == (0, b"rpz: Signed: experiment.rpz.sig\n")
    return rpz


@pytest.fixture
def pack(signed, tmp_path):
    shutil.copy(signed.folder / "experiment.rpz.sig", tmp_path / "copy.rpz.sig")
    return shutil.copy(signed.folder / "experiment.rpz", tmp_path / "copy.rpz")


def fingerprint(keys, name):
    argv = ["ssh-keygen", "-l", "-f", keys / f"{name}.pub"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()[1]


def verified(pack, *trust):
    with Pack.open(pack) as opened:
        return verify_signature(opened, Trust(*trust))


def refused(pack, *trust):
    with pytest.raises(SignatureError) as raised:
        verified(pack, *trust)
    assert raised.value.remedy
    return raised.value.message


def test_check_says_who_has_signed(signed, keys):
    done = signed("check", "--allowed-signers", keys / "allowed", "experiment.rpz")
    key = f"ED25519 key {fingerprint(keys, 'jane')}"
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"Signed by jane@example.org ({key})".encode()
    words = ("--signer", keys / "jane.pub", "--json", "experiment.rpz")
    assert json.loads(signed("check", *words).stdout)["signed_by"] == key


def test_anybody_can_verify_it_without_rpz(pack, keys, tmp_path):
    with tarfile.open(pack) as tar:
        message = tar.extractfile(EXTENSIONS + INDEX).read()
    argv = ["ssh-keygen", "-Y", "verify", "-n", "pack@rpz", "-I", "jane@example.org"]
    argv += ["-f", keys / "allowed", "-s", signature_of(pack)]
    subprocess.run(argv, input=message, check=True, capture_output=True, cwd=tmp_path)


def test_the_signer_is_a_name_a_key_or_a_fingerprint(pack, keys):
    jane = fingerprint(keys, "jane")
    assert jane in verified(pack, "jane@example.org", keys / "allowed")
    assert verified(pack, str(keys / "jane.pub")) == f"ED25519 key {jane}"
    assert verified(pack, jane) == f"ED25519 key {jane}"
    (keys / "pattern").write_text(f"*@example.org,x {(keys / 'jane.pub').read_text()}")
    assert verified(pack, "jane@example.org", keys / "pattern").startswith("jane@example.org (")
    assert verified(pack, "", keys / "pattern").startswith("*@example.org (")


def test_another_signer_is_named(pack, keys):
    assert "is not a signature of bob@" in refused(pack, "bob@example.org", keys / "allowed")
    assert "is not a signature of SHA256:" in refused(pack, fingerprint(keys, "bob"))
    assert "is not a signature of" in refused(pack, str(keys / "bob.pub"))
    sign_pack(pack, key=keys / "bob", overwrite=True)
    assert "is not a signature of anybody in" in refused(pack, "", keys / "allowed")
    assert "jane@example.org" in refused(pack, "jane@example.org", keys / "allowed")


def test_a_key_of_nobody_known_is_not_enough(pack, keys, monkeypatch, tmp_path):
    settings = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    settings.touch()
    assert "nothing says whose that is" in refused(pack)
    require("git", "no git (on Debian and Ubuntu: apt-get install git)")
    settings.write_text(f'[gpg "ssh"]\nallowedSignersFile = {keys}/allowed\n')
    assert verified(pack).startswith("jane@example.org (")


def test_another_use_of_the_key_is_no_signature(pack, keys, tmp_path):
    with Pack.open(pack) as opened:
        (tmp_path / "message").write_bytes(opened.extension(INDEX).read())
    argv = ["ssh-keygen", "-Y", "sign", "-n", "file", "-f", keys / "jane", tmp_path / "message"]
    subprocess.run(argv, check=True, capture_output=True)
    shutil.move(tmp_path / "message.sig", signature_of(pack))
    assert "namespace does not match" in refused(pack, str(keys / "jane.pub"))


def test_a_signature_of_the_pack_before_goes_nowhere(signed, pack):
    check_fits(pack)
    told = Publication(title="Told later")
    write_publication(pack, told)
    with pytest.raises(SignatureError, match=r"is not a signature of .* as it is. Sign it again"):
        check_fits(pack)
    for words in (("push", pack, "oci://127.0.0.1:1/a"), ("deposit", "zenodo", "--dry-run", pack)):
        done = signed(*words)
        assert (done.returncode, b"Sign it again" in done.stderr) == (1, True)
    signature_of(pack).unlink()
    check_fits(pack)


def test_a_publication_told_later_needs_another_signature(signed, pack, keys):
    write_publication(pack, Publication(title="Mine now"))
    assert "is not a signature of this pack" in refused(pack, str(keys / "jane.pub"))
    done = signed("check", "--signer", keys / "jane.pub", pack)
    assert (done.returncode, done.stdout) == (1, b"")
    done = signed("meta", pack, "--title", "Or mine")
    assert b"is of the pack as it was: sign it again" in done.stderr


@pytest.mark.parametrize(
    "member",
    ["DATA.tar.gz", "METADATA/config.yml", "METADATA/trace.sqlite3", f"{EXTENSIONS}{MANIFEST}"],
)
def test_every_part_is_bound(signed, pack, keys, member):
    with tarfile.open(pack) as tar:
        info = tar.getmember(member)
    data = bytearray(pack.read_bytes())
    data[info.offset_data + info.size // 2] ^= 1
    pack.write_bytes(data)
    done = signed("check", "--signer", keys / "jane.pub", pack)
    assert done.returncode == 1
    assert b"Signed" not in done.stdout
    assert b"Damaged" in done.stdout


def test_what_is_missing_is_said(signed, pack, keys):
    signature = signature_of(pack)
    signature.write_text("nonsense")
    assert "no signature that rpz knows" in refused(pack, "x")
    signature.write_text("-----BEGIN SSH SIGNATURE-----\nx\n")
    assert "is not a signature" in refused(pack, "x")
    signature.unlink()
    assert "has no signature" in refused(pack, "x")
    sign_pack(pack, key=keys / "jane")
    with pytest.raises(SignatureError, match="exists already"):
        sign_pack(pack, key=keys / "jane")
    bare = {"PATH": "", "HOME": str(keys)}
    done = signed("sign", "--overwrite", "--key", keys / "jane", pack, env=bare)
    assert done.returncode == 1
    assert b"ssh-keygen is not installed" in done.stderr
    done = signed("sign", "--overwrite", pack, env={**bare, "GIT_CONFIG_GLOBAL": os.devnull})
    assert b"There is no key to sign with" in done.stderr
    done = signed("sign", "--overwrite", "--key", keys / "allowed", pack)
    assert b"can't be signed with" in done.stderr


def test_a_pack_without_an_index_is_not_signed(pack, keys, tmp_path):
    other = tmp_path / "other.rpz"
    with tarfile.open(pack) as tar, tarfile.open(other, "w") as copy:
        for member in tar:
            if not member.name.startswith("EXTENSIONS/"):
                copy.addfile(member, tar.extractfile(member))
    with pytest.raises(SignatureError, match="has no manifest"):
        sign_pack(other, key=keys / "jane")


def test_minisign(signed, pack, tmp_path):
    require("minisign", "no minisign (on Debian and Ubuntu: apt-get install minisign)")
    for name in ("jane", "bob"):
        argv = ["minisign", "-G", "-W", "-p", f"{name}.pub", "-s", f"{name}.key"]
        subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    done = signed("sign", "--overwrite", "--key", tmp_path / "jane.key", pack)
    assert done.returncode == 0, done.stderr
    public = (tmp_path / "jane.pub").read_text().splitlines()[1]
    assert verified(pack, public) == public
    done = signed("check", "--signer", tmp_path / "jane.pub", pack)
    assert done.returncode == 0, done.stderr
    assert "nothing says whose" in refused(pack)
    assert "key id" in refused(pack, str(tmp_path / "bob.pub"))
    write_publication(pack, Publication(title="Mine now"))
    assert "verification failed" in refused(pack, public)
    done = signed("sign", "--overwrite", "--key", tmp_path / "jane.key", pack, env={"PATH": ""})
    assert b"minisign is not installed" in done.stderr
