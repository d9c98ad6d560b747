"""Detached signatures of packs, by the keys that people have (``docs/publishing.md``)."""
