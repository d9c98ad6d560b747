"""Where it is kept what was found in libraries: never where another user could put it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from rpz.tracer.acceleration import Acceleration, sites_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for what can be had again; it isn't there yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def test_each_has_a_word_of_the_tracer() -> None:
    assert [way.word for way in Acceleration] == ["often", "all", "never", "check"]


def test_it_is_made_for_the_user_alone(cache: Path) -> None:
    assert sites_folder() == cache / "rpz" / "sites"
    assert stat.S_IMODE((cache / "rpz/sites").stat().st_mode) == 0o700
    assert sites_folder() == cache / "rpz" / "sites"


@pytest.mark.parametrize("value", ["", "relative"])
def test_at_home(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert sites_folder() == tmp_path / ".cache/rpz/sites"


def test_a_file_is_there(cache: Path) -> None:
    cache.touch()
    assert sites_folder() is None


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o702])
def test_others_may_go_there(cache: Path, mode: int) -> None:
    (cache / "rpz/sites").mkdir(parents=True)
    (cache / "rpz/sites").chmod(mode)
    assert sites_folder() is None


def test_it_is_a_link_to_a_folder(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir(mode=0o700)
    (cache / "rpz").mkdir(parents=True)
    (cache / "rpz/sites").symlink_to(tmp_path / "other")
    assert sites_folder() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_it_is_another_users(cache: Path) -> None:
    (cache / "rpz/sites").mkdir(parents=True, mode=0o700)
    os.chown(cache / "rpz/sites", 12345, 12345)
    assert sites_folder() is None
