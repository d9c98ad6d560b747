"""What people say of a publication: read from lines and documents, checked, and written again."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpz.errors import RpzError
from rpz.provenance.publication import authors, identifiers
from rpz.provenance.publication.document import (
    document_bytes,
    parsed_document,
    publication_of_document,
    related,
)
from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.licences import licence
from rpz.provenance.publication.model import (
    Author,
    Funding,
    Organization,
    Publication,
    Related,
    Relation,
)

CNRS = Organization("CNRS", "02feahw73")
JANE = Author("Doe", "Jane", "0000-0002-1825-0097", (CNRS,))
PLACES = (Organization("Inria (Paris)", "02kvxyf05"), Organization("CNRS"))
FULL = Publication(
    title="Figure 1",
    description="Größe & café\nin two lines",
    authors=(JANE, Author("The Group")),
    licence="CC-BY-4.0",
    keywords=("enzymes", "kinetics"),
    funding=(Funding(CNRS, "ANR-20"), Funding(Organization("ERC"))),
    related=(Related("10.1000/182"), Related("10.1000/183", Relation.IS_DERIVED_FROM)),
    version="1.0",
    date="2026-11-22",
    publisher="Zenodo",
    doi="10.5281/zenodo.1234567",
)
WORDS = st.text(min_size=1).map(str.strip).filter(bool)


@pytest.mark.parametrize(
    ("check", "text", "bare"),
    [
        (identifiers.orcid, "https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097"),
        (identifiers.orcid, "0000-0002-1694-233x", "0000-0002-1694-233X"),
        (identifiers.orcid, "0000000218250097", "0000-0002-1825-0097"),
        (identifiers.ror, "https://ror.org/02feahw73", "02feahw73"),
        (identifiers.ror, "05A28RW58", "05a28rw58"),
        (identifiers.ror, "00hx57361", "00hx57361"),
        (identifiers.doi, "https://doi.org/10.1000/182", "10.1000/182"),
        (identifiers.doi, "doi:10.5281/zenodo.1", "10.5281/zenodo.1"),
        (identifiers.doi, "10.1002/(SICI)1<1::AID>3.0.CO;2-B", "10.1002/(SICI)1<1::AID>3.0.CO;2-B"),
        (identifiers.day, "2026-11-22", "2026-11-22"),
        (licence, "cc-by-4.0", "CC-BY-4.0"),
        (licence, "mit and CC0-1.0", "MIT AND CC0-1.0"),
        (licence, "gpl-3.0", "GPL-3.0-only"),
    ],
)  # fmt: skip
def test_ids_in_one_form(check, text, bare):
    assert check(text) == bare
    assert check(bare) == bare


@pytest.mark.parametrize(
    ("check", "text", "words"),
    [
        (identifiers.orcid, "0000-0002-1825-0098", "check digits are wrong"),
        (identifiers.orcid, "0000-0002-1825", "is not an ORCID"),
        (identifiers.ror, "02feahw74", "check digits are wrong"),
        (identifiers.ror, "02feahu73", "is not a ROR id"),
        (identifiers.ror, "12feahw73", "is not a ROR id"),
        (identifiers.doi, "11.1000/182", "is not a DOI"),
        (identifiers.doi, "10.1000/18 2", "is not a DOI"),
        (identifiers.day, "2026-02-30", "is not a date"),
        (identifiers.day, "22.11.2026", "is not a date"),
        (licence, "Apache 2.0", "Apache-2.0"),
        (licence, "CC BY 4.0", "CC-BY-4.0"),
        (licence, "MIT OR", "is not a licence"),
        (licence, " ", "is not a licence"),
        (licence, "(MIT", "is not a licence"),
    ],
)
def test_wrong_ids_are_refused_and_the_way_out_is_named(check, text, words):
    with pytest.raises(PublicationError, match=words):
        check(text)


@pytest.mark.parametrize("digit", range(16))
def test_each_mistyped_digit_of_an_orcid_is_found(digit):
    right = "0000000218250097"
    for other in set("0123456789") - {right[digit]}:
        with pytest.raises(PublicationError):
            identifiers.orcid(right[:digit] + other + right[digit + 1 :])


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("Doe, Jane", Author("Doe", "Jane")),
        ("Jane Q. Doe", Author("Doe", "Jane Q.")),
        ("Doe, Jane <0000-0002-1825-0097> (CNRS; 02feahw73)", JANE),
        ("CERN", Author("CERN")),
        (
            "van der Berg, J. (Inria (Paris); https://ror.org/02kvxyf05) (CNRS)",
            Author("van der Berg", "J.", "", PLACES),
        ),
    ],
)  # fmt: skip
def test_authors_in_a_line(line, author):
    assert authors.author(line) == author
    assert authors.author(authors.author_line(author)) == author


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        ", Jane",
        "Doe <",
        "<0000-0002-1825-0097>",
        "Doe (a) b (c)",
        "Doe ()",
        "Doe (; 02feahw73)",
    ],
)
def test_no_author(line):
    with pytest.raises(PublicationError):
        authors.author(line)


def test_funding_and_relations_in_a_line():
    assert authors.funding("CNRS; 02feahw73: ANR-20") == Funding(CNRS, "ANR-20")
    assert authors.funding("CNRS") == Funding(Organization("CNRS"))
    assert related("10.1000/182") == Related("10.1000/182")
    assert related("iscitedby doi:10.1000/182") == Related("10.1000/182", Relation.IS_CITED_BY)
    with pytest.raises(PublicationError, match="IsSupplementTo"):
        related("Improves 10.1000/182")


def test_all_of_it_comes_back():
    assert parsed_document(document_bytes(FULL), "here") == FULL


@given(
    st.builds(
        Publication,
        title=st.text().map(str.strip),
        authors=st.lists(st.builds(Author, WORDS, st.text().map(str.strip))).map(tuple),
        keywords=st.lists(WORDS).map(tuple),
        funding=st.lists(st.builds(Funding, st.builds(Organization, WORDS))).map(tuple),
    )
)
def test_any_text_comes_back(publication):
    assert parsed_document(document_bytes(publication), "here") == publication


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"\xff\xfe{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"schema": 2}', "newer rpz"),
        (b'{"titel": "x"}', "'titel' is no field.*title"),
        (b'{"title": ["x"]}', "'title' is not a text"),
        (b'{"title": true}', "'title' is not a text"),
        (b'{"authors": "x"}', "'authors' is not a list"),
        (b'{"authors": [{"given": "x"}]}', "no family name"),
        (b'{"authors": [3]}', "neither a text nor an object"),
        (b'{"authors": [{"family": "x", "orcid": "1"}]}', "ORCID"),
        (b'{"keywords": [""]}', "not a word"),
        (b'{"funding": [{"award": "x"}]}', "neither a text nor an object"),
        (b'{"related": [{"relation": "Cites"}]}', "no DOI"),
        (b'{"title": "' + b"x" * (1 << 20) + b'"}', "greater than"),
    ],
)  # fmt: skip
def test_a_document_that_is_none_is_refused(data, words):
    with pytest.raises(PublicationError, match=words) as raised:
        parsed_document(data, "here")
    assert "here" in raised.value.message or "orcid" in words.lower()


@pytest.mark.parametrize(
    "field", ["title", "authors", "licence", "keywords", "funding", "related", "date", "doi"]
)
@pytest.mark.parametrize(
    "value", [None, True, 3, 1e308, "x\0", "\udc80", [], [[]], [None], [{"name": {}}], {"doi": []}]
)
def test_any_value_is_read_or_refused(value, field):
    with contextlib.suppress(RpzError):
        publication_of_document({field: value}, "here")
