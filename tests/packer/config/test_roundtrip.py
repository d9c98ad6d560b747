"""What is written is read back, whatever it holds."""

from __future__ import annotations

from dataclasses import replace

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rpaths import PosixPath

from rpz.packer.config.model import Config, Extent, InputOutput, Package, Run
from rpz.packer.config.reader import parse_config
from rpz.packer.config.writer import config_text

NASTY = ["a: b.txt", "x #y.txt", "- a", "~", "null", "yes", "0x1f", "1e3", "'", '"', "\\", "!!x"]
NASTY += ["&a", "*a", "%", "@", "`", "{", "[", " a ", "\n", "\t", "\x85", "\u2028", "\ufeff", "a\r"]

raw = st.binary(min_size=1, max_size=30).map(lambda b: b.replace(b"\0", b"").replace(b"/", b"_"))
words = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
    raw.map(lambda b: b.decode("utf-8", "surrogateescape")),
)
names = words.map(lambda w: w.replace("=", "_").replace("/", "_")).filter(bool)
paths = st.lists(names, min_size=1, max_size=3).map(
    lambda parts: PosixPath(("/" + "/".join(parts)).encode("utf-8", "surrogateescape"))
)
small = st.integers(min_value=0, max_value=10**9)
runs = st.builds(
    Run,
    id=names,
    binary=paths,
    argv=st.lists(words, max_size=4).map(tuple),
    workingdir=paths,
    environ=st.dictionaries(names, words, max_size=4),
    architecture=words,
    distribution=st.tuples(words, words),
    hostname=words,
    system=st.tuples(words, words),
    uid=small,
    gid=small,
    exitcode=st.none() | small,
)
packages = st.builds(
    Package,
    name=words,
    version=words,
    files=st.lists(paths, max_size=3).map(tuple),
    packfiles=st.booleans(),
    size=st.none() | small,
    manager=words,
    purl=words,
    extent=st.sampled_from(Extent),
)
configs = st.builds(
    Config,
    runs=st.lists(runs, min_size=1, max_size=2, unique_by=lambda r: r.id).map(tuple),
    inputs_outputs=st.lists(
        st.builds(
            InputOutput,
            name=names,
            path=paths,
            read_by_runs=st.sampled_from([(), (0,)]),
            written_by_runs=st.sampled_from([(), (0,)]),
        ),
        max_size=2,
        unique_by=lambda i: i.name,
    ).map(tuple),
    packages=st.lists(packages, max_size=2).map(tuple),
    other_files=st.lists(paths, max_size=4).map(tuple),
    additional_patterns=st.lists(words, max_size=2).map(tuple),
    pack_id=st.none() | words,
)


@settings(deadline=None)
@given(configs, words)
def test_what_is_written_is_read_back(config, note):
    text = config_text(config, lambda _path: note)
    assert parse_config(text.encode(), "config.yml") == as_written(config)


def as_written(config):
    """Return what a pack's file can hold: ReproZip refuses what it doesn't know of a package."""
    if config.pack_id is None:
        return config
    packages = (Package(p.name, p.version, p.files, p.packfiles, p.size) for p in config.packages)
    return replace(config, packages=tuple(packages))


@settings(deadline=None)
@given(configs)
def test_reprozip_reads_the_same(config):
    """ReproZip takes what PyYAML's safe_load gives: text, or bytes where it isn't UTF-8."""
    found = yaml.safe_load(config_text(config))
    assert [PosixPath(f) for f in found["other_files"] or []] == list(config.other_files)
    if config.pack_id is not None:
        known = {"name", "version", "size", "packfiles", "files"}
        assert all(package.keys() <= known for package in found["packages"] or [])
    for run, expected in zip(found["runs"], config.runs, strict=True):
        argv = [
            w if isinstance(w, str) else w.decode("utf-8", "surrogateescape") for w in run["argv"]
        ]
        assert tuple(argv) == expected.argv


def test_a_long_name_of_a_variable_is_read_back():
    run = Run(
        "run0", PosixPath(b"/a"), ("a",), PosixPath(b"/"), {"x" * 5000: "1", "\udcff" * 2000: "2"},
        "x86_64", ("debian", "12"), "host", ("Linux", "6"), 0, 0, signal=9,
    )  # fmt: skip
    config = Config((run,))
    assert parse_config(config_text(config).encode(), "config.yml") == config
