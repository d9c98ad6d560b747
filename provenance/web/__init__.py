"""Talking to servers: of archives, and of registries."""
