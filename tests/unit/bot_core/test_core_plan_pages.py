"""The page of a whole plan."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette

from bot.database import StoreUnavailableError
from bot.plan_pages import plan_route, plan_token, plan_url

KEY = b"key"
DIFF = '# aws_sqs_queue.jobs\n+ name = "<script>" \u2026\n'


def _get(path: str, *, away: bool = False) -> httpx.Response:
    def whole(plan_id: str) -> str | None:
        if away:
            raise StoreUnavailableError("gone")
        return DIFF if plan_id == "run-1" else None

    app = Starlette(routes=[plan_route(whole, key=KEY)])

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
            return await client.get(path)

    return asyncio.run(send())


def test_the_link_opens_the_plan() -> None:
    """Who has the link reads the text, which no browser takes for a page or keeps."""
    answer = _get(plan_url("http://web/", "run-1", key=KEY).removeprefix("http://web"))

    assert (answer.status_code, answer.text) == (200, DIFF)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/plans/run-1", id="no token"),
        pytest.param("/plans/run-1?token=", id="empty"),
        pytest.param("/plans/run-1?token=%C3%A9", id="not ASCII"),
        pytest.param(f"/plans/run-1?token={plan_token('run-2', key=KEY)}", id="another plan's"),
        pytest.param(f"/plans/run-1?token={plan_token('run-1', key=b'x')}", id="another key"),
        pytest.param(f"/plans/run-2?token={plan_token('run-2', key=KEY)}", id="no such plan"),
    ],
)
def test_without_the_token_there_is_nothing(path: str) -> None:
    """A wrong link and a plan that is not there give the same answer."""
    answer = _get(path)

    assert answer.status_code == 404
    assert "no such plan" in answer.text


def test_a_store_that_is_away_is_said() -> None:
    """The reader is told to try again."""
    assert _get(f"/plans/run-1?token={plan_token('run-1', key=KEY)}", away=True).status_code == 503
