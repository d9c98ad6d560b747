"""What was withheld from a pack comes from whoever replays it, or doesn't come."""

from __future__ import annotations

from dataclasses import replace

from rpz.unpackers.withheld import supplied
from rpz.unpackers.words import environment
from tests.unpackers import packs

RUN = replace(
    packs.run(0, "prog", "--password=<redacted>"),
    environ={"A": "1", "TOKEN": "<redacted>", "DB": "pg://me:<redacted>@host"},
)


def test_the_callers_value_is_taken(caplog):
    run = supplied(RUN, {b"TOKEN": b"mine\xff", b"DB": b"", b"A": b"2", b"OTHER": b"x"})
    assert environment(run) == [b"A=1", b"TOKEN=mine\xff", b"DB="]
    assert "runs without" not in caplog.text


def test_what_nobody_has_is_left_out_and_told(caplog):
    assert environment(supplied(RUN, {})) == [b"A=1"]
    assert "run0 runs without TOKEN, DB" in caplog.text


def test_a_path_is_never_the_callers(caplog):
    paths = {
        "PWD": "/data/<redacted>/work", "HOME": "<redacted>", "DATA": "/data/<redacted>",
        "LIBS": "/lib:/data/<redacted>/lib", "HOOK": "https://host/x?token=<redacted>",
    }  # fmt: skip
    callers = {name.encode(): b"/callers" for name in paths}
    run = supplied(replace(RUN, environ=paths), callers)
    assert environment(run) == [b"HOOK=/callers"]
    assert "run0 runs without PWD, HOME, DATA, LIBS, withheld from the pack: it" in caplog.text


def test_a_withheld_argument_is_told(caplog):
    supplied(RUN, {})
    assert "Argument 1 of run0 was withheld from the pack" in caplog.text


def test_a_mark_is_never_passed_on_as_a_value():
    assert environment(RUN) == [b"A=1"]
