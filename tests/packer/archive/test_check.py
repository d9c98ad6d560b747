"""What is damaged is named, whatever it is."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpz.errors import RpzError
from rpz.packer.archive.check import check
from rpz.packer.archive.codecs import CODECS
from rpz.packer.archive.reader import Pack
from tests.packer.archive.stranger import Stranger
from tests.packer.archive.test_archive import rebuilt

KEYS = ["gzip", "zstd", "none"]


def checked(path):
    with Pack.open(path) as pack:
        return check(pack, lambda _count: None)


def spoil(path, offset, mask=1):
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ mask]))


def offsets(path):
    """Where the content of the archive's members begins, and its size."""
    with tarfile.open(path, "r:") as tar:
        return {info.name: (info.offset_data, info.size) for info in tar}


@pytest.mark.parametrize("key", KEYS)
def test_a_sound_pack_is_sound(make_pack, key):
    verdict = checked(make_pack(key))
    assert (verdict.faults, verdict.unchecked) == ([], "")
    assert verdict.members > 10


@pytest.mark.parametrize("key", KEYS)
def test_the_file_that_is_damaged_is_named(make_pack, files, key):
    path = make_pack(key)
    with Pack.open(path) as pack:
        entry = next(e for e in pack.entries() if e.path.endswith(b"/big"))
        number = (entry.content + 1_500_000) >> 20
        place = sum(b.stored for b in pack.index.blocks[:number]) + 5000
    spoil(path, offsets(path)[CODECS[key].name][0] + len(CODECS[key].head) + place)
    found = {fault.path for fault in checked(path).faults}
    assert found == {os.fsencode(files / "big")}


@pytest.mark.parametrize(
    "name", ["METADATA/trace.sqlite3", "METADATA/config.yml", "EXTENSIONS/rpz/summary.json"]
)
def test_the_metadata_that_are_damaged_are_named(make_pack, name):
    path = make_pack()
    spoil(path, offsets(path)[name][0] + 3)
    assert [fault.what for fault in checked(path).faults] == [name]


def test_a_damaged_manifest_is_named_and_the_data_are_checked_without(make_pack):
    path = make_pack()
    places = offsets(path)
    spoil(path, places["EXTENSIONS/rpz/manifest.jsonl.gz"][0] + 50)
    spoil(path, places["DATA.tar.gz"][0] + 500)
    found = [fault.what for fault in checked(path).faults]
    assert found[0] == "EXTENSIONS/rpz/manifest.jsonl.gz"
    assert found[1] == "the packed files, bytes 0 to 1048576 of the tar"


def test_a_damaged_index_is_named(make_pack):
    path = make_pack()
    spoil(path, offsets(path)["EXTENSIONS/rpz/index.jsonl"][0] + 30)
    with pytest.raises(RpzError, match=r"EXTENSIONS/rpz/index\.jsonl"):
        checked(path)


def test_a_missing_and_a_strange_member_are_named(make_pack, tmp_path):
    path = rebuilt(make_pack(), tmp_path, "EXTENSIONS/rpz/summary.json", None)
    with tarfile.open(path, "a:") as tar:
        tar.addfile(tarfile.TarInfo("EXTENSIONS/strange"))
    found = [fault.what for fault in checked(path).faults]
    assert found == [
        "EXTENSIONS/rpz/summary.json, which is missing",
        "EXTENSIONS/strange, which the index doesn't know",
    ]


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), key=st.sampled_from(KEYS))
def test_no_changed_bit_is_missed(make_pack, tmp_path, place, bit, key):
    sound = tmp_path / f"{key}.rpz"
    if not sound.exists():
        make_pack(key, sound.name)
    path = tmp_path / "spoilt.rpz"
    whole = sound.read_bytes()
    offset = int(place * len(whole))
    path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1 << bit]) + whole[offset + 1 :])
    try:
        assert checked(path).faults != []
    except RpzError as error:
        assert str(error).endswith(".")  # noqa: PT017 (either is right)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), key=st.sampled_from(KEYS))
