"""An image upon another one, in which the packages are installed that the pack has left out."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, cast

from docker.errors import APIError, ImageNotFound

from rpz.unpackers.docker.installers import base_image, installer, plain_name
from rpz.unpackers.errors import DockerError
from rpz.unpackers.hostpackages import check_names
from rpz.unpackers.image import dockerfile, flat, tarstream
from rpz.unpackers.image.plan import DISTRIBUTION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from docker import APIClient

    from rpz.packer.archive.reader import Pack
    from rpz.packer.config.model import Package
    from rpz.unpackers.docker.installers import Installer

log = logging.getLogger(__name__)

AUTO = "auto"
WAIT = ("sleep", "2147483647")
"""What keeps a container going in which packages are installed."""


def build(engine: APIClient, pack: Pack, base: str, name: str) -> None:
    """Make the image ``name`` of a base, the packages that a pack has left out, and the pack.

    ``base`` is an image that the engine has or can get, or ``auto``. Says which packages have
    another version than in the trace, or can't be installed.

    Raises:
        DockerError: there is no such image, or a package couldn't be installed.

    """
    distribution = pack.config.runs[0].distribution
    wanted = _left_out(pack.config.packages)
    chosen = base if base != AUTO else _known_base(distribution)
    _get(engine, chosen)
    with _container(engine, chosen) as container:
        if wanted:
            known = installer(distribution[0])
            if known is None:
                raise DockerError(
                    f"How {distribution[0]!a} installs packages isn't known",
                    "Pack them: set packfiles to true in config.yml",
                )
            _install(_Inside(engine, container, known), wanted)
        engine.stop(container, timeout=0)
        _add(engine, container, pack)
        repository, _, tag = name.rpartition(":")
        engine.commit(
            container, repository, tag, changes=cast("Any", dockerfile.instructions(pack.config))
        )


def _left_out(packages: Sequence[Package]) -> dict[str, str]:
    """Return the versions, by name, of the distribution's packages that aren't packed."""
    missing = [package for package in packages if not package.packfiles]
    for package in missing:
        if package.manager not in DISTRIBUTION:
            log.warning("%s %s (%s) is not in the pack, and not installed", *_said(package))
    ours = (package for package in missing if package.manager in DISTRIBUTION)
    found = {plain_name(package.name): package.version for package in ours}
    check_names(found)
    return found


def _said(package: Package) -> tuple[str, str, str]:
    return package.name, package.version, package.manager


def _known_base(distribution: tuple[str, str]) -> str:
    found = base_image(*distribution)
    if found is None:
        said = " ".join(distribution)
        raise DockerError(f"No image of {said!a} is known", "Name one: --base IMAGE")
    log.info("The base is %s", found)
    return found


def _get(engine: APIClient, image: str) -> None:
    """Pull an image that the engine doesn't have."""
    try:
        cast("Any", engine).inspect_image(image)
    except ImageNotFound:
        log.info("Getting %s", image)
        try:
            cast("Any", engine).pull(image, **({} if _has_tag(image) else {"tag": "latest"}))
        except APIError as error:
            raise DockerError(
                f"The engine can't get the image {image}: {error.explanation or error}".rstrip("."),
                "Name one that it has: --base IMAGE",
            ) from error


def _has_tag(image: str) -> bool:
    return ":" in image.rpartition("/")[2]


@contextlib.contextmanager
def _container(engine: APIClient, image: str) -> Iterator[str]:
    """Yield a running container that does nothing; remove it."""
    made = engine.create_container(image, entrypoint=[WAIT[0]], command=list(WAIT[1:]), user="0:0")
    container = str(made["Id"])
    try:
        engine.start(container)
        yield container
    finally:
        engine.remove_container(container, v=True, force=True)


class _Inside:
    """A distribution's programs, run in a container."""

    def __init__(self, engine: APIClient, container: str, known: Installer) -> None:
        self._engine = engine
        self._container = container
        self.known = known

    def run(self, argv: Sequence[str]) -> tuple[int, str]:
        """Run a program as root; return its status and what it printed."""
        api = cast("Any", self._engine)
        started = api.exec_create(
            self._container, list(argv), environment=dict(self.known.environment), user="0"
        )
        output = b"".join(filter(None, api.exec_start(started["Id"], demux=True)))
        return int(api.exec_inspect(started["Id"])["ExitCode"]), output.decode(errors="replace")

    def versions(self, names: Sequence[str]) -> dict[str, str]:
        """Return the versions of those packages that are installed."""
        _, printed = self.run([*self.known.query, *names])
        rows = (line.split("\t") for line in printed.splitlines())
        return {row[0]: row[1] for row in rows if len(row) == len(("name", "version")) and row[1]}


def _install(inside: _Inside, wanted: dict[str, str]) -> None:
    before = inside.versions(list(wanted))
    missing = sorted(wanted.keys() - before.keys())
    if missing:
        log.info("Installing %s", ", ".join(missing))
        inside.run(inside.known.update)  # without a network, what is known already has to do
        status, printed = inside.run([*inside.known.install, *missing])
        if status != 0:
            program, names = inside.known.install[0], ", ".join(missing)
            raise DockerError(
                f"{program} couldn't install {names}: {_fault(printed)}",
                "Pack them instead: set packfiles to true in config.yml, and pack again",
            )
    after = inside.versions(list(wanted))
    for name, version in wanted.items():
        if after.get(name) != version:
            found = after.get(name, "none")
            log.warning("%s was %s when traced, and is %s in the image", name, version, found)


def _fault(printed: str) -> str:
    """Return the line that says what went wrong: apt's begin so, else it is the last."""
    lines = printed.strip().splitlines() or ["no message"]
    return next((line for line in lines if line.startswith("E: ")), lines[-1]).rstrip(".")


def _add(engine: APIClient, container: str, pack: Pack) -> None:
    """Put the pack's files, and rpz's own, over those of the base."""
    with flat(pack) as image:
        (layer,) = image.layers
        engine.put_archive(container, "/", tarstream.in_blocks(layer.blocks(image.source)))
