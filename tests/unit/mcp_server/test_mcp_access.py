"""Keys, traces and addresses of the MCP server's calls."""

import pytest
from mcp import MCPError

from bot.mcp_server.access import bearer
from bot.mcp_server.connections import api_url
from bot.mcp_server.errors import MISSING_KEY
from bot.mcp_server.http import guard
from bot.settings import Settings, read


def settings(**values: str) -> Settings:
    """Settings with these variables."""
    named = {f"LOCKGATE_{name.upper()}": value for name, value in values.items()}
    return read(named, for_github=False)


@pytest.mark.parametrize("value", ["Bearer lgk_x", "bearer lgk_x", "Bearer  lgk_x "])
def test_a_key_is_read(value: str) -> None:
    """However the scheme is written."""
    assert bearer(value) == "lgk_x"


@pytest.mark.parametrize(
    "value", ["", "lgk_x", "Bearer", "Bearer ", "Basic bGdrX3g=", "Bearer a b", "Bearer \xe9"]
)
def test_no_key_is_an_error_that_says_so(value: str) -> None:
    """And how to give one, over each transport."""
    with pytest.raises(MCPError) as caught:
        bearer(value)

    assert caught.value.code == MISSING_KEY
    assert "Authorization: Bearer" in caught.value.message
    assert "LOCKGATE_API_KEY" in caught.value.message


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({}, "http://127.0.0.1:8080/api/v1"),
        ({"host": "0.0.0.0", "port": "9000"}, "http://127.0.0.1:9000/api/v1"),  # noqa: S104 -- read
        ({"host": "::"}, "http://[::1]:8080/api/v1"),
        ({"api_url": "https://lockgate.example"}, "https://lockgate.example/api/v1"),
        ({"api_url": "https://a.example/lockgate/"}, "https://a.example/lockgate/api/v1"),
        ({"api_url": "https://lockgate.example/api/v1/"}, "https://lockgate.example/api/v1"),
    ],
)
def test_the_api_is_where_the_web_process_is(values: dict[str, str], url: str) -> None:
    """Unless its address is set, with the API's path or without."""
    assert api_url(settings(**values)) == url


def test_the_names_the_server_answers_to() -> None:
    """Loopback, its own and the public one; pages of the public one and of named origins."""
    by_default = guard(settings())
    public = guard(
        settings(
            host="10.1.2.3",
            public_url="https://lockgate.example",
            api_cors_origins="https://app.example",
        )
    )
    six = guard(settings(host="fd00::1"))
    odd = guard(settings(public_url="http://lockgate.example:8443"))

    assert {"127.0.0.1:*", "localhost:*", "[::1]:*", "localhost"} <= set(by_default.allowed_hosts)
    assert not [host for host in by_default.allowed_hosts if "example" in host]
    assert {"lockgate.example", "lockgate.example:443", "10.1.2.3:*"} <= set(public.allowed_hosts)
    assert {"https://lockgate.example", "https://app.example"} <= set(public.allowed_origins)
    assert {"[fd00::1]", "[fd00::1]:*"} <= set(six.allowed_hosts)
    assert "lockgate.example:8443" in odd.allowed_hosts
    assert "http://lockgate.example:8443" in odd.allowed_origins
