"""Write ``config.yml`` so that a person can edit it."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from rpz.packer.config import scalars
from rpz.packer.config.model import VERSION
from rpz.packer.rows import path_bytes
from rpz.packer.sizes import human_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rpaths import PosixPath

    from rpz.packer.config.model import Config, InputOutput, Package, Run

    Describe = Callable[[bytes], str]

HEAD = """\
# What rpz packs, and how the experiment is run again.
#
# Edit it before "rpz pack"; "rpz reset" writes it anew from the trace, and keeps a copy of the
# edited one. It is YAML, in ReproZip's format: indent by spaces as it is here, and keep the double
# quotes around names. A mistake is shown with its line and column, and nothing is packed.
"""

PACKED = """\
# What is in this pack, and how the experiment is run again.
#
# Written by "rpz pack" from the config.yml of the trace folder.
"""

RUNS = """
# The commands that were traced, in order. "id" names a run (rpz run TARGET ID) and is yours to
# change. argv, environ and workingdir are what a run starts with; nothing else of your environment
# is passed on. Values that look like passwords, keys or tokens are here only: in the pack, and in
# the trace inside it, they are <redacted>, unless you say: rpz pack --keep-secret NAME
"""

INPUTS_OUTPUTS = """
# The files that you will want to replace (rpz upload) or to get (rpz download), with the runs that
# read and wrote them, counted from 0. The names are yours to change; each may be there only once.
"""

PACKAGES = """
# What was installed as one (by the distribution, pip, conda, npm, git ...), with those of its files
# that the runs used.
# With "packfiles: false" a package's files are left out of the pack: a smaller pack, which then
# depends on the machine where it is unpacked.
# "extent" is what of it is packed: "touched", the files below; "library", those and the rest of a
# language's standard library; "whole", all files of the package, so that the runs also find what
# other parameters would need. rpz pack --whole-packages packs all packages whole.
"""

OTHER_FILES = """
# All other files, folders and symbolic links that the runs used. Take out a line and it is not
# packed; add a line to pack a file that the runs didn't use. The folders above a file are packed
# with it, without their other content.
"""

WITHHELD = """
  # Used by the runs, too, and not packed: others should not get it, or have their own. Take away
  # the "# " before a line to pack the file all the same.
"""

PATTERNS = """
# More files to pack, by pattern: * and ? stand for what has no slash, ** for whole folders and all
# that is in them."""

EXCLUDED = """
# Files not to pack, by pattern, wherever they are listed: this wins over all the sections above.
# "rpz pack" says what it has left out so."""
EXAMPLES = {
    "additional_patterns": '''
# additional_patterns:
#   - "/etc/apache2/**"''',
    "excluded_patterns": '''
# excluded_patterns:
#   - "/home/me/.cache/**"''',
}


def config_text(
    config: Config,
    describe: Describe | None = None,
    withheld: Mapping[PosixPath, str] | None = None,
) -> str:
    """Return the text of a ``config.yml``: see :func:`config_lines`."""
    return "".join(config_lines(config, describe, withheld))


def config_lines(
    config: Config,
    describe: Describe | None = None,
    withheld: Mapping[PosixPath, str] | None = None,
) -> Iterator[str]:
    """Yield the text of a ``config.yml``, in pieces: it may be long.

    ``describe`` gives the comment behind a path: its size, where a link leads. ``withheld`` is what
    isn't packed by default, with the reason.
    """
    blocks = _blocks(config, describe, withheld or {})
    return (f"{line}\n" for block in blocks for line in block)


def _blocks(
    config: Config, describe: Describe | None, withheld: Mapping[PosixPath, str]
) -> Iterator[Iterable[str]]:
    say = describe or _nothing
    yield [HEAD if config.pack_id is None else PACKED]
    if config.pack_id is not None:
        yield [f"pack_id: {scalars.text(config.pack_id)}"]
    yield [f"version: {scalars.text(VERSION)}"]
    yield _section("runs", RUNS, (_run(run) for run in config.runs))
    yield _section("inputs_outputs", INPUTS_OUTPUTS, map(_input_output, config.inputs_outputs))
    in_pack = config.pack_id is not None
    packages = (line for p in config.packages for line in _package(p, say, in_pack=in_pack))
    yield _section("packages", PACKAGES, packages)
    yield _section(
        "other_files", OTHER_FILES, (_file(f, say(f)) for f in path_bytes(config.other_files))
    )
    yield _withheld(withheld, say)
    # In a pack they were carried out, and ReproZip takes none
    packed = config.pack_id is not None
    yield _patterns("additional_patterns", config.additional_patterns, PATTERNS, packed=packed)
    yield _patterns("excluded_patterns", config.excluded_patterns, EXCLUDED, packed=packed)


