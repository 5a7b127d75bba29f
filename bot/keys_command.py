"""`lockgate keys`: API keys, made, listed, rotated and revoked by who runs Lockgate."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from bot import compose, logs
from bot.api_keys import ApiKeys, KeyNameError
from bot.settings import SettingsError, read

app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)
SCOPES = ("read", "draft", "approve", "apply")
# Scopes in which somebody is answerable: the gate's rules on persons hold for them.
OF_A_PERSON = frozenset({"draft", "approve", "apply"})
NAME = re.compile(r"^[A-Za-z0-9][\w.-]{0,89}$", re.ASCII)
LOGIN = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})$", re.ASCII)
REPOSITORY = re.compile(r"^[A-Za-z0-9-]{1,39}/(\*|[A-Za-z0-9._-]{1,100})$", re.ASCII)
DURATION = re.compile(r"^(\d{1,5})([mhd])$")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What it is for; names it from now on.")],
    scope: Annotated[list[str], typer.Option(help=f"Repeat for several: {', '.join(SCOPES)}.")],
    repository: Annotated[list[str], typer.Option(help="owner/name, or owner/* for all.")],
    person: Annotated[str, typer.Option(help="The GitHub login the key acts for.")] = "",
    expires: Annotated[str, typer.Option(help="A life such as 90d, 12h; without it, none.")] = "",
) -> None:
    """Make a key and print it: it can't be shown again."""
    _insist(NAME.fullmatch(name), "--name", "takes letters, digits, '.', '_' and '-'")
    for each in scope:
        _insist(each in SCOPES, "--scope", f"is one of {', '.join(SCOPES)}, not {each!r}")
    for each in repository:
        known = REPOSITORY.fullmatch(each)
        _insist(known, "--repository", f"is owner/name or owner/*, not {each!r}")
    acting = sorted(OF_A_PERSON & set(scope))
    _insist(person or not acting, "--person", f"is needed for the scope {', '.join(acting)}")
    _insist(not person or LOGIN.fullmatch(person), "--person", "is a GitHub login")
    lifetime = duration("--expires", expires) if expires else None
    with _keys() as keys:
        made = keys.create(
            name, person=person, scopes=scope, repositories=repository, lifetime=lifetime
        )
    _show(made)


@app.command("list")
def list_keys() -> None:
    """List the keys that work, without their secrets."""
    from rich.console import Console  # noqa: PLC0415 -- only this command draws
    from rich.table import Table  # noqa: PLC0415 -- as above

    with _keys() as keys:
        found = keys.all()
    if not found:
        typer.echo("There are no keys. `lockgate keys create` makes one.")
        return
    table = Table()
    for column in ("name", "id", "acts for", "scopes", "repositories", "expires", "last used"):
        # Cut off, a name or a repository would be another one.
        table.add_column(column, overflow="fold")
    for key in found:
        times = (
            f"{at:%Y-%m-%d %H:%M}" if at else "never" for at in (key.expires_at, key.last_used_at)
        )
        table.add_row(
            key.name,
            key.id,
            key.person or "-",
            ", ".join(key.scopes),
            ", ".join(key.repositories),
            *times,
        )
    Console().print(table)


@app.command()
def rotate(
    name: str, grace: Annotated[str, typer.Option(help="How long the old secret works on.")] = "1h"
) -> None:
    """Make a new secret with the same rights."""
    with _keys() as keys:
        made = keys.rotate(name, duration("--grace", grace))
    _show(made)


@app.command()
def revoke(name: str) -> None:
    """End a key at once, with the secrets it had before."""
    with _keys() as keys:
        ended = keys.revoke(name)
    typer.echo(f"Revoked {ended} secret{'s' if ended > 1 else ''} of {name}.")


def duration(option: str, text: str) -> timedelta:
    """A length of time such as `30m`, `12h` or `90d`."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter(f"{option} is a number and m, h or d, such as 90d, not {text!r}")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


@contextmanager
def _keys() -> Iterator[ApiKeys]:
    try:
        settings = read(os.environ, for_github=False)
    except SettingsError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(2) from exc
    logs.configure("WARNING")
    with compose.opened_database(settings) as database:
        try:
            yield ApiKeys(database)
        except KeyNameError as exc:
            typer.echo(f"{str(exc)[0].upper()}{str(exc)[1:]}.", err=True)
            raise typer.Exit(1) from exc


def _insist(holds: object, option: str, rule: str) -> None:
    if not holds:
        raise typer.BadParameter(f"{option} {rule}")


def _show(key: str) -> None:
    typer.echo("The key, shown this once:", err=True)
    typer.echo(key)
