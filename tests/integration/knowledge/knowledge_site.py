"""A web site on loopback whose pages are given by the test, and a client of the API."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import httpx
from fastapi import APIRouter
from limits.storage import MemoryStorage

from bot.api.access import Caller, Scope
from bot.api.app import api_app
from bot.api.rate_limit import RateLimiter

READER = Caller("k", "reader", "alice", frozenset({Scope.READ}), ("acme/*",))
# Writes what it likes to the connection, until the reader is gone.
Stream = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Page:
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/html"})


@dataclass
class Site:
    """A server with pages by path; `asked` is each request's path, query and headers."""

    host: str
    port: int = 0
    pages: dict[str, Page | Stream] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for."""
        return [path for path, _ in self.asked]


@contextmanager
def running(host: str = "127.0.0.1", port: int = 0) -> Iterator[Site]:
    """A site that serves until the test is done with it."""
    site = Site(host)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, dict(self.headers.items())))
            answer = site.pages.get(self.path.partition("?")[0], Page(status=404))
            if not isinstance(answer, Page):
                answer(self)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 -- its own name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A reader that left early is no error here."""

    with Server((host, port), Handler) as server:
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


class Api:
    """The application over some routers, asked with a reader's key."""

    def __init__(self, *routers: APIRouter) -> None:
        self._app = api_app(
            authenticate={"good": READER}.get,
            limiter=RateLimiter(MemoryStorage(), per_key=10_000, per_address=10_000),
            routers=routers,
        )

    def get(self, path: str) -> httpx.Response:
        """One GET."""
        return self._ask("GET", path)

    def post(self, path: str, **body: Any) -> httpx.Response:
        """One POST of JSON."""
        return self._ask("POST", path, json=body)

    def _ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport,
                base_url="http://test",
                headers={"Authorization": "Bearer good"},
            ) as client:
                return await client.request(method, path, **arguments)

        return anyio.run(once)
