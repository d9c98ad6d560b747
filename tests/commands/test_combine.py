"""Runs that were traced apart, put together, packed, and run again: the same bytes."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

MAKE = "tr a-z A-Z <words >upper"
USE = "cat words; sort upper >sorted; cat sorted"


def done(result, status=0):
    assert result.returncode == status, result.stderr.decode(errors="replace")
    return result


def replayed(rpz, lab, trace):
    """Pack a trace, and run it all again while the folder ``lab`` is out of reach."""
    done(rpz("pack", "-d", trace, "experiment.rpz"))
    lab.rename(lab.with_name("out-of-reach"))
    done(rpz("unpack", "chroot", "experiment.rpz", "target"))
    try:
        run = done(rpz("run", "target"))
        kept = {}
        for name in ("upper", "sorted"):
            done(rpz("download", "target", f"{lab / name}:taken"))
            kept[name] = (rpz.folder / "taken").read_bytes()
            (rpz.folder / "taken").unlink()
        return run.stdout, kept
    finally:
        done(rpz("destroy", "target"))


@pytest.fixture
def lab(tmp_path):
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "words").write_text("pear\napple\n")
    return lab


@pytest.mark.parametrize("order", ["MU", "UM"], ids=["in order", "the wrong way round"])
@pytest.mark.parametrize("before", [None, "old\n"], ids=["new", "over an old one"])
@pytest.mark.usefixtures("chroot_allowed")
def test_what_was_traced_apart_runs_together(rpz, lab, order, before):
    if before:
        (lab / "upper").write_text(before)
    done(rpz("trace", "-d", "M", "--name", "make", "sh", "-c", f"cd lab; {MAKE}"))
    used = done(rpz("trace", "-d", "U", "--name", "use", "sh", "-c", f"cd lab; {USE}"))
    combined = done(rpz("combine", "-d", "both", *order))
    assert (b"make, which comes after use, has made" in combined.stderr) == (order == "UM")
    expected = {name: (lab / name).read_bytes() for name in ("upper", "sorted")}
    assert replayed(rpz, lab, "both") == (used.stdout, expected)
    shown = done(rpz("info", "experiment.rpz")).stdout.decode()
    names = {"M": "make", "U": "use"}
    for number, letter in enumerate(order):
        assert f"Run {number} ({names[letter]}): " in shown


@pytest.mark.usefixtures("chroot_allowed")
def test_traces_made_at_the_same_time_are_put_together(rpz, lab):
    started = [
        rpz.start("trace", "-d", name, "sh", "-c", f"cd lab; sleep 0.3; sort -o {name} words")
        for name in ("upper", "sorted")
    ]
    for process in started:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    done(rpz("combine", "upper", "sorted"))
    expected = {name: (lab / name).read_bytes() for name in ("upper", "sorted")}
    assert replayed(rpz, lab, ".rpz-trace") == (b"", expected)


@pytest.mark.usefixtures("native_tracer")
def test_an_input_that_was_edited_between_two_runs_is_named(rpz, lab):
    done(rpz("trace", "cat", "lab/words"))
    (lab / "words").write_text("plum\n")
    again = done(rpz("trace", "--continue", "cat", "lab/words"))
    assert b"Changed between run0 and run1" in again.stderr
    assert str(lab / "words").encode() in again.stderr
    assert b"Changed between run0 and run1" in done(rpz("pack", "experiment.rpz")).stderr


@pytest.mark.usefixtures("native_tracer")
def test_a_run_is_named_and_run_by_its_name(rpz, lab):
    done(rpz("trace", "--name", "count lines", "wc", "-l", "lab/words"))
    refused = rpz("trace", "--continue", "--name", "count lines", "touch", "lab/never")
    assert refused.returncode == 125
    assert b"already" in refused.stderr
    assert not (lab / "never").exists()
    done(rpz("trace", "--continue", "true"))
    config = (rpz.folder / ".rpz-trace/config.yml").read_text()
    assert 'id: "count lines"' in config
    assert 'id: "run1"' in config


def test_the_trace_of_reprozip_is_refused_in_a_sentence(rpz):
    folder = rpz.folder / ".reprozip-trace"
    folder.mkdir()
    connection = sqlite3.connect(folder / "trace.sqlite3")
    for table in ("processes", "opened_files", "executed_files"):
        connection.execute(f"CREATE TABLE {table} (id INTEGER NOT NULL PRIMARY KEY)")
    connection.close()
    refused = done(rpz("combine", ".reprozip-trace"), 1)
    assert b"was not made by rpz" in refused.stderr
    assert not (rpz.folder / ".rpz-trace").exists()


@pytest.mark.usefixtures("native_tracer", "lab")
def test_a_database_names_its_folder(rpz):
    done(rpz("trace", "-d", "a", "cat", "lab/words"))
    done(rpz("combine", "a/trace.sqlite3"))
    shutil.rmtree(rpz.folder / "a")
    done(rpz("pack"))
