"""The operations on knowledge, chats and the web, composed; their processes end with the API."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool

from bot.api.chats import chat_routes
from bot.api.knowledge import knowledge_routes
from bot.api.web import PageReader, WebSearch, web_routes
from bot.chat_files import ChatFiles
from bot.chats import Chats
from bot.child import Child
from bot.github import GitHubClient
from bot.public_web import PublicWeb
from bot.search import Searcher
from bot.settings import Settings
from bot.web_provider import WebProvider
from bot.web_read import DirectReader, JinaReader, page_child
from bot.web_search import SearxSearch


@dataclass(frozen=True, slots=True)
class KnowledgeDoors:
    """Routers, and what must be open round the application that serves them."""

    routers: tuple[APIRouter, ...]
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]


def knowledge_doors(settings: Settings, github: Callable[[], GitHubClient]) -> KnowledgeDoors:
    """The operations; nothing is started or asked before the first request that needs it."""
    searcher, pages, web = Searcher(settings.catalogue_folder), page_child(), PublicWeb()
    github_url = str(settings.github_url)

    @cache
    def chats() -> Chats:
        files = ChatFiles(github(), github_url, web)
        return Chats(github(), files, github_url=github_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(searcher.close)
        await run_in_threadpool(pages.close)

    routers = (
        knowledge_routes(searcher),
        chat_routes(chats, searcher),
        web_routes(_search(settings), _reader(settings, web, pages)),
    )
    return KnowledgeDoors(routers, lifespan)


def _search(settings: Settings) -> WebSearch | None:
    if settings.web_search_url is None:
        return None
    url = str(settings.web_search_url)
    return SearxSearch(WebProvider("The web search", url, settings.web_token))


def _reader(settings: Settings, web: PublicWeb, pages: Child) -> PageReader | None:
    if settings.web_read == "off":
        return None
    if settings.web_read_url is None:
        return DirectReader(web, pages)
    url = str(settings.web_read_url)
    return JinaReader(web, WebProvider("The web reader", url, settings.web_token))
