"""A manuscript's figures and numbers, with real runs, real LaTeX and real pandoc."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.conftest import require
from tests.provenance.others import ask
from tests.provenance.paper.runs import DOI, FIT, RESULTS, linked, png

PAPER = r"""
\documentclass{article}
\pdfcompresslevel
\usepackage{rpz}
\usepackage{hyperref}
\begin{document}
\section{Of \rpzresult{slope}}
\input{chapter}
% \rpzincludegraphics{commented.png}
\typeout{BARE \rpzvalue{slope}}
\begin{figure}\rpzincludegraphics[width=1cm]{figs/fig_1}\caption{\rpzresult{n}}\end{figure}
\rpzruns
\end{document}
"""
UNCOMPRESSED = {
    "pdflatex": r"\pdfcompresslevel=0 \pdfobjcompresslevel=0",
    "lualatex": r"\edef\pdfcompresslevel{\pdfvariable compresslevel}\pdfcompresslevel=0 "
    r"\pdfvariable objcompresslevel=0",
}
"""The engines, and how their PDF can be read. XeLaTeX is as pdfLaTeX, and 80 MB more to install."""
CHAPTER = r"\rpzresult{note} and \rpzresult{share}. \verb|\rpzresult{not}|"
MARKDOWN = """
Slope [slope]{.rpz}, ![inline](figs/fig_1.png){.rpz}

![A *figure*](figs/fig_1.png){.rpz width=50%}
"""
QUARTO = """---
filters: [rpz_filter.py]
---
[slope]{.rpz}

