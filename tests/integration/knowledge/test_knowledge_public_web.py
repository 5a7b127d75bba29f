"""Pages fetched from real servers: nothing inside is reached, and no server keeps us waiting.

The servers listen on loopback, so these tests allow 127.0.0.1 (and nothing else); that the product
allows none of it is tested here as well.
"""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler

import pytest

from bot.public_web import MOST_BYTES, Fetched, PageError, PublicWeb
from tests.integration.knowledge.knowledge_site import Page, Site, running

ALLOWED = "127.0.0.1"
HTML = Page(b"<html><body>Hello</body></html>")


class Names:
    """A resolver whose answers are given; the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """The next answer for a host; an address is its own."""
        self.asked.append(host)
        answers = self._answers.get(host)
        if answers is None:
            return (host,)
        return answers.pop(0) if len(answers) > 1 else answers[0]


def web(
    *sites: Site, names: Names | None = None, allowed: str = ALLOWED, seconds: float = 20
) -> PublicWeb:
    """The reader, with the ports of these sites open and one address allowed."""
    return PublicWeb(
        resolve=names or Names(),
        allowed=lambda address: address == allowed,
        ports=frozenset({80, 443, *(site.port for site in sites)}),
        seconds=seconds,
    )


def redirect(target: str, status: int = 302) -> Page:
    """A page that sends people elsewhere."""
    return Page(status=status, headers={"Location": target})


@pytest.fixture
def inner() -> Iterator[Site]:
    """A site at an address that is not allowed."""
    with running("127.0.0.2") as site:
        site.pages["/"] = Page(b"secret")
        yield site


def test_a_page_is_fetched(site: Site) -> None:
    """With its type, by its name, and without a word about who asks."""
    site.pages["/a"] = Page(b"\xe4", headers={"Content-Type": "text/HTML; charset=latin-1"})
    names = Names(pages_example=[[ALLOWED]])

    page = web(site, names=names).get(f"http://pages.example:{site.port}/a?b=c#d")

    url = f"http://pages.example:{site.port}/a?b=c"
    assert page == Fetched(url, "text/html", "latin-1", b"\xe4", truncated=False)
    path, headers = site.asked[0]
    assert path == "/a?b=c"
    assert headers["Host"] == f"pages.example:{site.port}"
    assert not {"Authorization", "Cookie", "Referer"} & headers.keys()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://127.1:{port}/",
        "http://0x7f000001:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://169.254.169.254:{port}/latest/meta-data/",
    ],
)
def test_the_product_reaches_nothing_inside(site: Site, url: str) -> None:
    """As it stands: the system's resolver, the public addresses alone."""
    reader = PublicWeb(ports=frozenset({site.port}))

    with pytest.raises(PageError, match="not in the public internet"):
        reader.get(url.format(port=site.port))
    assert site.asked == []


def test_the_product_reaches_the_usual_ports_alone(site: Site) -> None:
    """Whatever listens on others."""
    for port in (site.port, 22, 0, 8080):
        with pytest.raises(PageError, match="port 80 or 443"):
            PublicWeb().get(f"http://93.184.216.34:{port}/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://a.example/", "not `http://` or `https://`"),
        ("file:///etc/passwd", "not `http://` or `https://`"),
        ("gopher://a.example/", "not `http://` or `https://`"),
        ("http:///a", "and a host"),
        ("http://user@a.example/", "name or password"),
        ("http://:secret@a.example/", "name or password"),
        ("http://a.example:x/", "can't be read"),
        ("http://0177.0.0.1/", "can't be read"),
        ("http://a.invalid/", "nobody knows"),
    ],
)
def test_an_address_that_is_none_of_a_page_is_refused(url: str, reason: str) -> None:
    """Before anything is asked."""
    with pytest.raises(PageError, match=reason):
        PublicWeb().get(url)


def test_a_name_is_resolved_once(site: Site, inner: Site) -> None:
    """A name that leads elsewhere the second time leads there in vain."""
    site.pages["/"] = HTML
    names = Names(rebind_example=[[ALLOWED], ["127.0.0.2"]])
    # The same port at both addresses: only where the connection goes tells them apart.
    with running("127.0.0.2", site.port) as other:
        page = web(site, names=names).get(f"http://rebind.example:{site.port}/")

    assert page.body == HTML.body
    assert names.asked == ["rebind.example"]
    assert other.asked == []


def test_each_redirect_is_resolved_and_checked_anew(site: Site, inner: Site) -> None:
    """The first answer of a name says nothing of its second."""
    site.pages["/"] = redirect("/again")
    names = Names(rebind_example=[[ALLOWED], ["127.0.0.2"]])
    with (
        running("127.0.0.2", site.port) as other,
        pytest.raises(PageError, match="not in the public internet"),
    ):
        web(site, names=names).get(f"http://rebind.example:{site.port}/")

    assert other.asked == []


def test_one_inside_address_among_public_ones_is_enough(site: Site) -> None:
    """All must be public, not only the one that would be taken."""
    names = Names(mixed_example=[[ALLOWED, "10.0.0.1"]])

    with pytest.raises(PageError, match="not in the public internet"):
        web(site, names=names).get(f"http://mixed.example:{site.port}/")
    assert site.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://127.0.0.2:{inner}/", "not in the public internet"),
        ("//127.0.0.2:{inner}/", "not in the public internet"),
        ("http://127.0.0.1:22/", "port 80 or 443"),
        ("http://root@127.0.0.1:{site}/", "name or password"),
        ("file:///etc/passwd", "not `http://`"),
        ("", "to nowhere"),
        ("http://a:b/", "broke off"),
    ],
)
def test_a_redirect_inside_is_not_followed(
    site: Site, inner: Site, status: int, target: str, reason: str
) -> None:
    """However it is written."""
    site.pages["/"] = redirect(target.format(inner=inner.port, site=site.port), status)

    with pytest.raises(PageError, match=reason):
        web(site, inner).get(f"{site.url}/")
    assert inner.asked == []


