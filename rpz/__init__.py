"""rpz: trace an experiment, pack it, run it anywhere."""

__version__ = "0.1.0"
