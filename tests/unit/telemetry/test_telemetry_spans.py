"""What spans say: each call by a name out of few, and nothing that people or programs wrote."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github import GitHubClient
from bot.telemetry import trace
from bot.telemetry.calls import traced
from bot.telemetry.github_operations import PLACEHOLDER, WORDS, operation
from bot.telemetry.sdk import Sending
from tests.integration.github.github_world import new_key_pair
from tests.kept_spans import KeptSpans, kept_spans

BOT = Path(__file__).parents[3] / "bot"
SECRET = "ghs_0123456789abcdefghijklmnop"


class Port:
    """Something that is called."""

    size = 3

    def double(self, number: int) -> int:
        """Work."""
        return 2 * number

    def fail(self) -> None:
        """Go wrong, with words of somebody's."""
        raise ValueError(SECRET)


@pytest.fixture
def spans() -> Iterator[KeptSpans]:
    """The spans of a test."""
    with kept_spans() as kept:
        yield kept


def test_each_call_of_a_port_is_a_span(spans: KeptSpans) -> None:
    """Inside the span that goes on; its values and errors pass through."""
    port = traced("port", Port())

    with trace.span("work"):
        assert port.double(2) == 4
        with pytest.raises(ValueError, match=SECRET):
            port.fail()

    assert port.size == 3
    work = spans.of("work").get_span_context()
    assert work is not None
    assert {span.parent.span_id for span in spans.all() if span.parent} == {work.span_id}
    assert spans.names() == ["port.double", "port.fail", "work"]


def test_of_an_error_only_the_kind_is_kept(spans: KeptSpans) -> None:
    """Its words may hold anything."""
    with pytest.raises(ValueError, match=SECRET):
        traced("port", Port()).fail()

    (span,) = spans.all()
    assert span.attributes == {"error.type": "ValueError"}
    assert SECRET not in span.to_json()


def test_without_tracing_a_port_stays_as_it_is() -> None:
    """Nothing is put between."""
    port = Port()

    assert traced("port", port) is port


def test_looking_after_the_store_begins_no_trace(spans: KeptSpans) -> None:
    """A call to somebody is a part of some work, or not kept."""
    with trace.span("GitHub GET /app", kind="client"):
        pass
    with trace.span("work"), trace.span("GitHub GET /app", kind="client"):
        pass

    assert spans.names() == ["GitHub GET /app", "work"]


@pytest.mark.parametrize(("query", "sent"), [("", 0), ("SELECT 1", 1)])
def test_empty_statements_are_not_sent(spans: KeptSpans, query: str, sent: int) -> None:
    """A pool asks with one whether a connection lives, before each use."""
    with trace.span("SELECT", attributes={"db.query.text": query}):
        pass

    class Exporter:
        def __init__(self) -> None:
            self.sent: list[object] = []

        def export(self, batch: list[object]) -> None:
            self.sent += batch

        def shutdown(self) -> None:
            """Nothing to end."""

    exporter = Exporter()
    sending = Sending(exporter)  # type: ignore[arg-type]  # all that it needs
    sending.on_end(spans.of("SELECT"))
    sending.shutdown()  # type: ignore[no-untyped-call]  # the SDK's
    assert len(exporter.sent) == sent


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("/repos/acme/infra", "/repos/{}", id="repository"),
        pytest.param("/repos/acme/infra/pulls/3", "/repos/{}/pulls/{}", id="pull request"),
        pytest.param(
            "/repos/acme/infra/branches/release/1/protection",
            "/repos/{}/branches/{}/protection",
            id="branch with a slash",
        ),
        pytest.param(
            "https://ghe.example/api/v3/repositories/4/issues?page=2&creator=alice",
            "/repositories/{}/issues",
            id="next page",
        ),
        pytest.param("/app", "/app", id="the App"),
    ],
)
def test_operations_are_named_by_their_shape(url: str, expected: str) -> None:
    """What people name is not in it."""
    assert operation("GET", url) == f"GET {expected}"


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="/?#"), min_size=1)))
def test_no_operation_holds_what_people_name(segments: list[str]) -> None:
    """Only words of GitHub's API, and one sign for all else."""
    named = operation("GET", "/".join(["", "repos", "acme", "infra", "contents", *segments]))

    assert set(named.removeprefix("GET /").split("/")) <= {*WORDS, PLACEHOLDER}


def test_every_path_asked_for_has_its_words() -> None:
    """A new operation is not told as placeholders."""
    text = "".join(path.read_text("utf-8") for path in sorted(BOT.rglob("*.py")))
    asked = re.findall(r'"(?:GET|POST|PATCH|PUT|DELETE)",\s*f?"(/[^"]+)"', text)
    words = {word for path in asked for word in re.sub(r"\{[^}]*\}", "/", path).split("/") if word}

    assert len(words) > 10
    missing = {word for word in words if not re.search(r"[?=.]", word)} - WORDS
    assert missing == set(), "add them to WORDS in bot/telemetry/github_operations.py"


def test_github_is_asked_in_a_span_and_a_retry_is_its_event(spans: KeptSpans) -> None:
    """A read that was answered at the second try; the token's own request is inside as well."""
    answers = iter((502, 200))

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/repos/acme/infra/installation":
                return httpx.Response(200, json={"id": 1})
            case "/app/installations/1/access_tokens":
                body = {"token": SECRET, "expires_at": "2100-01-01T00:00:00Z"}
                return httpx.Response(201, json=body)
            case _:
                return httpx.Response(next(answers), json={"number": 3})

    client = GitHubClient(
        api_url="https://api.github.example",
        app_id=1,
        private_key=new_key_pair().private,
        transport=httpx.MockTransport(answer),
    )

    with trace.span("work"):
        client.call("acme/infra", "GET", "/issues/3")  # type: ignore[arg-type]  # a name

    assert spans.names() == [
        "GitHub GET /repos/{}/installation",
        "GitHub POST /app/installations/{}/access_tokens",
        "GitHub GET /repos/{}/issues/{}",
        "work",
    ]
    asked = spans.of("GitHub GET /repos/{}/issues/{}")
    assert [event.name for event in asked.events] == ["retry"]
    assert not any(SECRET in span.to_json() for span in spans.all())
