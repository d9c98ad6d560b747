from __future__ import annotations

import json

import pytest
from rpaths import PosixPath

from rpz.packer.config.identities import identities, with_identities
from rpz.packer.config.model import Config, Extent, Package

FILES = (PosixPath(b"/a"),)
TOLD = (
    Package("a", "1", FILES, manager="dpkg", purl="pkg:deb/debian/a@1", extent=Extent.LIBRARY),
    Package("\udcff", "", FILES, manager="jar", purl=""),
)
PLAIN = Config((), packages=(Package("a", "1", FILES), Package("\udcff", "", FILES)))


def test_what_is_told_is_read_back():
    assert with_identities(PLAIN, identities(Config((), packages=TOLD))).packages == TOLD


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 300_000,
        b"[]",
        b"[1, 2]",
        b"\xff",
        json.dumps([{"name": "b"}, {"version": "2"}]).encode(),
    ],
)
def test_what_is_of_other_packages_is_passed_over(data):
    assert with_identities(PLAIN, data) == PLAIN


def test_an_unknown_extent_is_passed_over():
    data = identities(Config((), packages=TOLD)).replace(b'"library"', b'"half"')
    first, _ = with_identities(PLAIN, data).packages
    assert (first.extent, first.manager) == (Extent.TOUCHED, "dpkg")
