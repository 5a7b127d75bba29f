"""Threads read from a hub held to GitHub's description, and searched by the real process."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.middleware import Middleware

from bot.api.chats import chat_routes
from bot.api.models import SearchResult
from bot.chat_files import LARGEST_BYTES, ChatFiles
from bot.chats import KEPT_SECONDS, MOST_FILES, Chats
from bot.public_web import PublicWeb
from bot.search import Searcher
from hub.model import Issue
from hub.pulls import PullRequest
from hub.seed import Registration, seed_acme
from hub.server import HubServer
from tests.integration.github.github_world import (
    MANIFEST,
    Clock,
    GitHubWorld,
    Recorder,
    client_of,
    new_key_pair,
)
from tests.integration.knowledge.knowledge_site import Api, Page, Site, running
from tests.openapi_guard import Contract, OpenApiGuard, load_contract

FILES: dict[str, str | bytes] = {
    "README.md": "# Infrastructure\n",
    "docs/run book.md": "Rotate the zebra certificate in spring.\n",
    "binary.bin": b"\x00\x01\x02",
    "latin.txt": b"gr\xf6\xdfe",
    "large.txt": b"x" * (LARGEST_BYTES + 1),
}
CHAT = "/chats/acme:infrastructure:{}/search"
TEXT = {"Content-Type": "text/plain"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    """GitHub's description, read once."""
    return load_contract()


@pytest.fixture
def world(tmp_path: Path, contract: Contract) -> Iterator[GitHubWorld]:
    """A seeded hub; the test fails when either side said what GitHub's description does not."""
    contract.violations.clear()
    keys = new_key_pair()
    registration = Registration(MANIFEST, keys.public, "a made-up secret", "http://127.0.0.1:9/")
    guard = Middleware(OpenApiGuard, contract=contract)
    with HubServer(tmp_path / "hub", middleware=[guard]) as server:
        acme = seed_acme(server.hub, registration, files=FILES)
        clock, recorder = Clock(), Recorder()
        client = client_of(server, acme, keys, clock, recorder)
        yield GitHubWorld(server, acme, keys, clock, recorder, client)
        recorder.shut()
    assert contract.violations == []


@dataclass
class Room:
    """The API on chats, with what GitHub's web pages and its storage answer."""

    world: GitHubWorld
    site: Site
    storage: Site
    api: Api
    seconds: list[float] = field(default_factory=lambda: [0.0])

    def issue(self, body: str = "Please.") -> Issue:
        """An issue of alice's."""
        hub, acme = self.world.server.hub, self.world.acme
        return hub.issues.open_issue(acme.repo, by=acme.developer, title="A bucket", body=body)

    def say(self, issue: Issue, body: str) -> None:
        """A comment of bob's."""
        acme = self.world.acme
        self.world.server.hub.issues.comment(acme.repo, issue, by=acme.platform_engineer, body=body)

    def search(self, number: int, query: str) -> SearchResult:
        """What is found in a thread."""
        answer = self.api.post(CHAT.format(number), query=query)
        assert answer.status_code == 200, answer.text
        return SearchResult.model_validate_json(answer.content)


@pytest.fixture
def room(world: GitHubWorld, site: Site, searcher: Searcher) -> Iterator[Room]:
    """GitHub's pages on one port, its storage on another, which counts as the internet."""
    with running() as storage:
        web = PublicWeb(
            allowed=lambda address: address == "127.0.0.1", ports=frozenset({storage.port})
        )
        seconds = [0.0]
        chats = Chats(
            world.client,
            ChatFiles(world.client, site.url, web),
            github_url=site.url,
            clock=lambda: seconds[0],
        )
        yield Room(world, site, storage, Api(chat_routes(lambda: chats, searcher)), seconds)


