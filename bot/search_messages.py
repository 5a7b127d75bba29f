"""What the web process and the process that searches say to each other, as JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bot.api.models import Collection, SearchHit


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListCollections(_Message):
    """Ask which collections there are."""

    kind: Literal["list"] = "list"


class SearchCollection(_Message):
    """Ask which texts of a collection fit."""

    kind: Literal["collection"] = "collection"
    collection: str
    query: str
    limit: int


class GivenText(_Message):
    """One of the texts of a question."""

    id: str
    title: str
    body: str
    url: str | None


class SearchTexts(_Message):
    """Ask which of these texts fit."""

    kind: Literal["texts"] = "texts"
    texts: tuple[GivenText, ...]
    query: str
    limit: int


Question = Annotated[ListCollections | SearchCollection | SearchTexts, Field(discriminator="kind")]
QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
COLLECTIONS: TypeAdapter[tuple[Collection, ...]] = TypeAdapter(tuple[Collection, ...])
# None: there is no such collection.
HITS: TypeAdapter[tuple[SearchHit, ...] | None] = TypeAdapter(tuple[SearchHit, ...] | None)
