"""The way to GitHub: githubkit for the App's JWT and the wire; tokens, errors and retries are ours.

githubkit's own installation tokens import 2 s of models and are not renewed after a 401, and its
retry repeats POST: both are replaced here (docs/adr/0003-githubkit.md).
"""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from githubkit import AppAuthStrategy, GitHub, TokenAuthStrategy
from githubkit.cache import MemCacheStrategy
from githubkit.exception import RequestError, RequestFailed, RequestTimeout
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from bot.telemetry import measure, trace
from bot.telemetry.github_operations import operation
from handlers.errors import TransientError
from handlers.events import RepoName

API_VERSION = "2022-11-28"
# GitHub itself gives up on a request after 10 s.
TIMEOUT = httpx.Timeout(12.0, connect=5.0)
# A token is good for an hour; it is renewed while a long git fetch could still end with it.
RENEW_BEFORE = timedelta(minutes=5)
# What GitHub asks for when it names no time for a secondary limit.
SECONDARY_LIMIT_WAIT = timedelta(seconds=60)
READ_ATTEMPTS = 3
# GitHub's words end in comments and records; what stands in for GitHub may say more.
LONGEST_MESSAGE = 500
UNAUTHORISED, FORBIDDEN, NOT_FOUND, GONE, UNPROCESSABLE = 401, 403, 404, 410, 422
TOO_MANY, SERVER_ERROR = 429, 500
DOTTED = {".": "%2E", "..": "%2E%2E"}


class GitHubError(Exception):
    """GitHub refused a request for good; `message` is its own words, `status` its code."""

    def __init__(self, status: int, message: str, request: str) -> None:
        super().__init__(f"{request}: {status} {message}")
        self.status = status
        self.message = message


def in_path(name: str) -> str:
    """A name that people choose, as part of a path: `release#1` must not end as `release`.

    Nor must `..` lead to another repository: no name of GitHub's has such a part.
    """
    return "/".join(DOTTED.get(part) or quote(part, safe="") for part in name.split("/"))


class _SharedTransport(httpx.HTTPTransport):
    """One connection pool for all threads; githubkit closes its client after each call."""

    def close(self) -> None:
        """Stay open: the process ends with it."""

    def __exit__(self, *_: object) -> None:
        """Stay open, as above."""


@dataclass(slots=True)
class _Token:
    value: str = field(repr=False)
    expires_at: datetime


