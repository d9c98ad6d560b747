"""What tells a secret: the name that it goes by, or its form (``docs/secrets.md``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.secrets.names import Naming, naming
from rpz.packer.secrets.values import SMALL_NUMBER, is_plain_value, looks_random

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    _form("vault-token", rb"hv[sbr]\.[\w-]{16,}"),
    _form("telegram-token", rb"(?:bot)?(\d{6,12}:AA[\w-]{20,})"),
    _form("slack-webhook", rb"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/]{8,})"),
    _form("discord-webhook", rb"discord(?:app)?\.com/api/webhooks/\d+/([\w-]{20,})"),
    _form("azure-key", rb"(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{16,}={0,2})"),
    _form("sentry-dsn", rb"https?://(\w{8,})@[\w.-]{0,200}sentry[\w.-]{0,200}/"),
    _form("npm-token", rb"npm_[A-Za-z0-9]{30,}"),
    _form("jwt", rb"eyJ[\w-]{8,4096}\.eyJ[\w-]{8,8192}\.[\w-]*"),
    _form(
        "private-key",
        rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}-----|\Z)",
    ),
    _form("url-password", rb"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^/\s:@]*:([^/\s@]+)@"),
    Form("url-key", re.compile(rb"://(?=[\w-]{0,300}\d)([\w-]{20,})@")),
    _form("authorization", rb"(?i:Bearer|Basic|Authorization:\s*Token)\s+([\w.~+/=-]{16,})"),
)
"""The token forms that are known: a row is all that a new one needs."""

ASSIGNMENTS = (
    re.compile(
        rb"(?<![\w$.-])([A-Za-z_]\w*)="
        rb"(?:\"([^\"$`]+)\"|'([^']+)'|([^\s\"'$;&|()<>`{}\[\],]+)(?![\w(]))"
    ),
    re.compile(
        rb"(?<![\w.-])(--?[A-Za-z][\w.-]*)(?:=|\s+)"
        rb"(?:\"([^\"$`]+)\"|'([^']+)'|([^\s\"'$;&|()<>`{}\[\],-][^\s\"'$;&|()<>`{}\[\],]*))"
    ),
    re.compile(
        rb"(?<![\w-])[\d-]*([A-Za-z_][\w-]*)[\"']?\s*[:=]\s*(?:\"([^\"\\$]+)\"|'([^'\\$]+)')"
    ),
)
"""In a longer text, a script say: ``NAME=value``, ``--name value``, ``"name": "value"``."""


SCHEME = rb":[ \t]*(?:(?i:Bearer|Basic|Token|Digest|ApiKey)[ \t]+)?"
HEADER = re.compile(rb"(?s)([A-Za-z][\w-]*)" + SCHEME + rb"(.+)")
HEADERS = re.compile(
    rb"(?<![\w-])(?:-[A-Za-z]*H|--headers?)[ =]*([\"'])([A-Za-z][\w-]*)" + SCHEME + rb"(.*?)\1"
)
"""Headers of HTTP: of one option, and of those in a script."""


@dataclass(frozen=True)
class Span:
    """Where in a text a secret is, and by which name it is told."""

    name: str
    start: int
    end: int


def header_spans(text: bytes, start: int) -> Iterator[Span]:
    """Yield the secret in a header of HTTP, to the end of a text: ``X-Api-Key: …``."""
    if match := HEADER.fullmatch(text, start):
        yield from named(match[1], text, *match.span(2), sure=True)


def named(name: bytes, text: bytes, start: int, end: int, *, sure: bool = False) -> Iterator[Span]:
    """Yield the span of what goes by a name, if that is a secret.

    ``sure`` is whether the name means nothing else where it stands: the ``Cookie`` of a header.
    """
    value = text[start:end]
    says = naming(name)
    if says is Naming.NOTHING or is_plain_value(value):
        return
    if says is Naming.MAYBE and not sure and not looks_random(value, typed=b"PASS" in name.upper()):
        return
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
    for match in HEADERS.finditer(text):
        yield from named(match[2], text, *match.span(3), sure=True)
