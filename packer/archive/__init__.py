"""The ``.rpz`` archive, ReproZip's version 2 (``docs/archive-format.md``)."""
