"""How packs are cited, read back by the programs that others read it with."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
import yaml
from pybtex.database import parse_string
from pybtex.richtext import Text

from rpz.provenance.publication.citation import FORMS
from rpz.provenance.publication.citation.bibtex import latex
from rpz.provenance.publication.citation.cited import cited
from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.model import Author, Organization, Publication
from rpz.provenance.publication.swhid import Code, Digests
from tests.conftest import require

DIGESTS = Digests("0" * 64, "swh:1:cnt:" + "a" * 40)
CODE = (
    Code(b"/a", "swh:1:rev:" + "b" * 40, "", changed=False),
    Code(b"/b", "swh:1:rev:" + "b" * 40, "swh:1:dir:" + "c" * 40, changed=True),
)
JANE = Author("van der Größe", "Jane Q.", "0000-0002-1825-0097", (Organization("CNRS"),))
ODD = Publication(
    title='The {rate} of 50% & $k_1$ # in ~Dvořák\\ "x" ~é',
    authors=(JANE, Author("Research and Development {Group}"), Author("Łuk, Jr.", "Ann-Zoë")),
    licence="CC-BY-4.0",
    keywords=("b", "a", "b"),
    version="1.10",
    date="2026-11-22",
    publisher="Zenodo",
    doi="10.5281/zenodo.1234567",
    description="One: two\n- three # \"four\" 'five'",
)
PLAIN = Publication(title="Enzymes.", authors=(Author("Doe", "Jane"),))
STARTED = 1_700_000_000 * 10**9


def form(name, publication, code=CODE):
    return FORMS[name](cited(publication, DIGESTS, STARTED, code))


class TestBibTeX:
    def test_a_parser_reads_what_was_told(self):
        text = form("bibtex", ODD)
        assert text.isascii()
        ((key, entry),) = parse_string(text, "bibtex").entries.items()
        assert key == "vandergrosse2026rate"
        fields = {name: str(Text.from_latex(value)) for name, value in entry.fields.items()}
        assert fields["version"] == "1.10"
        assert fields["year"] == "2026"
        assert fields["doi"] == ODD.doi
        assert entry.fields["url"] == f"https://doi.org/{ODD.doi}"
        assert entry.fields["swhid"] == DIGESTS.swhid
        assert DIGESTS.sha256 in fields["note"]
        assert fields["title"].startswith("The ")
        assert "50% & $k_1$ #" in fields["title"].replace("\\$", "$")
        assert fields["title"].endswith("~é")
        assert "Dvořák" in fields["title"]

    def test_names_are_taken_apart_as_they_were_told(self):
        text = form("bibtex", ODD)
        ((_, entry),) = parse_string(text, "bibtex").entries.items()
        jane, group, ann = entry.persons["author"]
        assert (jane.prelast_names, jane.first_names) == (["van", "der"], ["Jane"])
        assert str(Text.from_latex(jane.last_names[0])) == "Größe"
        assert len(group.last_names) == 1
        assert not group.first_names
        assert (len(ann.last_names), ann.lineage_names) == (1, [])

    @pytest.mark.parametrize("text", ["{", "}", "{}{", "\\", "a\\{b", "%", "\"'`", "@misc{x,"])
    def test_braces_are_even_as_bibtex_counts_them(self, text):
        entry = form("bibtex", replace(PLAIN, title=text))
        assert entry.count("{") == entry.count("}")
        ((_, found),) = parse_string(entry, "bibtex").entries.items()
        assert found.fields["year"] == "2023"
        assert latex(text) in found.fields["title"]

    def test_what_latex_has_no_command_for_stays(self):
        assert "李" in form("bibtex", replace(PLAIN, title="李"))
        assert form("bibtex", replace(PLAIN, title="李")).startswith("@misc{doe2023,")


class TestCff:
    def test_what_was_told_is_read_again(self):
        found = yaml.safe_load(form("cff", ODD))
        assert found["title"] == ODD.title
        assert found["abstract"] == ODD.description
        assert found["version"] == "1.10"
        assert found["authors"][1] == {"name": "Research and Development {Group}"}
        assert [i["value"] for i in found["identifiers"]] == [
            DIGESTS.swhid,
            f"sha256:{DIGESTS.sha256}",
            CODE[0].revision,
        ]

    def test_what_a_terminal_would_obey_is_escaped_and_read_again(self):
        odd = replace(PLAIN, title="a\x1b[31m\u202eb\u00a0é")
        assert form("cff", odd).replace("\n", "").isprintable()
        assert yaml.safe_load(form("cff", odd))["title"] == odd.title

    @pytest.mark.parametrize(
        "publication",
        [ODD, PLAIN, replace(ODD, licence="MIT AND CC0-1.0", authors=(JANE, JANE))],
        ids=["all", "least", "odd"],
    )
    def test_cffconvert_finds_it_valid(self, publication, tmp_path):
        program = os.environ.get("RPZ_CFFCONVERT")
        require(program, "no cffconvert: RPZ_CFFCONVERT names none")
        path = tmp_path / "CITATION.cff"
        path.write_text(form("cff", publication), encoding="utf-8")
        done = subprocess.run(
            [program, "--validate", "-i", path], capture_output=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout + done.stderr


class TestApa:
    def test_all_that_is_told(self):
        assert form("apa", ODD) == (
            "van der Größe, J. Q., Research and Development {Group}, & Łuk, Jr., A.-Z. (2026)."
            ' The {rate} of 50% & $k_1$ # in ~Dvořák\\ "x" ~é (Version 1.10) [Data set].'
            " Zenodo. https://doi.org/10.5281/zenodo.1234567\n"
        )

    def test_the_least(self):
        assert form("apa", PLAIN) == f"Doe, J. (2023). Enzymes [Data set]. {DIGESTS.swhid}\n"

    @pytest.mark.parametrize(
        ("count", "words"),
        [(2, "A0, & A1. (2023)"), (20, "A18, & A19. (2023)"), (21, "A18, . . . A20. (2023)")],
    )
    def test_many_authors(self, count, words):
        many = replace(PLAIN, authors=tuple(Author(f"A{i}") for i in range(count)))
        assert words in form("apa", many)


@pytest.mark.parametrize("missing", ["title", "authors"])
def test_what_has_no_title_or_author_cannot_be_cited(missing):
    with pytest.raises(PublicationError, match=missing) as raised:
        cited(replace(PLAIN, **{missing: type(getattr(PLAIN, missing))()}), DIGESTS, STARTED)
    assert "rpz meta" in raised.value.remedy
