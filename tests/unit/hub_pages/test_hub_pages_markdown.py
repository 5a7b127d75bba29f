"""Markdown as the pages show it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.pages.markdown import render

ALLOWED = re.compile(
    r"</?(?:p|h[3-6]|ul|ol|li|a|em|strong|s|code|pre|span|table|thead|tbody|tr|th|td|div|blockquote"
    r"|hr|br|details|summary|kbd|sub|sup|input)\b"
)


def html(text: str) -> str:
    """Render as on the pages of acme/infrastructure."""
    return str(render(text, "/acme/infrastructure"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("see #12", '<a href="/acme/infrastructure/issues/12">#12</a>', id="reference"),
        pytest.param("ask @alice", "<strong>@alice</strong>", id="mention"),
        pytest.param("a ~~b~~", "<s>b</s>", id="strikethrough"),
        pytest.param("https://a.example/x", '<a href="https://a.example/x">', id="linkify"),
        pytest.param("- [x] y", 'aria-label="done"', id="task done"),
        pytest.param("- [ ] y", 'aria-label="to do"', id="task to do"),
        pytest.param("one\ntwo", "one<br />\ntwo", id="line break"),
        pytest.param(
            "| a |\n| --- |\n| b |", '<div class="scroll" tabindex="0"', id="table scrolls"
        ),
        pytest.param("```diff\n+ a\n```", '<span class="add">+ a\n</span>', id="diff added"),
        pytest.param("```diff\n- a\n```", '<span class="del">- a\n</span>', id="diff removed"),
        pytest.param("```diff\n! a\n```", '<span class="mod">! a\n</span>', id="diff changed"),
        pytest.param(
            "<details><summary>S</summary>\n\nx\n\n</details>", "<summary>S</summary>", id="fold"
        ),
        pytest.param("![plan](https://a.example/p.png)", 'rel="noreferrer">plan</a>', id="image"),
    ],
)
def test_markdown_is_shown_as_on_github(text: str, expected: str) -> None:
    """Every piece that checks and people use is rendered."""
    assert expected in html(text)


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        pytest.param("a <!-- lockgate:tag --> b", "lockgate:tag", id="comment"),
        pytest.param("<!--\nlong\n-->\n\nb", "long", id="comment block"),
        pytest.param("<script>alert(1)</script>", "<script", id="script"),
        pytest.param("<img src=x onerror=alert(1)>", "<img", id="image tag"),
        pytest.param("<details open ontoggle=alert(1)>", "<details", id="attribute"),
        pytest.param("[x](javascript:alert(1))", "<a ", id="script link"),
        pytest.param("`#12` and `@bob`", "<a ", id="reference in code"),
        pytest.param("bob@acme.example", "<strong>", id="address is no mention"),
        pytest.param("see main.tf", "<a ", id="file is no address"),
        pytest.param("![x](http://a.example/x.png)", "<img", id="image is not loaded"),
    ],
)
def test_markdown_hides_and_escapes(text: str, absent: str) -> None:
    """What could run or load, and what is a comment, does not come through."""
    assert absent not in html(text)


def test_headings_begin_below_the_page_and_leave_no_gap() -> None:
    """A page keeps one outline, whatever levels the text uses."""
    shown = html("# one\n\n### three\n\n# again")

    assert re.findall(r"<(h\d)>", shown) == ["h3", "h4", "h3"]


@given(st.text(alphabet="<>/=\"' abdsi!-()[]`#@|\n", max_size=80))
def test_no_text_makes_an_unknown_tag(text: str) -> None:
    """Whatever is typed, only known tags are opened."""
    tags = re.findall(r"</?[A-Za-z][^\s>/]*", html(text))

    assert all(ALLOWED.match(tag) for tag in tags)
