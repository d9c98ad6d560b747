"""What the kernel loads to execute a file."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.tracer.reference.image import images
from rpz.tracer.reference.resolve import resolve
from rpz.tracer.reference.view import AT_FDCWD, View

SELF = View(os.getpid(), threading.get_native_id())


def loaded(path: str | Path) -> list[bytes]:
    place = resolve(SELF, os.fsencode(path), AT_FDCWD, follow=True)
    assert place is not None
    return [image.path for image in images(SELF, place)]


def test_a_program_has_a_loader() -> None:
    program, loader = loaded("/bin/sh")
    assert program == os.path.realpath(b"/bin/sh")
    assert b"ld-" in loader


def test_a_script_has_an_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#! \t/bin/sh  -e\n")
    assert loaded(script) == [os.fsencode(script), *loaded("/bin/sh")]


def test_only_256_bytes_are_looked_at(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!" + " " * 254 + "/bin/sh\n")
    assert loaded(script) == [os.fsencode(script)]


def test_a_script_that_interprets_itself_has_an_end(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{script}\n")
    assert set(loaded(script)) == {os.fsencode(script)}


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from([b"#!", b"\x7fELF", b"\x7fELF\1", b"\x7fELF\2\1\1", b""]),
    rest=st.binary(max_size=400),
)
def test_any_file_is_taken(start: bytes, rest: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "program"
        path.write_bytes(start + rest)
        assert loaded(path)[0] == os.fsencode(path)


def test_flipped_bytes_of_a_program(tmp_path: Path) -> None:
    head = Path("/bin/sh").read_bytes()[:4096]
    program = tmp_path / "program"
    for index in range(4, 64):
        program.write_bytes(head[:index] + b"\xff" + head[index + 1 :])
        assert loaded(program)[0] == os.fsencode(program)
