"""Time and memory from a pack to the first output in Docker, beside ReproZip's.

python benchmarks/unpacking_docker.py --base IMAGE [--pack PACK] [--runs N]

BASE is an image of the pack's distribution that the engine has: what ReproZip builds upon. It is
$REPROUNZIP, or reprounzip in the path. What it would download is in its cache, in the forms that a
machine without a network has: BusyBox, and scripts of it that stand in for rpzsudo and rpztar.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tracers import rpz

TARGET = "target"
EXPERIMENT = (
    "import csv, json, statistics, hashlib, sqlite3\n"
    "try: import numpy, pandas\nexcept ImportError: pass\n"
    "print(statistics.mean(range(9)))\n"
)
STAND_INS = {
    "rpzsudo-x86_64": '#!/busybox sh\nshift 2\nexec "$@"\n',
    "rpztar-x86_64": '#!/busybox sh\nexec /busybox tar -xzf "$1" --strip-components=1 -C /\n',
}


def _timed(argv: list[str], folder: Path, environment: dict[str, str]) -> float:
    start = time.monotonic()
    done = subprocess.run(
        argv,
        cwd=folder,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    if done.returncode != 0:
        sys.exit(f"{argv}: {done.stderr.decode()}")
    return time.monotonic() - start


def _make_pack(folder: Path) -> Path:
    (folder / "experiment.py").write_text(EXPERIMENT)
    python = sys.executable
    for words in (["trace", python, "experiment.py"], ["pack", "--compression", "gzip", "exp.rpz"]):
        _timed([*rpz(), *words], folder, dict(os.environ))
    return folder / "exp.rpz"


def _seeded_cache(folder: Path) -> dict[str, str]:
    """Return the environment in which reprounzip finds what it would download."""
    cache = folder / "cache" / "reprozip"
    cache.mkdir(parents=True)
    busybox = shutil.which("busybox")
    if busybox is None:
        sys.exit("There is no busybox: install busybox-static")
    shutil.copy(busybox, cache / "busybox-x86_64")
    for name, text in STAND_INS.items():
        (cache / name).write_text(text)
        (cache / name).chmod(0o755)
    quiet = {"REPROZIP_USAGE_STATS": "off", "REPROZIP_PARAMETERS": "off", "DOCKER_BUILDKIT": "0"}
    return {**os.environ, **quiet, "XDG_CACHE_HOME": str(cache.parent)}


def _measured(
    steps: list[list[str]], undo: list[str], folder: Path, environment: dict[str, str], runs: int
) -> list[float]:
    """Return the least times of steps, each time from nothing."""
    times = []
    for _ in range(runs):
        times.append([_timed(step, folder, environment) for step in steps])
        _timed(undo, folder, environment)
    return min(times, key=sum)


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base")
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        pack = str((chosen.pack or _make_pack(folder)).absolute())
        ours = _measured(
            [[*rpz(), "unpack", "docker", pack, TARGET], [*rpz(), "run", TARGET]],
            [*rpz(), "destroy", TARGET],
            folder,
            dict(os.environ),
            chosen.runs,
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        size = Path(pack).stat().st_size / (1 << 20)
        print(f"A pack of {size:.0f} MiB. rpz unpack docker: {ours[0]:.2f} s, run: {ours[1]:.2f} s")
        print(f"Peak memory {peak:.0f} MiB (at most 200)")
        peer = os.environ.get("REPROUNZIP") or shutil.which("reprounzip")
        if peer is None or not chosen.base:
            sys.exit("(no reprounzip, or no --base, to compare with)")
        docker = [peer, "docker"]
        setup = [*docker, "setup", "--base-image", chosen.base, pack, TARGET]
        theirs = _measured(
            [setup, [*docker, "run", TARGET]],
            [*docker, "destroy", TARGET],
            folder,
            _seeded_cache(folder),
            chosen.runs,
        )
    print(f"reprounzip docker setup: {theirs[0]:.2f} s, run: {theirs[1]:.2f} s")
    print(f"{sum(ours) / sum(theirs):.2f} of its time (at most 0.5)")


if __name__ == "__main__":
    main()
