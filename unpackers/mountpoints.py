"""Folders that every experiment has, whatever is in its pack."""

from __future__ import annotations

MOUNT_POINTS = {"proc": 0o555, "sys": 0o555, "dev": 0o755, "tmp": 0o1777}
"""Their names and modes; something is mounted on all but tmp."""
