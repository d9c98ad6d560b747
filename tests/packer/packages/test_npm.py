from __future__ import annotations

import json
import os

import pytest

from tests.conftest import require
from tests.packer.packages.layout import all_files, files_of, identified, lay, raw, run, whole


def manifest(name, version, **more):
    return json.dumps({"name": name, "version": version, **more})


@pytest.fixture(params=["npm", "by hand"])
def project(request, tmp_path):
    """A project with a package, one in a scope, and another version inside that."""
    lab = tmp_path / "lab"
    if request.param == "by hand":
        lay(lab / "node_modules", {
            "plain/package.json": manifest("plain", "1.0.0"),
            "plain/index.js": "",
            "plain/lib/deep.js": "",
            "@me/scoped/package.json": manifest("@me/scoped", "2.0.0"),
            "@me/scoped/index.js": "",
            "@me/scoped/node_modules/plain/package.json": manifest("plain", "9.0.0"),
            "@me/scoped/node_modules/plain/index.js": "",
            ".package-lock.json": "{}",
        })  # fmt: skip
        return lab
    require("npm", "no npm")
    inner = {"dependencies": {"plain": "9.0.0"}, "bundleDependencies": ["plain"]}
    lay(tmp_path, {
        "plain/package.json": manifest("plain", "1.0.0"),
        "plain/index.js": "",
        "plain/lib/deep.js": "",
        "scoped/package.json": manifest("@me/scoped", "2.0.0", **inner),
        "scoped/index.js": "",
        "scoped/node_modules/plain/package.json": manifest("plain", "9.0.0"),
        "scoped/node_modules/plain/index.js": "",
        "lab/package.json": manifest("lab", "0.0.1"),
    })  # fmt: skip
    environment = {**os.environ, "npm_config_cache": str(tmp_path / "cache")}
    options = {"env": environment, "cwd": lab}
    run("npm", "pack", "../plain", "../scoped", **options)
    packed = ("./plain-1.0.0.tgz", "./me-scoped-2.0.0.tgz")
    run("npm", "install", "--offline", "--no-audit", "--no-fund", *packed, **options)
    return lab


def test_packages_in_scopes_and_in_one_another(project):
    modules = raw(project / "node_modules")
    used = [b"/plain/index.js", b"/@me/scoped/index.js", b"/@me/scoped/package.json"]
    inner = b"/@me/scoped/node_modules/plain/index.js"
    found = identified([modules + name for name in (*used, b"/.package-lock.json")])
    assert {name: p.purl for name, p in found.items()} == {
        "plain": "pkg:npm/plain@1.0.0", "@me/scoped": "pkg:npm/%40me/scoped@2.0.0",
    }  # fmt: skip
    assert files_of(found["@me/scoped"]) == {modules + used[1], modules + used[2]}
    assert identified([modules + inner])["plain"].version == "9.0.0"


def test_a_whole_package_is_not_what_is_inside_it(project):
    modules = raw(project / "node_modules")
    found = identified(all_files(modules + b"/@me", modules + b"/plain/index.js"))
    scoped = whole(found["@me/scoped"])
    assert scoped == {modules + b"/@me/scoped/" + n for n in (b"index.js", b"package.json")}
    plain = identified([modules + b"/plain/index.js"])["plain"]
    assert modules + b"/plain/lib/deep.js" in whole(plain)


def test_a_folder_that_says_nothing_is_no_package(tmp_path):
    paths = lay(tmp_path, {"node_modules/a/package.json": "[]", "node_modules/b/x.js": ""})
    assert identified(paths) == {}
