"""What Lockgate knows, in collections that can be searched."""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends

from bot.api import models
from bot.api.access import Caller, Scope, needs
from bot.api.problems import not_found

Reader = Annotated[Caller, Depends(needs(Scope.READ))]


class Knowledge(Protocol):
    """The collections, as far as they are asked."""

    def collections(self) -> tuple[models.Collection, ...]:
        """Every collection there is."""

    def collection(self, id_: str, query: str, limit: int) -> tuple[models.SearchHit, ...] | None:
        """The texts of a collection that fit, best first; None where there is no such one."""


def knowledge_routes(knowledge: Knowledge) -> APIRouter:
    """The operations on collections: the same for every key, since they hold nobody's data."""
    routes = APIRouter(tags=["knowledge"])

    @routes.get("/collections", operation_id="listCollections", summary="List the collections")
    def list_collections(_: Reader) -> models.Page[models.Collection]:
        """All on one page: they are few."""
        return models.Page(items=knowledge.collections())

    @routes.post(
        "/collections/{collection_id}/searches",
        operation_id="searchCollection",
        summary="Search a collection",
    )
    def search_collection(
        collection_id: models.Id, search: models.Search, _: Reader
    ) -> models.SearchResult:
        """Find the texts that share words with the query, best first."""
        hits = knowledge.collection(collection_id, search.query, search.limit)
        if hits is None:
            raise not_found(
                f"There is no collection `{collection_id}`. `GET /collections` lists them."
            )
        return models.SearchResult(query=search.query, hits=hits)

    return routes
