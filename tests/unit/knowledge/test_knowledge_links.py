"""Links in a thread: which are files to be read, which are named and left, which are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat_links import Attachment, LinkedFile, RepositoryFile, Unread, linked_files
from handlers.events import RepoName

REPO = RepoName("acme/infra")
GITHUB = "https://github.com"


def files(text: str, github_url: str = GITHUB) -> tuple[LinkedFile, ...]:
    """What a text links to."""
    return linked_files([text], REPO, github_url)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/user-attachments/files/17/plan.log",
        "https://github.com/acme/infra/files/17/plan.log",
    ],
)
@pytest.mark.parametrize("text", ["[plan.log]({})", "See {}.", "<{}>", '"{}"', "{}?x=1#top"])
def test_an_attachment_is_found_as_people_write_it(url: str, text: str) -> None:
    """In Markdown, bare, at the end of a sentence."""
    assert files(text.format(url)) == (Attachment(url, "plan.log"),)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://github.com/acme/infra/blob/main/a/b.tf#L1-L9", "main/a/b.tf"),
        ("https://github.com/ACME/Infra/raw/main/a%20b.md?plain=1", "main/a b.md"),
        ("https://raw.githubusercontent.com/acme/infra/refs/heads/x/y.tf", "refs/heads/x/y.tf"),
    ],
)
def test_a_file_of_the_repository_is_found(url: str, place: str) -> None:
    """By its page, its raw address, with fragment and query."""
    (found,) = files(url)

    assert isinstance(found, RepositoryFile)
    assert found.place == place


def test_a_ref_may_hold_slashes() -> None:
    """Each reading of a place, the shortest ref first."""
    found = RepositoryFile("u", "feature/x/main.tf")

    assert list(found.places()) == [("feature", "x/main.tf"), ("feature/x", "main.tf")]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://github.com/other/secret/blob/main/key.pem", "is in another repository"),
        ("https://github.com/acme/secret/files/17/plan.log", "is in another repository"),
        ("https://github.com/acme/infra/blob/main/../../../secret/contents/key", "leads elsewhere"),
        ("https://github.com/acme/infra/blob/main/%2e%2e/a.md", "leads elsewhere"),
        ("https://github.com/acme/infra/raw/../main/a.md", "leads elsewhere"),
        ("https://github.com/acme/infra/files/17/%2e%2e", "leads elsewhere"),
        ("https://github.com/user-attachments/assets/1-2-3", "is an image or a video, not text"),
    ],
)
def test_what_is_not_read_is_named(url: str, reason: str) -> None:
    """With the reason."""
    (found,) = files(url)

    assert isinstance(found, Unread)
    assert found.reason == reason


@pytest.mark.parametrize(
    "url",
    [
        "https://gist.github.com/alice/1",
        "https://example.com/user-attachments/files/1/a.log",
        "https://github.com.evil.example/user-attachments/files/1/a.log",
        "https://evil@github.com/user-attachments/files/1/a.log",
        "http://github.com/user-attachments/files/1/a.log",
        "https://github.com/acme/infra/issues/3",
        "https://github.com/acme/infra/blob/main",
        "https://raw.githubusercontent.com/acme",
    ],
)
def test_other_links_are_no_files(url: str) -> None:
    """Only GitHub's own addresses are ever read."""
    assert files(url) == ()


def test_a_server_of_ones_own_has_its_own_addresses() -> None:
    """And github.com's are then none."""
    own = "https://git.example/user-attachments/files/1/a.log"

    assert files(own, "https://git.example/") == (Attachment(own, "a.log"),)
    assert files(f"{GITHUB}/user-attachments/files/1/a.log", "https://git.example") == ()


def test_a_file_counts_once() -> None:
    """However often it is linked."""
    url = f"{GITHUB}/user-attachments/files/1/a.log"

    assert len(linked_files([url, f"{url}#a and {url}"], REPO, GITHUB)) == 1


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever follows an address."""
    for file in files(f"{text} {GITHUB}/acme/infra/blob/{text} {GITHUB}/{text}"):
        assert file.url.startswith(f"{GITHUB}/")
