"""The web through the API: a SearXNG-compatible search, a Jina-compatible reader, and our own."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from bot.api.models import SearchResult, WebPage
from bot.api.web import MOST_AT_ONCE, web_routes
from bot.child import Child
from bot.public_web import PublicWeb
from bot.web_provider import WebProvider
from bot.web_read import LONGEST_TEXT, DirectReader, JinaReader, page_child
from bot.web_search import SearxSearch
from tests.integration.knowledge.knowledge_site import Api, Page, Site

JSON = {"Content-Type": "application/json"}
ARTICLE = """<!doctype html><html><head><title>State  locks</title></head><body>
<nav><a href="/">Home</a> <a href="/buy">Buy now</a></nav>
<article><h1>State locks</h1><p>{}</p><ul><li>first</li><li>second</li></ul></article>
<script>alert("stolen")</script></body></html>""".format("A state is locked now. " * 12)


@pytest.fixture(scope="module")
def pages() -> Iterator[Child]:
    """The process that takes the text out of pages."""
    child = page_child()
    yield child
    child.close()


def public(site: Site) -> PublicWeb:
    """The public internet of a test: 127.0.0.1 and this port."""
    return PublicWeb(allowed=lambda address: address == "127.0.0.1", ports=frozenset({site.port}))


def direct(site: Site, pages: Child) -> Api:
    """The API with our own reader."""
    return Api(web_routes(None, DirectReader(public(site), pages)))


def searching(site: Site, token: str | None = None) -> Api:
    """The API with a search on this site."""
    secret = SecretStr(token) if token else None
    return Api(web_routes(SearxSearch(WebProvider("The web search", site.url, secret)), None))


def reading(site: Site, web: PublicWeb | None = None) -> Api:
    """The API with a reader on this site."""
    provider = WebProvider("The web reader", site.url, SecretStr("made up"))
    return Api(web_routes(None, JinaReader(web or public(site), provider)))


def test_the_web_is_off_until_it_is_set_up() -> None:
    """And each refusal names the setting."""
    api = Api(web_routes(None, None))

    search = api.post("/web/search", query="x")
    read = api.post("/web/read", url="https://example.com/")

    assert (search.status_code, read.status_code) == (404, 404)
    assert search.json()["type"] == "urn:lockgate:problem:not-configured"
    assert "LOCKGATE_WEB_SEARCH_URL" in search.json()["detail"]
    assert "LOCKGATE_WEB_READ=on" in read.json()["detail"]


def test_results_are_given_in_the_services_order(site: Site) -> None:
    """As many as asked for, without what is no page, and with the token."""
    results = [
        {"url": "https://a.example/", "title": "A", "content": "First.", "engine": "x", "score": 9},
        {"url": "javascript:alert(1)", "title": "B", "content": ""},
        {"url": "https://c.example/c", "title": None, "content": None},
        {"url": "https://d.example/", "title": "D", "content": "Fourth."},
    ]
    site.pages["/search"] = Page(json.dumps({"results": results}).encode(), headers=JSON)

    answer = searching(site, "made up").post("/web/search", query="a & b", limit=2)

    hits = SearchResult.model_validate_json(answer.content).hits
    assert [hit.url for hit in hits] == ["https://a.example/", "https://c.example/c"]
    assert [hit.title for hit in hits] == ["A", "https://c.example/c"]
    assert hits[0].excerpt == "First."
    assert hits[0].score > hits[1].score
    path, headers = site.asked[0]
    assert path == "/search?q=a+%26+b&format=json"
    assert headers["Authorization"] == "Bearer made up"


@pytest.mark.parametrize(
    "page",
    [
        Page(status=500),
        Page(status=403),
        Page(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Page(b"<html>", headers=JSON),
        Page(b'{"results": [{"title": "no address"}]}', headers=JSON),
        Page(b"[" * 5_000_000, headers=JSON),
    ],
    ids=["breaks", "refuses", "redirects", "no JSON", "no results", "too much"],
)
def test_a_search_that_fails_says_so(site: Site, page: Page) -> None:
    """503, without the service's words or address."""
    site.pages["/search"] = page

    answer = searching(site).post("/web/search", query="x")

    assert answer.status_code == 503
    assert site.url not in answer.text


