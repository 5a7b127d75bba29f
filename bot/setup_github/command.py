"""`lockgate setup github`: from nothing to a registered App and its settings."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Set Lockgate up.", no_args_is_help=True)


@app.callback()
def setup() -> None:
    """Set Lockgate up."""


@app.command()
def github(
    organization: Annotated[
        str, typer.Option(help="Who owns the App; your own account without it.")
    ] = "",
    url: Annotated[
        str, typer.Option(help="Where GitHub reaches Lockgate; else LOCKGATE_PUBLIC_URL.")
    ] = "",
    name: Annotated[str, typer.Option(help="The App's name; GitHub lets you change it.")] = "",
    file: Annotated[Path, typer.Option(help="The file the settings go to.")] = Path(".env"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="The listener's port.")] = 0,
    minutes: Annotated[int, typer.Option(min=1, max=60, help="How long to wait.")] = 30,
    *,
    browser: Annotated[bool, typer.Option("--browser", help="Open a browser.")] = False,
) -> None:
    """Register a GitHub App for this Lockgate and write its settings."""
    from bot.settings import SettingsError, read  # noqa: PLC0415 -- only this command needs it
    from bot.setup_github.errors import SetupError  # noqa: PLC0415 -- as above
    from bot.setup_github.flow import Wanted, register  # noqa: PLC0415 -- as above
    from bot.setup_github.settings_file import AlreadySetUpError  # noqa: PLC0415 -- as above

    def show(address: str) -> None:
        typer.echo(
            f"Open this address in a browser on this machine:\n\n  {address}\n\n"
            "GitHub shows what the App may do and asks for its name. This waits for "
            f"{minutes} minutes; Ctrl-C ends it, and nothing is kept."
        )
        if browser:
            typer.launch(address)

    wanted = Wanted(organization, url, name, file, port, timedelta(minutes=minutes))
    try:
        done = register(wanted, read(os.environ, for_github=False), os.environ, show)
    except AlreadySetUpError as exc:
        typer.echo(str(exc))
        return
    except (SettingsError, SetupError) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc
    typer.echo(done)
