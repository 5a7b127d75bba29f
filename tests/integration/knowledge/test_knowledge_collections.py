"""Collections through the API, ranked by the real process."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.api.knowledge import knowledge_routes
from bot.api.models import Collection, Page, SearchResult
from bot.child import Child, ChildError, ChildTimeoutError
from bot.search import Searcher
from tests.integration.knowledge.knowledge_site import Api

ECHO = "tests.integration.knowledge.knowledge_echo"


@pytest.fixture(scope="module")
def api(searcher: Searcher) -> Api:
    """The operations on collections."""
    return Api(knowledge_routes(searcher))


@pytest.fixture
def echo() -> Iterator[Child]:
    """A process that answers with what it was asked, or does as it is told."""
    child = Child(ECHO, seconds=5)
    yield child
    child.close()


def found(api: Api, collection: str, query: str, limit: int = 5) -> list[str]:
    """The ids of the hits."""
    answer = api.post(f"/collections/{collection}/searches", query=query, limit=limit)
    assert answer.status_code == 200, answer.text
    return [hit.id for hit in SearchResult.model_validate_json(answer.content).hits]


def test_the_collections_are_listed(api: Api) -> None:
    """Those that the product really holds."""
    page = Page[Collection].model_validate_json(api.get("/collections").content)

    assert [each.id for each in page.items] == ["modules", "examples", "policies", "documentation"]
    assert all(each.documents > 10 for each in page.items)
    assert page.next_cursor is None


@pytest.mark.parametrize(
    ("collection", "query", "expected"),
    [
        ("modules", "how long are objects kept", "s3-bucket/variables/retention_days"),
        ("modules", "dead letter queue", "sqs-queue"),
        ("modules", "postgres", "rds-postgresql"),
        ("examples", "visibility of a queue's messages", "sqs-queue/examples/basic/main.tf"),
        ("policies", "opened to everyone", "public_exposure"),
        ("policies", "CKV_AWS_18", "CKV_AWS_18"),
        ("policies", "a provisioner runs commands", "provisioner"),
        ("documentation", "bubblewrap sandbox namespaces", "docs/design.md"),
    ],
)
def test_a_search_finds_what_is_meant(api: Api, collection: str, query: str, expected: str) -> None:
    """Among the first three hits."""
    hits = found(api, collection, query, limit=3)

    assert any(hit == expected or hit.startswith(f"{expected}/") for hit in hits)


def test_a_hit_says_what_it_is_about(api: Api) -> None:
    """Title, excerpt with the remedy, score and where to read on."""
    answer = api.post("/collections/policies/searches", query="bucket access logging", limit=1)

    (hit,) = SearchResult.model_validate_json(answer.content).hits
    assert hit.title == "CKV_AWS_18 Ensure the S3 bucket has access logging enabled"
    assert "Remedy: Change the resource" in hit.excerpt
    assert hit.score > 0
    assert hit.url is not None


@pytest.mark.parametrize("query", ["the of and", "zzz qqq", "🦄", "--", "a" * 1000])
def test_words_that_nothing_holds_find_nothing(api: Api, query: str) -> None:
    """And break nothing."""
    assert found(api, "modules", query) == []


def test_an_unknown_collection_is_not_found(api: Api) -> None:
    """404, and where to look."""
    answer = api.post("/collections/secrets/searches", query="x")

    assert answer.status_code == 404
    assert "GET /collections" in answer.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": "\0"}, {"query": "x", "limit": 51}])
def test_a_wrong_search_is_refused(api: Api, body: dict[str, object]) -> None:
    """With where it is wrong."""
    answer = api.post("/collections/modules/searches", **body)

    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_killed_process_is_replaced() -> None:
    """The caller in its way is told to come again; the next one is answered."""
    searcher = Searcher(Path("catalogue"))
    api = Api(knowledge_routes(searcher))
    assert found(api, "modules", "bucket")
    pid = searcher.pid
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    lost = api.post("/collections/modules/searches", query="bucket")
    again = found(api, "modules", "bucket")

    assert lost.status_code == 503
    assert lost.headers["retry-after"] == "60"
    assert again
    assert searcher.pid != pid
    searcher.close()


def test_a_catalogue_that_can_not_be_read_is_an_answer_too(tmp_path: Path) -> None:
    """503, with nothing of the trace in it."""
    searcher = Searcher(tmp_path)

    answer = Api(knowledge_routes(searcher)).get("/collections")

    assert answer.status_code == 503
    assert "Traceback" not in answer.text
    searcher.close()


def test_a_process_that_takes_too_long_is_ended() -> None:
    """And the next question starts another."""
    child = Child(ECHO, seconds=0.2)

    with pytest.raises(ChildTimeoutError):
        child.ask(b"hang")
    assert child.pid is None
    with pytest.raises(ChildError):
        child.ask(b"die")
    assert child.pid is None
    child.close()
    with pytest.raises(ChildError, match="closed"):
        child.ask(b"hello")


def test_a_process_ends_with_who_asks_it() -> None:
    """Also where nobody closed it."""
    child = Child(ECHO, seconds=5)
    child.ask(b"hello")
    pid = child.pid
    assert pid is not None

    del child

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_closing_does_not_wait_for_an_answer() -> None:
    """Who still waits is told."""
    patient = Child(ECHO, seconds=600)
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(patient.ask, b"hang")
        while patient.pid is None:
            assert not asked.done()
        patient.close()
        with pytest.raises(ChildError):
            asked.result()


def test_a_process_sees_nothing_of_ours(echo: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of the environment reaches it, and it ends with its parent."""
    monkeypatch.setenv("LOCKGATE_PRIVATE_KEY", "made up")

    assert echo.ask(b"hello") == b"hello"
    assert b"LOCKGATE" not in echo.ask(b"environment")
    pid = echo.pid
    echo.close()

    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