def test_a_page_is_read_without_its_markup(site: Site, pages: Child) -> None:
    """The article: no navigation, no script."""
    site.pages["/a"] = Page(ARTICLE.encode())

    answer = direct(site, pages).post("/web/read", url=f"{site.url}/a")

    page = WebPage.model_validate_json(answer.content)
    assert (page.url, page.title, page.truncated) == (f"{site.url}/a", "State locks", False)
    assert "A state is locked now." in page.text
    assert "- second" in page.text
    assert "stolen" not in page.text
    assert "Buy now" not in page.text


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=latin-1", b"gr\xf6\xdfer\n", "größer"),
        ("text/markdown", b"# Title\n\n- a", "# Title\n\n- a"),
        ("application/json", b'{"a": [1]}', '{"a": [1]}'),
        ("text/plain; charset=nonsense", b"plain", "plain"),
        ("text/html", b"<p>One</p><p>Two</p>", "One"),
        ("text/html; charset=utf-8", b'<?xml version="1.0"?><html><body><p>One</p>', "One"),
    ],
)
def test_text_of_other_kinds_is_read(
    site: Site, pages: Child, content_type: str, body: bytes, text: str
) -> None:
    """As its own bytes say."""
    site.pages["/a"] = Page(body, headers={"Content-Type": content_type})

    answer = direct(site, pages).post("/web/read", url=f"{site.url}/a")

    assert answer.status_code == 200, answer.text
    assert answer.json()["text"].startswith(text)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page(b"%PDF", headers={"Content-Type": "application/pdf"}), "is application/pdf"),
        (Page(b"x", headers={}), "is of no type"),
        (Page(b"<html><script>go()</script></html>"), "has no text"),
        (Page(b""), "has no text"),
        (Page(status=500), "answered 500"),
    ],
)
def test_a_page_without_text_is_refused_with_the_reason(
    site: Site, pages: Child, page: Page, reason: str
) -> None:
    """At the field that names it."""
    site.pages["/a"] = page

    answer = direct(site, pages).post("/web/read", url=f"{site.url}/a")

    assert answer.status_code == 422
    assert reason in answer.json()["errors"][0]["detail"]
    assert answer.json()["errors"][0]["pointer"] == "/body/url"


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 100_000,
        b"<a b='" + b"x" * 500_000,
        b"\x00\xff<html>" * 1000,
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><p>&b;</p>",
        b"<table>" * 20_000 + b"<td>x",
    ],
    ids=["deep", "open", "binary", "entities", "tables"],
)
def test_hostile_markup_ends(site: Site, pages: Child, body: bytes) -> None:
    """With text or with a reason; the process that read it answers the next."""
    site.pages["/bad"] = Page(body)
    site.pages["/good"] = Page(ARTICLE.encode())
    api = direct(site, pages)

    bad = api.post("/web/read", url=f"{site.url}/bad")

    assert bad.status_code in {200, 422, 503}
    assert api.post("/web/read", url=f"{site.url}/good").status_code == 200


def test_markup_that_takes_too_long_is_refused(site: Site) -> None:
    """Its process is ended, and the page is to blame."""
    site.pages["/a"] = Page(ARTICLE.encode())
    impatient = Child("bot.page_child", seconds=0)

    answer = direct(site, impatient).post("/web/read", url=f"{site.url}/a")

    assert answer.status_code == 422
    assert "takes too long to read" in answer.json()["detail"]
    assert impatient.pid is None


def test_pages_are_read_a_few_at_a_time(site: Site) -> None:
    """The threads that serve everybody else are not all spent on waiting."""
    waiting, release = threading.Semaphore(0), threading.Event()

    class Slow:
        def read(self, url: str) -> WebPage:
            waiting.release()
            release.wait()
            return WebPage(url=url, title="", text="x", truncated=False)

    api = Api(web_routes(None, Slow()))
    with ThreadPoolExecutor() as threads:
        held = [
            threads.submit(api.post, "/web/read", url=f"{site.url}/") for _ in range(MOST_AT_ONCE)
        ]
        for _ in held:
            waiting.acquire()
        refused = api.post("/web/read", url=f"{site.url}/")
        release.set()
        assert {each.result().status_code for each in held} == {200}

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "5"


