"""Files of other programs that say already who made it, and under which licence."""

from __future__ import annotations

import pytest

from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.model import (
    Author,
    Funding,
    Organization,
    Publication,
    Related,
    Relation,
)
from rpz.provenance.publication.sources import read_file

JANE = Author("von Doe", "Jane", "0000-0002-1825-0097", (Organization("CNRS"),))
CFF = """\
cff-version: 1.2.0
message: Please cite
title: Enzymes
abstract: What they do
version: 1.10
date-released: 2026-11-22
license: [MIT, Apache-2.0]
keywords: [enzymes]
doi: 10.5281/zenodo.77
preferred-citation: {type: article, title: Paper, authors: [{name: X}], doi: 10.1000/182}
authors:
- {family-names: Doe, name-particle: von, given-names: Jane, affiliation: CNRS,
   orcid: "https://orcid.org/0000-0002-1825-0097"}
- {name: The Group, orcid: nonsense}
- 3
"""
CODEMETA = """{
"@context": "https://w3id.org/codemeta/3.0", "@type": "SoftwareSourceCode",
"name": "Enzymes", "description": "What they do", "version": "1.10",
"license": "https://spdx.org/licenses/MIT", "keywords": "enzymes, kinetics",
"identifier": "https://doi.org/10.5281/zenodo.77", "funding": "ANR-20",
"referencePublication": [{"@id": "https://doi.org/10.1000/182"}, {"name": "no doi"}],
"funder": {"@id": "https://ror.org/02feahw73", "name": "CNRS"},
"author": [{"@id": "https://orcid.org/0000-0002-1825-0097", "givenName": "Jane",
 "familyName": "von Doe", "affiliation": {"name": "CNRS"}}, {"name": "The Group"}, null]
}"""
TOML = """\
[publication]
title = "Enzymes"
authors = ["von Doe, Jane <0000-0002-1825-0097> (CNRS)", {family = "The Group"}]
date = 2026-11-22
"""


def read(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_file(path)


def test_a_citation_file_is_of_the_code_not_of_the_pack(tmp_path):
    assert read(tmp_path, "CITATION.cff", CFF) == Publication(
        title="Enzymes",
        description="What they do",
        version="1.1",  # what YAML says that is
        licence="MIT OR Apache-2.0",
        keywords=("enzymes",),
        authors=(JANE, Author("The Group")),
        related=(Related("10.1000/182"), Related("10.5281/zenodo.77", Relation.IS_COMPILED_BY)),
    )


def test_codemeta(tmp_path):
    assert read(tmp_path, "codemeta.json", CODEMETA) == Publication(
        title="Enzymes",
        description="What they do",
        version="1.10",
        licence="MIT",
        keywords=("enzymes", "kinetics"),
        authors=(JANE, Author("The Group")),
        funding=(Funding(Organization("CNRS", "02feahw73"), "ANR-20"),),
        related=(Related("10.1000/182"), Related("10.5281/zenodo.77", Relation.IS_COMPILED_BY)),
    )


def test_rpz_toml_and_a_file_of_another_name(tmp_path):
    expected = Publication(title="Enzymes", authors=(JANE, Author("The Group")), date="2026-11-22")
    assert read(tmp_path, "rpz.toml", TOML) == expected
    assert read(tmp_path, "mine.toml", TOML) == expected
    assert read(tmp_path, "mine.cff", CFF).title == "Enzymes"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("CITATION.cff", "a: [", "is not YAML"),
        ("CITATION.cff", b"\xff\xfe\x00", "is not YAML"),
        ("CITATION.cff", "- a", "no cff-version"),
        ("CITATION.cff", "!!python/object/apply:os.system [true]", "is not YAML"),
        ("codemeta.json", "{", "is not JSON"),
        ("codemeta.json", "[]", "is not a JSON object"),
        ("rpz.toml", "a", "is not TOML"),
        ("rpz.toml", "publication = 3", "not a table"),
        ("rpz.toml", "[publication]\ntitel = 3", "'titel' is no field"),
        ("README.md", "", "of no kind"),
        ("rpz.toml", "#" * (1 << 21), "greater than"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, text, words):
    with pytest.raises(PublicationError, match=words) as raised:
        read(tmp_path, name, text)
    assert name in raised.value.message


@pytest.mark.parametrize("value", ["3", "[]", "{}", "[[]]", "[{}]", "null", '"x"', "true"])
@pytest.mark.parametrize("key", ["title", "authors", "license", "keywords", "doi", "version"])
def test_any_value_is_passed_over(tmp_path, key, value):
    read(tmp_path, "CITATION.cff", f"cff-version: 1.2.0\n{key}: {value}\n")
    names = {"title": "name", "authors": "author", "doi": "identifier"}
    read(tmp_path, "codemeta.json", f'{{"{names.get(key, key)}": {value}}}')
