"""Where tokens come from."""

from __future__ import annotations

import keyring
import keyring.backend
import pytest

from rpz.provenance.web.errors import WebError
from rpz.provenance.web.tokens import token


class Ring(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return {("zenodo.org", "ZENODO_TOKEN"): "from the ring".replace(" ", "-")}.get(
            (service, username)
        )

    def set_password(self, service, username, password):
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _ring(monkeypatch):
    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    monkeypatch.delenv("ZENODO_TOKEN", raising=False)
    yield
    keyring.set_keyring(before)


def test_the_environment_comes_first(monkeypatch):
    assert token("ZENODO_TOKEN", "https://zenodo.org", "") == "from-the-ring"
    monkeypatch.setenv("ZENODO_TOKEN", " mine\n")
    assert token("ZENODO_TOKEN", "https://zenodo.org", "") == "mine"


def test_a_token_is_of_one_server():
    with pytest.raises(WebError, match=r"no token for evil\.example.*keyring set evil\.example"):
        token("ZENODO_TOKEN", "https://evil.example", "there")


@pytest.mark.parametrize("wrong", ["a b", "é", "a\nX-Other: b"])
def test_what_is_no_token(monkeypatch, wrong):
    monkeypatch.setenv("ZENODO_TOKEN", wrong)
    with pytest.raises(WebError, match="is no token") as error:
        token("ZENODO_TOKEN", "https://zenodo.org", "")
    assert wrong not in str(error.value)
