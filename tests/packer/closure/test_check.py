"""Libraries and interpreters are looked for as the loader looks for them."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from rpz.packer.closure.check import Question, check
from rpz.packer.closure.facts import Facts
from rpz.packer.closure.headers import read_header
from rpz.packer.closure.places import Machine, Packed, follow
from tests.conftest import require

LIBRARY = "int foo(void) { return 3; }"
PROGRAM = "int foo(void); int main(void) { return foo(); }"
MACHINE_FIELD = 18
EM_AARCH64 = 183


@pytest.fixture
def tree(tmp_path):
    """A folder in which programs and libraries are built."""
    require("cc", "no C compiler")
    return Tree(tmp_path)


class Tree:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name):
        return os.fsencode(self.folder / name)

    def build(self, name, text, *options):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        argv = ["cc", "-x", "c", "-o", path, "-", "-x", "none", *options]
        subprocess.run(argv, input=text.encode(), check=True)
        return os.fsencode(path)

    def library(self, name="lib/libfoo.so", *options):
        return self.build(name, LIBRARY, "-shared", "-fPIC", *options)

    def program(self, *options, name="bin/prog", lib="lib"):
        folder = self.folder / lib
        return self.build(name, PROGRAM, f"-L{folder}", "-lfoo", *options)


def looked_at(files, *, links=None, made=(), used=(), withheld=(), facts=None, on="x86_64"):
    """Check a pack of these files, with all that a C program needs besides."""
    packed = Packed({file: file for file in files}, dict(links or {}), frozenset(made))
    machine = Machine()
    for name in (b"/lib64/ld-linux-x86-64.so.2", b"/lib/x86_64-linux-gnu/libc.so.6"):
        packed.add(follow(machine, name))
    return check(
        Question(packed, set(used), set(withheld).__contains__, {on}, packed.files.__contains__),
        facts or Facts(),
    )


def missing(closure):
    return {name: (m.is_left_out, m.was_missed) for name, m in closure.missing.items()}


@pytest.fixture(
    params=[
        ("-Wl,-rpath,$ORIGIN/../lib",),
        ("-Wl,-rpath,${ORIGIN}/../lib:/nowhere", "-Wl,--enable-new-dtags"),
        ("-Wl,-rpath,$ORIGIN/../$LIB", "-Wl,--disable-new-dtags"),
    ]
)
def prog(request, tree):
    """A program that finds its library by its own headers."""
    tree.library()
    return tree.program(*request.param)


def test_a_library_that_is_there_is_found(tree, prog):
    closure = looked_at([prog, tree("lib/libfoo.so")])
    assert (closure.added, closure.missing) == ({}, {})


def test_a_library_of_an_added_program_is_added(tree, prog):
    closure = looked_at([prog])
    assert (set(closure.added), closure.missing) == ({tree("lib/libfoo.so")}, {})


def test_a_library_that_a_person_took_out_is_missed(tree, prog):
    lib = tree("lib/libfoo.so")
    closure = looked_at([prog], used=[prog, lib], withheld=[lib])
    assert (closure.added, missing(closure)) == ({}, {lib: (True, True)})


def test_a_library_that_a_run_makes_is_found(tree, prog):
    lib = tree("lib/libfoo.so")
    closure = looked_at([prog], used=[prog], made=[lib], facts=Facts(frozenset([prog])))
    assert (closure.added, closure.missing) == ({}, {})


def test_a_library_in_a_folder_that_a_run_moves_is_found(tree, prog):
    closure = looked_at([prog], made=[tree("lib")])
    assert (closure.added, closure.missing) == ({}, {})


def test_a_library_that_the_runs_did_without_is_no_news(prog):
    closure = looked_at([prog], used=[prog])
    assert (closure.added, missing(closure)) == ({}, {b"libfoo.so": (False, False)})


def test_a_library_that_an_executed_program_needs_is_added(tree, prog):
    closure = looked_at([prog], used=[prog], facts=Facts(frozenset([prog])))
    assert set(closure.added) == {tree("lib/libfoo.so")}


def test_a_library_that_is_nowhere_is_missed(tree, prog):
    (tree.folder / "lib/libfoo.so").unlink()
    assert missing(looked_at([prog])) == {b"libfoo.so": (False, True)}


def test_libraries_of_libraries_are_added_with_the_links_to_them(tree):
    tree.library("real/libfoo.so.1.0", "-Wl,-soname,libfoo.so.1")
    (tree.folder / "lib").mkdir()
    (tree.folder / "lib/libfoo.so").symlink_to("libfoo.so.1")
    (tree.folder / "lib/libfoo.so.1").symlink_to("../real/libfoo.so.1.0")
    lib = f"-L{tree.folder / 'lib'}"
    wrapper = "int foo(void); int bar(void) { return foo(); }"
    tree.build("lib/libbar.so", wrapper, "-shared", "-fPIC", lib, "-lfoo", "-Wl,-rpath,$ORIGIN")
    text = "int bar(void); int main(void) { return bar(); }"
    runpath = (f"-Wl,-rpath-link,{tree.folder / 'lib'}", "-Wl,-rpath,$ORIGIN/../lib")
    prog = tree.build("bin/prog", text, lib, "-lbar", *runpath)
    closure = looked_at([prog])
    wanted = {tree(f) for f in ("lib/libbar.so", "lib/libfoo.so.1", "real/libfoo.so.1.0")}
    assert (set(closure.added), closure.missing) == (wanted, {})


def test_the_folder_of_the_name_by_which_a_library_is_loaded_counts(tree):
    """A library that is a link elsewhere finds its neighbours beside the link."""
    tree.library("lib/libfoo.so")
    wrapper = "int foo(void); int bar(void) { return foo(); }"
    options = (f"-L{tree.folder / 'lib'}", "-lfoo", "-Wl,-rpath,$ORIGIN")
    bar = tree.build("store/libbar.so", wrapper, "-shared", "-fPIC", *options)
    link = tree("lib/libbar.so")
    closure = looked_at([bar, tree("lib/libfoo.so")], links={link: b"../store/libbar.so"})
    assert (closure.added, closure.missing) == ({}, {})


def test_the_runs_variable_counts(tree):
    lib = tree.library()
    prog = tree.program()
    facts = Facts(library_folders=(tree("lib"),))
    assert set(looked_at([prog], facts=facts).added) == {lib}
    assert missing(looked_at([prog])) == {b"libfoo.so": (False, True)}


def test_the_list_of_who_loads_a_library_counts(tree):
    """DT_RPATH, unlike DT_RUNPATH, serves the libraries of libraries, too (conda relies on it)."""
    tree.library()
    wrapper = "int foo(void); int bar(void) { return foo(); }"
    where = f"-L{tree.folder / 'lib'}"
    bar = tree.build("lib/libbar.so", wrapper, "-shared", "-fPIC", where, "-lfoo")
    rpath = ("-Wl,-rpath,$ORIGIN/../lib", "-Wl,--disable-new-dtags")
    text = "int bar(void); int main(void) { return bar(); }"
    prog = tree.build("bin/prog", text, where, "-lbar", *rpath)
    closure = looked_at([prog, bar])
    assert (set(closure.added), closure.missing) == ({tree("lib/libfoo.so")}, {})


def test_what_is_loaded_already_needs_no_search(tree):
    """By its soname: Java's libraries rely on it, and what has called dlopen(3) with a path."""
    lib = tree.library("odd/libfoo-1.so", "-Wl,-soname,libfoo.so")
    tree.library()
    prog = tree.program()
    (tree.folder / "lib/libfoo.so").unlink()
    assert looked_at([prog, lib], used=[prog, lib]).missing == {}
    assert missing(looked_at([prog, lib])) == {b"libfoo.so": (False, True)}


