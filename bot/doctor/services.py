"""Checks of what Lockgate may be pointed at: MCP servers, web search and reading, telemetry."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
from pydantic import HttpUrl

from bot.doctor.results import Result, failed, off, ok
from bot.mcp_clients.checking import Checked, check
from bot.mcp_clients.errors import MCPAppInitializationError
from bot.mcp_clients.reading import configured
from bot.settings import Settings

HTTP_SECONDS = 10.0
SERVER_ERROR = 500
MCP = "MCP servers"
RECEIVER = "OTLP receiver"


def mcp_servers(settings: Settings, environ: Mapping[str, str]) -> Iterator[Result]:
    """Each configured server, spoken to."""
    try:
        servers = configured(settings, environ)
    except MCPAppInitializationError as exc:
        yield failed(MCP, "; ".join(exc.problems), "Correct the file, or take the setting away.")
        return
    if not servers:
        yield off(MCP, "LOCKGATE_MCP_SERVERS_FILE and LOCKGATE_KUBERNETES_MCP_URL are not set.")
        return
    with ThreadPoolExecutor(len(servers)) as threads:
        yield from (_server(found) for found in threads.map(check, servers.values()))


def _server(found: Checked) -> Result:
    name = f"MCP {found.server}"
    if found.problem is not None:
        return failed(
            name, found.problem, "Start the server, or correct its settings: docs/mcp-servers.md."
        )
    return ok(name, f"{found.tools} tool{'' if found.tools == 1 else 's'}.")


def web(settings: Settings) -> Iterator[Result]:
    """Whether the search and the reader answer at all."""
    for name, setting, url in (
        ("Web search", "LOCKGATE_WEB_SEARCH_URL", settings.web_search_url),
        ("Web reader", "LOCKGATE_WEB_READ_URL", settings.web_read_url),
    ):
        yield _answers(name, setting, url) if url else off(name, f"{setting} is not set.")


def _answers(name: str, setting: str, url: HttpUrl) -> Result:
    mend = f"Start it, or correct {setting}."
    try:
        status = httpx.get(str(url), timeout=HTTP_SECONDS, trust_env=False).status_code
    except httpx.HTTPError as exc:
        return failed(name, f"It did not answer: {type(exc).__name__}.", mend)
    if status >= SERVER_ERROR:
        return failed(name, f"It answered {status}.", mend)
    return ok(name, "It answers.")


def telemetry(settings: Settings) -> Iterator[Result]:
    """Whether the receiver takes an empty export."""
    if settings.otlp_endpoint is None:
        yield off(RECEIVER, "LOCKGATE_OTLP_ENDPOINT is not set.")
        return
    from bot.telemetry.sdk import headers  # noqa: PLC0415 -- slow, and most do without

    mend = "Start the collector, or correct LOCKGATE_OTLP_ENDPOINT and LOCKGATE_OTLP_HEADERS."
    try:
        # No bytes are an export of nothing.
        answer = httpx.post(
            f"{str(settings.otlp_endpoint).rstrip('/')}/v1/traces",
            content=b"",
            headers={"content-type": "application/x-protobuf", **headers(settings)},
            timeout=HTTP_SECONDS,
            trust_env=False,
        )
    except httpx.HTTPError as exc:
        yield failed(RECEIVER, f"It did not answer: {type(exc).__name__}.", mend)
        return
    if not answer.is_success:
        yield failed(RECEIVER, f"It answered {answer.status_code} to an empty export.", mend)
        return
    yield ok(RECEIVER, "It takes exports.")
