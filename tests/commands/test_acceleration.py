"""`rpz trace --accelerate`, and what is told of it; what it does has tests of its own."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Rpz

pytestmark = pytest.mark.usefixtures("native_tracer")

FILES = 60
LOOKS = ["find", ".", "-newer", "file"]


@pytest.fixture(autouse=True)
def _files(rpz: Rpz) -> None:
    for name in ("file", *map(str, range(FILES))):
        (rpz.folder / name).touch()


def calls(rpz: Rpz, *options: str, **env: str) -> Any:
    """Trace what looks at each of the files, and return how its calls were seen."""
    done = rpz("trace", "-w", *options, *LOOKS, env={"RPZ_ACCELERATE": "", **env})
    assert done.returncode == 0, done.stderr
    found = json.loads(rpz("show", "--json").stdout)["calls"]
    assert found is None or set(found) == {
        "stopped", "noticed", "logged", "repeated", "accelerated_processes", "compared",
        "different"
    }  # fmt: skip
    return found


def test_what_was_seen_which_way_is_shown(rpz: Rpz) -> None:
    off = calls(rpz, "--accelerate", "off")
    assert off["accelerated_processes"] == off["logged"] == off["repeated"] == 0
    assert off["stopped"] + off["noticed"] > FILES
    said = rpz("show").stdout.decode()
    total = f"{off['stopped']:,} by a stop, {off['noticed']:,} by a notice"
    assert f"\n  calls      {total}\n" in said


def test_on(rpz: Rpz) -> None:
    on = calls(rpz, "--accelerate", "on")
    said = rpz("show").stdout.decode()
    if on["noticed"] == 0:  # nor could it be accelerated: an older kernel, another processor
        assert on["accelerated_processes"] == 0
        return
    assert on["accelerated_processes"] == 1
    inside = on["logged"] + on["repeated"]
    assert inside > FILES > on["noticed"]
    assert f"\n  calls      {inside:,} seen inside of 1 process, " in said


def test_check(rpz: Rpz) -> None:
    found = calls(rpz, "--accelerate", "check")
    said = rpz("show").stdout.decode()
    assert found["different"] == 0
    assert (found["compared"] > FILES) == (found["accelerated_processes"] > 0)
    if found["compared"]:
        assert f"; {found['compared']:,} looks compared both ways: no difference\n" in said


def test_a_difference_is_shown(rpz: Rpz) -> None:
    calls(rpz)
    with contextlib.closing(sqlite3.connect(rpz.folder / ".rpz-trace/trace.sqlite3")) as trace:
        trace.execute("UPDATE runs SET looks_compared = 4000, looks_different = 3")
        trace.commit()
    assert b"; 4,000 looks compared both ways: 3 DIFFER\n" in rpz("show").stdout


def test_by_the_variable(rpz: Rpz) -> None:
    off = calls(rpz, RPZ_ACCELERATE="off")
    assert off["accelerated_processes"] == 0


def test_the_option_comes_before_the_variable(rpz: Rpz) -> None:
    off = calls(rpz, "--accelerate", "off", RPZ_ACCELERATE="on")
    assert off["accelerated_processes"] == 0


def test_stops_only_leaves_all_out(rpz: Rpz) -> None:
    stops = calls(rpz, "--stops-only", RPZ_ACCELERATE="on")
    assert stops["noticed"] == stops["accelerated_processes"] == 0
    assert stops["stopped"] > FILES


def test_the_reference_engine_tells_nothing(rpz: Rpz) -> None:
    assert calls(rpz, "--engine", "python", RPZ_ACCELERATE="on") is None
    assert "  calls  " not in rpz("show").stdout.decode()


def test_what_was_found_out_of_libraries_is_kept(rpz: Rpz, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for choice in ("off", "on"):
        assert not cache.exists()
        on = calls(rpz, "--accelerate", choice, XDG_CACHE_HOME=str(cache))
    assert bool(list(cache.glob("rpz/sites/*"))) == (on["accelerated_processes"] > 0)


def test_a_cache_that_can_not_be_used_is_left_alone(rpz: Rpz, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    on = calls(rpz, "--accelerate", "on", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert on["logged"] > 0 or on["noticed"] == 0


@pytest.mark.parametrize("choice", ["on", "check"])
@pytest.mark.parametrize("option", ["--engine=python", "--stops-only"])
def test_what_can_not_be_had_is_refused(rpz: Rpz, choice: str, option: str) -> None:
    done = rpz("trace", "--accelerate", choice, option, "touch", "made")
    assert done.returncode == 2
    assert f"--accelerate {choice}".encode() in done.stderr
    assert not (rpz.folder / "made").exists()


@pytest.mark.parametrize("options", [["--accelerate", "perhaps"], []])
def test_an_unknown_choice(rpz: Rpz, options: list[str]) -> None:
    env = {} if options else {"RPZ_ACCELERATE": "perhaps"}
    done = rpz("trace", *options, "touch", "made", env=env)
    assert done.returncode == 2
    assert b"'perhaps' is not one of 'auto', 'on', 'off', 'check'" in done.stderr
    assert not (rpz.folder / "made").exists()
