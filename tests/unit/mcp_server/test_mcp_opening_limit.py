"""One address opens so many sessions in a minute, and calls in them as it likes."""

import anyio
import httpx
import pytest
from starlette.responses import PlainTextResponse

from bot.mcp_server.errors import API_ERROR
from bot.mcp_server.opening_limit import OpeningLimit


def ask(limit: OpeningLimit, address: str = "10.0.0.1", **headers: str) -> httpx.Response:
    """One request to a server that keeps sessions."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(limit, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/mcp", headers=sent)

    return anyio.run(once)


def test_one_too_many_is_told_when_to_try_again() -> None:
    """As a JSON-RPC error; another address is not held up."""
    limit = OpeningLimit(PlainTextResponse("opened"), per_minute=2)

    opened = [ask(limit).status_code for _ in range(2)]
    refused = ask(limit)

    assert opened == [200, 200]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["id"] is None
    assert refused.json()["error"]["code"] == API_ERROR
    assert refused.json()["error"]["data"]["title"] == "Too many requests"
    assert ask(limit, "10.0.0.2").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"mcp_session_id": "x"}, {"mcp_protocol_version": "2026-07-28"}]
)
def test_what_opens_no_session_is_not_counted(headers: dict[str, str]) -> None:
    """A call in a session that is open, and a call of the protocol without sessions."""
    limit = OpeningLimit(PlainTextResponse("called"), per_minute=1)

    assert [ask(limit, **headers).status_code for _ in range(3)] == [200, 200, 200]
