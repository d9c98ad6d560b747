"""rpz: trace an experiment, pack it, run it anywhere."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("rpz")
except PackageNotFoundError:  # a bare checkout, not installed
    __version__ = "0+unknown"
