"""Chats: the threads of issues and pull requests, searched with the files they link to."""

from collections.abc import Callable
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path

from bot.api import models
from bot.api.access import Caller, Scope, needs
from bot.api.problems import not_found
from bot.chats import Chat
from bot.search_messages import GivenText
from handlers.events import RepoName

Reader = Annotated[Caller, Depends(needs(Scope.READ))]
ChatId = Annotated[
    str,
    Path(
        pattern=f"^{models.THREAD}$",
        description="The thread of an issue or pull request: `owner:name:number`.",
        examples=["acme:infrastructure:42"],
    ),
]


class Threads(Protocol):
    """Threads of repositories."""

    def read(self, repo: RepoName, number: int) -> Chat | None:
        """One of them; None where there is none."""


class Ranking(Protocol):
    """The order in which texts fit."""

    def texts(
        self, texts: tuple[GivenText, ...], query: str, limit: int
    ) -> tuple[models.SearchHit, ...]:
        """Those that fit, best first."""


def chat_routes(threads: Callable[[], Threads], ranking: Ranking) -> APIRouter:
    """The operation on chats; `threads` is asked for at the first of them."""
    routes = APIRouter(tags=["knowledge"])

    @routes.post(
        "/chats/{chat_id}/search", operation_id="searchChat", summary="Search a thread's files"
    )
    def search_chat(chat_id: ChatId, search: models.Search, caller: Reader) -> models.SearchResult:
        """Find texts of an issue's or pull request's thread, and of the files linked there."""
        owner, name, number = chat_id.split(":")
        repo = RepoName(f"{owner}/{name}")
        chat = threads().read(repo, int(number)) if caller.reaches(repo) else None
        if chat is None:
            raise not_found(f"There is no thread `{chat_id}` that this key reaches.")
        hits = ranking.texts(chat.texts, search.query, search.limit)
        return models.SearchResult(query=search.query, hits=hits, notes=chat.notes)

    return routes
