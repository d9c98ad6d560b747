"""What tells a secret: the name that it goes by, or its form (``docs/secrets.md``)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REDACTED = b"<redacted>"
"""What stands in a pack where a secret was."""

SECRET_NAME = re.compile(
    rb"(?:PASSWORDS?|PASSWD|PASSPHRASE|PASSCODE|TOKENS?|SECRETS?|CREDENTIALS?|API_?KEYS?"
    rb"|ACCESS_?KEYS?|PRIVATE_?KEYS?|SECRET_?KEYS?|SIGNING_?KEYS?|ENCRYPTION_?KEYS?)(?![A-Z0-9])"
    rb"|(?<![A-Z])(?:AUTH|AUTHORIZATION|BEARER|COOKIE|PASS|PAT|DB_PWD|MYSQL_PWD)(?![A-Z0-9])"
    rb"|SSHPASS"
)
"""In a name in capitals, with ``_`` for other signs: ``TOKENIZERS`` and ``AUTHOR`` are none."""

PLAIN_NAME = re.compile(
    rb"^(?:NO|DISABLE|ENABLE|USE|SKIP|ASK|MAX|MIN|NUM|N)_|^(?:PASS|COOKIE)$"
    rb"|^(?:SSH_AUTH_SOCK|XAUTHORITY|GIT_ASKPASS|SSH_ASKPASS|GPG_AGENT_INFO)$"
    rb"|_(?:FILE|PATH|DIR|SOCK|SOCKET|URL|URI|HOST|PORT|TYPE|METHOD|MODE|EXPIRY|EXPIRES|TTL|TIMEOUT"
    rb"|LENGTH|LIMIT|COUNT|STDIN|STORE|HELPER|PROVIDER|USER|USERNAME|ENABLED)$"
)
"""Names that only tell about a secret, or where one is."""

COMMON = frozenset(
    b"true false yes no on off none null nil auto always never default enabled disabled basic "
    b"digest oauth oauth2 bearer required optional".split()
)
"""Values that are no secret, whatever their name."""

FILE_NAME = re.compile(rb"[\w./~+-]+\.(?:json|ya?ml|txt|key|pem|env|ini|toml|cfg|conf|p12|crt)")
SMALL_NUMBER = re.compile(rb"[+-]?\d{1,5}(?:\.\d+)?")
REFERENCE = re.compile(rb"\$|<|%\(|\{\{")
"""How a value begins that is only a reference to one."""


@dataclass(frozen=True)
class Form:
    """What a kind of token looks like; its first group, if it has one, is the secret."""

    name: str
    pattern: re.Pattern[bytes]


def _form(name: str, pattern: bytes) -> Form:
    return Form(name, re.compile(rb"(?<![A-Za-z0-9])" + pattern))


FORMS = (
    _form("github-token", rb"(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{22,255})"),
    _form("gitlab-token", rb"gl(?:pat|dt|rt|cbt|ptt|ft)-[\w-]{20,}"),
    _form("aws-key", rb"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _form("sk-key", rb"sk-(?=[\w-]{0,300}\d)(?=[\w-]{0,300}[A-Z])(?=[\w-]{0,300}[a-z])[\w-]{20,}"),
    _form("stripe-key", rb"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _form("google-key", rb"AIza[\w-]{35}"),
    _form("slack-token", rb"xox[abeoprs]-[\w-]{10,}"),
    _form("huggingface-token", rb"hf_[A-Za-z0-9]{20,}"),
    _form("pypi-token", rb"pypi-(?:AgE[\w-]{20,}|[\w-]{60,})"),
    _form("npm-token", rb"npm_[A-Za-z0-9]{30,}"),
    _form("jwt", rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
    _form(
        "private-key",
        rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}-----|\Z)",
    ),
    _form("url-password", rb"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^/\s:@]*:([^/\s@]+)@"),
    _form("authorization", rb"(?i:Bearer|Basic|Authorization:\s*Token)\s+([\w.~+/=-]{16,})"),
)
"""The token forms that are known: a row is all that a new one needs."""

ASSIGNMENTS = (
    re.compile(
        rb"(?<![\w$.-])([A-Za-z_]\w*)="
        rb"(?:\"([^\"$`]+)\"|'([^']+)'|([^\s\"'$;&|()<>`{}\[\],]+)(?![\w(]))"
    ),
    re.compile(
        rb"(?<![\w-])(--?[A-Za-z][\w.-]*)(?:=|\s+)"
        rb"(?:\"([^\"$`]+)\"|'([^']+)'|([^\s\"'$;&|()<>`{}\[\],-][^\s\"'$;&|()<>`{}\[\],]*))"
    ),
    re.compile(rb"([A-Za-z_][\w-]*)[\"']?\s*[:=]\s*(?:\"([^\"\\$]+)\"|'([^'\\$]+)')"),
)
"""In a longer text, a script say: ``NAME=value``, ``--name value``, ``"name": "value"``."""


def is_secret_name(name: bytes) -> bool:
    """Whether what goes by a name is a secret: ``GITHUB_TOKEN``, ``--db-password``, ``apiKey``."""
    words = re.sub(rb"(?<=[a-z0-9])(?=[A-Z])", b"_", name.lstrip(b"-"))
    plain = re.sub(rb"[^A-Z0-9]+", b"_", words.upper())
    return SECRET_NAME.search(plain) is not None and PLAIN_NAME.search(plain) is None


def is_plain_value(value: bytes) -> bool:
    """Whether a value is none that anybody would keep secret, or only names one."""
    if value.lower() in COMMON or REFERENCE.match(value) or REDACTED in value:
        return True
    if not value.strip() or FILE_NAME.fullmatch(value):
        return True
    if not value.startswith((b"/", b"~/", b"./")) or b"\0" in value:
        return False
    folder = os.path.dirname(value)
    return folder == b"~" or os.path.lexists(value) or (folder != b"/" and os.path.isdir(folder))


@dataclass(frozen=True)
class Span:
    """Where in a text a secret is, and by which name it is told."""

    name: str
    start: int
    end: int


def named(name: bytes, text: bytes, start: int, end: int) -> Iterator[Span]:
    """Yield the span of what goes by a name, if that is a secret."""
    value = text[start:end]
    if is_secret_name(name) and not is_plain_value(value):
        if SMALL_NUMBER.fullmatch(value) and b"PASS" not in name.upper():
            return  # TOKENS=4096
        yield Span(name.decode("utf-8", "backslashreplace"), start, end)


def spans(text: bytes) -> Iterator[Span]:
    """Yield the secrets in a text: by their form, or by the name that they are given there."""
    for form in FORMS:
        for match in form.pattern.finditer(text):
            start, end = match.span(form.pattern.groups)
            if not is_plain_value(text[start:end]):
                yield Span(form.name, start, end)
    for pattern in ASSIGNMENTS:
        for match in pattern.finditer(text):
            start, end = match.span(match.lastindex or 0)
            yield from named(match[1], text, start, end)
