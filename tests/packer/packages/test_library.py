from __future__ import annotations

import pytest

from rpz.packer.config.model import Extent
from rpz.packer.packages.library import extent_of, is_library


@pytest.mark.parametrize(
    "path",
    [
        b"/usr/lib/python3.11/json/decoder.py",
        b"/opt/conda/lib/python3.13t/lib-dynload/_ssl.so",
        b"/usr/lib64/python3.9/os.py",
        b"/usr/lib/x86_64-linux-gnu/perl-base/strict.pm",
        b"/usr/share/perl/5.36.0/JSON/PP.pm",
        b"/usr/lib/x86_64-linux-gnu/perl/5.36.0/auto/POSIX/POSIX.so",
        b"/opt/perl/lib/perl5/5.38.0/strict.pm",
        b"/usr/lib/R/library/stats/R/stats.rdb",
        b"/usr/lib/R/modules/lapack.so",
        b"/opt/julia/share/julia/stdlib/v1.9/Random/src/Random.jl",
        b"/usr/lib/ruby/3.1.0/json.rb",
        b"/usr/lib/x86_64-linux-gnu/ruby/3.1.0/stringio.so",
    ],
)
def test_what_a_language_brings_along(path):
    assert is_library(path)
    assert extent_of([b"/usr/bin/x", path]) is Extent.LIBRARY


@pytest.mark.parametrize(
    "path",
    [
        b"/usr/lib/python3/dist-packages/numpy/__init__.py",
        b"/v/lib/python3.11/site-packages/numpy/__init__.py",
        b"/usr/lib/python3.11/test/test_os.py",
        b"/usr/lib/python3.11/sqlite3/test/x.py",
        b"/usr/lib/python3.11/idlelib/run.py",
        b"/usr/lib/python3.11/tkinter/ttk.py",
        b"/usr/lib/python3.11/lib-dynload/_tkinter.cpython-311-x86_64-linux-gnu.so",
        b"/usr/lib/R/library/tcltk/libs/tcltk.so",
        b"/usr/lib/python3.11/config-3.11-x86_64-linux-gnu/libpython3.11.a",
        b"/usr/lib/python3.11/__pycache__/os.cpython-311.pyc",
        b"/usr/share/perl5/XML/Parser.pm",
        b"/usr/share/perl/5.36.0/pod/perlfunc.pod",
        b"/usr/lib/R/library/ggplot2/R/ggplot2.rdb",
        b"/usr/lib/R/library/stats/help/AnIndex",
        b"/opt/julia/share/julia/stdlib/v1.9/Random/test/runtests.jl",
        b"/usr/lib/ruby/gems/3.1.0/gems/rake-13/lib/rake.rb",
        b"/home/me/python3.11/x.py",
        b"/usr/lib/x86_64-linux-gnu/libc.so.6",
    ],
)
def test_what_is_not_the_language_or_not_for_programs(path):
    assert not is_library(path)
    assert extent_of([path]) is Extent.TOUCHED
