"""Readiness tells every dependency's state; those that are optional never close the door."""

import asyncio
import socket

import httpx
import pytest

from bot.optional_services import optional_services, reachable, remembered
from bot.settings import read
from bot.web import web_app
from handlers.errors import TransientError


def refuse() -> None:
    """A dependency that is away, with an address in its words."""
    raise ConnectionError("http://inside.example:4318 refused")


def readiness(**given: object) -> tuple[int, object]:
    """Status and body of the readiness page."""
    arguments = {"dependencies": {}, **given}
    app = web_app(secret=b"", put=lambda _: pytest.fail("not asked"), **arguments)  # type: ignore[arg-type]  # a table

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lockgate") as client:
            return await client.get("/readyz")

    answer = asyncio.run(ask())
    assert "inside.example" not in answer.text
    return answer.status_code, answer.json()


def test_what_is_optional_is_told_and_closes_nothing() -> None:
    """Away and off are told apart, and the process is ready all the same."""
    states = readiness(
        dependencies={"database": lambda: None},
        optional={"telemetry": refuse, "web_search": None, "github": lambda: None},
    )

    assert states == (
        200,
        {"database": "ok", "telemetry": "away", "web_search": "off", "github": "ok"},
    )


def test_what_is_needed_closes_the_door() -> None:
    """Whatever the optional ones say."""

    def away() -> None:
        raise TransientError("the database is away")

    assert readiness(dependencies={"database": away}, optional={"github": lambda: None}) == (
        503,
        {"database": "away", "github": "ok"},
    )


def test_services_are_reached_by_a_connection() -> None:
    """One that listens is reached; one that does not is a plain error without its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        reachable(f"http://127.0.0.1:{port}/mcp")()

    with pytest.raises(OSError, match=r"^ConnectionRefusedError$"):
        reachable(f"http://127.0.0.1:{port}/mcp")()


def test_only_what_is_configured_is_asked() -> None:
    """GitHub always is; the others are off until they are named."""
    found = optional_services(read({"LOCKGATE_OTLP_ENDPOINT": "http://c:4318"}, for_github=False))

    assert {name for name, probe in found.items() if probe} == {"github", "telemetry"}
    assert {name for name, probe in found.items() if not probe} == {
        "kubernetes_mcp",
        "web_search",
        "web_reader",
    }


def test_an_answer_is_remembered_for_a_while() -> None:
    """A readiness page that is asked often does not ask the services as often."""
    asked: list[None] = []
    now = [0.0]

    def probe() -> None:
        asked.append(None)
        raise ConnectionError("away")

    ask = remembered(probe, clock=lambda: now[0])
    for now[0] in (0.0, 14.0, 15.0):
        with pytest.raises(OSError, match="away"):
            ask()

    assert len(asked) == 2
