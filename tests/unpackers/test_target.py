"""The state of a target, and what is said of folders that aren't one."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from rpz.packer.archive.reader import Pack
from rpz.unpackers import draft, target
from rpz.unpackers.errors import TargetError
from rpz.unpackers.files import Transfer, listed, parse
from rpz.unpackers.selection import chosen
from tests.unpackers import packs


@pytest.fixture
def state(tmp_path):
    config = packs.config(("dump", "\udcff", ""), ("status", "3"))
    with Pack.open(packs.write_pack(tmp_path / "\udcff.rpz", config, packs.data_tar([]))) as pack:
        return target.new_target(tmp_path, "chroot", pack, {"key": "value"})


def test_round_trip(tmp_path, state):
    target.write(state, tmp_path)
    assert target.read(tmp_path) == state


def test_newer_version(tmp_path, state):
    target.write(state, tmp_path)
    content = json.loads((tmp_path / "target.json").read_text())
    (tmp_path / "target.json").write_text(json.dumps({**content, "version": 2}))
    with pytest.raises(TargetError, match="another version"):
        target.read(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "3", '{"version": 1}', '{"version": 1, "runs": 3}']
)
def test_damaged(tmp_path, content):
    (tmp_path / "target.json").write_text(content)
    with pytest.raises(TargetError, match="is damaged"):
        target.read(tmp_path)


def test_other_folder(tmp_path):
    with pytest.raises(TargetError, match="is not an unpacked experiment"):
        target.read(tmp_path)


def test_missing_folder(tmp_path):
    with pytest.raises(TargetError, match="doesn't exist"):
        target.read(tmp_path / "no")


def test_building(tmp_path):
    with draft.building(tmp_path / "demo") as folder:
        (folder / "file").touch()
    assert (tmp_path / "demo" / "file").exists()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failed_building(tmp_path, error):
    def build():
        with draft.building(tmp_path / "demo") as folder:
            (folder / "read-only").mkdir(mode=0o500)
            raise error

    with pytest.raises(error):
        build()
    assert list(tmp_path.iterdir()) == []


def test_target_that_appears_meanwhile(tmp_path):
    with pytest.raises(TargetError, match="exists already"), draft.building(tmp_path / "demo"):
        (tmp_path / "demo").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_missing_parent(tmp_path):
    with (
        pytest.raises(TargetError, match="doesn't exist"),
        draft.building(tmp_path / "no" / "demo"),
    ):
        pass


def test_selection(state):
    assert chosen(state.runs, []) == [0, 1]
    assert chosen(state.runs, ["1", "run0"]) == [1, 0]


@pytest.mark.parametrize("name", ["2", "-9", "run2", ""])
def test_unknown_run(state, name):
    with pytest.raises(TargetError, match="The runs are: 0"):
        chosen(state.runs, [name])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data.csv:other.csv", Transfer("data.csv", "other.csv")),
        ("data.csv:a:b", Transfer("data.csv", "a:b")),
        ("out.csv:", Transfer("out.csv", "")),
        ("out.csv", Transfer("out.csv", "out.csv")),
        ("/work/new", Transfer("/work/new", "new")),
    ],
)
def test_transfers(state, text, expected):
    assert parse(state, text) == expected


@pytest.mark.parametrize(
    ("words", "indices"),
    [
        (["0-2"], [0, 1, 2]),
        (["1-"], [1, 2, 3]),
        (["-1"], [0, 1]),
        (["3,0-1", "run2"], [3, 0, 1, 2]),
        (["a-b,run1"], [3, 1]),
        (["2-2"], [2]),
    ],
)
def test_runs(words, indices):
    runs = [packs.run(number) for number in range(3)]
    assert chosen([*runs, replace(runs[0], id="a-b")], words) == indices


@pytest.mark.parametrize("word", ["4", "1-4", "2-1", "-", "", "0,", "a-c", "0 - 1", "٣", "-1-2"])
def test_runs_that_are_not_there(word):
    runs = [packs.run(number) for number in range(4)]
    with pytest.raises(TargetError, match=r"The runs are: 0 \(run0\), 1"):
        chosen(runs, [word])


def test_a_pack_that_has_moved(rpz, pack, chroot_allowed):
    """It is said where it was and what to do; another pack isn't taken for it."""
    del chroot_allowed
    path = pack(("copy", "data.csv", "out.csv"))
    assert rpz("unpack", "chroot", path, "demo").returncode == 0
    assert rpz("run", "demo").returncode == 0
    path.rename(rpz.folder / "moved.rpz")
    lost = rpz("reset", "demo")
    assert (lost.returncode, lost.stderr.count(b"\n")) == (1, 1)
    assert os.fsencode(path) in lost.stderr
    assert b"rpz reset demo --pack PACK" in lost.stderr
    assert (rpz.folder / "demo/root" / os.fsdecode(b"work/\xff dir/out.csv")).exists()
    config = packs.config(("status", "0"), pack_id="0f6cf1b1-0000-5000-8000-000000000001")
    packs.write_pack(rpz.folder / "other.rpz", config, packs.data_tar([]))
    other = rpz("reset", "demo", "--pack", "other.rpz")
    assert (other.returncode, b"is another pack" in other.stderr) == (1, True)
    assert rpz("reset", "demo", "--pack", "moved.rpz").returncode == 0
    assert rpz("run", "demo").returncode == 0
    assert rpz("reset", "demo").returncode == 0
    assert not (rpz.folder / "demo/root" / os.fsdecode(b"work/\xff dir/out.csv")).exists()
    assert sorted(path.name for path in (rpz.folder / "demo").iterdir()) == ["root", "target.json"]


@pytest.mark.parametrize("words", [["demo", "--dir", "x"], ["--pack", "x"]])
def test_what_reset_resets(rpz, words):
    assert rpz("reset", *words).returncode == 2


def test_names_in_a_message():
    assert listed([], "x") == ""
    assert listed(["b", "a"], "x") == "b, a"
    many = [f"measurement-{number}.csv" for number in range(300)]
    text = listed(["figure.png", *many], "figures.png")
    assert text.startswith("figure.png, measurement-")
    assert text.count(",") == 9
    assert text.endswith(" and 291 more")
    assert listed(many, "").endswith("measurement-9.csv and 290 more")
