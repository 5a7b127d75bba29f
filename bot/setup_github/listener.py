"""The listener on loopback that GitHub sends the browser back to.

Only who was told its address gets the page, only an answer with our state is taken, and only once.
"""

import hmac
import queue
import re
import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from bot.setup_github.errors import SetupError
from bot.setup_github.exchange import RegisteredApp
from bot.setup_github.page import Page, refused, registered

LOOPBACK = "127.0.0.1"
CODE = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
NOT_OURS = (
    "This answer does not belong to the set-up that is running, so nothing was done with it. "
    "Open the address in the terminal."
)
Take = Callable[[str], RegisteredApp]


class Listener:
    """Shows `start` and hands the code that comes back to `take`, until one App was had."""

    def __init__(self, port: int = 0) -> None:
        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), _Handler)
        except OSError as exc:
            raise SetupError(f"Port {port} is taken: name another with --port.") from exc
        self._server.daemon_threads = True
        self._origin = f"http://{LOOPBACK}:{self._server.server_port}"
        self._path = f"/{secrets.token_urlsafe(16)}"
        self.state = secrets.token_urlsafe(32)
        self.address = self._origin + self._path
        self.callback = f"{self._origin}/callback"
        self._start: Page | None = None
        self._take: Take | None = None
        self._once = threading.Lock()
        self._ends: queue.Queue[RegisteredApp | SetupError] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.server_close()

    def wait(self, start: Page, take: Take, limit: timedelta) -> RegisteredApp:
        """Serve until an App was had; raises SetupError when none was, or not in time."""
        self._start, self._take = start, take
        self._server.listener = self  # type: ignore[attr-defined]  # where handlers look for it
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            end = self._ends.get(timeout=limit.total_seconds())
        except queue.Empty as exc:
            minutes = int(limit.total_seconds() // 60)
            raise SetupError(
                f"Nobody came back from GitHub within {minutes} minutes. Run this again."
            ) from exc
        finally:
            self._server.shutdown()
            thread.join()
        if isinstance(end, SetupError):
            raise end
        return end

    def answer(self, host: str, target: str) -> tuple[HTTPStatus, Page, Callable[[], None]]:
        """The answer to a GET, and what to do once it was sent."""
        address = urlsplit(target)
        if f"http://{host}" != self._origin:
            return HTTPStatus.MISDIRECTED_REQUEST, refused(NOT_OURS), _nothing
        if hmac.compare_digest(address.path.encode(), self._path.encode()):
            assert self._start is not None, "set before serving"  # noqa: S101 -- for the types
            return HTTPStatus.OK, self._start, _nothing
        if address.path != "/callback":
            return HTTPStatus.NOT_FOUND, refused("There is no such page."), _nothing
        given = {name: values[0] for name, values in parse_qs(address.query).items()}
        ours = hmac.compare_digest(given.get("state", "").encode(), self.state.encode())
        if not ours or not CODE.fullmatch(given.get("code", "")):
            return HTTPStatus.FORBIDDEN, refused(NOT_OURS), _nothing
        if not self._once.acquire(blocking=False):
            return (
                HTTPStatus.CONFLICT,
                refused("This was done already: see the terminal."),
                _nothing,
            )
        return self._finish(given["code"])

    def _finish(self, code: str) -> tuple[HTTPStatus, Page, Callable[[], None]]:
        assert self._take is not None, "set before serving"  # noqa: S101 -- for the types
        try:
            app = self._take(code)
        except SetupError as problem:
            failed = problem
            return HTTPStatus.BAD_GATEWAY, refused(str(failed)), lambda: self._ends.put(failed)
        return HTTPStatus.OK, registered(app.name, app.install_url), lambda: self._ends.put(app)


class _Handler(BaseHTTPRequestHandler):
    server_version = "lockgate"
    sys_version = ""

    def do_GET(self) -> None:
        listener: Listener = self.server.listener  # type: ignore[attr-defined]  # set by `wait`
        status, page, then = listener.answer(self.headers.get("host", ""), self.path)
        body = page.text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("content-security-policy", page.policy)
        self.send_header("cache-control", "no-store")
        self.send_header("referrer-policy", "no-referrer")
        self.send_header("x-content-type-options", "nosniff")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        then()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Stay quiet: addresses hold the state and the code."""


def _nothing() -> None:
    """Go on waiting."""
