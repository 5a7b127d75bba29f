"""Applications that are built at the first request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
from starlette.responses import PlainTextResponse

from bot.deferred import Built, Deferred


class Recorder:
    """Builds an application, failing as often as told, and notes what happened."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.events: list[str] = []

    def build(self) -> Built:
        """One attempt."""
        self.events.append("build")
        if self.failures:
            self.failures -= 1
            raise RuntimeError("no such module")
        return Built(PlainTextResponse("hello"), self._lifespan())

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        self.events.append("open")
        yield
        self.events.append("close")


def _refuse() -> None:
    raise OSError("no port")


async def _ask(app: Deferred, times: int) -> list[int]:
    transport = httpx.ASGITransport(app=app)
    statuses: list[int] = []

    async def one() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            statuses.append((await client.get("/")).status_code)

    async with anyio.create_task_group() as group:
        for _ in range(times):
            group.start_soon(one)
    await app.close()
    return statuses


def test_it_is_built_once_for_all_who_ask_first() -> None:
    """Ten requests at once build one application, opened and closed once."""
    recorder = Recorder()

    async def story() -> list[int]:
        return await _ask(Deferred("thing", recorder.build), 10)

    assert anyio.run(story) == [200] * 10
    assert recorder.events == ["build", "open", "close"]


def test_nothing_is_built_where_nobody_asks() -> None:
    """Closing what never began is nothing."""
    recorder = Recorder()

    async def story() -> list[int]:
        return await _ask(Deferred("thing", recorder.build), 0)

    assert anyio.run(story) == []
    assert recorder.events == []


def test_a_failed_start_is_tried_again() -> None:
    """The first request is told; the second finds it well."""
    recorder = Recorder(failures=1)

    async def story() -> list[int]:
        app = Deferred("thing", recorder.build)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            statuses = [(await client.get("/")).status_code for _ in range(2)]
        await app.close()
        return statuses

    assert anyio.run(story) == [503, 200]


def test_a_lifespan_that_does_not_open_is_told() -> None:
    """What can't be opened is not served."""

    @asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        _refuse()
        yield

    async def story() -> list[int]:
        return await _ask(Deferred("thing", lambda: Built(PlainTextResponse("x"), broken())), 2)

    assert anyio.run(story) == [503, 503]


def test_that_it_did_not_start_is_a_problem() -> None:
    """As every refusal of the API is; why, only the log knows."""
    app = Deferred("API", Recorder(failures=1).build)

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/")

    answer = anyio.run(story)

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("The API did not start")
    assert "no such module" not in answer.text
