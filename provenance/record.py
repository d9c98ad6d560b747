"""What is known of a run before it (``docs/run-record.md``): starting it must not take long."""

from __future__ import annotations

import os
import time
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from rpz.provenance import batch, people
from rpz.tracer.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def before(reason: str = "", project: str = "", tags: Sequence[str] = ()) -> list[Fact]:
    """Return what is known before a command starts; no program is asked, so that it starts."""
    facts = [Fact("run", "id", str(uuid.uuid4()).encode())]
    facts += [Fact("why", "reason", os.fsencode(reason))] if reason else []
    facts += [Fact("why", "project", os.fsencode(project))] if project else []
    facts += [Fact("why", "tag", os.fsencode(tag)) for tag in dict.fromkeys(tags)]
    facts += people.user()
    facts += _zone()
    facts += batch.job()
    return facts


def _zone() -> Iterator[Fact]:
    """Yield the time zone of the wall clock: its offset, and its name if it has one."""
    yield Fact("when", "utc offset", datetime.now().astimezone().strftime("%z").encode())
    if name := os.environ.get("TZ") or _zone_of_machine():
        yield Fact("when", "time zone", os.fsencode(name))
    yield Fact("when", "abbreviation", time.tzname[time.localtime().tm_isdst > 0].encode())


def _zone_of_machine() -> str:
    real = os.path.realpath("/etc/localtime")
    return real.partition("/zoneinfo/")[2]
