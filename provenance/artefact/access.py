"""Who we are at a registry: what ``docker login`` has kept, and the tokens made of it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from requests.utils import parse_dict_header

from rpz.provenance.web.address import base_address
from rpz.provenance.web.client import Client
from rpz.provenance.web.errors import RefusedError, WebError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpz.provenance.artefact.reference import Reference


def authorization(where: Reference, challenge: str, actions: str) -> dict[str, str]:
    """Return the header that a registry asks for by its ``WWW-Authenticate``.

    ``actions`` is what is to be done there: ``pull``, ``pull,push``. A token is asked for at the
    address that the registry names (https://distribution.github.io/distribution/spec/auth/token).

    Raises:
        WebError: nobody is logged in, or the token isn't given.

    """
    scheme, _, rest = challenge.partition(" ")
    who = _login(where.host)
    if scheme.lower() == "basic":
        if not who:
            raise WebError(f"{where.host} wants to know who asks", _remedy(where.host))
        return who
    if scheme.lower() != "bearer":
        raise WebError(f"{where.host} asks for {scheme or 'nothing'} that rpz doesn't know")
    asked: dict[str, Any] = parse_dict_header(rest)  # type: ignore[no-untyped-call]
    return {"Authorization": f"Bearer {_token(where, asked, who, actions)}"}


def _token(where: Reference, asked: Mapping[str, Any], who: Mapping[str, str], actions: str) -> str:
    realm = str(asked.get("realm", ""))
    parts = urlsplit(base_address(realm.partition("?")[0]))
    query = {"service": asked.get("service", ""), "scope": f"repository:{where.name}:{actions}"}
    server = Client(f"{parts.scheme}://{parts.netloc}", who)
    try:
        page = server.page("GET", f"{parts.path}?{urlencode(query)}")
    except RefusedError as error:
        raise WebError(
            f"{where.host} gives no token: {error.message}", _remedy(where.host)
        ) from None
    token = page.get("token") or page.get("access_token")
    if not isinstance(token, str):
        raise WebError(f"{parts.netloc} gives no token", _remedy(where.host))
    return token


def _login(host: str) -> dict[str, str]:
    """Return the name and password that Docker has kept for a host, as a header; empty if none."""
    from docker import auth
    from docker.errors import DockerException

    try:
        found = auth.load_config().resolve_authconfig(host) or {}
    except (DockerException, OSError, json.JSONDecodeError) as error:
        raise WebError(
            f"The passwords that Docker keeps can't be read: {error}", f"Try docker login {host}"
        ) from None
    name, password = found.get("username") or found.get("Username"), found.get("password")
    password = password or found.get("Password")
    if not name or not password:
        return {}
    pair = base64.b64encode(f"{name}:{password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {pair}"}


def _remedy(host: str) -> str:
    return f"Log in: docker login {host}"