def test_a_long_page_is_cut_and_says_so(site: Site, pages: Child) -> None:
    """By its text, or by its bytes."""
    site.pages["/a"] = Page(b"word " * 30_000, headers={"Content-Type": "text/plain"})

    page = direct(site, pages).post("/web/read", url=f"{site.url}/a").json()

    assert len(page["text"]) == LONGEST_TEXT
    assert page["truncated"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://localhost:443/", "http://169.254.169.254/", "http://[::1]/"],
)
def test_the_product_reads_nothing_inside(site: Site, pages: Child, url: str) -> None:
    """Directly, and through a reader, which is not even asked."""
    own = Api(web_routes(None, DirectReader(PublicWeb(), pages)))
    readers = reading(site, PublicWeb())

    for api in (own, readers):
        answer = api.post("/web/read", url=url)
        assert answer.status_code == 422
        assert "not in the public internet" in answer.json()["detail"]
    assert site.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        Page(
            b'{"code": 200, "data": {"title": "T", "content": "# Text", "url": "x"}}',
            headers=JSON,
        ),
        Page(
            b"Title: T\n\nURL Source: x\n\nMarkdown Content:\n# Text\n",
            headers={"Content-Type": "text/plain"},
        ),
    ],
    ids=["JSON", "text"],
)
def test_a_reader_reads_for_us(site: Site, answer: Page) -> None:
    """The whole address is handed on, with the token, in either form of answer."""
    url = f"{site.url}/a?b=c&d=e"
    site.pages[f"/{site.url}/a"] = answer

    page = WebPage.model_validate_json(reading(site).post("/web/read", url=f"{url}#f").content)

    assert (page.title, page.text) == ("T", "# Text")
    path, headers = site.asked[-1]
    assert path == f"/{url}"
    assert headers["Authorization"] == "Bearer made up"


def test_a_reader_is_given_no_redirect_inside(site: Site) -> None:
    """It follows redirects itself, and may stand inside: it gets the address where they end."""
    site.pages["/out"] = Page(status=302, headers={"Location": "/a"})
    site.pages["/in"] = Page(status=302, headers={"Location": "http://10.0.0.1/admin"})
    site.pages[f"/{site.url}/a"] = Page(b"Text.", headers={"Content-Type": "text/plain"})
    api = reading(site)

    followed = api.post("/web/read", url=f"{site.url}/out")
    refused = api.post("/web/read", url=f"{site.url}/in")

    assert followed.json()["url"] == f"{site.url}/a"
    assert refused.status_code == 422
    assert [path for path in site.paths if "http" in path] == [f"/{site.url}/a"]


def test_what_a_reader_read_inside_is_kept_back(site: Site) -> None:
    """Where a page sent it on by other means than a redirect."""
    said = {"data": {"title": "T", "content": "secret", "url": "http://10.0.0.1/admin"}}
    site.pages[f"/{site.url}/a"] = Page(json.dumps(said).encode(), headers=JSON)

    answer = reading(site).post("/web/read", url=f"{site.url}/a")

    assert answer.status_code == 422
    assert "secret" not in answer.text


@pytest.mark.parametrize(("status", "expected"), [(422, 422), (404, 422), (500, 503), (401, 503)])
def test_a_reader_that_fails_says_so(site: Site, status: int, expected: int) -> None:
    """Whether the page is at fault, or the service."""
    site.pages[f"/{site.url}/a"] = Page(status=status)

    assert reading(site).post("/web/read", url=f"{site.url}/a").status_code == expected


def test_a_reader_that_gives_something_else_is_away(site: Site) -> None:
    """Not a page without text."""
    site.pages[f"/{site.url}/a"] = Page(b'{"data": null}', headers=JSON)

    assert reading(site).post("/web/read", url=f"{site.url}/a").status_code == 503
