"""Where in a file a number is, and how it is declared."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.provenance.paper.declared import declared, declared_in
from rpz.provenance.paper.errors import PaperError
from rpz.provenance.paper.selectors import SELECTORS
from rpz.provenance.paper.writing import as_tex
from tests.provenance.paper.maps import paper_map

JSON = '{"fit": {"slope": -1.250e-7, "n": 12, "ok": true, "a/b": "5 %"}, "all": [1.10, 2]}'
CSV = 'method,"acc, %",n\nours,91.20,3\n\n"their\'s",50,3\n'


@pytest.mark.parametrize(
    ("kind", "text", "where", "value"),
    [
        ("text", " 3.14\n", "", "3.14"),
        ("json", JSON, "/fit/slope", "-1.250e-7"),
        ("json", JSON, "/fit/n", "12"),
        ("json", JSON, "/fit/ok", "true"),
        ("json", JSON, "/fit/a~1b", "5 %"),
        ("json", JSON, "/all/0", "1.10"),
        ("csv", CSV, 'method=ours,"acc, %"', "91.20"),
        ("csv", CSV, "2,method", "their's"),
        ("csv", CSV, "1,2", "91.20"),
        ("csv", "a,b\n1,2\n", "b", "2"),
        ("tsv", "a\tb\n1\t2,5\n", "1,b", "2,5"),
        ("regex", "x\nslope = 2.5 mm\n", r"^slope = (\S+)", "2.5"),
        ("regex", "p < 0.01", r"0\.\d+", "0.01"),
    ],
)
def test_what_is_there(kind, text, where, value):
    assert SELECTORS[kind](text, where) == value


@pytest.mark.parametrize(
    ("kind", "text", "where", "message"),
    [
        ("json", JSON, "/fit/none", "no value at /fit/none"),
        ("json", JSON, "/fit", "not one value"),
        ("json", JSON, "fit", "no value at fit"),
        ("json", "{", "/fit", "no value at /fit"),
        ("json", "[" * 100_000, "/fit", "no value at /fit"),
        ("csv", CSV, "n=3,method", "2 rows are meant"),
        ("csv", CSV, "3,method", "0 rows"),
        ("csv", CSV, "0,method", "0 rows"),
        ("csv", CSV, "1,none", "no column is called none"),
        ("csv", CSV, "1,4", "no column is called 4"),
        ("csv", CSV, "ours,n", "neither a row's number"),
        ("csv", CSV, "1,2,3", "is not ROW,COLUMN"),
        ("csv", "a,a\n1,2\n", "1,a", "several columns"),
        ("csv", "", "1,a", "no table"),
        ("regex", "1 1", "1", "found 2 times"),
        ("regex", "1", "(", "no regular expression"),
    ],
)
def test_what_is_not_there(kind, text, where, message):
    with pytest.raises(PaperError, match=message):
        SELECTORS[kind](text, where)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(SELECTORS)), st.text(), st.text())
def test_any_text_gives_a_value_or_our_error(kind, text, where):
    with contextlib.suppress(PaperError):
        assert isinstance(SELECTORS[kind](text, where), str)


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("a=b.json:json:/x:y", ("a", "", "b.json", "json", "/x:y")),
        ("a=b:c.txt", ("a", "", "b:c.txt", "text", "")),
        ("a:.2f=b.csv:csv:k=1,c", ("a", ".2f", "b.csv", "csv", "k=1,c")),
        ("a.b-c_1=x:regex:json:(.)", ("a.b-c_1", "", "x", "regex", "json:(.)")),
    ],
)
def test_declared(said, parts):
    found = declared(said)
    assert (found.name, found.form, found.file, found.kind, found.where) == parts


@pytest.mark.parametrize("said", ["", "a", "=b", "a b=c", "a="])
def test_not_declared(said):
    with pytest.raises(PaperError, match="declares no result"):
        declared(said)


class TestValue:
    def test_format(self, tmp_path):
        (tmp_path / "x").write_text("0.91250")
        assert declared("a:.1%=x").value(tmp_path / "x") == "91.2%"
        assert declared("a=x").value(tmp_path / "x") == "0.91250"

    @pytest.mark.parametrize("form", [".2f", ".2q"])
    def test_no_number_or_no_format(self, tmp_path, form):
        (tmp_path / "x").write_text("seven" if form == ".2f" else "7")
        with pytest.raises(PaperError, match="Result a: x: "):
            declared(f"a:{form}=x").value(tmp_path / "x")

    def test_not_text(self, tmp_path):
        (tmp_path / "x").write_bytes(b"\xff")
        with pytest.raises(PaperError, match="Result a: x: "):
            declared("a=x").value(tmp_path / "x")

    def test_in_rpz_toml(self, tmp_path):
        assert list(declared_in(tmp_path)) == []
        (tmp_path / "rpz.toml").write_text('[results]\n"a:.2f" = "x:json:/a"\n')
        assert [(said.name, said.form) for said in declared_in(tmp_path)] == [("a", ".2f")]

    @pytest.mark.parametrize("text", ["results = 1", "[results]\na = 1", "[", "[results]\na = ''"])
    def test_wrong_rpz_toml(self, tmp_path, text):
        (tmp_path / "rpz.toml").write_text(text)
        with pytest.raises(PaperError):
            list(declared_in(tmp_path))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("-1", r"\ensuremath{-1}"),
        ("1.50e-07", r"\ensuremath{1.50\times10^{-7}}"),
        ("12.5", "12.5"),
        ("5 %", r"5 {\%}"),
        ("a-1", "a-1"),
        ("{\\x}", r"{\textbraceleft}{\textbackslash}x{\textbraceright}"),
    ],
)
def test_numbers_as_tex(value, shown):
    line = as_tex(paper_map(value)).splitlines()[-1]
    assert line.endswith(f"{{{shown}}}")
