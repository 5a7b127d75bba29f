"""`lockgate mcp`: the MCP server over standard input and output, for who starts it."""

from bot.mcp_server.access import ApiAccess
from bot.mcp_server.connections import api_url, over_http
from bot.mcp_server.server import mcp_server
from bot.settings import Settings
from bot.telemetry.start import telemetry


def serve_stdio(settings: Settings) -> None:
    """Answer until standard input ends, with the key of `LOCKGATE_API_KEY`.

    Nothing but the protocol goes to standard output; logs go to standard error.
    """
    access = ApiAccess(over_http(api_url(settings)), own_key=settings.api_key)
    with telemetry(settings, "lockgate-mcp"):
        mcp_server(access).run("stdio")