def _withheld(files: Mapping[PosixPath, str], say: Describe) -> Iterator[str]:
    if files:
        yield WITHHELD.strip("\n")
    for file, why in files.items():
        name = bytes(file)
        yield "  # " + _file(name, _joined(say(name), why))[2:]


def _joined(*said: str) -> str:
    return ", ".join(filter(None, said))


def _nothing(_path: bytes) -> str:
    return ""


def _section(key: str, about: str, items: Iterable[str]) -> Iterator[str]:
    yield about.rstrip("\n")
    yield f"{key}:"
    yield from items


def _patterns(key: str, patterns: tuple[str, ...], about: str, *, packed: bool) -> Iterator[str]:
    """Yield a section; where it is empty, how to write one, unless it is for a pack."""
    if patterns:
        yield from _section(key, about, (f"  - {scalars.text(pattern)}" for pattern in patterns))
    elif not packed:
        yield about + EXAMPLES[key]


def _run(run: Run) -> str:
    lines = [
        f"id: {scalars.text(run.id)}",
        f"binary: {scalars.path(run.binary)}",
        "argv:" + _list(map(_word, run.argv)),
        f"workingdir: {scalars.path(run.workingdir)}",
        f"architecture: {scalars.text(run.architecture)}",
        f"distribution: {_pair(run.distribution)}",
        f"hostname: {scalars.text(run.hostname)}",
        f"system: {_pair(run.system)}",
        f"uid: {run.uid}",
        f"gid: {run.gid}",
        *_end(run),
        "environ:" + _map(run.environ),
    ]
    return _item("\n".join(lines))


def _end(run: Run) -> list[str]:
    if run.signal is not None:
        return [f"signal: {run.signal}"]
    return [] if run.exitcode is None else [f"exitcode: {run.exitcode}"]


def _input_output(item: InputOutput) -> str:
    lines = [
        f"name: {scalars.text(item.name)}",
        f"path: {_with_remark(scalars.path(item.path), _as_text(item.path))}",
        f"read_by_runs: {list(item.read_by_runs)}",
        f"written_by_runs: {list(item.written_by_runs)}",
    ]
    return _item("\n".join(lines))


def _package(package: Package, describe: Describe, *, in_pack: bool) -> Iterator[str]:
    lines = [f"name: {scalars.text(package.name)}", f"version: {scalars.text(package.version)}"]
    lines += _origin(package, in_pack=in_pack)
    if package.size is not None:
        lines.append(f"size: {package.size}  # {human_size(package.size)} when installed")
    lines += [
        f"packfiles: {'true' if package.packfiles else 'false'}",
        "files:" if package.files else "files: []",
    ]
    yield _item("\n".join(lines))
    for file in path_bytes(package.files):
        yield f"    {_file(file, describe(file))}"


def _origin(package: Package, *, in_pack: bool) -> list[str]:
    """Return what ReproZip doesn't know, which in a pack it would stumble over."""
    if in_pack:
        said = " ".join(filter(None, (package.manager, package.purl, package.extent.value)))
        return [f"# {scalars.comment(said)}"]
    keys = ("manager", package.manager), ("purl", package.purl)
    lines = [f"{key}: {scalars.text(value)}" for key, value in keys if value]
    return [*lines, f"extent: {package.extent.value}"]


def _file(file: bytes, said: str) -> str:
    value = file.decode("utf-8", "surrogateescape")
    note = scalars.comment(said)
    if scalars.PLAIN.fullmatch(value):  # most: the rest is as fast as it can be
        return f'  - "{value}"  # {note}' if note else f'  - "{value}"'
    written = scalars.text(value)
    if spelt := scalars.remark(written, value):
        note = f"{spelt}, {note}" if note else spelt
    return f"  - {written}  # {note}" if note else f"  - {written}"


def _as_text(file: PosixPath) -> str:
    return bytes(file).decode("utf-8", "surrogateescape")


def _word(value: str) -> str:
    return _with_remark(scalars.text(value), value)


def _with_remark(written: str, value: str) -> str:
    note = scalars.remark(written, value)
    return f"{written}  # {note}" if note else written


def _pair(values: tuple[str, str]) -> str:
    return f"[{', '.join(map(scalars.text, values))}]"


def _item(lines: str) -> str:
    return "  - " + indent(lines, "    ")[4:]


def _list(values: Iterable[str]) -> str:
    return "".join(f"\n  - {value}" for value in values) or " []"


def _map(values: dict[str, str]) -> str:
    entries = (scalars.entry(key, _word(value)) for key, value in values.items())
    return "".join("\n" + indent(line, "  ") for line in entries) or " {}"