def test_libraries_for_other_processors_are_passed_over(tree):
    lib = tree.library()
    prog = tree.program("-Wl,-rpath,$ORIGIN/../other:$ORIGIN/../lib")
    other = for_another_processor(lib, tree.folder / "other/libfoo.so")
    closure = looked_at([prog, other])
    assert set(closure.added) == {lib}
    assert closure.foreign == [other]


def for_another_processor(path, target):
    target.parent.mkdir()
    data = bytearray(Path(os.fsdecode(path)).read_bytes())
    struct.pack_into("<H", data, MACHINE_FIELD, EM_AARCH64)
    target.write_bytes(data)
    return os.fsencode(target)


def test_a_needed_path_is_that_path(tree):
    lib = tree.library("lib/libfoo.so", f"-Wl,-soname,{tree.folder}/lib/libfoo.so")
    prog = tree.program()
    assert set(looked_at([prog]).added) == {lib}


@pytest.mark.parametrize("options", [("-static",), ("-static-pie",)])
def test_a_static_program_needs_nothing(tree, options):
    prog = tree.build("prog", "int main(void) { return 0; }", *options)
    packed = Packed({prog: prog})
    closure = check(
        Question(packed, set(), set().__contains__, {"x86_64"}, packed.files.__contains__), Facts()
    )
    assert (closure.added, closure.missing) == ({}, {})


