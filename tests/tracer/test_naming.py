from __future__ import annotations

import pytest

from rpz.tracer.folder import TraceFolder
from rpz.tracer.naming import RunNameError, check_name, free_name, is_valid
from tests.packer.traces import Trace


@pytest.mark.parametrize("name", ["fit", "fit 1", "a-b", "2nd", "x@y (z).1:2%", "_", "a" * 100])
def test_names_that_reprozip_has_too(name):
    assert is_valid(name)


@pytest.mark.parametrize(
    "name", ["", "1", "12", "-a", " a", "a ", "a/b", "a,b", "é", "a\n", "a" * 101, "a'"]
)
def test_names_that_would_be_taken_for_something_else(name):
    assert not is_valid(name)


@pytest.mark.parametrize(
    ("name", "said"), [("1", "is made of"), ("run7", "as runs without a name"), ("run0", "as runs")]
)
def test_a_refused_name_is_told_with_the_rule(tmp_path, name, said):
    with pytest.raises(RunNameError) as caught:
        check_name(TraceFolder(tmp_path), name, keep=True)
    assert said in str(caught.value)


def test_a_name_is_unique_among_the_runs_that_stay(tmp_path):
    Trace(tmp_path).start(name="fit").save()
    folder = TraceFolder(tmp_path)
    with pytest.raises(RunNameError, match="already"):
        check_name(folder, "fit", keep=True)
    check_name(folder, "fit", keep=False)
    check_name(folder, "fit 2", keep=True)


def test_a_free_name_is_found():
    assert free_name("a", set()) == "a"
    assert free_name("a", {"a", "a-2"}) == "a-3"
