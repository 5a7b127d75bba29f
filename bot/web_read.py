"""Reading a public web page: by Lockgate itself, or through a service that speaks as Jina's."""

from pydantic import BaseModel, ValidationError

from bot.api.models import WebPage
from bot.child import Child, ChildTimeoutError
from bot.page_messages import MARKUP, PageHead, PageText
from bot.public_web import Fetched, PageError, PublicWeb
from bot.web_provider import Answer, ProviderRefusedError, WebProvider
from handlers.errors import TransientError

EXTRACTION_SECONDS = 10.0
LONGEST_TEXT = 100_000
LONGEST_TITLE = 500
ALSO_TEXT = frozenset({"application/json", "application/xml", "application/yaml"})
TITLE = "Title:"
CONTENT = "Markdown Content:"


def page_child() -> Child:
    """The process that takes the text out of pages."""
    return Child("bot.page_child", seconds=EXTRACTION_SECONDS)


class DirectReader:
    """The port `PageReader` without any service: fetched here, its text taken out in a child."""

    def __init__(self, web: PublicWeb, pages: Child) -> None:
        self._web = web
        self._pages = pages

    def read(self, url: str) -> WebPage:
        """The page's text; raises PageError, or ChildError where the child broke."""
        fetched = self._web.get(url)
        if not _is_text(fetched.media_type):
            raise PageError(f"is {fetched.media_type or 'of no type'}, not text")
        try:
            page = PageText.model_validate_json(self._pages.ask(_question(fetched)))
        except ChildTimeoutError as exc:
            raise PageError("has markup that takes too long to read") from exc
        if not page.text.strip():
            raise PageError("has no text; it may need a browser")
        return _page(fetched.url, page.title, page.text, truncated=fetched.truncated)


class JinaReader:
    """The port `PageReader` over `GET /{url}`.

    Only the public address where the redirects end is handed on, and what the service read
    elsewhere is not passed on: it may stand where inside addresses can be reached.
    """

    def __init__(self, web: PublicWeb, provider: WebProvider) -> None:
        self._web = web
        self._provider = provider

    def read(self, url: str) -> WebPage:
        """The page's text; raises PageError, or TransientError where the service is away."""
        url = self._web.follow(url)
        try:
            answer = self._provider.get(url, accept="application/json")
        except ProviderRefusedError as exc:
            raise PageError("could not be read by the reader") from exc
        if answer.media_type == "application/json":
            return self._from_json(url, answer)
        return _from_text(url, answer.body.decode("utf-8", errors="replace"))

    def _from_json(self, url: str, answer: Answer) -> WebPage:
        try:
            read = _Read.model_validate_json(answer.body).data
        except ValidationError as exc:
            raise TransientError(f"{self._provider.name} gave nothing that can be read") from exc
        if read.url.startswith(("http://", "https://")):
            self._web.check(read.url)
        return _page(url, read.title or "", read.content)


class _Content(BaseModel):
    title: str | None = None
    content: str
    url: str = ""


class _Read(BaseModel):
    data: _Content


def _is_text(media_type: str) -> bool:
    return media_type.startswith("text/") or media_type in MARKUP | ALSO_TEXT


def _question(fetched: Fetched) -> bytes:
    head = PageHead(media_type=fetched.media_type, charset=fetched.charset)
    return head.model_dump_json().encode() + b"\n" + fetched.body


def _from_text(url: str, text: str) -> WebPage:
    """The service's plain form: some headers, then the text."""
    head, found, content = text.partition(CONTENT)
    if not found:
        return _page(url, "", text)
    titles = [line for line in head.splitlines() if line.startswith(TITLE)]
    return _page(url, titles[0].removeprefix(TITLE) if titles else "", content)


def _page(url: str, title: str, text: str, *, truncated: bool = False) -> WebPage:
    text = text.strip()
    return WebPage(
        url=url,
        title=title.strip()[:LONGEST_TITLE],
        text=text[:LONGEST_TEXT],
        truncated=truncated or len(text) > LONGEST_TEXT,
    )