def test_an_issue_and_its_comments_are_searched(room: Room) -> None:
    """Each text by itself, with who said it and where."""
    issue = room.issue("We need a bucket for zebra pictures.")
    room.say(issue, "Which region? <!-- hidden zebra -->")
    room.say(issue, "In Frankfurt, for the zebra team.")

    result = room.search(issue.number, "zebra")

    assert {hit.id.split("-")[0] for hit in result.hits} == {"issue", "comment"}
    assert len(result.hits) == 2
    said = next(hit for hit in result.hits if hit.id.startswith("comment"))
    assert said.title.startswith("bob, ")
    assert said.excerpt == "In Frankfurt, for the zebra team."
    assert said.url is not None
    assert f"/issues/{issue.number}#issuecomment-" in said.url
    assert result.notes == ()


def test_a_pull_request_has_its_reviews_and_line_comments(room: Room) -> None:
    """Beside its description and its comments."""
    world = room.world
    number = world.pull()
    acme, hub = world.acme, world.server.hub
    pr: PullRequest = hub.pulls.get(acme.repo, number)
    hub.issues.edit_issue(acme.repo, pr.issue, by=acme.developer, body="The zebra change.")
    bob = acme.platform_engineer
    hub.pulls.submit_review(pr, by=bob, event="COMMENT", body="A zebra review.")
    hub.pulls.comment_on_line(pr, by=bob, path="live/main.tf", line=1, body="No zebra here?")
    room.say(pr.issue, "A zebra comment.")

    hits = room.search(number, "zebra").hits

    kinds = {hit.id.rpartition("-")[0] or hit.id for hit in hits}
    assert kinds == {"pull", "comment", "review", "line-comment"}
    assert any(hit.title.endswith("on live/main.tf") for hit in hits)


def test_attached_files_are_searched(room: Room) -> None:
    """Shown by GitHub to whom it knows, kept in storage that gets no token."""
    url = f"{room.site.url}/user-attachments/files/7/plan.log"
    place = f"{room.storage.url}/bucket/7?signature=abc"
    room.site.pages["/user-attachments/files/7/plan.log"] = Page(
        status=302, headers={"Location": place}
    )
    room.storage.pages["/bucket/7"] = Page(
        gzip.compress(b"Error: zebra quota"), headers={"Content-Encoding": "gzip"}
    )
    issue = room.issue(f"It fails: [plan.log]({url})")

    result = room.search(issue.number, "zebra quota")

    assert [(hit.title, hit.excerpt) for hit in result.hits] == [("plan.log", "Error: zebra quota")]
    assert result.hits[0].url == url
    assert room.site.asked[0][1]["Authorization"].startswith("Bearer ghs_")
    assert "Authorization" not in room.storage.asked[0][1]
    assert room.storage.paths == ["/bucket/7?signature=abc"]


def test_linked_files_of_the_repository_are_searched(room: Room) -> None:
    """At the ref of the link, which may hold slashes."""
    room.world.commit("feature/zebra", {"notes.md": "The quagga is extinct.\n"})
    base = f"{room.site.url}/acme/infrastructure"
    issue = room.issue(f"See {base}/blob/main/docs/run%20book.md#L1.")
    room.say(issue, f"And <{base}/raw/feature/zebra/notes.md>")

    found = [room.search(issue.number, word).hits[0].title for word in ("spring", "quagga")]

    assert found == ["main/docs/run book.md", "feature/zebra/notes.md"]
    assert room.site.asked == []


