"""What the runs used and others had better not get, or have of their own: a table of paths."""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 1 << 16
"""Bytes of a settings file that are looked through for a secret."""
SYSTEM = re.compile(rb"/(?:usr|lib[^/]*|s?bin|nix)/")
"""Where files are everybody's, so that names such as ``.npmrc`` mean nothing."""
SETTING = (
    rb"^[ \t]*(?:export[ \t]+)?[\"']?([\w./:@-]+)[\"']?[ \t]*[=:][ \t]*[\"']?(.+?)[\"']?,?[ \t]*$"
)
"""A line of a settings file: INI, YAML, JSON, shell."""


@dataclass(frozen=True)
class Rule:
    """``patterns`` match the ends of paths, or with ``/**`` all below folders.

    With ``if_secret``, only a file that holds a secret is meant: others of that name are needed.
    """

    patterns: tuple[bytes, ...]
    why: str
    if_secret: bool = False


def _rules(why: str, *patterns: bytes, if_secret: bool = False) -> list[Rule]:
    ends = [p.removesuffix(b"/**") + (b"/" if p.endswith(b"/**") else rb"\Z") for p in patterns]
    return [Rule(tuple(ends), why, if_secret)]


CREDENTIALS = [
    *_rules("keys of SSH", rb"/\.ssh/**", rb"^/etc/ssh/ssh_host_[^/]*_key"),
    *_rules("keys of GnuPG", rb"/\.gnupg/**"),
    *_rules("passwords of servers", rb"/\.netrc", rb"/_netrc",
           rb"/\.authinfo(?:\.gpg)?", rb"/\.urs_cookies"),
    *_rules(
        "an account in a cloud", rb"/\.aws/**", rb"/\.azure/**", rb"/\.config/gcloud/**",
        rb"/\.boto", rb"/\.s3cfg", rb"/\.oci/**", rb"/\.config/rclone/rclone\.conf",
        rb"/\.databrickscfg", rb"/\.snowflake/**", rb"/\.snowsql/config", rb"/\.vault-token",
        rb"/\.terraform\.d/credentials\.tfrc\.json", rb"/\.config/earthengine/credentials",
    ),
    *_rules(
        "an account of a container registry", rb"/\.docker/config\.json",
        rb"/containers/auth\.json", rb"/\.(?:apptainer|singularity)/docker-config\.json",
        rb"/\.(?:apptainer|singularity)/remote\.yaml",
    ),
    *_rules("an account of a cluster", rb"/\.kube/**", rb"/krb5cc_[^/]*", rb"^/etc/krb5\.keytab"),
    *_rules(
        "an account of a package registry", rb"/\.pypirc", rb"/\.config/pypoetry/auth\.toml",
        rb"/\.cargo/credentials(?:\.toml)?", rb"/\.(?:local/share/)?gem/credentials",
        rb"/\.m2/settings(?:-security)?\.xml", rb"/\.local/share/uv/credentials/**",
        rb"/composer/auth\.json",
    ),
    *_rules(
        "an account of a git server", rb"/\.git-credentials", rb"/\.config/git/credentials",
        rb"/\.config/gh/hosts\.yml", rb"/\.config/glab-cli/config\.yml", rb"/\.config/hub",
    ),
    *_rules(
        "an account of a data service", rb"/huggingface/(?:token|stored_tokens)",
        rb"/\.huggingface/token", rb"/\.kaggle/kaggle\.json", rb"/\.zenodo[^/]*",
        rb"/\.config/[^/]*zenodo[^/]*", rb"/\.cdsapirc", rb"/\.ecmwfapirc", rb"/\.synapseConfig",
        rb"/\.config/osfcli[^/]*", rb"/\.streamlit/secrets\.toml", rb"/\.config/op/**",
    ),
    *_rules("passwords of databases", rb"/\.pgpass", rb"/\.my\.cnf", rb"/\.mylogin\.cnf"),
    *_rules(
        "a browser's profile", rb"/\.mozilla/**", rb"/snap/(?:firefox|chromium)/**",
        rb"/\.config/(?:google-chrome|chromium|BraveSoftware|microsoft-edge|vivaldi|opera)[^/]*/**",
    ),
    *_rules(
        "a store of passwords", rb"/\.local/share/(?:keyrings|kwalletd)/**",
        rb"/\.password-store/**", rb"/[^/]+\.kdbx", rb"/\.config/(?:Bitwarden|keepassxc)/**",
    ),
    *_rules("the right to the screen", rb"/\.(?:X|ICE)authority"),
    *_rules("a key of Jupyter", rb"/jupyter/runtime/[^/]*cookie_secret"),
    *_rules("what was typed", rb"/\.[a-z]+_history"),
    *_rules(
        "the machine's passwords and keys", rb"^/etc/g?shadow-?", rb"^/etc/ssl/private/**",
        rb"^/etc/sudoers(?:\.d/[^/]*)?", rb"^/etc/NetworkManager/system-connections/**",
    ),
    *_rules(
        "settings with a secret in them", rb"/\.npmrc", rb"/\.yarnrc(?:\.yml)?", rb"/\.condarc",
        rb"/pip\.conf", rb"/\.Renviron", rb"/\.env(?:\.[^/]*)?", rb"/\.envrc", rb"/\.gitconfig",
        rb"/\.git/config", rb"/\.config/git/config", rb"/\.gradle/gradle\.properties",
        rb"/\.bowerrc", rb"/\.curlrc", rb"/\.wgetrc", rb"/\.dodsrc", rb"/\.config/uv/uv\.toml",
        if_secret=True,
    ),
]  # fmt: skip
"""Files that let others be somebody else."""

