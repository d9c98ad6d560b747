"""What an image says of itself, whatever its pack says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rpz.packer.config.model import Package
from rpz.unpackers.image.configuration import labels
from tests.unpackers import packs

SOURCE = "org.opencontainers.image.source"


def of_git(purl, version="1"):
    package = Package("x", version, (), manager="git", purl=purl)
    return labels(replace(packs.config(("status", "0")), packages=(package,)))


def test_the_working_tree():
    assert of_git("pkg:generic/x?vcs_url=git%2Bhttps://a.org/x@1")[SOURCE] == "https://a.org/x"


@pytest.mark.parametrize("purl", ["", "http://[", "pkg:x?vcs_url=", "\x1b]0;x\x07"])
def test_a_package_url_that_is_none(purl):
    assert SOURCE not in of_git(purl)


def test_the_first_of_two():
    assert of_git("pkg:x?vcs_url=a&vcs_url=b")[SOURCE] == "a"


def test_a_terminal_obeys_none_of_it():
    found = of_git("pkg:x?vcs_url=a%1b%0ab", version="\x1b[31m\udcff")
    assert all(value.isprintable() for value in found.values())
