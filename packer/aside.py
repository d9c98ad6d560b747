"""What goes wrong with what is put aside on the disk while rpz works."""

from __future__ import annotations

from rpz.errors import RpzError


class AsideError(RpzError):
    """There is no room for it, say."""

    def __init__(self, error: Exception) -> None:
        """Tell of an error of the system's, or of SQLite's."""
        super().__init__(
            f"What rpz puts aside while it works can't be written: {error}",
            "Make room in the folder for temporary files, or name another in TMPDIR",
        )