def test_a_file_that_can_not_be_read_is_named(room: Room) -> None:
    """Each with its reason; the rest is searched."""
    page, base = room.site.pages, f"{room.site.url}/acme/infrastructure/blob/main"
    attached = f"{room.site.url}/user-attachments/files"
    here = "/user-attachments/files"
    page[f"{here}/1/a.txt"] = Page(b"x" * (LARGEST_BYTES + 1), headers=TEXT)
    page[f"{here}/2/b.zip"] = Page(b"PK\x03\x04\x00\xff", headers=TEXT)
    page[f"{here}/4/d.txt"] = Page(
        status=302, headers={"Location": f"http://127.0.0.2:{room.storage.port}/"}
    )
    page[f"{here}/5/e.txt"] = Page(status=302, headers={"Location": f"{attached}/5/e.txt"})
    links = (
        f"{attached}/1/a.txt",
        f"{attached}/2/b.zip",
        f"{attached}/3/c.txt",
        f"{attached}/4/d.txt",
        f"{attached}/5/e.txt",
        f"{base}/gone.md",
        f"{base}/binary.bin",
        f"{base}/latin.txt",
        f"{base}/large.txt",
        f"{base}/docs",
        f"{room.site.url}/other/secret/blob/main/key.pem",
        f"{room.site.url}/user-attachments/assets/1-2-3",
    )
    issue = room.issue("The zebra.\n" + "\n".join(links))

    result = room.search(issue.number, "zebra")

    reasons = [note.partition("it ")[2] for note in result.notes]
    assert reasons == [
        "is larger than 1 MiB.",
        "is not text in UTF-8.",
        "can't be read: GitHub answered 404.",
        "can't be read: its storage is not in the public internet, so it is not read.",
        "redirects too often.",
        "is not in the repository.",
        "is not text.",
        "is not text in UTF-8.",
        "is larger than 1 MiB.",
        "is a folder or a link, not a file.",
        "is in another repository.",
        "is an image or a video, not text.",
    ]
    assert [hit.id for hit in result.hits] == ["issue"]


def test_many_files_are_read_up_to_a_number(room: Room) -> None:
    """Those after it are named."""
    base = f"{room.site.url}/user-attachments/files"
    links = [f"{base}/{number}/f.txt" for number in range(MOST_FILES + 2)]
    for number in range(MOST_FILES + 2):
        room.site.pages[f"/user-attachments/files/{number}/f.txt"] = Page(b"zebra", headers=TEXT)
    issue = room.issue("\n".join(links))

    result = room.search(issue.number, "zebra")

    assert len(room.site.asked) == MOST_FILES
    assert [note.endswith("comes after the first 20 files.") for note in result.notes] == [True] * 2


def test_a_thread_is_read_once_a_minute(room: Room) -> None:
    """A second search asks GitHub nothing; a later one sees what is new."""
    issue = room.issue("The zebra.")
    room.search(issue.number, "zebra")
    asked = len(room.world.recorder.requests)
    room.say(issue, "Another zebra.")

    again = room.search(issue.number, "zebra")
    assert len(again.hits) == 1
    assert len(room.world.recorder.requests) == asked
    room.seconds[0] += KEPT_SECONDS
    assert len(room.search(issue.number, "zebra").hits) == 2


@pytest.mark.parametrize(
    "chat",
    [
        "acme:infrastructure:99",
        "acme:missing:1",
        "other:infrastructure:1",
    ],
)
def test_what_the_key_does_not_reach_is_not_there(room: Room, chat: str) -> None:
    """Nor what does not exist, and the two look the same."""
    room.issue()

    answer = room.api.post(f"/chats/{chat}/search", query="x")

    assert answer.status_code == 404
    assert answer.json()["detail"] == f"There is no thread `{chat}` that this key reaches."


@pytest.mark.parametrize(
    "chat", ["acme", "acme:infrastructure", "acme:infrastructure:0", "acme:..:1", "a:b:c"]
)
def test_what_is_no_chat_is_refused(room: Room, chat: str) -> None:
    """With where it is wrong."""
    answer = room.api.post(f"/chats/{chat}/search", query="x")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/path/chat_id"


def test_github_away_is_an_answer(room: Room) -> None:
    """503, to try again."""
    issue = room.issue()
    room.world.fail("status", status=502, path="/issues/", times=10)

    answer = room.api.post(CHAT.format(issue.number), query="x")

    assert answer.status_code == 503
