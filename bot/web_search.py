"""Searching the web through a service that speaks as SearXNG does."""

from pydantic import BaseModel, HttpUrl, TypeAdapter, ValidationError

from bot.api.models import SearchHit
from bot.web_provider import ProviderRefusedError, WebProvider
from handlers.errors import TransientError

LONGEST_EXCERPT = 1_000
PAGE: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


class _Result(BaseModel):
    url: str
    title: str | None = None
    content: str | None = None


class _Results(BaseModel):
    results: list[_Result]


class SearxSearch:
    """The port `WebSearch` over `GET /search?format=json`."""

    def __init__(self, provider: WebProvider) -> None:
        self._provider = provider

    def search(self, query: str, limit: int) -> tuple[SearchHit, ...]:
        """The first pages found, in the service's order; raises TransientError."""
        params = {"q": query, "format": "json"}
        try:
            answer = self._provider.get("search", accept="application/json", params=params)
            found = _Results.model_validate_json(answer.body).results
        except (ProviderRefusedError, ValidationError) as exc:
            raise TransientError(f"{self._provider.name} gave no results that can be read") from exc
        pages = [result for result in found if _is_page(result.url)][:limit]
        return tuple(_hit(result, place) for place, result in enumerate(pages))


def _is_page(url: str) -> bool:
    try:
        PAGE.validate_python(url)
    except ValidationError:
        return False
    return True


def _hit(result: _Result, place: int) -> SearchHit:
    """Services count in many ways: the score is the place among the results alone."""
    return SearchHit(
        id=result.url,
        title=result.title or result.url,
        excerpt=(result.content or "")[:LONGEST_EXCERPT],
        score=1 / (place + 1),
        url=result.url,
    )
