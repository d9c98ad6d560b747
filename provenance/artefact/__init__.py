"""Packs in registries, as artefacts of OCI 1.1 (``docs/publishing.md``)."""
