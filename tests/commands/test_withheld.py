"""What isn't packed by default, as a user meets it."""

from __future__ import annotations


def done(result, status=0):
    assert result.returncode == status, result.stderr.decode()
    return result


def test_a_credential_is_packed_only_when_its_line_is_taken_in(rpz, tmp_path, chroot_allowed):
    assert chroot_allowed is None
    (tmp_path / ".netrc").write_text("machine host password x\n")
    (tmp_path / "data").write_text("data\n")
    done(rpz("trace", "sh", "-c", "cat data; cat .netrc || grep -rc data . | wc -l"))
    packed = done(rpz("pack", "p.rpz"))
    assert b"Not packed, since others should not get it" in packed.stderr
    assert b".netrc (passwords of servers)" in packed.stderr
    done(rpz("unpack", "chroot", "p.rpz", "target"))
    without = rpz("run", "target")
    assert without.stdout.startswith(b"data\n")
    assert b".netrc: No such file or directory" in without.stderr
    config = tmp_path / ".rpz-trace" / "config.yml"
    config.write_text(config.read_text().replace("  # - ", "  - "))
    assert b"passwords" not in done(rpz("pack", "--overwrite", "p.rpz")).stderr
    done(rpz("destroy", "target"))
    done(rpz("unpack", "chroot", "p.rpz", "target"))
    assert done(rpz("run", "target")).stdout == b"data\nmachine host password x\n"
    done(rpz("destroy", "target"))


def test_a_search_through_the_trace_folder_does_not_pack_it(rpz, tmp_path):
    (tmp_path / "data").write_text("data\n")
    done(rpz("trace", "grep", "-rc", "^data", ".", env={"LC_ALL": "C"}))
    packed = done(rpz("pack", "p.rpz"))
    assert b"Not packed, part of the trace (" in packed.stderr
    assert b"MISSING" not in packed.stderr
