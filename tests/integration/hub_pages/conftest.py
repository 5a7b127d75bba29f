"""A hub with its pages and one change in it, and a person with a browser of few words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.integration.hub_pages import story

TOKEN = re.compile(r'name="token" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads pages and sends their forms, keeping cookies."""

    client: httpx.Client

    def read(self, path: str) -> str:
        """Return a page that must be there, as text."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    def send(self, page: str, action: str, **fields: str | list[str]) -> httpx.Response:
        """Send a form of a page; the page gives the token."""
        found = TOKEN.search(self.client.get(page).text)
        assert found
        return self.client.post(action, data={"token": unescape(found[1]), **fields})

    def act_as(self, login: str) -> None:
        """Choose a person."""
        assert self.send("/", "/_pages/persona", login=login).status_code == 200


@pytest.fixture
def told(tmp_path: Path) -> Iterator[story.Story]:
    """Return a running hub with one change in it."""
    server = story.server(tmp_path / "git")
    with server:
        yield story.seed(server)


@pytest.fixture
def reader(told: story.Story) -> Iterator[Reader]:
    """Return a person at the pages; at first it is alice."""
    client = httpx.Client(
        base_url=told.server.url, trust_env=False, timeout=30, follow_redirects=True
    )
    with client:
        yield Reader(client)
