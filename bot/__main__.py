"""The command line: one process of Lockgate a command, and the chores around them."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import keys_command, logs
from bot.queue import QueueName
from bot.settings import Settings, SettingsError, read
from bot.setup_github import command as setup_command

app = typer.Typer(
    name="lockgate",
    help="Drafts, plans, checks, prices, approves and applies Terraform as reviewed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys_command.app, name="keys")
app.add_typer(setup_command.app, name="setup")


def settings(*, for_github: bool = True) -> Settings:
    """The settings of this process; without them it ends, and says all that is missing."""
    try:
        found = read(os.environ, for_github=for_github)
    except SettingsError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(2) from exc
    logs.configure(found.log_level)
    return found


def check_mcp_servers(found: Settings) -> None:
    """End this process where the MCP servers' settings are wrong, and say all that is."""
    from bot.mcp_clients.errors import MCPAppInitializationError  # noqa: PLC0415 -- workers only
    from bot.mcp_clients.reading import configured  # noqa: PLC0415 -- as above

    try:
        configured(found, os.environ)
    except MCPAppInitializationError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(2) from exc


@app.command()
def web() -> None:
    """Take webhooks in."""
    from bot.web_process import serve_web  # noqa: PLC0415 -- each command loads what it needs

    serve_web(settings())


@app.command()
def worker(
    queue: Annotated[
        QueueName | None, typer.Option(help="Work this queue off; all of them without it.")
    ] = None,
) -> None:
    """Work queues off: one process a queue, started again when it dies."""
    found = settings()
    check_mcp_servers(found)
    if queue is not None:
        from bot.worker_process import serve_queue  # noqa: PLC0415 -- as above

        serve_queue(found, queue)
        return
    from bot.supervisor import Supervisor  # noqa: PLC0415 -- as above

    commands = {
        str(name): (sys.executable, "-m", "bot", "worker", "--queue", str(name))
        for name in QueueName
    }
    supervisor = Supervisor(commands)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.stop)
    supervisor.run()


@app.command()
def migrate() -> None:
    """Bring the database to this version."""
    from bot import compose  # noqa: PLC0415 -- as above

    with compose.opened_database(settings(for_github=False)):
        typer.echo("The database is up to date.")


@app.command()
def doctor(
    *, json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False
) -> None:
    """Look whether all that Lockgate needs is there, and say how to mend what is not."""
    from bot.doctor.command import doctor as examined  # noqa: PLC0415 -- as above

    # What goes wrong is in the report; the logs would stand in its way.
    logs.configure("DEBUG" if os.environ.get("LOCKGATE_LOG_LEVEL") == "DEBUG" else "CRITICAL")
    raise typer.Exit(examined(for_programs=json))


@app.command()
def mcp() -> None:
    """Serve assistants over standard input and output, with the key of LOCKGATE_API_KEY."""
    from bot.mcp_server.stdio import serve_stdio  # noqa: PLC0415 -- as above

    serve_stdio(settings(for_github=False))


@app.command("sealing-key")
def sealing_key() -> None:
    """Print a fresh key for LOCKGATE_SEALING_KEYS."""
    from bot.sealing import new_key  # noqa: PLC0415 -- as above

    typer.echo(new_key())


@app.command()
def forms(
    repository: Annotated[Path, typer.Argument(help="The repository to write them into.")] = Path(),
    catalogue: Annotated[Path, typer.Option(help="The catalogue's folder.")] = Path("catalogue"),
) -> None:
    """Write the issue forms of the catalogue's modules into a repository."""
    from rag.catalogue import CatalogueError, read_catalogue  # noqa: PLC0415 -- as above
    from rag.forms import write_forms  # noqa: PLC0415 -- as above

    try:
        changed = write_forms(read_catalogue(catalogue), repository)
    except CatalogueError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(2) from exc
    typer.echo("\n".join(str(path) for path in changed) or "The issue forms are up to date.")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
