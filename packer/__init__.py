"""Decide what a run needs, write it down for a person to edit, put it in an archive."""
