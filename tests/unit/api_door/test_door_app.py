"""The API's door with a small router behind it: keys, limits, refusals, ETags, CORS."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import anyio
import httpx
import pytest
from fastapi import APIRouter, Depends
from limits.storage import MemoryStorage
from pydantic import BaseModel
from structlog.testing import capture_logs

from bot.api.access import Caller, Scope, needs
from bot.api.app import api_app
from bot.api.body_limit import MOST_BYTES
from bot.api.idempotency import IdempotencyKey
from bot.api.pages import read_cursor
from bot.api.problems import MEDIA_TYPE, Problem
from bot.api.rate_limit import RateLimiter
from handlers.errors import TransientError, UserError

READER = Caller("k1", "reader", "alice", frozenset({Scope.READ}), ("acme/*",))
KEY = {"Authorization": "Bearer good"}
JSON = {"Content-Type": "application/json"}


class Thing(BaseModel):
    """What the router takes in."""

    name: str


def router() -> APIRouter:
    """One operation for each thing that can happen."""
    routes = APIRouter()

    @routes.get("/things")
    def things(_: Annotated[Caller, Depends(needs(Scope.READ))]) -> dict[str, int]:
        return {"things": 3}

    @routes.get("/pages")
    def pages(cursor: str, _: Annotated[Caller, Depends(needs(Scope.READ))]) -> str:
        return str(read_cursor(cursor))

    @routes.post("/things")
    def make(
        thing: Thing,
        _: Annotated[Caller, Depends(needs(Scope.READ))],
        key: IdempotencyKey = None,
    ) -> dict[str, str | None]:
        return {"name": thing.name, "key": key}

    @routes.post("/applies")
    def apply(_: Annotated[Caller, Depends(needs(Scope.APPLY))]) -> None:
        return None

    @routes.get("/away")
    def away() -> None:
        raise TransientError("10.0.0.7 refused the connection")

    @routes.get("/told")
    def told() -> None:
        raise UserError("`x` is not a project.")

    @routes.get("/broken")
    def broken() -> None:
        raise RuntimeError("password=hunter2")

    return routes


class Door:
    """The application and a client of it."""

    def __init__(self, *, per_key: int = 100, origins: tuple[str, ...] = ()) -> None:
        self.app = api_app(
            authenticate={"good": READER}.get,
            limiter=RateLimiter(MemoryStorage(), per_key=per_key, per_address=1000),
            routers=[router()],
            cors_origins=origins,
        )

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] = KEY, **body: Any
    ) -> httpx.Response:
        """One request."""

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, headers=headers, **body)

        return anyio.run(once)


@pytest.fixture(scope="module")
def door() -> Door:
    """A door without tight limits."""
    return Door()


def problem(response: httpx.Response, status: int) -> Problem:
    """The problem of a refusal."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    found = Problem.model_validate_json(response.content)
    assert found.status == status
    return found


def test_a_key_opens_the_door(door: Door) -> None:
    """With a key of the scope an operation answers."""
    response = door.ask("GET", "/things")

    assert response.status_code == 200
    assert response.json() == {"things": 3}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "There is no key"),
        ({"Authorization": "Basic Z29vZA=="}, "There is no key"),
        ({"Authorization": "Bearer"}, "There is no key"),
        ({"Authorization": "Bearer bad"}, "not known here"),
    ],
)
def test_without_a_key_it_stays_shut(door: Door, headers: dict[str, str], said: str) -> None:
    """401, with the scheme to use and what to do."""
    response = door.ask("GET", "/things", headers)

    assert said in problem(response, 401).detail
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_scope_is_missing(door: Door) -> None:
    """403 names the scope and the command that gives it."""
    assert "--scope apply" in problem(door.ask("POST", "/applies"), 403).detail


def test_what_is_wrong_is_pointed_at(door: Door) -> None:
    """422 with JSON pointers, for fields, headers and cursors."""
    wrong = problem(door.ask("POST", "/things", json={"nam": 1}), 422)
    key = problem(
        door.ask("POST", "/things", {**KEY, "Idempotency-Key": "a b"}, json={"name": "x"}), 422
    )
    cursor = problem(door.ask("GET", "/pages?cursor=nonsense"), 422)

    assert [each.pointer for each in wrong.errors] == ["/body/name"]
    assert [each.pointer for each in key.errors] == ["/header/Idempotency-Key"]
    assert [each.pointer for each in cursor.errors] == ["/query/cursor"]


def test_a_body_that_is_not_json_is_told_so(door: Door) -> None:
    """400 with the place where it breaks off; 415 where it is called something else."""
    broken = problem(door.ask("POST", "/things", KEY | JSON, content=b'{"name": '), 400)
    latin = problem(door.ask("POST", "/things", KEY | JSON, content=b'{"name": "\xff"}'), 400)
    text = {"Content-Type": "text/plain"}
    plain = door.ask("POST", "/things", KEY | text, content=b'{"name": "x"}')

    assert "at character 9" in broken.detail
    assert [each.pointer for each in broken.errors] == ["/body"]
    assert "UTF-8" in latin.detail
    assert "`text/plain`" in problem(plain, 415).detail
    assert plain.headers["accept"] == "application/json"


