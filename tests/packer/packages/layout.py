"""What tests of package managers share."""

from __future__ import annotations

import os
import subprocess
import zipfile

from rpz.packer.packages import contents_of, packages_of
from rpz.packer.packages.folders import walk


def lay(folder, files):
    """Write files, by name; return their paths, sorted."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return sorted(folder / name for name in files)


def all_files(*folders):
    """Return all files and links below some folders, as a trace has them."""
    return sorted(path for folder in folders for path in walk(raw(folder)))


def raw(path):
    return os.path.realpath(os.fsencode(path))


def identified(paths, **options):
    """Return packages by name, whatever is asked for being a path of any kind."""
    return {p.name: p for p in packages_of([os.fsencode(p) for p in paths], **options)}


def identified_all(paths):
    """Return packages, of which several may have the same name."""
    return packages_of([os.fsencode(path) for path in paths])


def files_of(package):
    return {bytes(file) for file in package.files}


def whole(package):
    """Return all files that the package has."""
    ((same, files),) = contents_of([package])
    assert same is package
    return set(files)


def run(*argv, **options):
    done = subprocess.run(argv, capture_output=True, check=False, **options)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def wheel(folder, name="Hello_World", version="1.0", extra=()):
    """Write a wheel with a package, a program and data beside it; return its path."""
    package = name.lower()
    info = f"{name}-{version}.dist-info"
    files = {
        f"{package}/__init__.py": "def main(): print('hello')\n",
        f"{package}/other.py": "VALUE = 1\n",
        f"{package}/data.txt": "data\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{package} = {package}:main\n",
        **dict(extra),
    }
    files[f"{info}/RECORD"] = "".join(f"{n},,\n" for n in (*files, f"{info}/RECORD"))
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
    return path
