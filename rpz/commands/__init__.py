"""The commands: one file each, a thin layer of options over the libraries below."""