def test_a_cut_pack_is_told(make_pack, tmp_path, place, key):
    sound = tmp_path / f"{key}.rpz"
    if not sound.exists():
        make_pack(key, sound.name)
    path = tmp_path / "cut.rpz"
    end = max(map(sum, offsets(sound).values()))
    path.write_bytes(sound.read_bytes()[: int(place * end)])
    with pytest.raises(RpzError):
        checked(path)


def test_what_is_missing_of_a_cut_pack_is_told(make_pack):
    path = make_pack()
    size = sum(offsets(path)["DATA.tar.gz"])
    os.truncate(path, size - 1_000_000)
    with pytest.raises(RpzError, match=r"is cut short: 1\.00 MB or more of it are missing"):
        checked(path)


def test_the_member_whose_header_is_damaged_is_told(make_pack):
    path = make_pack()
    spoil(path, offsets(path)["METADATA/trace.sqlite3"][0] - 500)
    with pytest.raises(RpzError, match="damaged behind its METADATA/version"):
        checked(path)


def old_pack(path, tmp_path):
    """What an older rpz would have made of the same."""
    for name in ("index.jsonl", "manifest.jsonl.gz"):
        path = rebuilt(path, tmp_path, f"EXTENSIONS/rpz/{name}", None).rename(tmp_path / name)
    return path


def test_a_pack_without_a_manifest_is_checked_as_far_as_that_goes(make_pack, tmp_path):
    path = old_pack(make_pack(), tmp_path)
    verdict = checked(path)
    assert verdict.faults == []
    assert "it has no manifest" in verdict.unchecked
    for name, what in [
        ("DATA.tar.gz", "the packed files, after"),
        ("METADATA/config.yml", "config"),
    ]:
        spoiled = tmp_path / "spoilt.rpz"
        spoiled.write_bytes(path.read_bytes())
        spoil(spoiled, offsets(spoiled)[name][0] + 15, 0x80)
        assert [what in fault.what for fault in checked(spoiled).faults] == [True]


def test_a_trace_that_is_no_database_is_named(make_pack, tmp_path):
    path = old_pack(make_pack(), tmp_path)
    path = rebuilt(path, tmp_path, "METADATA/trace.sqlite3", b"something" * 1000)
    (fault,) = checked(path).faults
    assert fault.what.startswith("METADATA/trace.sqlite3 (")


def test_a_hostile_index_is_refused(make_pack, tmp_path):
    path = make_pack()
    stranger = Stranger(path)
    plain = stranger.members["EXTENSIONS/rpz/index.jsonl"]
    for old, new in [(b'"block": 1048576', b'"block": 99999999'), (b'"size": ', b'"size": 9')]:
        changed = rebuilt(path, tmp_path, "EXTENSIONS/rpz/index.jsonl", plain.replace(old, new, 1))
        with pytest.raises(RpzError, match="index"):
            checked(changed)


def test_a_newer_index_is_told(make_pack, tmp_path):
    path = make_pack()
    line, _ = Stranger(path).members["EXTENSIONS/rpz/index.jsonl"].splitlines(keepends=True)
    line = line.replace(b'"version": 1', b'"version": 2', 1)
    digest = hashlib.sha256(line).hexdigest().encode()
    newer = line + b'{"sha256": "' + digest + b'"}\n'
    changed = rebuilt(path, tmp_path, "EXTENSIONS/rpz/index.jsonl", newer)
    with pytest.raises(RpzError, match=r"of a newer rpz: its index has version 2\. Upgrade rpz"):
        checked(changed)


def test_an_outer_compression_is_no_obstacle(make_pack, tmp_path):
    path = tmp_path / "outer.rpz"
    path.write_bytes(gzip.compress(make_pack().read_bytes(), 1))
    assert checked(path).faults == []
