"""A secret never gets into a pack: not by its own name, and not by others'."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rpz.packer.archive.reader import Pack
from rpz.packer.configure import write_config
from rpz.packer.pack import pack
from rpz.packer.secrets.values import is_plain_value
from rpz.tracer.database import TraceDatabase
from rpz.tracer.rows import (
    AbsentRow,
    ConnectionRow,
    ExecutionRow,
    RunRow,
    WarningRow,
)
from tests.packer.traces import Trace

SECRET = b"correct-horse/battery+staple"


def everything(path):
    """All bytes of a pack, unzipped."""
    whole = path.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        data = tar.extractfile("DATA.tar.gz")
        return whole + gzip.decompress(data.read())


def packed(trace, **options):
    folder = trace.folder / ".rpz-trace"
    trace.save(folder)
    write_config(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    report = pack(folder, trace.folder.parent / "p.rpz", overwrite=True, **options)
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    return report


def trace_in(tmp_path):
    folder = tmp_path / "w"
    folder.mkdir(exist_ok=True)
    return Trace(folder)


def database_in(path, folder):
    with Pack.open(path) as opened, opened.metadata("trace.sqlite3") as file:
        copy = folder / "copy.sqlite3"
        copy.write_bytes(file.read())
    return TraceDatabase.open(copy)


def with_everything(trace, secret):
    """A trace that has a secret wherever one can be."""
    trace.start("prog", "--x", b"say " + secret, environ=(b"A=1", b"MY_TOKEN=" + secret))
    envp = b"OTHER=<" + secret + b">\0MY_TOKEN=" + secret + b"\0"
    argv = b"child\0--y=" + secret + b"\0"
    trace._add(ExecutionRow, name=b"/bin/child", argv=argv, envp=envp, workingdir=b"/")
    trace.create(b"/tmp/" + secret.replace(b"/", b"_") + b"/" + secret)
    trace._add(AbsentRow, name=b"/etc/" + secret)
    trace._add(ConnectionRow, operation="connect", family="UNIX", address="/run/" + secret.decode())
    text = b"what " + secret + b" " + quote_from_bytes(secret, safe="").encode()
    trace._add(WarningRow, text=text)
    trace.start("second", environ=(b"MY_TOKEN=" + secret, b"DB_PASSWORD=abc"))
    return trace


def test_it_is_looked_for_everywhere(tmp_path):
    report = packed(with_everything(trace_in(tmp_path), SECRET))
    assert report.secrets.withheld == ("DB_PASSWORD", "MY_TOKEN")
    assert report.secrets.exposed == ()
    whole = everything(report.path)
    assert SECRET not in whole
    assert quote_from_bytes(SECRET, safe="").encode() not in whole
    with Pack.open(report.path) as opened:
        first, second = opened.config.runs
    assert first.environ == {"A": "1", "MY_TOKEN": "<redacted>"}
    assert first.argv == ("prog", "--x", "say <redacted>")
    assert second.environ == {"MY_TOKEN": "<redacted>", "DB_PASSWORD": "<redacted>"}
    with database_in(report.path, tmp_path) as database:
        execs = [row.envp for row in database.rows(ExecutionRow)]
        assert execs[1] == b"OTHER=<<redacted>>\0MY_TOKEN=<redacted>\0"
        assert next(database.rows(RunRow)).argv == b"prog\0--x\0say <redacted>\0"
        assert next(database.rows(AbsentRow)).name == b"/etc/<redacted>"


def test_what_is_to_be_kept_is_kept(tmp_path):
    trace = with_everything(trace_in(tmp_path), SECRET)
    report = packed(trace, keep_secrets=["MY_TOKEN", "NO_TOKEN"])
    assert report.secrets.withheld == ("DB_PASSWORD",)
    assert report.secrets.idle == ("NO_TOKEN",)
    with Pack.open(report.path) as opened:
        assert opened.config.runs[0].environ["MY_TOKEN"] == SECRET.decode()
    with database_in(report.path, tmp_path) as database:
        assert SECRET in next(database.rows(ExecutionRow)).envp


def test_a_trace_without_secrets_is_packed_as_it_is(tmp_path):
    trace = trace_in(tmp_path).start("prog", environ=(b"A=1", b"SSH_AUTH_SOCK=/tmp/agent"))
    report = packed(trace)
    assert report.secrets.withheld == ()
    with Pack.open(report.path) as opened, opened.metadata("trace.sqlite3") as file:
        assert file.read() == (trace.folder / ".rpz-trace" / "trace.sqlite3").read_bytes()


def test_short_and_common_values_go_from_their_place_only(tmp_path):
    names = (b"USER=felix", b"DB_PASSWORD=felix", b"ROOT_PASSWORD=ab", b"HOME=/home/felix")
    trace = trace_in(tmp_path).start("prog", "felix", "abc", environ=names)
    report = packed(trace)
    (run,) = read_runs(report)
    assert run.argv == ("prog", "felix", "abc")
    assert run.environ == {
        "USER": "felix", "DB_PASSWORD": "<redacted>",
        "ROOT_PASSWORD": "<redacted>", "HOME": "/home/felix",
    }  # fmt: skip


def read_runs(report):
    with Pack.open(report.path) as opened:
        return opened.config.runs


def test_a_value_in_a_packed_path_is_told(tmp_path):
    trace = trace_in(tmp_path).start("prog", environ=(b"DB_PASSWORD=genomics-2", b"B_TOKEN=qwertz"))
    (trace.folder / "genomics-2.csv").write_text("1")
    trace.read(trace.folder / "genomics-2.csv")
    report = packed(trace)
    assert report.secrets.exposed == ("DB_PASSWORD",)
    assert read_runs(report)[0].environ == {"DB_PASSWORD": "<redacted>", "B_TOKEN": "<redacted>"}


def test_a_path_that_is_packed_stays_where_a_program_is_told_of_it(tmp_path):
    token = b"ghp_0123456789abcdefABCDEF0123456789abcd"
    folder = tmp_path / token.decode()
    folder.mkdir()
    here = os.fsencode(folder)
    trace = Trace(folder)
    environ = (
        b"PWD=" + here, b"LIBS=/lib:" + here + b"/lib", b"OLDPWD=/gone/" + token,
        b"MY_TOKEN=" + token,
    )  # fmt: skip
    report = packed(trace.start("prog", b"--out=" + here + b"/x", environ=environ))
    (run,) = read_runs(report)
    assert run.environ == {
        "PWD": str(folder), "LIBS": f"/lib:{folder}/lib", "OLDPWD": "/gone/<redacted>",
        "MY_TOKEN": "<redacted>",
    }  # fmt: skip
    assert run.argv == ("prog", f"--out={folder}/x")
    assert report.secrets.withheld == ("MY_TOKEN", "OLDPWD")
    assert report.secrets.exposed == ("LIBS", "MY_TOKEN", "OLDPWD", "PWD", "github-token")
    kept = packed(trace, keep_secrets=["PWD", "OLDPWD", "MY_TOKEN", "LIBS", "github-token"])
    assert (kept.secrets.withheld, kept.secrets.exposed, kept.secrets.idle) == ((), (), ())


def test_files_that_hold_one_are_named(tmp_path):
    trace = trace_in(tmp_path).start("prog", environ=(b"DB_PASSWORD=hunter22",))
    for name, content in {
        "settings": b"user: me\npassword: hunter22\n",
        "plain": b"nothing",
        "binary": b"\0hunter22",
    }.items():
        (trace.folder / name).write_bytes(content)
        trace.read(trace.folder / name)
    (trace.folder / "large").write_bytes(b"x" * (4 << 20) + b"hunter22")
    trace.read(trace.folder / "large")
    report = packed(trace)
    settings = os.fsencode(trace.folder / "settings")
    assert report.secrets.files == ((settings, ("DB_PASSWORD",)),)


values = st.one_of(
    st.binary(min_size=6, max_size=40).map(lambda b: b.replace(b"\0", b"x")),
    st.from_regex(r"\A[A-Za-z0-9+/=_.:%-]{6,40}\Z").map(str.encode),
)


@given(
    secret=values,
    before=st.binary(max_size=10).map(lambda b: b.replace(b"\0", b"x")),
    name=st.sampled_from([b"API_KEY", b"PGPASSWORD", b"authToken", b"MY_SECRET"]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_value_survives(tmp_path, secret, before, name):
    assume(not is_plain_value(secret) and re.search(rb"[^0-9a-f-]", secret))  # as in any archive
    trace = trace_in(tmp_path)
    assume(secret not in os.fsencode(trace.folder))
    trace.start("prog", before + secret, environ=(b"A=1", b"X=" + before + secret))
    trace._add(ExecutionRow, name=b"/bin/child", argv=b"child\0" + secret + b"\0",
               envp=name + b"=" + secret + b"\0", workingdir=b"/")  # fmt: skip
    trace._add(AbsentRow, name=b"/etc/" + secret)
    trace._add(WarningRow, text=before + secret + before)
    report = packed(trace)
    assert name.decode() in report.secrets.withheld
    survives = secret in everything(report.path)
    if survives and not report.secrets.exposed:  # a word that all archives have: REPROZIP
        (tmp_path / "other").mkdir(exist_ok=True)
        assert secret in everything(packed(trace_in(tmp_path / "other").start("prog")).path)
    else:
        assert survives == bool(report.secrets.exposed)
