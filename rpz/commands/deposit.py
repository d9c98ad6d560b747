"""``rpz deposit``: give a pack to an archive."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.options import tries, verbosity
from rpz.commands.progress import progress_bar
from rpz.commands.text import shown, shown_path
from rpz.provenance.deposit import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rpz.commands.options import Function
    from rpz.provenance.deposit.service import Archive, Service

log = logging.getLogger(__name__)


@click.group(short_help="Give a pack to an archive, as a draft with a DOI.")
def command() -> None:
    """Upload a pack to an archive: a DOI is reserved, and written into the pack, first.

    It stays a draft to be looked at, unless --publish is given. A second call goes on with what the
    first has begun.
    """


def _command(name: str, service: Service) -> click.Command:
    summary = f"Deposit PACK at {service.what}."

    @_own_options(service)
    @click.option(
        "--url",
        default=service.url or None,
        required=not service.url,
        show_default=True,
        help="Where the archive is.",
    )
    @click.option("--publish", is_flag=True, help="Publish it, for good.")
    @click.option("--reserve", is_flag=True, help="Only write a reserved DOI into PACK.")
    @click.option("--dry-run", is_flag=True, help="Only print what would be told and uploaded.")
    @tries
    @click.argument("pack", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    @verbosity
    def deposit(pack: Path, url: str, **chosen: Any) -> None:
        from rpz.provenance.web.address import base_address

        if chosen["publish"] and chosen["reserve"]:
            raise click.UsageError("Choose --reserve or --publish.")
        url = base_address(url)
        options = {option.name: chosen[option.name] or "" for option in service.options}
        if chosen["dry_run"]:
            _print_plan(service, url, pack, _archive(service, url, options, ""))
        else:
            _deposit(name, url, pack, _archive(service, url, options), chosen)

    text = f"{summary}\n\nThe token is in ${service.variable}, or in the keyring."
    return click.command(name, short_help=summary, help=text)(deposit)


def _own_options(service: Service) -> Callable[[Function], Function]:
    def add(function: Function) -> Function:
        for option in reversed(service.options):
            function = click.option(
                f"--{option.name}",
                option.name,
                default=option.default or None,
                show_default=bool(option.default),
                metavar="TEXT",
                help=option.help,
            )(function)
        return function

    return add


def _archive(
    service: Service, url: str, options: Mapping[str, str], token: str | None = None
) -> Archive:
    if token is None:
        from rpz.provenance.web.tokens import token as token_of

        token = token_of(service.variable, url, f"{url}{service.tokens}")
    archive = service.archive(url, options, token, service.scopes)
    if missing := [f"--{name}" for name in archive.missing()]:
        raise click.UsageError(f"{url} needs {' and '.join(missing)}.")
    return archive


def _print_plan(service: Service, url: str, pack: Path, archive: Archive) -> None:
    """Print what would be done; the server hears nothing."""
    import tempfile

    from rpz.provenance.beside import companions
    from rpz.provenance.deposit.depositing import ready

    publication = ready(pack)
    with tempfile.TemporaryDirectory() as folder:
        files = {pack.name: pack, **{f.name: f.path for f in companions(pack, Path(folder))}}
        sizes = [{"name": shown(n), "size": path.stat().st_size} for n, path in files.items()]
    plan = {"url": url, "token": service.variable, "files": sizes}
    click.echo(json.dumps(plan | {"record": archive.record(publication)}, indent=2))


def _deposit(name: str, url: str, pack: Path, archive: Archive, chosen: Mapping[str, Any]) -> None:
    from rpz.provenance.deposit.depositing import Deposit
    from rpz.provenance.web.patience import Patience

    deposit = Deposit(pack, name, url, archive, Patience(chosen["tries"]))
    draft = deposit.reserved()
    if not chosen["reserve"]:
        with progress_bar("Uploading") as begin:
            deposit.complete(draft, begin)
    if chosen["publish"]:
        deposit.publish(draft)
        log.info("%s is published: https://doi.org/%s", shown_path(pack), shown(draft.doi))
    else:
        log.info("The draft is not published yet: look at it at %s", shown(draft.page))
    click.echo(shown(draft.doi))


for _name, _service in SERVICES.items():
    command.add_command(_command(_name, _service))
