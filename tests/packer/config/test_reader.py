from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.errors import RpzError
from rpz.packer.config.faults import ConfigError
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
    return parse_config(text.encode(), "config.yml", strict=True)


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
        ("exitcode: 0", "exitcode: 0\n    signal: 9", 14, 13, "exitcode or signal, found both"),
        ('    binary: "/bin/cat"\n', "", 3, 5, "the key 'binary'"),
        ("[0]\n", '[0]\n  - name: "a"\n    path: "/b"\n', 20, 5, "found 'a', which is in line 17"),
        ("uid: 0", "uid: 0\n    uid: 1", 12, 5, "here twice, first in line 11"),
        ('version: "0.8"', 'version: "new"', 1, 10, "a version"),
        ('other_files:\n  - "/w/a"', 'other_files: "/w/a"', 25, 14, "a list of files"),
        ('version: "9.1"', 'version: "9.1"\n    packfiles: perhaps', 23, 16, "true or false"),
        ("runs:", "runs", 3, 7, "not YAML"),
        ("uid: 0", "uid: 010", 11, 10, "found '010'"),
        ("uid: 0", "uid: 1:30", 11, 10, "found '1:30'"),
        ("uid: 0", "uid: [0]", 11, 10, "expected a number, found a list of 1"),
        ("uid: 0", "uid: {a: 1}", 11, 10, "found keys with values"),
        ("    uid: 0\n", "    udi: 0\n", 11, 5, "unknown key 'udi', perhaps for 'uid'"),
        ("other_files:", "other_file:", 25, 1, "perhaps for 'other_files'"),
        ("files:\n      -", "filse:\n      -", 23, 5, "perhaps for 'files'"),
        ('path: "/w/a"', 'paht: "/w/a"', 18, 5, "perhaps for 'path'"),
        ("runs:\n", "rnus:\n", 2, 1, "perhaps for 'runs'"),
        ('  - "/w/a"', '  - "w/a"', 26, 5, "an absolute path), found 'w/a'"),
        ('  - "/w/a"', '  - "/w/../a"', 26, 5, "a path without ..), found '/w/../a'"),
        ('  - "/w/a"', "  - ~", 26, 5, "expected a file, found nothing (~)"),
        ('  - "/w/a"', "  - {/w/a: 1}", 26, 5, "expected a file, found keys with values"),
        ('  - "/w/a"', '  - !!binary "é"', 26, 5, "a file in base64"),
        ('id: "run0"', 'id: "7"', 3, 9, "a run's name"),
        ('id: "run0"', 'id: "a/b"', 3, 9, "found 'a/b'"),
        ("[0]\n", '[0]\n  - name: "b"\n    path: "/w/a"\n', 20, 5, "another path"),
        ("other_files:\n", 'other_files:\n\t- "/b"\n', 26, 1, "expected spaces, found a tab"),
        ('  - "/w/a"', "  - @a", 26, 5, "need double quotes"),
        ('  - "/w/a"', "  - %a", 26, 5, "need double quotes"),
        ('  - "/w/a"', "  - *a", 26, 5, "need double quotes"),
        ('  - "/w/a"', "  - /w/a: b: c", 26, 12, "need double quotes"),
        ('  - "/w/a"', '  - "/w/a', 26, 5, "it has no end"),
        ('  - "/w/a"', '  - "\x01"', 26, 6, "found the control character '\\x01'"),
        ("other_files:\n", "<<<<<<< mine\nother_files:\n", 25, 1, "a merge's <<<<<<<"),
        ("other_files:\n", "other_files:\n>>>>>>> theirs\n", 26, 1, "a merge's >>>>>>>"),
        ("other_files:\n", 'excluded_patterns: ["*.o"]\nother_files:\n', 25, 21, "begins with /"),
        ("other_files:\n", 'additional_patterns: ["/["]\nother_files:\n', 25, 23, "no single ["),
    ],
)  # fmt: skip
def test_a_wrong_edit_is_shown(old, new, line, column, expected):
    with pytest.raises(ConfigError) as caught:
        parse(edited(old, new))
    found = re.match(r"config\.yml:(\d+):(\d+): ", caught.value.message)
    assert found, caught.value.message
    assert expected in caught.value.message
    assert (int(found[1]), int(found[2])) == (line, column), caught.value.message
    assert caught.value.remedy


def test_runs_are_needed():
    runs = GOOD[GOOD.index("  - id") : GOOD.index("inputs_outputs")]
    with pytest.raises(ConfigError, match="2:6: expected a run at least, found nothing"):
        parse(edited(runs, ""))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("é: ".encode("latin-1"), "config.yml:1:1: expected UTF-8, found the byte 0xe9"),
        (b"a: 1\nbc: \xff", "config.yml:2:5: expected UTF-8, found the byte 0xff"),
        (GOOD.encode("utf-16"), "expected UTF-8, found UTF-16"),
        ("é: \x01".encode(), "config.yml:1:4: expected text"),
    ],
)
def test_what_is_no_text_is_told(data, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        parse_config(data, "config.yml")


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm():
    data = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert parse_config(data, "config.yml", strict=True) == parse(GOOD)


@pytest.mark.parametrize("word", ["<<", "1:30", "0o17", "0x1f", "1e3", "off", "2001-01-01"])
def test_what_yaml_takes_for_something_else_is_text(word):
    assert parse(edited('["cat", "a"]', f"[cat, {word}]")).runs[0].argv[1] == word
    assert parse(edited("PATH:", f"{word}:")).runs[0].environ == {word: "/bin"}


def test_packs_are_read_with_less_suspicion(caplog):
    """A newer program may well have a key that is nearly one of ours."""
    text = edited("uid: 0", "uidd: 0") + "other_filez: []\n"
    with caplog.at_level("WARNING"):
        config = parse_config(text.encode(), "config.yml")
    assert set(config.unknown_keys) == {"runs[0].uidd", "other_filez"}


@pytest.mark.parametrize("version", ["0.2", "0.2.1", "0.3", "0.4.1", "0.7", "0.8", "1.0", "1.1"])
def test_versions_of_reprozip_are_read(version):
    assert parse(edited("0.8", version)).runs == parse(GOOD).runs


def test_reprozip_1_1_adds_facts_that_are_passed_over(caplog):
    text = edited("uid: 0", "uid: 0\n    walltime: 1.5").replace("0.8", "1.1")
    text = text.replace("    files:\n", '    meta: {"section": "utils"}\n    files:\n', 1)
    assert parse(text) == parse(GOOD)
    assert not caplog.text


@pytest.mark.parametrize("version", ["1.2", "2.0", "0.1", "12345.0"])
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
