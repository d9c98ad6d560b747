"""Package URLs: one name for a package, whoever asks (https://github.com/package-url/purl-spec)."""

from __future__ import annotations

from functools import cache


def purl(
    kind: str, name: str, version: str = "", namespace: str = "", **qualifiers: str | None
) -> str:
    """Return the URL of a package, without its empty parts; "" when its name can't be in one."""
    from packageurl import PackageURL

    said = {key: value for key, value in qualifiers.items() if value}
    try:
        return PackageURL(kind, namespace or None, name, version or None, said).to_string()
    except (ValueError, UnicodeError):  # a name that is empty, or not UTF-8
        return ""


def of_distribution(kind: str, name: str, version: str, arch: str, epoch: str = "") -> str:
    """Return the URL of a package of this machine's distribution."""
    system, release = _distribution()
    return purl(kind, name, version, system, arch=arch, epoch=epoch, distro=release)


@cache
def _distribution() -> tuple[str, str]:
    import distro

    # Where that file doesn't say it, distro asks two programs
    version = distro.os_release_attr("version_id") or distro.version()
    return distro.id(), f"{distro.id()}-{version}" if version else ""
