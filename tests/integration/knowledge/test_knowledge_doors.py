"""The operations as the web process composes them: what they import, start and end."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio
import httpx
import pytest
from fastapi import FastAPI
from limits.storage import MemoryStorage

from bot.api.app import api_app
from bot.api.rate_limit import RateLimiter
from bot.github import GitHubClient
from bot.knowledge_doors import knowledge_doors
from bot.settings import read
from tests.integration.knowledge.conftest import CATALOGUE
from tests.integration.knowledge.knowledge_site import READER, Page, Site

HEAVY = ("bm25s", "numpy", "llama_index", "trafilatura", "lxml", "rag.bm25")
KEY = {"Authorization": "Bearer good"}


def no_github() -> GitHubClient:
    """GitHub is for chats alone."""
    raise AssertionError


def app(folder: Path, **variables: str) -> FastAPI:
    """The application with these settings."""
    environ: Mapping[str, str] = {
        "LOCKGATE_DATA_FOLDER": str(folder),
        "LOCKGATE_CATALOGUE_FOLDER": str(CATALOGUE),
        **{f"LOCKGATE_{name.upper()}": value for name, value in variables.items()},
    }
    doors = knowledge_doors(read(environ, for_github=False), no_github)
    return api_app(
        authenticate={"good": READER}.get,
        limiter=RateLimiter(MemoryStorage(), per_key=1000, per_address=1000),
        routers=doors.routers,
        lifespan=doors.lifespan,
    )


def children() -> set[int]:
    """The processes that this one started and that run."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for each in tasks for pid in each.read_text(encoding="ascii").split()}


def test_the_web_process_imports_nothing_that_ranks_or_parses_pages() -> None:
    """That is for the processes of their own."""
    check = f"import sys, bot.doors; print([each for each in {HEAVY} if each in sys.modules])"

    done = subprocess.run((sys.executable, "-c", check), capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_processes_start_with_the_first_search_and_end_with_the_application(
    tmp_path: Path,
) -> None:
    """None before, none after."""
    application, before = app(tmp_path), children()

    async def story() -> set[int]:
        transport = httpx.ASGITransport(application)
        async with (
            application.router.lifespan_context(application),
            httpx.AsyncClient(transport=transport, base_url="http://test", headers=KEY) as client,
        ):
            assert (await client.get("/openapi.json")).status_code == 200
            assert children() == before
            assert (await client.get("/collections")).status_code == 200
            return children()

    during = anyio.run(story)

    assert len(during - before) == 1
    assert not (during - before) & children()


@pytest.mark.parametrize("reader", ["own", "service"])
def test_the_settings_turn_the_web_on(tmp_path: Path, site: Site, reader: str) -> None:
    """A search that may be inside, for the operator chose it; pages that may not."""
    site.pages["/search"] = Page(b'{"results": []}')
    service = {"web_read_url": site.url} if reader == "service" else {}
    application = app(tmp_path, web_search_url=site.url, web_read="on", **service)

    async def story() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", headers=KEY
        ) as client:
            searched = await client.post("/web/search", json={"query": "x"})
            return searched, await client.post("/web/read", json={"url": f"{site.url}/a"})

    searched, read_ = anyio.run(story)

    assert searched.json() == {"query": "x", "hits": [], "notes": []}
    assert read_.status_code == 422
    assert site.paths == ["/search?q=x&format=json"]


def test_a_reader_without_the_switch_is_off(tmp_path: Path, site: Site) -> None:
    """Its address alone turns nothing on."""
    application = app(tmp_path, web_read_url=site.url)

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", headers=KEY
        ) as client:
            return await client.post("/web/read", json={"url": "https://example.com/"})

    assert anyio.run(story).status_code == 404