![A *figure*](figs/fig_1.png){#fig-one .rpz}

::: {layout-ncol=2}
![](figs/fig_1.png){.rpz}
:::

| a |
|---|
| [n]{.rpz} |
"""
DEFAULTS = """
from: markdown+autolink_bare_uris
to: html5
input-files: [paper.qmd]
output-file: paper.html
filters: [{type: json, path: rpz_filter.py}, citeproc]
"""


@pytest.fixture
def paper(tmp_path):
    """A folder with a manuscript."""
    (tmp_path / "paper.tex").write_text(PAPER)
    (tmp_path / "chapter.tex").write_text(CHAPTER)
    (tmp_path / "rpz.toml").write_text(RESULTS)
    return tmp_path


def typeset(folder, engine):
    """Run LaTeX, and return its status, its log on one line, and the PDF."""
    require(engine, f"no {engine} (on Debian and Ubuntu: apt-get install texlive-latex-base)")
    text = (folder / "paper.tex").read_text().replace(r"\pdfcompresslevel", UNCOMPRESSED[engine])
    (folder / "typeset.tex").write_text(text)
    argv = [engine, "-no-shell-escape", "-interaction=nonstopmode", "typeset"]
    status = subprocess.run(argv, cwd=folder, capture_output=True, check=False).returncode
    log = (folder / "typeset.log").read_bytes().decode("utf-8", "replace").replace("\n", "")
    return status, log.replace("(rpz)", " "), (folder / "typeset.pdf").read_bytes()


@pytest.mark.parametrize("engine", UNCOMPRESSED)
class TestLatex:
    def test_all_is_as_the_run_left_it(self, rpz, paper, pack, engine):
        found = linked(rpz, pack)
        assert list(found["files"]) == ["figs/fig_1", "fit.json"]
        assert (paper / "figs" / "fig_1.png").read_bytes() == png()
        status, log, pdf = typeset(paper, engine)
        assert status == 0, log
        assert "BARE -1.250e-07" in log
        assert pdf.count(f"https://doi.org/{DOI}".encode()) >= 6  # 4 numbers, a figure, the run
        assert b"/Subtype/Image" in pdf.replace(b" ", b"")

    def test_what_has_changed_is_an_error_that_names_the_run(self, rpz, paper, pack, engine):
        (run,) = linked(rpz, pack)["runs"]
        figure, numbers = paper / "figs" / "fig_1.png", paper / "fit.json"
        figure.write_bytes(figure.read_bytes() + b"\n")
        numbers.write_text(FIT.replace("12,", "13,"))
        status, log, pdf = typeset(paper, engine)
        assert status == 1
        for name in ("figs/fig_1.png", "fit.json"):
            assert f"{name} isn't what run fit of figure1.rpz ({run}) wrote" in log
        assert log.count("rpz Error") == 2
        assert "BARE ??" in log
        assert b"/Subtype/Image" not in pdf.replace(b" ", b"")

    def test_what_is_gone_or_not_in_the_map(self, rpz, paper, pack, engine):
        linked(rpz, pack)
        (paper / "figs" / "fig_1.png").unlink()
        with (paper / "chapter.tex").open("a") as file:
            file.write(r" \rpzincludegraphics{other.png} \rpzresult{other}")
        status, log, _ = typeset(paper, engine)
        assert status == 1
        assert "figs/fig_1.png of run fit of figure1.rpz" in log
        assert "other.png isn't in rpz-map.tex" in log
        assert "The result other isn't in rpz-map.tex" in log

    def test_without_a_map(self, rpz, paper, pack, engine):
        linked(rpz, pack)
        (paper / "rpz-map.tex").unlink()
        status, log, _ = typeset(paper, engine)
        assert (status, log.count("rpz Error")) == (1, 1)
        assert "There is no rpz-map.tex" in log


class TestLinks:
    """Where figures and numbers lead to; only pdfLaTeX, since the engines link alike."""

    def leads_to(self, paper):
        assert typeset(paper, "pdflatex")[0] == 0
        status, log, pdf = typeset(paper, "pdflatex")  # of a list further down it knows by now
        assert status == 0, log
        return pdf

    def test_an_odd_address(self, rpz, paper, pack):
        link = "https://example.org/a%20b/~x_y?q=1&z=#c"
        linked(rpz, pack, "--link", link)
        assert self.leads_to(paper).count(f"/URI({link})".encode()) >= 6

    def test_without_an_address_it_is_the_list_of_runs(self, rpz, paper, pack):
        linked(rpz, pack.parent / ".rpz-trace")
        pdf = self.leads_to(paper).replace(b" ", b"")
        assert pdf.count(b"/D(rpz.1)") >= 5
        assert b"/URI(" not in pdf

    def test_without_hyperref(self, rpz, paper, pack):
        linked(rpz, pack)
        text = (paper / "paper.tex").read_text().replace(r"\usepackage{hyperref}", "")
        (paper / "paper.tex").write_text(text)
        assert b"/URI" not in self.leads_to(paper)


class TestCheck:
    def test_nothing_has_changed(self, rpz, paper, pack):
        linked(rpz, pack)
        done = rpz("latex", "--check", "-m", paper / "paper.tex")
        assert (done.returncode, done.stdout) == (0, b"")

    def test_what_has_changed(self, rpz, paper, pack):
        linked(rpz, pack)
        (paper / "figs" / "fig_1.png").unlink()
        (paper / "fit.json").write_text(FIT.replace("12,", "13,"))
        with (paper / "rpz-map.tex").open("a") as file:
            file.write("\n")
        done = rpz("latex", "--check")
        lines = done.stdout.decode().splitlines()
        assert (done.returncode, len(lines)) == (1, 4)
        assert lines[0].startswith("figs/fig_1.png of run fit of figure1.rpz")
        assert lines[1].startswith("fit.json isn't what run fit of figure1.rpz")
        assert lines[2:] == [
            "Result n is 13 in fit.json, not 12", "rpz-map.tex isn't what rpz latex wrote"
        ]  # fmt: skip

    def test_no_map_and_a_damaged_one(self, rpz):
        assert b"There is no rpz-map.json" in rpz("latex", "--check").stderr
        (rpz.folder / "rpz-map.json").write_text("[]")
        done = rpz("latex", "--check")
        assert (done.returncode, b"is damaged" in done.stderr) == (1, True)


class TestBadInput:
    def refused(self, rpz, *words):
        done = rpz("latex", *words)
        assert done.returncode != 0
        assert not (rpz.folder / "rpz-map.json").exists()
        assert b"Traceback" not in done.stderr
        return done.stderr.decode()

    def test_a_figure_that_is_no_run_s(self, rpz, paper, pack):
        (paper / "figs").mkdir()
        (paper / "figs" / "fig_1.png").write_bytes(b"mine")
        words = self.refused(rpz, pack)
        assert "figs/fig_1.png isn't what run fit of figure1.rpz (" in words
        assert (paper / "figs" / "fig_1.png").read_bytes() == b"mine"

    def test_a_figure_that_nobody_wrote(self, rpz, paper, pack):
        (paper / "chapter.tex").write_text(r"\rpzincludegraphics{other}")
        assert "There is no other, and no run wrote one" in self.refused(rpz, pack)

    @pytest.mark.usefixtures("paper")
    def test_a_figure_that_is_nowhere_now(self, rpz, pack, tmp_path_factory):
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "figure1.rpz"
        shutil.copy(pack, elsewhere)
        figure = pack.parent / "fig_1.png"
        figure.rename(pack.parent / "moved.png")
        try:
            words = self.refused(rpz, elsewhere)
        finally:
            (pack.parent / "moved.png").rename(figure)
        assert "is neither in it nor where it was written. Run the pack" in words

    def test_a_result_that_is_not_declared(self, rpz, paper, pack):
        (paper / "rpz.toml").unlink()
        words = self.refused(rpz, "--result", "slope=fit.json:json:/slope", pack)
        assert "shows the result note, which isn't declared" in words

    def test_another_s_rpz_sty(self, rpz, paper, pack):
        (paper / "rpz.sty").write_text("mine")
        assert b"rpz.sty is another's" in rpz("latex", pack).stderr
        assert (paper / "rpz.sty").read_text() == "mine"

    @pytest.mark.parametrize("name", ["/etc/x.png", "a%b.png", 'a"b.png'])
    def test_odd_names(self, rpz, paper, pack, name):
        (paper / "paper.tex").write_text(rf"\rpzincludegraphics{{{name}}}")
        assert "be a file's name in a manuscript" in self.refused(rpz, pack)

    def test_nothing_is_put_elsewhere(self, rpz, paper, pack):
        (paper / "chapter.tex").write_text(r"\rpzincludegraphics{../fig_1.png}")
        assert "nothing is put outside of" in self.refused(rpz, pack)
        assert not (paper.parent / "fig_1.png").exists()

    def test_no_manuscript(self, rpz, pack):
        assert "No manuscript here shows anything" in self.refused(rpz, pack)
        assert "is no manuscript" in self.refused(rpz, "-m", "a.doc", pack)
        assert "There is no manuscript" in self.refused(rpz, "-m", "a.tex", pack)

    @pytest.mark.usefixtures("paper")
    def test_no_pack(self, rpz):
        assert "Name the packs" in self.refused(rpz)


class TestMarkdown:
    @pytest.fixture
    def paper(self, rpz, tmp_path, pack):
        require("pandoc", "no pandoc (on Debian and Ubuntu: apt-get install pandoc)")
        (tmp_path / "paper.md").write_text(MARKDOWN)
        (tmp_path / "rpz.toml").write_text(RESULTS)
        linked(rpz, pack)
        return tmp_path

    def made(self, folder):
        argv = ["pandoc", "--filter", "./rpz_filter.py", "paper.md", "-t", "html"]
        return subprocess.run(argv, cwd=folder, capture_output=True, check=False)

    def test_all_is_as_the_run_left_it(self, paper):
        done = self.made(paper)
        assert (done.returncode, done.stderr) == (0, b"")
        text = " ".join(done.stdout.decode().split())
        assert "-1.250e-07</a>" in text
        assert text.count(f'href="https://doi.org/{DOI}"') == 3
        assert "<figcaption" in text

    def test_pandoc_3_as_quarto_calls_it(self, paper):
        """Quarto itself is in no registry: this is what it tells its own pandoc."""
        question = "import pypandoc; print(pypandoc.get_pandoc_path(), end='')"
        pandoc = ask("-c", question).decode()
        argv = [pandoc, "--defaults", "quarto.yml"]
        (paper / "paper.qmd").write_text(QUARTO)
        (paper / "quarto.yml").write_text(DEFAULTS)
        done = subprocess.run(argv, cwd=paper, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        text = " ".join((paper / "paper.html").read_text().split())
        assert text.count(f'href="https://doi.org/{DOI}"') == 4
        assert '<figure id="fig-one"> <a' in text
        (paper / "paper.html").unlink()
        (paper / "figs" / "fig_1.png").write_bytes(b"another")
        done = subprocess.run(argv, cwd=paper, capture_output=True, check=False)
        assert (done.returncode == 0, (paper / "paper.html").exists()) == (False, False)
        assert b"figs/fig_1.png isn't what run fit of figure1.rpz (" in done.stderr

    def test_what_has_changed_is_an_error_that_names_the_run(self, paper):
        (paper / "fit.json").write_text(FIT + "\n")
        done = self.made(paper)
        assert (done.returncode == 0, done.stdout) == (False, b"")
        assert b"fit.json isn't what run fit of figure1.rpz (" in done.stderr
