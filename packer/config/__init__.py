"""``config.yml``: what to pack, in a form that a person reads and edits (``docs/config.md``)."""