def test_a_program_for_musl_needs_its_loader_only(tree):
    """Its C library is its loader, whatever name the program has for it."""
    loader = tree("ld-musl-x86_64.so.1")
    shutil.copy("/lib64/ld-linux-x86-64.so.2", loader)
    libc = tree.library("lib/libc.so", "-nostdlib", "-Wl,-soname,libc.so")
    text = "int foo(void); void _start(void) { foo(); }"
    dynamic = (f"-Wl,--dynamic-linker={os.fsdecode(loader)}", "-nostdlib", os.fsdecode(libc))
    prog = tree.build("prog", text, *dynamic)
    assert read_header(prog).needed == (b"libc.so",)
    packed = Packed({prog: prog})
    closure = check(
        Question(packed, set(), set().__contains__, {"x86_64"}, packed.files.__contains__), Facts()
    )
    assert (set(closure.added), closure.missing) == ({loader}, {})


def test_the_interpreters_of_executed_scripts_are_added(tree):
    other = tree.folder / "other"
    other.write_text("#!/bin/sh\n")
    script = tree.folder / "script"
    script.write_text(f"#! {other} -x\n")
    for path in (script, other):
        path.chmod(0o755)
    name = os.fsencode(script)
    closure = looked_at([name], facts=Facts(frozenset([name])))
    assert os.fsencode(other) in closure.added
    assert looked_at([name]).added == {}


def test_an_interpreter_that_is_nowhere_is_missed(tree):
    script = tree("script")
    (tree.folder / "script").write_text("#!/no/such\n")
    closure = looked_at([script], used=[script], facts=Facts(frozenset([script])))
    assert missing(closure) == {b"/no/such": (False, True)}


def test_a_program_that_an_added_link_leads_to_is_added(tree):
    tree.library()
    prog = tree.program("-Wl,-rpath,$ORIGIN/../lib")
    (tree.folder / "prog").symlink_to("bin/prog")
    closure = looked_at([], links={tree("prog"): b"bin/prog"})
    assert set(closure.added) == {prog, tree("lib/libfoo.so")}
    used = looked_at([], links={tree("prog"): b"bin/prog"}, used=[tree("prog")])
    assert used.added == {}


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "one.so").symlink_to("two.so")
    (tmp_path / "two.so").symlink_to("one.so")
    one, two = os.fsencode(tmp_path / "one.so"), os.fsencode(tmp_path / "two.so")
    assert looked_at([], links={one: two, two: one}).added == {}


def test_all_libraries_of_this_machine_resolve_as_ldd_says():
    """Of real programs: what ldd(1) finds is what is found here."""
    require("ldd", "no ldd")
    for name in ("sh", "ls", "tar", "openssl", "perl"):
        program = shutil.which(name, path=os.defpath)  # a caller's own may be scripts
        if program is None:
            continue
        trail = follow(Machine(), os.fsencode(program))
        packed = Packed({trail.real: trail.real})
        closure = check(
            Question(packed, set(), set().__contains__, set(), packed.files.__contains__), Facts()
        )
        text = subprocess.run(["ldd", program], capture_output=True, check=True).stdout
        wanted = {os.path.realpath(path) for path in re.findall(rb"(/\S+) \(0x", text)}
        files = {path for path in closure.added if Machine().source(path) is not None}
        assert files == wanted