DRIVERS = _rules(
    "part of the host's graphics driver",
    rb"/lib(?:cuda|cudadebugger|nvcuvid|nvoptix|nvidia-[^/]+|vdpau_nvidia|(?:EGL|GLX|GLESv1_CM"
    rb"|GLESv2)_nvidia)\.so(?:\.[\d.]+)?",
    rb"^/usr/lib/wsl/**",
    rb"^/opt/amdgpu(?:-pro)?/**",
)
"""Libraries that go with the kernel of the machine: another one has its own, or none."""
STUBS = b"/stubs/"
"""A folder of libraries to link with, which are everybody's."""


START, END = rb"(?<![^\0])", rb"(?![^\0])"
"""Of a path, be it one of many with NUL bytes in between."""


class _Table:
    """Finds the rule of a path; what begins alike is looked for together, which is fast."""

    BEGINS = ((rb"^/", b"/"), (rb"/\.", b"/."), (rb"/lib", b"/lib"), (rb"/", b"/"))
    """The beginnings of patterns, each with what is in all that they match."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rows: dict[bytes, list[tuple[bytes, Rule]]] = {begin: [] for begin, _ in self.BEGINS}
        for rule in rules:
            for pattern in rule.patterns:
                begin = next(begin for begin in self._rows if pattern.startswith(begin))
                self._rows[begin].append((pattern.removeprefix(begin), rule))
        self._begins = [row for row in self.BEGINS if self._rows[row[0]]]
        self._patterns: dict[bytes, re.Pattern[bytes]] = {}
        """Made when they are needed, which takes a while."""

    def _compile(self, begin: bytes) -> re.Pattern[bytes]:
        """Make one pattern, of which the group that takes part has the row's number."""
        groups = b"|".join(row + b"()" for row, _ in self._rows[begin])
        pattern = begin.replace(b"^", START) + b"(?:%s)" % groups.replace(rb"\Z", END)
        found = self._patterns[begin] = re.compile(pattern)
        return found

    def may_find(self, paths: bytes) -> bool:
        return any(
            part in paths and (self._patterns.get(begin) or self._compile(begin)).search(paths)
            for begin, part in self._begins
        )

    def find(self, path: bytes) -> Rule | None:
        for begin, part in self._begins:
            if part in path:
                pattern = self._patterns.get(begin) or self._compile(begin)
                if match := pattern.search(path):
                    return self._rows[begin][(match.lastindex or 1) - 1][1]
        return None


_CREDENTIALS, _DRIVERS = _Table(CREDENTIALS), _Table(DRIVERS)


def credential(path: bytes, source: bytes | None) -> str | None:
    """Return what of a person's, or of the machine's, a file holds that isn't others' to have."""
    rule = None if SYSTEM.match(path) else _CREDENTIALS.find(path)
    if rule is None or (rule.if_secret and not _holds_secret(source or path)):
        return None
    return rule.why


def may_be_withheld(paths: bytes) -> bool:
    """Whether a rule may be meant for one of some paths, which NUL bytes are between: rarely."""
    return _DRIVERS.may_find(paths) or _CREDENTIALS.may_find(paths)


def driver(path: bytes) -> str | None:
    """Return which part of the host a file is."""
    rule = _DRIVERS.find(path)
    return rule.why if rule and STUBS not in path else None


def _holds_secret(source: bytes) -> bool:
    from rpz.packer.secrets.forms import named, spans  # rarely wanted, and slow to compile

    try:
        with open(source, "rb") as file:
            text = file.read(LIMIT)
    except OSError:  # then it isn't packed, either
        return False
    if any(True for _ in spans(text)):
        return True
    return any(
        True
        for match in re.finditer(SETTING, text, re.MULTILINE)
        for _ in named(match[1].rpartition(b":")[2], text, *match.span(2))
    )
