"""The only way out of a sandbox whose network is a list of hosts: an HTTP proxy outside it.

Serves a Unix socket in threads of its own. It looks up names itself, connects to what it looked up,
and never to an address of this network unless the operator named that host.
"""

import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from terraform.allowed_hosts import HOST, HostRule, covered
from terraform.forwarder import CHUNK_BYTES
from terraform.public_addresses import is_public

LARGEST_HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 20.0
CONNECT_SECONDS = 15.0
# A provider may wait for a slow cloud; longer silence is a connection that was forgotten.
IDLE_SECONDS = 600.0
MOST_CONNECTIONS = 64
# Providers are hundreds of megabytes; a run that moves more than this does something else.
MOST_BYTES = 4 * 1024**3
MOST_REFUSALS = 20
HTTP_PORT = 80
HEAD_END = b"\r\n\r\n"
REQUEST_LINE = re.compile(r"(?P<method>[A-Z]{1,20}) (?P<target>\S{1,8000}) HTTP/1\.[01]", re.ASCII)
AUTHORITY = re.compile(r"(?P<host>[^:@/\s]{1,255}):(?P<port>[0-9]{1,5})", re.ASCII)
# A kept connection would carry requests for other hosts past the list.
DROPPED = frozenset({"connection", "keep-alive", "proxy-connection", "proxy-authorization"})
NOT_LISTED = "which is not on the project's list of hosts"
INSIDE = "which leads to an address inside the operator's network"

Resolve = Callable[[str, int], Iterable[str]]


def resolve(host: str, port: int) -> Iterable[str]:
    """The addresses of a host, as this machine looks them up; raises OSError for none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return dict.fromkeys(str(address[0]) for *_, address in found)


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached: the project's list, and hosts of the operator's own network.

    The second is the operator's word and adds no host to the first.
    """

    allowed: tuple[HostRule, ...] = ()
    inside: tuple[HostRule, ...] = ()
    resolve: Resolve = resolve


@dataclass(frozen=True, slots=True)
class Asked:
    """One request's way: where it goes, and what is to be said there first."""

    host: str
    port: int
    first: bytes
    tunnel: bool


class RefusedError(Exception):
    """What may not be reached, and why."""

    def __init__(self, asked: Asked, reason: str) -> None:
        super().__init__(f"{asked.host}:{asked.port}, {reason}")


