"""Passwords, keys and tokens in what a trace tells: found, and left out of the pack."""