def test_redirects_are_followed_and_counted(site: Site) -> None:
    """Five, relative or not; a sixth is too many."""
    site.pages |= {f"/{number}": redirect(f"{number + 1}") for number in range(8)}
    site.pages["/6"] = HTML

    assert web(site).get(f"{site.url}/1").url == f"{site.url}/6"
    with pytest.raises(PageError, match="more than 5 times"):
        web(site).get(f"{site.url}/0")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "identity"])
def test_a_packed_page_is_unpacked(site: Site, encoding: str) -> None:
    """In each way that was asked for."""
    packed = {"deflate": zlib.compress(HTML.body), "identity": HTML.body}
    body = packed.get(encoding, gzip.compress(HTML.body))
    site.pages["/"] = Page(body, headers={"Content-Encoding": encoding})

    assert web(site).get(f"{site.url}/").body == HTML.body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_a_bomb_is_unpacked_to_the_limit_only(site: Site, encoding: str) -> None:
    """64 MiB of nothing, packed or not."""
    zeros = bytes(64 * 1024 * 1024)
    packed = {"gzip": gzip.compress(zeros), "deflate": zlib.compress(zeros), "identity": zeros}
    site.pages["/"] = Page(packed[encoding], headers={"Content-Encoding": encoding})

    page = web(site).get(f"{site.url}/")

    assert len(page.body) == MOST_BYTES
    assert page.truncated


@pytest.mark.parametrize(("encoding", "body"), [("br", b"x"), ("zstd", b"x"), ("gzip", b"no gzip")])
def test_what_can_not_be_unpacked_is_refused(site: Site, encoding: str, body: bytes) -> None:
    """Rather than taken as it is."""
    site.pages["/"] = Page(body, headers={"Content-Encoding": encoding})

    with pytest.raises(PageError, match="is packed"):
        web(site).get(f"{site.url}/")


def drip_head(handler: BaseHTTPRequestHandler) -> None:
    """Headers, one after the other, without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"a: b\r\n")
        time.sleep(0.02)


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    """A body, byte by byte, without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        handler.wfile.write(b" ")
        time.sleep(0.02)


def nothing(handler: BaseHTTPRequestHandler) -> None:
    """No answer, until the reader is gone."""
    handler.rfile.read()


@pytest.mark.parametrize("slow", [drip_head, drip_body, nothing])
def test_a_slow_server_is_left(site: Site, slow: object) -> None:
    """The time in all is limited, not that of each step alone."""
    assert callable(slow)
    site.pages["/"] = slow

    with pytest.raises(PageError, match="did not come within"):
        web(site, seconds=0.5).get(f"{site.url}/")


def test_a_slow_resolver_is_left() -> None:
    """Its thread goes on; nobody waits for it."""
    done = threading.Event()

    def resolve(_: str, __: int) -> Sequence[str]:
        done.wait()
        return (ALLOWED,)

    reader = PublicWeb(resolve=resolve, seconds=0.2)
    with pytest.raises(PageError, match="did not come within"):
        reader.get("http://slow.example/")
    with pytest.raises(PageError, match="could not be resolved in time"):
        reader.check("http://slow.example/")
    done.set()


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Half of what was promised."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    handler.connection.shutdown(socket.SHUT_RDWR)


def garbage(handler: BaseHTTPRequestHandler) -> None:
    """No HTTP at all."""
    handler.wfile.write(b"\x15\x03\x01 SSH-2.0\r\n\r\n")


@pytest.mark.parametrize("broken", [cut, garbage])
def test_a_broken_answer_is_told(site: Site, broken: object) -> None:
    """In words."""
    assert callable(broken)
    site.pages["/"] = broken

    with pytest.raises(PageError, match="broke off"):
        web(site).get(f"{site.url}/")


def test_the_second_address_is_tried(site: Site) -> None:
    """Where the first takes no connection."""
    site.pages["/"] = HTML
    names = Names(two_example=[["127.0.0.9", ALLOWED]])
    reader = PublicWeb(
        resolve=names,
        allowed=lambda address: address.startswith("127."),
        ports=frozenset({site.port}),
    )

    assert reader.get(f"http://two.example:{site.port}/").body == HTML.body


def test_a_server_that_is_not_there_and_a_refusal_are_told(site: Site) -> None:
    """With the server's status."""
    gone = socket.create_server((ALLOWED, 0))
    port = gone.getsockname()[1]
    gone.close()
    reader = PublicWeb(resolve=Names(), allowed=lambda _: True, ports=frozenset({site.port, port}))

    with pytest.raises(PageError, match="takes no connection"):
        reader.get(f"http://{ALLOWED}:{port}/")
    with pytest.raises(PageError, match="answered 404"):
        reader.get(f"{site.url}/nothing")


def test_a_certificate_is_asked_for(site: Site) -> None:
    """A server that speaks no TLS is not safe."""
    with pytest.raises(PageError, match="none that is safe"):
        web(site).get(f"https://{ALLOWED}:{site.port}/")
