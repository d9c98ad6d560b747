"""A paper that Sphinx makes, with real runs."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

from tests.conftest import require, rpz_in
from tests.provenance.paper.runs import DOI, RESULTS, linked, png

CONF = """
import os, sys
sys.path.insert(0, os.path.abspath("."))
extensions = ["rpz_sphinx"]
project = "Paper"
"""
INDEX = """
Paper
=====
The slope is :rpz:`slope`.

.. rpz-figure:: figs/fig_1.png
   :width: 50%

   A *caption* with :rpz:`share`.

.. toctree::

   sub/more
"""
MORE = """
More
====
.. only:: html or latex

   .. rpz-figure:: /figs/fig_1.png
      :target: https://example.org/

   :rpz:`note`
"""


@pytest.fixture
def paper(rpz, tmp_path, pack):
    require("pandoc", "no pandoc (on Debian and Ubuntu: apt-get install pandoc)")
    require(importlib.util.find_spec("sphinx"), "no Sphinx (pip install sphinx)")
    (tmp_path / "sub").mkdir()
    for name, text in (("conf.py", CONF), ("index.rst", INDEX), ("sub/more.rst", MORE)):
        (tmp_path / name).write_text(text)
    (tmp_path / "rpz.toml").write_text(RESULTS)
    found = linked(rpz, pack)
    assert list(found["files"]) == ["figs/fig_1.png", "fit.json"]
    return tmp_path


def made(folder, builder, *options):
    places = [folder, folder / "_build" / builder]
    argv = [sys.executable, "-m", "sphinx", "-q", *options, "-b", builder, *places]
    return subprocess.run(argv, capture_output=True, check=False)


def test_all_is_as_the_run_left_it(paper):
    for builder in ("html", "latex"):
        done = made(paper, builder, "-W")
        assert (done.returncode, done.stderr) == (0, b"")
    page = (paper / "_build/html/index.html").read_text()
    assert f'href="https://doi.org/{DOI}">-1.250e-07</a>' in page
    assert page.count(f'href="https://doi.org/{DOI}"') == 3
    assert (paper / "_build/html/_images/fig_1.png").read_bytes() == png()
    more = (paper / "_build/html/sub/more.html").read_text()
    assert more.count(f'href="https://doi.org/{DOI}"') == 1
    assert 'href="https://example.org/"' in more
    text = (paper / "_build/latex/paper.tex").read_text()
    assert text.count(rf"\sphinxhref{{https://doi.org/{DOI}}}{{\sphinxincludegraphics") == 1
    assert r"12.3\%" in text


def test_what_has_changed_is_an_error_though_its_document_has_not(paper):
    assert made(paper, "html").returncode == 0
    for name in ("figs/fig_1.png", "fit.json"):
        before = (paper / name).read_bytes()
        (paper / name).write_bytes(before + b" ")
        done = made(paper, "html")
        assert done.returncode == 2
        assert f"index: {name} isn't what run fit of figure1.rpz (".encode() in done.stderr
        (paper / name).write_bytes(before)


def test_what_is_gone_or_not_in_the_map(paper):
    (paper / "figs" / "fig_1.png").unlink()
    done = made(paper, "html")
    assert (done.returncode, b"figs/fig_1.png of run fit of figure1" in done.stderr) == (2, True)
    (paper / "index.rst").write_text("A\n=\n:rpz:`other`\n")
    done = made(paper, "html")
    assert (done.returncode, b"other isn't in the map" in done.stderr) == (2, True)


def test_without_an_address_nothing_leads_there(rpz, paper, pack):
    linked(rpz, pack.parent / ".rpz-trace")
    done = made(paper, "html", "-W")
    assert (done.returncode, done.stderr) == (0, b"")
    page = (paper / "_build/html/index.html").read_text()
    assert ("-1.250e-07" in page, "rpz-run" in page) == (True, False)


def test_names_are_told_from_the_folder_of_conf_py(paper, pack):
    (paper / "rpz-map.json").unlink()
    (paper / "sub" / "more.rst").write_text(".. rpz-figure:: fig_1.png\n")
    done = rpz_in(paper / "sub")("latex", "-m", "more.rst", pack)
    assert done.returncode == 0, done.stderr
    found = json.loads((paper / "rpz-map.json").read_bytes())
    assert list(found["files"]) == ["sub/fig_1.png", "fit.json"]
    assert (paper / "sub" / "fig_1.png").read_bytes() == png()
