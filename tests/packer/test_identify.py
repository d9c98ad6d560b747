"""What is identified before it is decided what is packed is what would be identified then."""

from __future__ import annotations

import sys

from rpz.packer.configure import write_config
from rpz.packer.identify import Identified, identified
from rpz.provenance.installed import recorded
from rpz.tracer.database import TraceDatabase


class Everything(frozenset):
    """All names there are."""

    def __ge__(self, _names):
        return True


NOTHING = Identified((), Everything())
SCRIPT = "import json, sys; open('out', 'w').write(open('in').read()); open('out').read()"


def test_the_configuration_is_the_same(rpz, tmp_path):
    (tmp_path / "in").write_text("1")
    (tmp_path / "link").symlink_to("in")
    for more in ((), ("--continue",)):
        words = ("trace", *more, sys.executable, "-c", SCRIPT.replace("'in'", "'link'"))
        assert rpz(*words).returncode == 0
        folder = tmp_path / ".rpz-trace"
        traced = (folder / "config.yml").read_bytes()
        write_config(folder)
        assert (folder / "config.yml").read_bytes() == traced
        write_config(folder, known=NOTHING)  # what was asked isn't asked again
        assert (folder / "config.yml").read_bytes() != traced
        with TraceDatabase.open(folder / "trace.sqlite3") as database:
            assert identified(database).packages != ()
            runs = [recorded(database, run) for run in range(2 if more else 1)]
    assert runs[0] == runs[1] != []


def test_combined_traces_keep_the_packages_of_their_runs(rpz, tmp_path):
    for name, command in (("one", "true"), ("other", sys.executable)):
        assert rpz("trace", "-d", name, command).returncode == 0
    assert rpz("combine", "-d", "both", "one", "other").returncode == 0
    with TraceDatabase.open(tmp_path / "both" / "trace.sqlite3") as both:
        for run, name in enumerate(("one", "other")):
            with TraceDatabase.open(tmp_path / name / "trace.sqlite3") as database:
                assert recorded(both, run) == recorded(database, 0) != []
