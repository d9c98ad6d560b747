"""What can be redirected in a library, and what must be left alone."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import require
from tests.tracer.accelerator.test_lengths import installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tracer.accelerator.conftest import Finder

ACCESS = 21
"""SYS_access of x86-64, which the planted functions call; the tests' programs know it by name."""
MOV = f"mov ${ACCESS}, %eax"


def function(name: str, body: str) -> str:
    """An exported function, with a range in the unwind table."""
    return f"""
        .globl {name}
        .type {name}, @function
        {name}:
        .cfi_startproc
        {body}
        ret
        .cfi_endproc
        .size {name}, . - {name}
    """


def symbols(file: Path) -> dict[str, int]:
    """The addresses of a library's symbols, hidden ones too."""
    require("nm", "no nm (on Debian and Ubuntu: apt-get install binutils)")
    lines = subprocess.run(["nm", file], capture_output=True, text=True, check=True).stdout
    return {name: int(at, 16) for at, _, name in map(str.split, lines.splitlines())}


FOUND = {
    "plain": ("", b""),
    "registers": (
        "mov %rdi, %rsi\n mov $-100, %edi\n xor %edx, %edx",
        bytes.fromhex("4889febf9cffffff31d2"),
    ),
    "address": (
        "lea 16(%rsp), %rdx\n movslq %r8d, %rdi",
        bytes.fromhex("488d5424104963f8"),
    ),
    "sixteen": (
        "movabs $0x1122334455667788, %rsi\n mov %rdi, %rdx\n mov %r8, %r10",
        bytes.fromhex("48be88776655443322114889fa4d89c2"),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_call_is_found_with_what_stands_before_it(finder, library, name: str) -> None:
    between, code = FOUND[name]
    body = f"nop\n site: {MOV}\n {between}\n syscall\n back: cmp $-4096, %rax"
    made = library(f"found-{name}", function("look", body))
    (site,) = finder.sites(made)
    assert (site.address, site.back) == (symbols(made)["site"], symbols(made)["back"])
    assert (site.number, site.between) == (ACCESS, code)


BETWEEN = {
    "push": "push %rdi",
    "a pop": "pop %rdi",
    "a call": "call look@plt",
    "a branch": "jz 1f\n 1:",
    "a jump": "jmp 1f\n 1:",
    "instruction pointer": "lea 1f(%rip), %rdi\n 1:",
    "load of a global": "mov 1f(%rip), %rdi\n 1:",
    "load": "mov (%rdi), %rsi",
    "store": "mov %rsi, 8(%rsp)",
    "the stack pointer": "mov %rdi, %rsp",
    "the stack pointer by address": "lea 8(%rdi), %rsp",
    "the stack pointer by constant": "sub $8, %rsp",
    "the number": "mov $22, %eax",
    "the number by address": "lea 1(%rdi), %eax",
    "the number by xor": "xor %edi, %eax",
    "the number, read": "mov %eax, %edi",
    "the number, an index": "lea (%rdi,%rax), %rsi",
    "a segment": "mov %fs:0, %rdi",
    "seventeen bytes": "movabs $0x1122334455667788, %rsi\n movabs $0x1122334455667788, %rdi",
    "fence": "lfence",
}


@pytest.mark.parametrize("name", BETWEEN)
def test_what_cannot_be_moved_is_left_alone(finder, library, name: str) -> None:
    assembly = function("look", f"{MOV}\n {BETWEEN[name]}\n syscall")
    other = function("other", f"{MOV}\n syscall")  # else the file would be refused for having none
    made = library("between-" + name.replace(" ", "-"), assembly + other)
    assert [site.address for site in finder.sites(made)] == [symbols(made)["other"]]


SITE = f"site: {MOV}\n rest: syscall"
LEFT = {
    "a jump into the mov": f"test %edi, %edi\n jz site + 2\n {SITE}",
    "a long jump into the mov": f"{SITE}\n .byte 0xe9\n .long site + 4 - . - 4",
    "a call into the mov": f"{SITE}\n ret\n call site + 1",
    "data in the text": f"{SITE}\n ret\n .byte 6, 6, 6, 6",
    "a cut instruction at the end": f"{SITE}\n ret\n .byte 0x48, 0xb8, 0",
    "the midst of a constant": f"movabs $0x50f000000{ACCESS:02x}b8, %rdi",
    "an indirect jump": f"cmp $3, %edi\n ja 1f\n jmp *%rax\n 1: {SITE}",
    "a call before": f"call look@plt\n {SITE}",
    "an indirect call before": f"call *%rdi\n mov %eax, %edx\n {SITE}",
    "a call in another branch": f"jz 1f\n call look@plt\n 1: {SITE}",
    "a call round a loop": f"1: {SITE}\n call look@plt\n jmp 1b",
    "a call by two jumps": f"jmp 2f\n 1: {SITE}\n ret\n 2: call look@plt\n 3: jmp 1b",
    "number in a register": f"mov $22, %edx\n {MOV}\n mov %edx, %eax\n syscall",
    "call of something else": "mov $1, %eax\n syscall",
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_proved_is_left_alone(finder, library, name: str) -> None:
    other = function("other", f"{MOV}\n syscall")
    made = library("left-" + name.replace(" ", "-"), function("look", LEFT[name]) + other)
    assert [site.address for site in finder.sites(made)] == [symbols(made)["other"]]


def test_a_jump_to_the_mov_or_behind_it_is_harmless(finder, library) -> None:
    body = f"jz 1f\n jl 2f\n js 3f\n 1: {MOV}\n 2: mov %rdi, %rsi\n 3: syscall"
    assert len(finder.sites(library("harmless", function("look", body)))) == 1


def test_a_call_after_it_is_harmless(finder, library) -> None:
    body = f"jz 1f\n {SITE}\n 1: call look@plt"
    assert len(finder.sites(library("call-after", function("look", body)))) == 1


NEVER_BACK = {
    "calls": ("call look@plt", True),
    "loops": ("1: nop\n jmp 1b", True),
    "returns": ("jz 1f\n call look@plt\n 1: ret\n call look@plt", False),
    "jumps out": ("jz look_here\n call look@plt", False),
    "falls out": ("nop", False),
    "goes anywhere": ("jz 1f\n jmp *%rax\n 1: call look@plt", False),
}


@pytest.mark.parametrize("name", NEVER_BACK)
def test_a_call_that_never_comes_back_is_none(finder, library, name: str) -> None:
    body, is_site = NEVER_BACK[name]
    never = function("never", f"never_here: {body}").replace("\n        ret\n", "\n")
    look = function("look", f"look_here: call never_here\n {SITE}")
    made = library("never-" + name.replace(" ", "-"), look + never)
    assert bool(finder.sites(made)) is is_site


ANY = 2**32 - 1
"""ANY_NUMBER of sites.h."""


def test_a_number_from_the_stack_is_any(finder, library) -> None:
    body = "jz site\n push %rbx\n site: mov 16(%rsp), %rax\n mov %rcx, %r10\n syscall\n back: nop"
    made = library("any", function("look", body))
    (site,) = finder.sites(made)
    assert (site.address, site.back) == (symbols(made)["site"], symbols(made)["back"])
    assert (site.number, site.between) == (ANY, bytes.fromhex("488b4424104989ca"))


NOT_ANY = {
    "after a call": "call look@plt\n mov 16(%rsp), %rax\n syscall",
    "jumped into": "jz site + 1\n site: mov 16(%rsp), %rax\n syscall",
    "from a register": "mov %rsi, %rax\n mov 8(%rsp), %r9\n syscall",
    "from elsewhere": "mov 16(%rbx), %rax\n nop\n syscall",
    "changed": "mov 16(%rsp), %rax\n mov %rdi, %rax\n syscall",
    "far off": "mov 160(%rsp), %rax\n syscall",
}


@pytest.mark.parametrize("name", NOT_ANY)
def test_a_number_from_elsewhere_is_left_alone(finder, library, name: str) -> None:
    assembly = function("look", NOT_ANY[name]) + function("other", f"{MOV}\n syscall")
    made = library("not-any-" + name.replace(" ", "-"), assembly)
    assert [site.address for site in finder.sites(made)] == [symbols(made)["other"]]


COLD = f"""
    .type cold, @function
    cold: .cfi_startproc
    {SITE}
    ret
    .cfi_endproc
    .size cold, . - cold
"""


def test_a_part_of_a_function_may_run_after_its_calls(finder, library) -> None:
    hot = function("look", "call other@plt\n jz cold")
    assert finder.sites(library("cold", COLD + hot + function("other", "nop"))) == []
    called = function("look", "call cold\n jz cold")
    assert len(finder.sites(library("called", COLD + called))) == 1


def test_a_function_of_its_own_is_entered_by_jumps_too(finder, library) -> None:
    tail = function("other", "call other@plt\n jmp look_here")
    look = function("look", f"look_here: {SITE}")
    assert len(finder.sites(library("tail", look + tail))) == 1


def test_functions_without_unwind_table_are_known_by_their_symbols(finder, library) -> None:
    look = function("look", SITE).replace(".cfi_startproc", "").replace(".cfi_endproc", "")
    for style in ("sysv", "gnu"):
        made = library(f"symbols-{style}", look, f"-Wl,--hash-style={style}")
        assert len(finder.sites(made)) == 1
    hidden = library("no-symbols", look.replace(".globl", ".local"))
    assert finder.sites(hidden) == []


def test_the_table_tells_where_the_text_is_and_which_file_it_is(finder, library) -> None:
    made = library("table", function("look", SITE))
    rows = finder.rows(made)
    ((text, text_size, offset),) = [[int(field, 16) for field in row] for row in rows["text"]]
    assert made.read_bytes()[offset : offset + text_size][symbols(made)["site"] - text] == 0xB8
    notes = subprocess.run(["readelf", "-n", made], capture_output=True, text=True, check=True)
    assert f"Build ID: {rows['build-id'][0][0]}\n" in notes.stdout


def test_more_than_one_text_is_refused(finder, library) -> None:
    more = '.section .more, "awx", @progbits\n nop'
    assert finder.sites(library("two-texts", function("look", SITE) + more)) == []


def test_more_sites_than_the_table_holds_are_refused(finder, library) -> None:
    def functions(count: int) -> str:
        return "".join(function(f"look{i}", f"{MOV}\n syscall") for i in range(count))

    assert len(finder.sites(library("sixty-four", functions(64)))) == 64
    assert finder.sites(library("sixty-five", functions(65))) == []


def pairs(file: Path) -> dict[int, bool]:
    """Each `mov $21,%eax` of objdump's before a syscall, and whether a call may come before it."""
    require("objdump", "no objdump (on Debian and Ubuntu: apt-get install binutils)")
    argv = ["objdump", "--disassemble", "--wide", "--no-show-raw-insn", file]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    for i, line in enumerate(lines):
        mov = re.match(r" *([0-9a-f]+):\tmov +\$0x(\w+),%eax", line)
        if mov and int(mov[2], 16) in NUMBERS and lines[i + 1].rstrip().endswith("\tsyscall"):
            found[int(mov[1], 16)] = any("\tcall " in other for other in lines[i - 200 : i])
    return found


NUMBERS = {2, 4, 6, 21, 89, 257, 262, 267, 269, 332, 439}
"""Those of tests/programs/accelerator/sites.c."""


@pytest.mark.parametrize("name", ["libc.so.6", "ld-linux-x86-64.so.2"])
def test_the_calls_of_this_machine_are_found(finder: Finder, name: str) -> None:
    library = installed(name)
    found, seen = finder.sites(library), pairs(library)
    sites = [site for site in found if site.number != ANY]
    assert {site.number for site in sites} >= {21, 257, 262}
    assert {site.address for site in sites if not site.between} <= set(seen)
    left = set(seen) - {site.address for site in sites}
    assert all(seen[address] for address in left)
    assert len(left) * 2 < len(seen)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_file_is_no_danger(
    finder: Finder, library: Callable[..., Path], seed: int
) -> None:
    cold = COLD + function("look", f"{MOV}\n syscall") + function("other", "call look@plt")
    cold += function("third", "mov 16(%rsp), %rax\n syscall")
    plain = library("damaged", cold)
    for file, times in (plain, 1500), (installed("ld-linux-x86-64.so.2"), 60):
        assert int(finder.output("--damage", file, seed, times)) > 0
