"""The configured MCP servers: the file's and the short setting's, or everything wrong at once."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from bot.mcp_clients.errors import MCPAppInitializationError
from bot.mcp_clients.problems import model_problems
from bot.mcp_clients.references import resolved
from bot.mcp_clients.sections import HttpSection, ServersFile, StdioSection
from bot.mcp_clients.servers import OWN_TOOLS, Http, Kind, Program, Server, kubernetes_server
from bot.settings import PREFIX, Settings
from handlers.configuration_yaml import Document, Problem, UnreadableError, dotted, read_document

FILE_SETTING = f"{PREFIX}MCP_SERVERS_FILE"
URL_SETTING = f"{PREFIX}KUBERNETES_MCP_URL"


def configured(settings: Settings, environ: Mapping[str, str]) -> Mapping[str, Server]:
    """Every configured server by its name; raises MCPAppInitializationError with every problem.

    Programs are looked for on PATH; no server is spoken to.
    """
    servers = {}
    if settings.mcp_servers_file is not None:
        found = read_servers(settings.mcp_servers_file, environ)
        servers = {server.name: server for server in found}
    if settings.kubernetes_mcp_url is None:
        return servers
    short = kubernetes_server(str(settings.kubernetes_mcp_url), f"`{URL_SETTING}`")
    for server in servers.values():
        if server.kind is Kind.KUBERNETES or server.name == short.name:
            raise MCPAppInitializationError(
                [f"`{URL_SETTING}` is set, and so is {server.setting}: keep one of them"]
            )
    return servers | {short.name: short}


def read_servers(path: Path, environ: Mapping[str, str]) -> tuple[Server, ...]:
    """The servers in this file; raises MCPAppInitializationError with every problem."""
    try:
        document = read_document(path.read_text(encoding="utf-8"))
    except UnreadableError as exc:
        raise MCPAppInitializationError([_said(exc.problem)]) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise MCPAppInitializationError([f"`{FILE_SETTING}`: {path} can't be read"]) from exc
    value, problems = resolved(document, environ)
    problems = [*document.problems, *problems]
    try:
        file = ServersFile.model_validate(value)
    except ValidationError as exc:
        # What refers to nothing can't be right either: that is told once.
        told = {(problem.line, problem.key) for problem in problems}
        found = model_problems(exc, document)
        problems += [each for each in found if (each.line, each.key) not in told]
        raise _all(problems) from exc
    problems += _unusable(file, document, environ)
    if problems:
        raise _all(problems)
    return tuple(_server(name, section, environ) for name, section in file.servers.items())


def _all(problems: list[Problem]) -> MCPAppInitializationError:
    return MCPAppInitializationError([_said(problem) for problem in problems])


def _said(problem: Problem) -> str:
    key = f" `{problem.key}`" if problem.key else ""
    return f"`{FILE_SETTING}` line {problem.line}{key}: {problem.message}"


def _unusable(
    file: ServersFile, document: Document, environ: Mapping[str, str]
) -> Iterator[Problem]:
    for name, section in file.servers.items():
        for key, message in _wrong(section, environ):
            path = ("servers", name, key)
            yield Problem(document.line(path), dotted(path), message)
    for kind in (Kind.KUBERNETES, Kind.ARGOCD):
        yield from _twice(file, document, kind)


def _wrong(
    section: HttpSection | StdioSection, environ: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The keys of this server that can't be used, each with the reason."""
    if section.kind is Kind.OTHER and not (section.tools or section.model_tools):
        yield "tools", "is required, or `model_tools`: nothing else may be called of this server"
    match section:
        case HttpSection():
            if section.url.username or section.url.password:
                yield "url", "must hold no user or password: send them in `headers`"
        case StdioSection():
            if _program(section.command, environ) is None:
                yield "command", f"there is no program `{section.command}` on PATH: install it"
            if section.folder is not None and not Path(section.folder).is_dir():
                yield "folder", f"there is no folder `{section.folder}`"


def _twice(file: ServersFile, document: Document, kind: Kind) -> Iterator[Problem]:
    names = [name for name, section in file.servers.items() if section.kind is kind]
    for name in names[1:]:
        path = ("servers", name, "kind")
        message = f"`{names[0]}` is of the kind {kind} already: keep one of them"
        yield Problem(document.line(path), dotted(path), message)


def _server(name: str, section: HttpSection | StdioSection, environ: Mapping[str, str]) -> Server:
    return Server(
        name=name,
        kind=section.kind,
        reached=_reached(section, environ),
        setting=f"`servers.{name}` of `{FILE_SETTING}`",
        tools=frozenset(section.tools) if section.tools else OWN_TOOLS[section.kind],
        model_tools=frozenset(section.model_tools),
        connect_timeout_seconds=section.connect_timeout_seconds,
        timeout_seconds=section.timeout_seconds,
        idle_seconds=section.idle_seconds,
    )


def _reached(section: HttpSection | StdioSection, environ: Mapping[str, str]) -> Http | Program:
    match section:
        case HttpSection():
            return Http(str(section.url), section.headers)
        case StdioSection():
            command = _program(section.command, environ)
            assert command is not None, "checked before"  # noqa: S101 -- for the types
            folder = Path(section.folder) if section.folder else None
            return Program(command, section.args, section.env, folder)


def _program(command: str, environ: Mapping[str, str]) -> str | None:
    return shutil.which(command, path=environ.get("PATH", ""))
