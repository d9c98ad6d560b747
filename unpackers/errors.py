"""What can go wrong while unpacking and running again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.errors import RpzError

if TYPE_CHECKING:
    from rpaths import PosixPath


class TargetError(RpzError):
    """A folder can't be, or isn't, a target."""


class NoRoomError(TargetError):
    """A target doesn't fit where it was to be made."""


class HostileArchiveError(RpzError):
    """The packed files have a form that rpz doesn't write and won't unpack."""

    usual_remedy = "Don't use this pack: no rpz has made it so"


class UnfitForImageError(RpzError):
    """A packed file can't be in an image."""


class NoSuchFileInTargetError(RpzError):
    """A file that was asked for isn't in the target."""

    def __init__(self, path: PosixPath, remedy: str = "") -> None:
        """Name the path."""
        super().__init__(f"{readable(path.path)} is not in the target", remedy)


class NotAFileError(RpzError):
    """Something in a target is a folder or a device, where a file was asked for."""

    usual_remedy = "See what is there: rpz shell"

    def __init__(self, path: PosixPath) -> None:
        """Name the path."""
        super().__init__(f"{readable(path.path)} is not a regular file")


class StartError(RpzError):
    """A program of the experiment can't be started."""

    usual_remedy = "See what is there: rpz shell"


class SandboxError(StartError):
    """What isolates an experiment isn't to be had on this machine, or by this user."""


class DockerError(RpzError):
    """The Docker engine can't be reached, or refused something."""

    usual_remedy = "See whether docker info works, and try again"


class VagrantError(RpzError):
    """Vagrant, or the virtual machine, doesn't do what was asked of it."""

    usual_remedy = "See what vagrant status says in the target's folder, and try again"


def readable(name: bytes) -> str:
    """Return a file name for a message, on one line, whatever its bytes are."""
    text = name.decode(errors="backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode()
