"""The names that secrets go by: of variables, options, keys in settings (``docs/secrets.md``)."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

REMEMBERED = 1 << 12
"""Names whose kind is remembered: processes pass on what they have."""


class Naming(Enum):
    """What a name says of its value."""

    NOTHING = "nothing"
    MAYBE = "maybe"
    """It is a secret if it looks like one: a ``KEY`` opens a door, or sorts a table."""
    SECRET = "secret"  # noqa: S105 (the word)


SECRET_NAME = re.compile(
    rb"(?:PASS_?WORDS?|PASSWD|PASS_?PHRASE|PASS_?CODE|CREDENTIALS?|API_?KEYS?|ACCOUNT_?KEYS?"
    rb"|ACCESS_?KEYS?|PRIVATE_?KEYS?|SECRET_?KEYS?|SIGNING_?KEYS?|ENCRYPTION_?KEYS?)(?![A-Z0-9])"
    rb"|(?:TOKENS?|SECRETS?)(?:_?\d{1,2})?$"
    rb"|(?:TOKEN|SECRET)_(?:VALUE|STRING|TEXT|BASE|ID|KEY|HEX|B64|BASE64)$"
    rb"|(?<![A-Z])(?:AUTH|AUTHORIZATION|BEARER|DB_PWD|MYSQL_PWD)(?![A-Z0-9])"
    rb"|(?<![A-Z])(?:JWT|SSHPASS)$"
    rb"|(?<![A-Z])(?:SMTP|E?MAIL|IMAP|POP3?|DB|DATABASE|SQL|MYSQL|PG|POSTGRES|MONGO|REDIS|RABBITMQ"
    rb"|AMQP|MQTT|LDAP|S?FTP|SSH|HTTPS?|PROXY|VPN|WIFI|ADMIN|ROOT|SUDO|USER|LOGIN|STORE|KEYSTORE"
    rb"|CERT|GPG|VAULT|SERVER|API|EARTHDATA|URS|IRODS)_PASS$"
    rb"|(?<![A-Z])(?:GIT|GITHUB|GITLAB|GH|GL|AZURE|DEVOPS|EXT|ADO|AZP|BITBUCKET|DATABRICKS"
    rb"|SNOWFLAKE|AIRTABLE)_PAT$"
)
"""In a name in capitals, with ``_`` for other signs: ``TOKENIZERS`` and ``AUTHOR`` are none."""

MAYBE_NAME = re.compile(
    rb"(?<![A-Z0-9])(?:PASS|PAT|COOKIES?|KEY)(?:_?\d{1,2})?$|(?:TOKENS?|SECRETS?)_"
)
"""Names with words that mean much besides."""

PLAIN_NAME = re.compile(
    rb"^(?:NO|DISABLE|ENABLE|USE|SKIP|ASK|MAX|MIN|NUM|N)_"
    rb"|^(?:SSH_AUTH_SOCK|XAUTHORITY|GIT_ASKPASS|SSH_ASKPASS|GPG_AGENT_INFO)$"
    rb"|_(?:FILE|PATH|DIR|SOCK|SOCKET|URL|URI|HOST|PORT|TYPE|METHOD|MODE|EXPIRY|EXPIRES|TTL|TIMEOUT"
    rb"|LENGTH|LIMIT|COUNT|STDIN|STORE|HELPER|PROVIDER|USER|USERNAME|ENABLED|MODEL|NUM|NUMBER|NAMES?"
    rb"|MAX|MIN|LEN|SIZE|INDEX|FORMAT|PATTERN|CLASS)$"
    rb"|(?<!ACCESS_KEY)(?<!ACCESSKEY)(?<!SECRET)_IDS?$"
    rb"|(?<![A-Z])(?:EOS|BOS|PAD|UNK|MASK|SEP|CLS|STOP|SPECIAL)_TOKENS?$"
    rb"|(?<![A-Z])(?:PUBLIC|PUB|PUBLISHABLE|GPG|PGP|DEFAULT|SORT|ORDER|GROUP|HOT|PRIMARY|FOREIGN"
    rb"|UNIQUE|PARTITION|ROW|COLUMN|FIELD|INDEX|JOIN|MERGE|CACHE|LOOKUP|SEARCH|MAP|DICT|OBJECT"
    rb"|REGISTRY|CONFIG|COMPOSE|META|MODIFIER|BIND)_KEY$"
)
"""Names that only tell about a secret, or where one is; and those of other keys."""


@lru_cache(REMEMBERED)
def naming(name: bytes) -> Naming:
    """Return what a name says: ``GITHUB_TOKEN``, ``--db-password``, ``apiKey`` are of secrets."""
    words = re.sub(rb"(?<=[a-z0-9])(?=[A-Z])", b"_", name.lstrip(b"-"))
    plain = re.sub(rb"[^A-Z0-9]+", b"_", words.upper()).strip(b"_")
    if PLAIN_NAME.search(plain):
        return Naming.NOTHING
    if SECRET_NAME.search(plain):
        return Naming.SECRET
    return Naming.MAYBE if MAYBE_NAME.search(plain) else Naming.NOTHING
