"""The web, searched and read through what the operator set up; off until then."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends

from bot.api import models
from bot.api.access import Caller, Scope, needs
from bot.api.problems import FieldProblem, ProblemError
from bot.public_web import PageError

Reader = Annotated[Caller, Depends(needs(Scope.READ))]
# A page may take its time: the threads that serve everybody else shall not all wait for pages.
MOST_AT_ONCE = 6
RETRY_SECONDS = "5"


class WebSearch(Protocol):
    """A search of the web."""

    def search(self, query: str, limit: int) -> tuple[models.SearchHit, ...]:
        """The first pages found, best first; raises TransientError."""


class PageReader(Protocol):
    """A reader of public pages."""

    def read(self, url: str) -> models.WebPage:
        """The page's text; raises PageError, or TransientError."""


def web_routes(search: WebSearch | None, reader: PageReader | None) -> APIRouter:
    """The operations on the web; None is what the operator did not turn on."""
    routes = APIRouter(tags=["web"])
    places = BoundedSemaphore(MOST_AT_ONCE)

    @routes.post("/web/search", operation_id="searchWeb", summary="Search the web")
    def search_web(wanted: models.Search, _: Reader) -> models.SearchResult:
        """Find pages, best first; what they say is anybody's word."""
        if search is None:
            raise _off("Searching the web", "LOCKGATE_WEB_SEARCH_URL")
        with _place(places):
            hits = search.search(wanted.query, wanted.limit)
        return models.SearchResult(query=wanted.query, hits=hits)

    @routes.post("/web/read", operation_id="readPage", summary="Read a web page")
    def read_page(page: models.ReadPage, _: Reader) -> models.WebPage:
        """Read a public page's text without its markup."""
        if reader is None:
            raise _off("Reading web pages", "LOCKGATE_WEB_READ=on")
        try:
            with _place(places):
                return reader.read(str(page.url))
        except PageError as exc:
            raise _unreadable(exc) from exc

    return routes


@contextmanager
def _place(places: BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        detail = f"{MOST_AT_ONCE} pages and searches are in hand. Try again in {RETRY_SECONDS} s."
        raise ProblemError(429, "busy", "Busy", detail, headers={"Retry-After": RETRY_SECONDS})
    try:
        yield
    finally:
        places.release()


def _off(what: str, setting: str) -> ProblemError:
    detail = f"{what} is off here. The operator turns it on with `{setting}`."
    return ProblemError(404, "not-configured", "Not configured", detail)


def _unreadable(error: PageError) -> ProblemError:
    problem = FieldProblem(pointer="/body/url", detail=str(error))
    return ProblemError(
        422, "unreadable-page", "The page can't be read", f"The page {error}.", (problem,)
    )
