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


def _first_output(argv: list[str], folder: Path, environment: dict[str, str]) -> list[float]:
    """Return the times until a command's first output, and from then to its end."""
    start = time.monotonic()
    with subprocess.Popen(
        argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as child:
        if child.stdout is None or not child.stdout.read(1):
            sys.exit(f"{argv}: no output")
        first = time.monotonic()
        child.stdout.read()
    return [first - start, time.monotonic() - first]


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


def _round(steps: list[list[str]], folder: Path, environment: dict[str, str]) -> list[float]:
    """Unpack, run and remove it all; return the times of the first, to first output, and beyond."""
    unpack, run, undo = steps
    times = [_timed(unpack, folder, environment), *_first_output(run, folder, environment)]
    _timed(undo, folder, environment)
    return times


def _ours(pack: str) -> list[list[str]]:
    unpack = [*rpz(), "unpack", "docker", pack, TARGET]
    return [unpack, [*rpz(), "run", TARGET], [*rpz(), "destroy", TARGET]]


def _theirs(program: str, base: str, pack: str) -> list[list[str]]:
    docker = [program, "docker"]
    setup = [*docker, "setup", "--base-image", base, pack, TARGET]
    return [setup, [*docker, "run", TARGET], [*docker, "destroy", TARGET]]


def main() -> None:
    """Measure both in turn: a slow minute of the machine hits them alike."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base")
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    peer = os.environ.get("REPROUNZIP") or shutil.which("reprounzip")
    peak, ours, theirs = 0, [], []
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        pack = str((chosen.pack or _make_pack(folder)).absolute())
        size = Path(pack).stat().st_size / (1 << 20)
        seeded = _seeded_cache(folder) if peer and chosen.base else {}
        for _ in range(chosen.runs):
            ours.append(_round(_ours(pack), folder, dict(os.environ)))
            peak = peak or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
            if seeded:
                theirs.append(_round(_theirs(str(peer), chosen.base, pack), folder, seeded))
    unpack, first, rest = min(ours, key=sum)
    print(
        f"A pack of {size:.0f} MiB. rpz unpack docker: {unpack:.2f} s,"
        f" run: {first:.2f} s to the first output, {rest:.2f} s more"
    )
    if not theirs:
        print("(no reprounzip, or no --base, to compare with)")
        return
    setup, other, end = min(theirs, key=sum)
    print(
        f"reprounzip docker setup: {setup:.2f} s,"
        f" run: {other:.2f} s to the first output, {end:.2f} s more"
    )
    whole = setup + other + end
    print(
        f"To the first output {(unpack + first) / whole:.2f} of its setup and run (at most 0.5),"
        f" {(unpack + first) / (setup + other):.2f} of its way there;"
        f" {(unpack + first + rest) / whole:.2f} to the end of both"
    )
    if chosen.pack:  # else what traces and packs is measured, too
        print(f"Peak memory of rpz {peak} MiB (at most 200)")


if __name__ == "__main__":
    main()