class GitHubClient:
    """Calls to GitHub as the App or as its installation on a repository; safe in many threads."""

    def __init__(
        self,
        *,
        api_url: str,
        app_id: int,
        private_key: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._installations: dict[str, int] = {}
        self._tokens: dict[int, _Token] = {}
        self._settings: dict[str, Any] = {
            "base_url": api_url,
            "timeout": TIMEOUT,
            "http_cache": False,
            "auto_retry": False,
            "trust_env": False,
            "user_agent": "lockgate",
            "cache_strategy": MemCacheStrategy(),
            "transport": transport or _SharedTransport(verify=ssl.create_default_context()),
        }
        self._as_app = GitHub(AppAuthStrategy(app_id, private_key), **self._settings)

    def app(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON answer to a request as the App itself.

        GitHub at times answers a good JWT with 401 (clocks, replication): that passes, too.
        """
        try:
            return _json(self._send(self._as_app, method, path, arguments))
        except GitHubError as exc:
            if exc.status != UNAUTHORISED:
                raise
            raise TransientError(f"{exc}: is the App's key the right one?") from exc

    def call(self, repo: RepoName, method: str, path: str, **arguments: Any) -> Any:
        """The JSON answer to a request as the installation on `repo`; `path` is below the repo.

        Raises GitHubError for a refusal, TransientError for what may pass.
        """
        return _json(self._as_installation(repo, method, f"/repos/{repo}{path}", arguments))

    def pages(
        self, repo: RepoName, path: str, *, key: str | None = None, **params: Any
    ) -> Iterator[Any]:
        """The items of every page of a list; `key` names the list where it stands in an object."""
        url: str | None = f"/repos/{repo}{path}"
        arguments: dict[str, Any] = {"params": {"per_page": 100, **params}}
        while url:
            response = self._as_installation(repo, "GET", url, arguments)
            body = response.json()
            yield from body[key] if key else body
            url = response.links.get("next", {}).get("url")
            arguments = {}

    def organisation(self, repo: RepoName, method: str, path: str) -> Any:
        """The JSON answer to a request outside a repository, as the installation on `repo`."""
        return _json(self._as_installation(repo, method, path, {}))

    def token(self, repo: RepoName) -> str:
        """An installation token for git over HTTP."""
        return self._token(repo).value

    def _as_installation(
        self, repo: RepoName, method: str, path: str, arguments: Mapping[str, Any]
    ) -> httpx.Response:
        token = self._token(repo)
        try:
            return self._send(self._with(token), method, path, arguments)
        except GitHubError as exc:
            if exc.status != UNAUTHORISED:
                raise
        # A token can be revoked before it expires: one new one, then the answer stands.
        with self._lock:
            self._tokens = {id_: each for id_, each in self._tokens.items() if each is not token}
        return self._send(self._with(self._token(repo)), method, path, arguments)

    def _with(self, token: _Token) -> GitHub[TokenAuthStrategy]:
        return GitHub(TokenAuthStrategy(token.value), **self._settings)

    def _installation(self, repo: RepoName) -> int:
        with self._lock:
            known = self._installations.get(repo)
        if known is None:
            known = int(self.app("GET", f"/repos/{repo}/installation")["id"])
            with self._lock:
                self._installations[repo] = known
        return known

    def _token(self, repo: RepoName) -> _Token:
        try:
            return self._token_of(self._installation(repo))
        except GitHubError as exc:
            if exc.status != NOT_FOUND:
                raise
        # An App that was removed and installed again has another installation.
        with self._lock:
            self._installations.pop(repo, None)
        return self._token_of(self._installation(repo))

    def _token_of(self, installation: int) -> _Token:
        with self._lock:
            token = self._tokens.get(installation)
            if token is not None and token.expires_at - self._now() > RENEW_BEFORE:
                return token
            answer = self.app("POST", f"/app/installations/{installation}/access_tokens", json={})
            expires_at = datetime.fromisoformat(answer["expires_at"])
            token = _Token(answer["token"], expires_at)
            self._tokens[installation] = token
            return token

    def _send(
        self, github: GitHub[Any], method: str, path: str, arguments: Mapping[str, Any]
    ) -> httpx.Response:
        with trace.span(f"GitHub {operation(method, path)}", kind="client") as span:
            if method != "GET":
                # What was answered with 502 may have been done: only a fresh look can tell.
                return self._once(github, method, path, arguments)
            retrying = Retrying(
                retry=retry_if_exception_type(_PassingError),
                stop=stop_after_attempt(READ_ATTEMPTS),
                wait=wait_random_exponential(multiplier=0.2, max=2),
                before_sleep=lambda tried: span.event(
                    "retry", {"lockgate.attempt": tried.attempt_number}
                ),
                reraise=True,
            )
            return retrying(self._once, github, method, path, arguments)

    def _once(
        self, github: GitHub[Any], method: str, path: str, arguments: Mapping[str, Any]
    ) -> httpx.Response:
        headers = {"X-GitHub-Api-Version": API_VERSION}
        try:
            response = github.request(method, path, headers=headers, **arguments).raw_response
        except RequestFailed as exc:
            _measured(exc.response.raw_response)
            raise self._refusal(exc.response.raw_response, f"{method} {path}") from exc
        except (RequestTimeout, RequestError) as exc:
            measure.add("lockgate.github.requests", {"status": "none"})
            raise _PassingError(f"{method} {path}: GitHub did not answer") from exc
        _measured(response)
        return response

    def _refusal(self, response: httpx.Response, request: str) -> Exception:
        message = _message(response)
        if response.status_code >= SERVER_ERROR:
            return _PassingError(f"{request}: GitHub answered {response.status_code}")
        wait = self._limited(response, message)
        if wait is not None:
            return TransientError(f"{request}: GitHub's rate limit", retry_after=wait)
        return GitHubError(response.status_code, message, request)

    def _limited(self, response: httpx.Response, message: str) -> timedelta | None:
        """How long to wait where a limit was hit, else None."""
        if response.status_code not in {FORBIDDEN, TOO_MANY}:
            return None
        headers = response.headers
        if headers.get("retry-after", "").isdecimal():
            return timedelta(seconds=int(headers["retry-after"]))
        reset = headers.get("x-ratelimit-reset", "")
        if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
            left = datetime.fromtimestamp(int(reset), UTC) - self._now()
            return max(left, timedelta(seconds=1))
        secondary = "secondary rate limit" in message.lower()
        if secondary or response.status_code == TOO_MANY:
            return SECONDARY_LIMIT_WAIT
        return None


def _measured(response: httpx.Response) -> None:
    measure.add("lockgate.github.requests", {"status": f"{response.status_code // 100}xx"})
    left = response.headers.get("x-ratelimit-remaining", "")
    if left.isdecimal():
        measure.record("lockgate.github.budget", int(left))


class _PassingError(TransientError):
    """No answer, or a server's error: a read may be asked again at once."""


def _json(response: httpx.Response) -> Any:
    return response.json() if response.content else None


def _message(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return "an answer that is not JSON"
    if not isinstance(body, dict):
        return "an answer without a message"
    errors = body.get("errors") or ()
    listed = errors if isinstance(errors, list | tuple) else (errors,)
    details = "; ".join(
        str(error.get("message") or error.get("code")) if isinstance(error, dict) else str(error)
        for error in listed
    )
    return f"{body.get('message', '')} {details}".strip()[:LONGEST_MESSAGE]