def test_a_body_is_as_large_as_it_is(door: Door) -> None:
    """One whose length is not declared is refused like one whose length is."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (MOST_BYTES // 2)

    assert problem(door.ask("POST", "/things", KEY | JSON, content=chunks()), 413).status == 413


def test_every_method_of_a_path_is_named(door: Door) -> None:
    """As the standard asks for it: not those of one operation alone."""
    assert door.ask("DELETE", "/things").headers["allow"] == "GET, POST"


def test_a_slash_too_many_leads_nowhere(door: Door) -> None:
    """A redirect would send the key along, to whatever host and scheme this process believes in."""
    assert problem(door.ask("GET", "/things/"), 404).title == "Not found"


def test_other_refusals_are_problems_too(door: Door) -> None:
    """Unknown paths and methods, what people can mend, what passes, and what broke."""
    large = b'{"name": "' + b"x" * MOST_BYTES + b'"}'

    assert problem(door.ask("GET", "/nothing"), 404).title == "Not found"
    assert problem(door.ask("DELETE", "/things"), 405).title == "Method not allowed"
    assert problem(door.ask("POST", "/things", content=large), 413).title == "Too large"
    assert problem(door.ask("GET", "/told"), 409).detail == "`x` is not a project."
    away = door.ask("GET", "/away")
    assert "10.0.0.7" not in problem(away, 503).detail
    assert away.headers["retry-after"] == "60"
    with capture_logs() as logged:
        broken = problem(door.ask("GET", "/broken"), 500)
    assert "hunter2" not in broken.detail
    assert logged[0]["request"] in broken.detail


def test_limits_are_told_and_kept() -> None:
    """Every answer says what is left; one too many waits."""
    door = Door(per_key=2)

    first, second, third = (door.ask("GET", "/things") for _ in range(3))

    assert first.headers["ratelimit-policy"] == '"key";q=2;w=60, "address";q=1000;w=60'
    assert first.headers["ratelimit"].startswith('"key";r=1;t=')
    assert second.headers["ratelimit"].startswith('"key";r=0;t=')
    assert "More than 2 requests" in problem(third, 429).detail
    assert 1 <= int(third.headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("GET", "/nothing", b"", 404, id="no such path"),
        pytest.param("DELETE", "/things", b"", 405, id="no such method"),
        pytest.param("POST", "/things", b"{", 400, id="no JSON"),
        pytest.param("POST", "/things", b"{}", 422, id="not valid"),
        pytest.param("POST", "/applies", b"", 403, id="no scope"),
    ],
)
def test_what_is_refused_is_counted(
    door: Door, method: str, path: str, body: bytes, status: int
) -> None:
    """Nobody asks for free, whatever it is they ask for."""
    response = door.ask(method, path, KEY | JSON, content=body)

    assert response.status_code == status
    assert '"key";r=' in response.headers["ratelimit"]
    assert '"address";r=' in response.headers["ratelimit"]


@pytest.mark.parametrize("body", [b"{", b'{"name": 1}', b"x" * 2 * MOST_BYTES])
def test_nothing_is_read_for_who_has_no_key(door: Door, body: bytes) -> None:
    """What is wrong with a body is told to nobody unknown, and their address is counted."""
    response = door.ask("POST", "/things", JSON, content=body)

    assert problem(response, 401).errors == ()
    assert response.headers["ratelimit"].startswith('"address";r=')


def test_what_did_not_change_is_not_sent_again(door: Door) -> None:
    """An ETag that is sent back saves the body."""
    first = door.ask("GET", "/things")
    again = door.ask("GET", "/things", {**KEY, "If-None-Match": first.headers["etag"]})
    other = door.ask("GET", "/things", {**KEY, "If-None-Match": '"other"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200


def test_pages_of_others_are_shut_out_unless_named() -> None:
    """CORS is closed by default; a named origin may call."""
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, if-none-match, last-event-id, prefer",
    }

    assert "access-control-allow-origin" not in Door().ask("GET", "/things", KEY | asked).headers
    opened = Door(origins=("https://app.example",))
    preflight = opened.ask("OPTIONS", "/things", asked)
    answer = opened.ask("GET", "/things", KEY | asked)
    other = opened.ask("GET", "/things", KEY | {"Origin": "https://evil.example"})
    assert preflight.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in other.headers


def test_the_description_is_open_and_whole(door: Door) -> None:
    """OpenAPI 3.1 without a key; every operation asks for one and says how it refuses."""
    document = json.loads(door.ask("GET", "/openapi.json", {}).content)

    assert document["openapi"].startswith("3.1")
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["security"] == [{"key": []}]
            for status, response in operation["responses"].items():
                if status.startswith("4"):
                    assert list(response["content"]) == [MEDIA_TYPE]


def test_the_description_names_only_what_it_has(door: Door) -> None:
    """Every reference leads somewhere, and every header that an answer has is described."""
    document = json.loads(door.ask("GET", "/openapi.json", {}).content)

    for reference in re.findall(r'"#/([^"]+)"', json.dumps(document)):
        found = document
        for part in reference.split("/"):
            found = found[part]
        assert found
    responses = document["paths"]["/things"]["get"]["responses"]
    assert set(responses["200"]["headers"]) == {"ETag", "RateLimit", "RateLimit-Policy"}
    assert "content" not in responses["304"]
    assert "Retry-After" in responses["429"]["headers"]
