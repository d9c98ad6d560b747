from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.errors import RpzError
from rpz.packer.config.nodes import ConfigError
from rpz.packer.config.reader import parse_config, read_config

GOOD = """\
version: "0.8"
runs:
  - id: "run0"
    binary: "/bin/cat"
    argv: ["cat", "a"]
    workingdir: "/w"
    architecture: "x86_64"
    distribution: ["debian", "12"]
    hostname: "host"
    system: ["Linux", "6.1"]
    uid: 0
    gid: 0
    exitcode: 0
    environ:
      PATH: "/bin"
inputs_outputs:
  - name: "a"
    path: "/w/a"
    read_by_runs: [0]
packages:
  - name: "coreutils"
    version: "9.1"
    files:
      - "/bin/cat"
other_files:
  - "/w/a"
"""


def parse(text):
    return parse_config(text.encode(), "config.yml")


def edited(old, new):
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_a_good_file_is_read():
    config = parse(GOOD)
    assert config.runs[0].argv == ("cat", "a")
    assert config.packages[0].packfiles


def test_empty_sections_are_empty_lists():
    config = parse(edited('other_files:\n  - "/w/a"\n', "other_files:\n"))
    assert config.other_files == ()


def test_text_without_quotes_is_text():
    config = parse(edited('["cat", "a"]', "[cat, 12, yes, 1.50]").replace('"0.8"', "0.8"))
    assert config.runs[0].argv == ("cat", "12", "yes", "1.50")


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "expected"),
    [
        ('"/bin/cat"\n    argv', "bin/cat\n    argv", 4, 13, "an absolute path"),
        ('["cat", "a"]', '"cat a"', 5, 11, "list"),
        ("uid: 0", "uid: root", 11, 10, "a number"),
        ("uid: 0", "uid: -1", 11, 10, "a number"),
        ('"a"\n    path', "[a]\n    path", 17, 11, "a name"),
        ("[0]", "[1]", 19, 20, "a run's number, 0 to 0"),
        ('PATH: "/bin"', "PATH:", 15, 12, "the value of PATH"),
        ("exitcode: 0", "exitcode: 0\n    signal: 9", 14, 13, "not both"),
        ('    binary: "/bin/cat"\n', "", 3, 5, "the key 'binary'"),
        ("[0]\n", '[0]\n  - name: "a"\n    path: "/b"\n', 20, 5, "twice"),
        ("uid: 0", "uid: 0\n    uid: 1", 12, 5, "only once"),
        ('version: "0.8"', 'version: "new"', 1, 10, "a version"),
        ('other_files:\n  - "/w/a"', 'other_files: "/w/a"', 25, 14, "a list of files"),
        ('version: "9.1"', 'version: "9.1"\n    packfiles: perhaps', 23, 16, "true or false"),
        ("runs:", "runs", 3, 3, "not YAML"),
    ],
)  # fmt: skip
def test_a_wrong_edit_is_shown(old, new, line, column, expected):
    with pytest.raises(ConfigError) as caught:
        parse(edited(old, new))
    found = re.match(r"config\.yml:(\d+):(\d+): ", caught.value.message)
    assert found, caught.value.message
    assert expected in caught.value.message
    if "YAML" not in expected:
        assert (int(found[1]), int(found[2])) == (line, column)


@pytest.mark.parametrize("version", ["0.9", "1.1", "0.1", "12345.0"])
def test_other_versions_are_refused(version):
    with pytest.raises(ConfigError, match=f"version {version} of the format"):
        parse(edited("0.8", version))


def test_unknown_keys_are_kept_and_told(caplog):
    with caplog.at_level("WARNING"):
        config = parse(edited("uid: 0", "uid: 0\n    colour: red") + "extra: 1\n")
    assert set(config.unknown_keys) == {"runs[0].colour", "extra"}
    assert "unknown key 'extra'" in caplog.text


def test_reprozip_before_0_7_kept_inputs_with_the_runs():
    text = edited("0.8", "0.4.1").partition("inputs_outputs")[0]
    text += "    input_files: {in: /w/a}\n    output_files: {out: /w/b}\n"
    named = {i.name: (i.read_by_runs, i.written_by_runs) for i in parse(text).inputs_outputs}
    assert named == {"in": ((0,), ()), "out": ((), (0,))}


@pytest.mark.parametrize(
    "data",
    [b"", b"# nothing", b"\xff", b"a: \0", b"[", b"&a [*a]", b"[" * 20000, b"a: *b", b"- 1", b"{}"],
)
def test_what_is_no_config_is_refused(data):
    with pytest.raises(ConfigError):
        parse_config(data, "config.yml")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="rpz trace"):
        read_config(tmp_path / "config.yml")


@settings(deadline=None, max_examples=300)
@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 5),
    st.text("[]{}:- \n\"'#&*!|>%@`,?0a\0\t", max_size=3),
)
def test_any_edit_is_read_or_refused(start, length, text):
    changed = GOOD[:start] + text + GOOD[start + length :]
    with contextlib.suppress(RpzError):  # any other error fails the test
        parse_config(changed.encode(), "config.yml")
