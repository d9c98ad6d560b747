"""What is said about virtual machines before there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from rpz.unpackers.errors import VagrantError
from rpz.unpackers.vagrant import boxes, failures, vagrantfile
from tests.conftest import SOURCE, require

LINUX_ONLY = (
    "rpz.unpackers.namespaces",
    "rpz.unpackers.mounts",
    "rpz.unpackers.chroot",
    "rpz.unpackers.resolve",
    "rpz.unpackers.extract",
)


def test_the_table_is_whole():
    for row in boxes.rows():
        assert row.boxes
        assert row.architectures
        assert all("/" in box for box in row.boxes.values())
        assert row.distribution.lower() == row.distribution or row.distribution == boxes.ANY


def test_no_row_hides_another():
    seen = set()
    for row in boxes.rows():
        for architecture in row.architectures:
            for provider in row.boxes:
                key = (row.distribution, row.version, architecture, provider)
                assert key not in seen
                seen.add(key)


@pytest.mark.parametrize(
    ("distribution", "architecture", "provider", "box", "exact"),
    [
        (("debian", "12"), "x86_64", "libvirt", "debian/bookworm64", True),
        (("debian", "12.11"), "x86_64", "virtualbox", "debian/bookworm64", True),
        (("Debian", "11"), "i686", "libvirt", "debian/bullseye64", True),
        (("debian", "1"), "x86_64", "libvirt", "debian/trixie64", False),
        (("ubuntu", "24.04"), "x86_64", "libvirt", "cloud-image/ubuntu-24.04", True),
        (("ubuntu", "25.10"), "x86_64", "libvirt", "cloud-image/ubuntu-24.04", False),
        (("arch", "rolling"), "x86_64", "virtualbox", "generic/arch", True),
        (("slackware", "15"), "x86_64", "virtualbox", "debian/bookworm64", False),
        (("debian", "12"), "aarch64", "virtualbox", "bento/debian-12", True),
    ],
)
def test_choice(distribution, architecture, provider, box, exact):
    assert boxes.choose(distribution, architecture, provider) == boxes.Choice(box, exact)


@pytest.mark.parametrize(("architecture", "provider"), [("riscv64", "libvirt"), ("x86_64", "aws")])
def test_no_box(architecture, provider):
    with pytest.raises(VagrantError, match="--box NAME"):
        boxes.choose(("debian", "12"), architecture, provider)


def machine(**options):
    given = {"name": "rpz-1", "box": "debian/bookworm64", "provider": "virtualbox", **options}
    return vagrantfile.Machine(**given)


def test_a_vagrantfile_says_no_more_than_it_must():
    text = vagrantfile.text(machine())
    assert "config.vm.box = 'debian/bookworm64'\n" in text
    assert "provider" not in text


def test_a_vagrantfile_for_virtualbox():
    """As https://developer.hashicorp.com/vagrant/docs/providers/virtualbox/configuration has it."""
    text = vagrantfile.text(machine(memory=2048, cpus=2))
    block = text[text.index("  config.vm.provider") :]
    assert block == (
        "  config.vm.provider 'virtualbox' do |provider|\n"
        "    provider.memory = 2048\n"
        "    provider.cpus = 2\n"
        "  end\n"
        "end\n"
    )


def test_a_vagrantfile_is_ruby_that_means_no_more_than_it_says(tmp_path):
    """A name of a box from the command line is a text, whatever is in it."""
    require("ruby", "no Ruby (apt-get install ruby)")
    name = 'a\'#{File.write("made", 1)}\\'
    (tmp_path / "Vagrantfile").write_text(vagrantfile.text(machine(box=name, memory=1)))
    (tmp_path / "read.rb").write_text(READER)
    done = subprocess.run(["ruby", "read.rb"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[0] == f"box={name}"
    assert b"memory=1\n" in done.stdout
    assert not (tmp_path / "made").exists()


READER = """
class Settings
  def method_missing(name, *given)
    puts "#{name}#{given.first}" if name.to_s.end_with?("=")
    yield Settings.new if block_given?
    self
  end
end
module Vagrant
  def self.configure(_version)
    yield Settings.new
  end
end
load "./Vagrantfile"
"""

SAID = {
    "has no provider nebula": """\
The provider 'nebula' could not be found, but was requested to
back the machine 'rpz-1'. Please use a provider that exists.
""",
    "provider virtualbox doesn't work": """\
The provider 'virtualbox' that was requested to back the machine
'rpz-1' is reporting that it isn't usable on this system. The
reason is shown below:
""",
    "box who/what isn't": """\
The box 'who/what' could not be found or
could not be accessed in the remote catalog.
""",
    "didn't boot in time": """\
Timed out while waiting for the machine to boot. This means that
Vagrant was unable to communicate with the guest machine.
""",
    "can't reach libvirt": """\
Error while connecting to Libvirt: Error making a connection to libvirt URI qemu:///system:
""",
    "Vagrant failed: Something new": "Something\nnew.\n",
    "exit status 7": "",
}


@pytest.mark.parametrize("message", SAID)
def test_what_vagrant_says_is_a_sentence(message):
    error = failures.explained(SAID[message], 7)
    assert message in error.message
    assert "\n" not in str(error)
    assert error.remedy


def test_nothing_of_linux_is_loaded():
    code = "import sys, rpz.unpackers as u; u.load('vagrant'); print(*sys.modules, sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": os.fspath(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, env=environment
    )
    assert not set(LINUX_ONLY) & set(done.stdout.split())


def test_without_vagrant(rpz, pack, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ssh").symlink_to(shutil.which("true") or "/bin/true")
    result = rpz(
        "unpack", "vagrant", pack(("status", "0")), "demo", env={"PATH": os.fspath(programs)}
    )
    assert result.returncode == 1
    assert b"vagrant is not installed" in result.stderr
    assert result.stderr.count(b"\n") == 1
    assert not (tmp_path / "demo").exists()


@pytest.mark.usefixtures("chroot_allowed")
def test_only_machines_rest(rpz, pack):
    assert rpz("unpack", "chroot", pack(("status", "0")), "demo").returncode == 0
    for command in ("suspend", "resume"):
        result = rpz(command, "demo")
        assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
        assert b"unpacked with chroot" in result.stderr
