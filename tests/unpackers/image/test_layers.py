"""What is in which layer, and what two packs share."""

from __future__ import annotations

import io
import os
import tarfile

import pytest
from rpaths import PosixPath

from rpz.packer.archive.reader import Pack
from rpz.packer.config.model import Extent, Package
from rpz.unpackers.image import image_of
from rpz.unpackers.image.plan import GREAT, MOST, REST, Plan
from tests.unpackers import packs

LIBRARY = os.urandom(GREAT + 1)


def package(name, *files, size=4 * GREAT, manager="dpkg", extent=Extent.TOUCHED):
    paths = tuple(PosixPath(file.encode()) for file in files)
    return Package(name, "1", paths, size=size, manager=manager, extent=extent)


def layers_of(tmp_path, members, packages):
    """Return the names in each layer of a pack, by title, and the digests."""
    config = packs.config(("status", "0"), packages=packages)
    path = packs.write_pack(tmp_path / "exp.rpz", config, packs.data_tar(members))
    with Pack.open(path) as pack, image_of(pack) as image:
        tars = [b"".join(layer.blocks(image.source)) for layer in image.layers]
        assert [len(tar) for tar in tars] == [layer.size for layer in image.layers]
        names = {layer.title: opened(tar) for layer, tar in zip(image.layers, tars, strict=True)}
        return names, {layer.title: layer.sha256 for layer in image.layers}


def opened(tar):
    return tarfile.open(fileobj=io.BytesIO(tar), errors="surrogateescape")


def test_great_files_of_a_package_are_shared(tmp_path):
    common = [packs.folder("DATA/lib"), packs.file("DATA/lib/great", LIBRARY)]
    one = [*common, packs.file("DATA/lib/one", b"1")]
    other = [*common, packs.file("DATA/lib/other", b"2")]
    lib = package("lib", "/lib/great", "/lib/one", "/lib/other")
    names, digests = layers_of(tmp_path, one, (lib,))
    assert [tar.getnames() for tar in names.values()][:2] == [["lib/great"], ["lib/one"]]
    assert "lib" in names["the experiment"].getnames()
    _, others = layers_of(tmp_path, other, (lib,))
    assert digests["lib 1"] == others["lib 1"]
    assert {title for title in digests if digests[title] != others[title]} == {REST}


def test_a_hard_link_is_where_its_file_is(tmp_path):
    members = [
        packs.folder("DATA/lib"),
        packs.file("DATA/lib/great", LIBRARY),
        packs.member("DATA/lib/same", tarfile.LNKTYPE, linkname="DATA/lib/great"),
        packs.file("DATA/lib/small"),
        packs.member("DATA/lib/zz", tarfile.LNKTYPE, linkname="DATA/lib/small"),
    ]
    names, _ = layers_of(tmp_path, members, (package("lib", "/lib/great", "/lib/zz"),))
    assert names["lib 1"].getnames() == ["lib/great", "lib/same"]
    assert {"lib/small", "lib/zz"} <= set(names["the experiment"].getnames())


def test_holes_are_zeros(tmp_path):
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.seek(5 * GREAT)
        file.write(b"end")
        file.truncate(9 * GREAT)
    names, _ = layers_of(tmp_path, [packs.file("DATA/sparse", sparse.read_bytes())], ())
    assert names["the experiment"].extractfile("sparse").read() == sparse.read_bytes()


def test_order_of_packages():
    great = [
        package("numpy", "/n", manager="pip", size=9 * GREAT),
        package("libssl3", "/b", size=8 * GREAT),
        package("libpython3.11-stdlib:amd64", "/p", size=5 * GREAT),
        package("libpython3.11-minimal:amd64", "/m"),
        package("libc6:amd64", "/c"),
        package("sed", "/s", size=1000),
    ]
    plan = Plan(packs.config(("status", "0"), packages=tuple(great)))
    titles = [title.partition(" ")[0] for title in plan.titles[:4]]
    assert titles == ["libc6:amd64", "python", "numpy", "libssl3"]


def test_there_are_not_too_many_layers():
    many = tuple(package(f"p{n}", f"/{n}") for n in range(200))
    assert len(Plan(packs.config(("status", "0"), packages=many)).titles) == MOST + 2


@pytest.mark.parametrize("extent", [Extent.LIBRARY, Extent.WHOLE])
def test_packages_that_are_packed_whole(extent):
    whole = package("lib", "/lib/small", extent=extent)
    plan = Plan(packs.config(("status", "0"), packages=(whole,)))
    assert set(plan._places.values()) == {(0, 0)}
