"""Reading from the public internet, for callers who choose the address: nothing inside is reached.

Every host is resolved here, once for each hop; each of its addresses must be public, and the
connection goes to the very address that was checked. Redirects are followed by hand.
"""

import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import anyio
import httpx
from anyio.to_thread import run_sync

from terraform.public_addresses import is_public

# Of one hop's steps, and of all together, with the resolving and however slowly bytes come.
STEP_SECONDS = 8.0
ALL_SECONDS = 20.0
USUAL_PORTS = {"http": 80, "https": 443}
MOST_REDIRECTS = 5
MOST_ADDRESSES = 3
MOST_BYTES = 2 * 1024 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})
OK = range(200, 300)
HEADERS = {
    "User-Agent": "lockgate",
    "Accept": "text/html, text/plain;q=0.9, text/*;q=0.8, application/json;q=0.8",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "close",
}


class PageError(Exception):
    """A page that is not read; the message ends the sentence "The page ..."."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a page's server sent, unpacked; `truncated` where there was more than the limit."""

    url: str
    media_type: str
    charset: str | None
    body: bytes
    truncated: bool


def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host, as the system resolves it; raises OSError for none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))


class PublicWeb:
    """Fetches pages; `allowed` judges an address, `resolve` gives those of a host and port."""

    def __init__(
        self,
        *,
        resolve: Callable[[str, int], Sequence[str]] = addresses_of,
        allowed: Callable[[str], bool] = is_public,
        ports: frozenset[int] = frozenset(USUAL_PORTS.values()),
        seconds: float = ALL_SECONDS,
    ) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._ports = ports
        self._seconds = seconds
        # Reading the certificates takes longer than many a page, so it is done once.
        self._tls = ssl.create_default_context()

    def get(self, url: str) -> Fetched:
        """The page at an address, after its redirects; raises PageError."""
        return anyio.run(self._get_in_time, url)

    def follow(self, url: str) -> str:
        """Where an address leads after its redirects, whatever is there; raises PageError.

        For who hands an address to another reader, which may resolve names as it likes.
        """
        return str(anyio.run(self._arrived_in_time, url))

    def check(self, url: str) -> None:
        """Raise PageError where an address is not a page of the public internet."""
        anyio.run(self._check_in_time, url)

    async def _get_in_time(self, url: str) -> Fetched:
        with self._in_time():
            async with self._arrived(url) as (at, response):
                return await _fetched(at, response)

    async def _arrived_in_time(self, url: str) -> httpx.URL:
        with self._in_time():
            async with self._arrived(url) as (at, _):
                return at.copy_with(fragment=None)

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        try:
            with anyio.fail_after(self._seconds):
                yield
        except TimeoutError as exc:
            raise PageError(f"did not come within {self._seconds:g} s") from exc

    async def _check_in_time(self, url: str) -> None:
        try:
            with anyio.fail_after(self._seconds):
                await self._addresses(_parsed(url))
        except TimeoutError as exc:
            raise PageError("has a host that could not be resolved in time") from exc

    @asynccontextmanager
    async def _arrived(self, address: str) -> AsyncIterator[tuple[httpx.URL, httpx.Response]]:
        """Where the redirects end, and the head of the answer there."""
        url = _parsed(address)
        async with httpx.AsyncClient(
            verify=self._tls, trust_env=False, timeout=STEP_SECONDS, headers=HEADERS
        ) as client:
            for _ in range(MOST_REDIRECTS + 1):
                response = await self._send(client, url)
                try:
                    if response.status_code not in REDIRECTS:
                        yield url, response
                        return
                    url = _target(url, response)
                finally:
                    await response.aclose()
        raise PageError(f"redirects more than {MOST_REDIRECTS} times")

    async def _send(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Response:
        """The answer's head, from the first of the checked addresses that takes a connection."""
        refused: httpx.HTTPError | None = None
        for address in (await self._addresses(url))[:MOST_ADDRESSES]:
            # Nothing resolves an address again: the name is for the certificate and the server.
            request = client.build_request(
                "GET",
                url.copy_with(host=address, fragment=None),
                headers={"Host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                refused = exc
            except httpx.HTTPError as exc:
                raise PageError("did not come whole: its server broke off") from exc
        raise PageError("has a server that takes no connection, or none that is safe") from refused

    async def _addresses(self, url: httpx.URL) -> Sequence[str]:
        """Where the host is; raises PageError unless every one of its addresses is public."""
        host = url.raw_host.decode("ascii")
        port = USUAL_PORTS[url.scheme] if url.port is None else url.port
        if port not in self._ports:
            raise PageError("is not on port 80 or 443, where public pages are")
        try:
            found = await run_sync(self._resolve, host, port, abandon_on_cancel=True)
        except (OSError, UnicodeError) as exc:
            raise PageError("has a host that nobody knows") from exc
        if not found or not all(self._allowed(address) for address in found):
            raise PageError("is not in the public internet, so it is not read")
        return found


def _parsed(text: str) -> httpx.URL:
    """An address of a page, as far as its text tells; raises PageError."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as exc:
        raise PageError("has an address that can't be read") from exc
    if url.scheme not in USUAL_PORTS or not url.host:
        raise PageError("has an address that is not `http://` or `https://` and a host")
    if url.userinfo:
        raise PageError("has a name or password in its address; leave them out")
    return url


def _target(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    location = response.headers.get("location", "")
    if not location:
        raise PageError("redirects to nowhere")
    try:
        return _parsed(str(url.join(location)))
    except httpx.InvalidURL as exc:
        raise PageError("redirects to an address that can't be read") from exc


async def _fetched(url: httpx.URL, response: httpx.Response) -> Fetched:
    if response.status_code not in OK:
        raise PageError(f"answered {response.status_code}")
    try:
        body, truncated = await _body(response)
    except httpx.HTTPError as exc:
        raise PageError("did not come whole: its server broke off") from exc
    except zlib.error as exc:
        raise PageError("is packed in a way that can't be unpacked") from exc
    return Fetched(
        url=str(url.copy_with(fragment=None)),
        media_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        charset=response.charset_encoding,
        body=body,
        truncated=truncated,
    )


async def _body(response: httpx.Response) -> tuple[bytes, bool]:
    """At most the limit, and whether there was more, counted as sent and as unpacked."""
    unpack = _unpacker(response.headers.get("content-encoding", "identity").strip().lower())
    body, sent = bytearray(), 0
    async for chunk in response.aiter_raw():
        sent += len(chunk)
        body += unpack(chunk, MOST_BYTES + 1 - len(body))
        if max(sent, len(body)) > MOST_BYTES:
            return bytes(body[:MOST_BYTES]), True
    return bytes(body), False


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """What unpacks a chunk to no more than so many bytes; raises PageError."""
    if encoding == "identity":
        return lambda chunk, most: chunk[:most]
    if encoding in {"gzip", "x-gzip", "deflate"}:
        # Either of the two formats, whichever the server calls it.
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress
    raise PageError("is packed in a way that was not asked for")
