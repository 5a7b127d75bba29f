"""The tools' client of the API: whatever answers, a caller reads a model or one of three errors."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from mcp import MCPError

from bot.api.models import Collection, Page, Search, SearchResult
from bot.api.problems import MEDIA_TYPE, not_found
from bot.mcp_server.api_client import Api, at
from bot.mcp_server.errors import API_ERROR, MISSING_KEY, UNREADABLE_ANSWER, missing_key

JSON = {"content-type": "application/json"}
INSIDE = "10.0.0.7:5432 password=hunter2"
Answer = Callable[[httpx.Request], httpx.Response]


def get(answer: Answer) -> Page[Collection]:
    """What a reading of the collections gives."""

    async def ask() -> Page[Collection]:
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://api/api/v1") as client:
            return await Api(client).get(at("collections"), Page[Collection], state="x")

    return anyio.run(ask)


def error(answer: Answer) -> MCPError:
    """The error of one; nothing of the inside is in it."""
    with pytest.raises(MCPError) as caught:
        get(answer)
    assert "hunter2" not in json.dumps(caught.value.error.model_dump(mode="json"))
    return caught.value


def always(status: int, body: Any, media_type: str = "application/json") -> Answer:
    """The same to every request."""
    content = body if isinstance(body, str) else json.dumps(body)
    return lambda _: httpx.Response(status, text=content, headers={"content-type": media_type})


def test_an_answer_is_a_model() -> None:
    """From the address, with the query."""
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json={"items": []})

    assert get(answer) == Page[Collection](items=())
    assert asked == [httpx.URL("http://api/api/v1/collections?state=x")]


def test_a_write_carries_its_body_and_headers() -> None:
    """As JSON of the model."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={"query": "queue", "hits": []})

    async def ask() -> SearchResult:
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            search = Search(query="queue")
            headers = {"idempotency-key": "k"}
            return await Api(client).post(at("a/b", "c"), search, SearchResult, **headers)

    assert anyio.run(ask) == SearchResult(query="queue", hits=())
    assert seen[0].url.raw_path == b"/a%2Fb/c"
    assert json.loads(seen[0].content) == {"query": "queue", "limit": 10}
    assert seen[0].headers["idempotency-key"] == "k"


def test_a_problem_is_told_whole() -> None:
    """Title and detail are for the caller; so is when to try again."""
    problem = not_found("There is no such deployment.").body().model_dump(mode="json")

    def answer(_: httpx.Request) -> httpx.Response:
        headers = {"content-type": MEDIA_TYPE, "retry-after": "7"}
        return httpx.Response(404, text=json.dumps(problem), headers=headers)

    found = error(answer)

    assert found.code == API_ERROR
    assert found.message == "Not found: There is no such deployment."
    assert found.data == {
        "type": "urn:lockgate:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no such deployment.",
        "retry_after_seconds": 7,
    }


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(always(502, f"<h1>{INSIDE}</h1>", "text/html"), id="a proxy's page"),
        pytest.param(always(500, {"error": INSIDE}), id="other JSON"),
        pytest.param(always(500, {"detail": INSIDE}, MEDIA_TYPE), id="no problem"),
        pytest.param(
            always(
                500,
                {"type": "about:blank", "title": INSIDE, "status": 500, "detail": INSIDE},
                MEDIA_TYPE,
            ),
            id="somebody else's problem",
        ),
        pytest.param(always(599, ""), id="a status without a name"),
    ],
)
def test_an_error_that_is_not_ours_is_told_by_its_status(answer: Answer) -> None:
    """Whoever wrote its body did not write it for the caller."""
    found = error(answer)

    assert found.code == API_ERROR
    assert found.data["status"] in {500, 502, 599}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(always(200, f"<h1>{INSIDE}</h1>", "text/html"), id="a page"),
        pytest.param(always(200, "{"), id="broken JSON"),
        pytest.param(always(200, {"things": INSIDE}), id="another shape"),
        pytest.param(always(204, ""), id="nothing"),
        pytest.param(always(302, ""), id="a redirection"),
    ],
)
def test_an_answer_of_another_shape_is_not_read(answer: Answer) -> None:
    """It is an error of its own."""
    assert error(answer).code == UNREADABLE_ANSWER


@pytest.mark.parametrize("reason", [httpx.ConnectError, httpx.ReadTimeout, httpx.DecodingError])
def test_an_api_out_of_reach_is_told(reason: type[httpx.RequestError]) -> None:
    """Without its address."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise reason(INSIDE, request=request)

    found = error(answer)

    assert found.code == API_ERROR
    assert "can't be reached" in found.message


def test_the_three_errors_differ() -> None:
    """A program tells them apart by their codes, which JSON-RPC leaves to us."""
    codes = {missing_key().code, API_ERROR, UNREADABLE_ANSWER}

    assert missing_key().code == MISSING_KEY
    assert len(codes) == 3
    assert all(-32019 <= code <= -32003 for code in codes)
