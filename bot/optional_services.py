"""Whether the services a process may be pointed at can be reached; never where they are.

Imports no client: a connection that opens is answer enough for a readiness page.
"""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from pydantic import HttpUrl

from bot.settings import Settings

Probe = Callable[[], None]
TIMEOUT_SECONDS = 3.0
# Readiness is asked every few seconds; those services need not hear of each time.
REMEMBERED_SECONDS = 15.0
PORTS = {"http": 80, "https": 443}


def optional_services(settings: Settings) -> Mapping[str, Probe | None]:
    """A probe for each service by its name, None where it is not configured."""
    addresses: Mapping[str, HttpUrl | None] = {
        "github": settings.github_api_url,
        "kubernetes_mcp": settings.kubernetes_mcp_url,
        "telemetry": settings.otlp_endpoint,
        "web_search": settings.web_search_url,
        "web_reader": settings.web_read_url,
    }
    return {
        name: remembered(reachable(str(url))) if url else None for name, url in addresses.items()
    }


def reachable(url: str) -> Probe:
    """Raises OSError where no connection to the address can be opened."""
    parts = urlsplit(url)
    place = (parts.hostname or "", parts.port or PORTS[parts.scheme])

    def probe() -> None:
        try:
            socket.create_connection(place, timeout=TIMEOUT_SECONDS).close()
        except OSError as exc:
            # The reason is logged and shown: it must not name the place.
            raise ConnectionError(type(exc).__name__) from exc

    return probe


def remembered(probe: Probe, clock: Callable[[], float] = time.monotonic) -> Probe:
    """The same, asked at most every 15 s; safe in many threads."""
    lock = threading.Lock()
    until = float("-inf")
    problem: OSError | None = None

    def ask() -> None:
        nonlocal until, problem
        with lock:
            if clock() >= until:
                problem = _problem(probe)
                until = clock() + REMEMBERED_SECONDS
            found = problem
        if found is not None:
            raise ConnectionError(str(found))

    return ask


def _problem(probe: Probe) -> OSError | None:
    try:
        probe()
    except OSError as exc:
        return exc
    return None