class Proxy:
    """A context manager: while it is open, `socket` leads to what may be reached.

    `refused` is told each refusal once, as `host:port` and why.
    """

    def __init__(self, reach: Reach, refused: Callable[[str], None]) -> None:
        self._reach = reach
        self._refused = refused
        self._known: set[str] = set()
        self._room = threading.Semaphore(MOST_CONNECTIONS)
        self._left = MOST_BYTES
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closed = False

    def __enter__(self) -> Self:
        # A short path of its own: the address of a socket holds 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="lockgate-proxy-"))
        self.socket = self._folder / "socket"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket))
        self._listener.listen(MOST_CONNECTIONS)
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._lock:
            self._closed = True
            ends = list(self._open)
        for end in (self._listener, *ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._closed or not self._room.acquire(blocking=False):
                near.close()
                continue
            threading.Thread(target=self._answer, args=(near,), daemon=True).start()

    def _answer(self, near: socket.socket) -> None:
        try:
            with near:
                self._hold(near)
                near.settimeout(HEAD_SECONDS)
                asked = read(near)
                if asked is None:
                    near.sendall(said(400, "Bad Request", "This is an HTTP proxy."))
                    return
                self._connect(near, asked)
        except RefusedError as refusal:
            self._tell(str(refusal))
        except OSError:
            return
        finally:
            with self._lock:
                self._open.discard(near)
            self._room.release()

    def _connect(self, near: socket.socket, asked: Asked) -> None:
        try:
            far = self._reached(asked)
        except RefusedError as refusal:
            near.sendall(said(403, "Forbidden", f"Lockgate: {refusal}."))
            raise
        except OSError:
            text = f"Lockgate: {asked.host}:{asked.port} can't be reached."
            near.sendall(said(502, "Bad Gateway", text))
            return
        with far:
            self._hold(far)
            near.settimeout(IDLE_SECONDS)
            far.settimeout(IDLE_SECONDS)
            if asked.tunnel:
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            far.sendall(asked.first)
            self._relay(near, far)
        with self._lock:
            self._open.discard(far)

    def _reached(self, asked: Asked) -> socket.socket:
        """A connection to exactly the address that was judged."""
        if not covered(self._reach.allowed, asked.host, asked.port):
            raise RefusedError(asked, NOT_LISTED)
        addresses = tuple(self._reach.resolve(asked.host, asked.port))
        inside = covered(self._reach.inside, asked.host, asked.port)
        if not inside and not all(map(is_public, addresses)):
            raise RefusedError(asked, INSIDE)
        problem: OSError = OSError("no address")
        for address in addresses:
            try:
                return socket.create_connection((address, asked.port), CONNECT_SECONDS)
            except OSError as exc:
                problem = exc
        raise problem

    def _relay(self, near: socket.socket, far: socket.socket) -> None:
        back = threading.Thread(target=self._pass, args=(far, near), daemon=True)
        back.start()
        self._pass(near, far)
        back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                if not self._spend(len(chunk)):
                    self._tell(f"more than {MOST_BYTES // 1024**3} GiB over the network")
                    source.shutdown(socket.SHUT_RDWR)
                    break
                target.sendall(chunk)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _spend(self, size: int) -> bool:
        with self._lock:
            self._left -= size
            return self._left >= 0

    def _hold(self, end: socket.socket) -> None:
        with self._lock:
            if self._closed:
                raise OSError("the run has ended")
            self._open.add(end)

    def _tell(self, refusal: str) -> None:
        with self._lock:
            new = refusal not in self._known and len(self._known) < MOST_REFUSALS
            self._known.add(refusal)
        if new:
            self._refused(refusal)


def read(near: socket.socket) -> Asked | None:
    """The request that a connection begins with; None for what is none, or is too large."""
    head = bytearray()
    while HEAD_END not in head[:LARGEST_HEAD_BYTES]:
        chunk = near.recv(CHUNK_BYTES)
        if not chunk or len(head) > LARGEST_HEAD_BYTES:
            return None
        head += chunk
    lines, _, rest = bytes(head).partition(HEAD_END)
    first, *fields = lines.decode("latin-1").split("\r\n")
    return asked_for(first, fields, rest)


def asked_for(first: str, fields: Iterable[str], rest: bytes) -> Asked | None:
    """What a request's first line asks for: a tunnel, or one page by its whole address."""
    line = REQUEST_LINE.fullmatch(first)
    if line is None:
        return None
    if line["method"] == "CONNECT":
        place = AUTHORITY.fullmatch(line["target"])
        return _asked(place["host"], int(place["port"]), rest, tunnel=True) if place else None
    try:
        url = urlsplit(line["target"])
        port = url.port or HTTP_PORT
    except ValueError:
        return None
    if url.scheme != "http" or not url.hostname:
        return None
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    kept = [each for each in fields if each.partition(":")[0].strip().lower() not in DROPPED]
    head = "\r\n".join([f"{line['method']} {path} HTTP/1.1", *kept, "Connection: close"])
    return _asked(url.hostname, port, head.encode("latin-1") + HEAD_END + rest, tunnel=False)


def _asked(host: str, port: int, first: bytes, *, tunnel: bool) -> Asked | None:
    name = host.lower().removesuffix(".")
    return Asked(name, port, first, tunnel) if HOST.fullmatch(name) else None


def said(status: int, phrase: str, text: str) -> bytes:
    """A short answer of the proxy's own."""
    body = f"{text}\n".encode()
    head = (
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
