"""Which hosts a list covers, and how a proxy's requests are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraform.allowed_hosts import HOST, HostRule, covered, host_rule
from terraform.proxy import asked_for

NAMES = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("api.example.com", HostRule("api.example.com"), id="name"),
        pytest.param("api.example.com:8443", HostRule("api.example.com", 8443), id="port"),
        pytest.param("*.example.com", HostRule("example.com", below=True), id="below"),
        pytest.param("10.0.0.1:80", HostRule("10.0.0.1", 80), id="address"),
    ],
)
def test_an_entry_is_read(text: str, rule: HostRule) -> None:
    """A name, a port, or everything below a name."""
    assert host_rule(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "*.com",
        "a.*.com",
        "https://a.com",
        "a.com/x",
        "a.com:0",
        "a.com:70000",
        "A.com",
        "a..com",
        "-a.com",
        "a.com\n",
        "a b",
        "[::1]:443",
        "user@a.com",
    ],
)
def test_no_other_text_is_an_entry(text: str) -> None:
    """What could mean more than it says is refused."""
    with pytest.raises(ValueError, match="must"):
        host_rule(text)


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("example.com", 443, False),
        ("a.example.com", 443, True),
        ("a.b.example.com", 443, True),
        ("evilexample.com", 443, False),
        ("a.example.com.evil.test", 443, False),
        ("a.example.com", 80, False),
    ],
)
def test_everything_below_a_name_is_below_it(host: str, port: int, *, expected: bool) -> None:
    """At the boundary of a label, at the same port, and not the name itself."""
    assert covered([host_rule("*.example.com")], host, port) is expected


@given(NAMES, NAMES)
def test_a_name_covers_itself_alone(listed: str, asked: str) -> None:
    """No name covers another."""
    assert covered([HostRule(listed)], asked, 443) is (listed == asked)


@given(st.text(max_size=300), st.lists(st.text(max_size=40), max_size=4))
def test_any_request_is_read_or_refused(first: str, fields: list[str]) -> None:
    """What is understood has a plain name and port, and one request line of our own writing."""
    asked = asked_for(first, fields, b"")

    if asked is not None:
        assert HOST.fullmatch(asked.host)
        assert 0 <= asked.port <= 99_999


@pytest.mark.parametrize(
    ("first", "host", "port"),
    [
        ("CONNECT Api.Example.com.:443 HTTP/1.1", "api.example.com", 443),
        ("GET http://a.example:8080/x?y HTTP/1.1", "a.example", 8080),
        ("GET http://a.example HTTP/1.0", "a.example", 80),
    ],
)
def test_names_are_compared_in_one_form(first: str, host: str, port: int) -> None:
    """Neither case nor a dot at the end makes another host."""
    asked = asked_for(first, (), b"")

    assert asked is not None
    assert (asked.host, asked.port) == (host, port)
