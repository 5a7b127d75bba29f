"""A web service that the operator chose, asked over HTTP: its answers limited in size and time."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from handlers.errors import TransientError

# A reader may load a page in a browser first.
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
ALL_SECONDS = 45.0
MOST_BYTES = 4 * 1024 * 1024
UNPROCESSABLE = (400, 404, 422, 451)


class ProviderRefusedError(Exception):
    """The service will not do what was asked of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said."""

    media_type: str
    body: bytes


class WebProvider:
    """One service by its address; `name` is how errors call it."""

    def __init__(self, name: str, url: str, token: SecretStr | None) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self._headers = {"User-Agent": "lockgate"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        self._tls = ssl.create_default_context()

    def get(self, path: str, *, accept: str, params: Mapping[str, str] | None = None) -> Answer:
        """The answer to GET; raises TransientError for none, ProviderRefusedError for a no."""
        try:
            with (
                httpx.Client(
                    verify=self._tls, trust_env=False, timeout=TIMEOUT, headers=self._headers
                ) as client,
                client.stream(
                    "GET", f"{self.url}/{path}", params=params, headers={"Accept": accept}
                ) as response,
            ):
                return self._answer(response)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise TransientError(f"{self.name} does not answer") from exc

    def _answer(self, response: httpx.Response) -> Answer:
        if response.status_code in UNPROCESSABLE:
            raise ProviderRefusedError(f"{self.name} answered {response.status_code}")
        if not response.is_success:
            raise TransientError(f"{self.name} answered {response.status_code}")
        body, end = bytearray(), time.monotonic() + ALL_SECONDS
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MOST_BYTES or time.monotonic() > end:
                raise TransientError(f"{self.name} answered too much, or too slowly")
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answer(media_type, bytes(body))
