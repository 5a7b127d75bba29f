"""The command grammar: what commands, what does not, and what is said of a near miss."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.commands import NAME, Command, Mistake, Name, parse
from terraform.arguments import PlanArguments

COMMAND_LINES = st.sampled_from(["/plan", "/apply -p network", "@lockgate plan", "/unlock"])
WORDS = st.text(alphabet="abc /@-=`'\"<>!*_#\\\u2028\u00a0.~$;|&\n", max_size=60)


def said(body: str) -> tuple[object, ...]:
    """The commands and mistakes of a comment."""
    return parse(body, bot_name="lockgate")


@pytest.mark.parametrize(
    ("body", "command"),
    [
        pytest.param("/plan", Command(Name.PLAN), id="bare"),
        pytest.param("/PLAN", Command(Name.PLAN), id="case"),
        pytest.param("  /plan  ", Command(Name.PLAN), id="spaces"),
        pytest.param("/plan\r\n", Command(Name.PLAN), id="carriage return"),
        pytest.param("/plan -p network", Command(Name.PLAN, project="network"), id="project"),
        pytest.param("/plan --project=a.b_c-1", Command(Name.PLAN, project="a.b_c-1"), id="long"),
        pytest.param(
            "/plan -d infra/network/", Command(Name.PLAN, directory="infra/network"), id="dir"
        ),
        pytest.param("/plan -d 'my dir'", Command(Name.PLAN, directory="my dir"), id="quoted"),
        pytest.param("/plan -w prod", Command(Name.PLAN, workspace="prod"), id="workspace"),
        pytest.param(
            "/plan -- -target=a.b",
            Command(Name.PLAN, terraform=PlanArguments(targets=("a.b",))),
            id="arguments",
        ),
        pytest.param("@lockgate plan", Command(Name.PLAN), id="mention"),
        pytest.param("@Lockgate, /apply -p x", Command(Name.APPLY, project="x"), id="mention of"),
        pytest.param("@lockgate[bot] help", Command(Name.HELP), id="mention of the app"),
        pytest.param(
            "/ask what's the cost?", Command(Name.ASK, words=("what's", "the", "cost?")), id="ask"
        ),
        pytest.param("> quoted\n\n/plan", Command(Name.PLAN), id="after a quote"),
        pytest.param("<!-- hidden -->\n\n/plan", Command(Name.PLAN), id="after a comment"),
        pytest.param("/plan\n\nplease, it moved", Command(Name.PLAN), id="then words"),
    ],
)
def test_this_commands(body: str, command: Command) -> None:
    """One command, as it was meant."""
    assert said(body) == (command,)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("please /plan", id="in a sentence"),
        pytest.param("thanks\n/plan", id="not first"),
        pytest.param("`/plan`", id="inline code"),
        pytest.param("``` \n/plan\n```", id="fence"),
        pytest.param("~~~\n/plan\n~~~", id="tildes"),
        pytest.param("    /plan", id="indented"),
        pytest.param("> /plan", id="quote"),
        pytest.param("> > /plan", id="quote in a quote"),
        pytest.param("- /plan", id="list"),
        pytest.param("1. /plan", id="numbered list"),
        pytest.param("-\n  /plan", id="list, next line"),
        pytest.param("# /plan", id="heading"),
        pytest.param("<!-- /plan -->", id="comment"),
        pytest.param("<!--\n\n/plan\n\n-->", id="comment with blank lines"),
        pytest.param("<!-- a --> <div>\n\n/plan", id="comment and markup"),
        pytest.param("<details>\n\n/plan\n\n</details>", id="details"),
        pytest.param("<b>/plan</b>", id="bold"),
        pytest.param("/etc/passwd is read", id="path"),
        pytest.param("/frobnicate", id="another bot's"),
        pytest.param("//plan", id="two slashes"),
        pytest.param("@lockgate-team plan", id="another name"),
        pytest.param("@lockgates plan", id="a longer name"),
        pytest.param("mail@lockgate plan", id="an address"),
    ],
)
def test_this_does_not_command(body: str) -> None:
    """Neither a command nor a mistake."""
    assert said(body) == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("/aplly", "Did you mean `/apply`?", id="near miss"),
        pytest.param("@lockgate pln", "Did you mean `/plan`?", id="near miss, mention"),
        pytest.param("@lockgate frobnicate", "`/help` lists them", id="no such command"),
        pytest.param("/plan -p ../../etc", "is not a project name", id="path as project"),
        pytest.param("/plan -p '../../etc'", "is not a project name", id="quoted path"),
        pytest.param("/plan -p '$(id)'", "is not a project name", id="shell"),
        pytest.param("/plan -p 'a;b'", "is not a project name", id="semicolon"),
        pytest.param("/plan -w -p", "is not a workspace name", id="option as value"),
        pytest.param("/plan -d ../../etc", "outside the repository", id="directory above"),
        pytest.param("/plan -d a/../../b", "outside the repository", id="hidden above"),
        pytest.param("/plan -d /etc", "outside the repository", id="absolute"),
        pytest.param("/plan -d 'a\\b'", "outside the repository", id="backslash"),
        pytest.param("/plan -chdir=/etc", "no option `-chdir`", id="chdir"),
        pytest.param("/plan -p", "project is missing", id="no value"),
        pytest.param("/plan -p a -p b", "given twice", id="twice"),
        pytest.param("/plan 'a", "not closed", id="open quote"),
        pytest.param("/plan network", "does not take `network`", id="word"),
        pytest.param("/apply -- -auto-approve", "no Terraform arguments", id="apply arguments"),
        pytest.param("/cancel -p network", "takes no options", id="option of another"),
        pytest.param("/plan | rm *", "does not take `|`", id="pipe"),
    ],
)
def test_a_mistake_says_what_is_wrong(body: str, reason: str) -> None:
    """A line that meant to be a command is answered in one sentence."""
    [mistake] = said(body)
    assert isinstance(mistake, Mistake)
    assert reason in mistake.reason


def test_several_lines_are_several_commands() -> None:
    """Every leading line counts, up to the first that is none."""
    body = "/plan -p a\n/approve\nthanks!\n/apply"

    assert said(body) == (Command(Name.PLAN, project="a"), Command(Name.APPROVE))


def test_ten_commands_are_enough() -> None:
    """The eleventh is a mistake, and the rest is not read."""
    parsed = said("/plan\n" * 500)

    assert len(parsed) == 11
    assert isinstance(parsed[-1], Mistake)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("/plan -p " + "a" * 65_000, id="long name"),
        pytest.param("/plan -d " + "a/" * 32_000, id="deep directory"),
        pytest.param("/" + "p" * 65_000, id="long command"),
        pytest.param("/plan " + "'" * 65_000, id="quotes"),
        pytest.param("`" * 65_536, id="backticks"),
        pytest.param("> " * 32_000 + "/plan", id="quotes in quotes"),
        pytest.param("<!--" * 16_000, id="open comments"),
        pytest.param("<!-- a -->" * 6_000 + "x", id="many comments"),
        pytest.param("/plan\n" * 10_900, id="many commands"),
        pytest.param("\\" * 65_536, id="backslashes"),
    ],
)
def test_the_longest_comment_is_read_quickly(body: str) -> None:
    """Nobody can keep a worker busy with a comment."""
    began = time.process_time()

    said(body)

    assert time.process_time() - began < 2


@given(st.one_of(st.text(), WORDS, st.builds(str.__add__, COMMAND_LINES, WORDS)))
def test_any_text_is_read(body: str) -> None:
    """Parsing never raises, and what comes back is safe to use and to show."""
    for item in said(body):
        if isinstance(item, Command):
            assert all(NAME.fullmatch(each) for each in (item.project, item.workspace) if each)
            directory = item.directory or "."
            assert not directory.startswith("/")
            assert ".." not in directory.split("/")
        else:
            assert isinstance(item, Mistake)
            assert item.reason.count("`") % 2 == 0
            assert "@" not in item.reason.replace("@\u200b", "")
            assert "\n" not in item.reason


@given(WORDS, COMMAND_LINES)
def test_code_and_quotes_never_command(words: str, line: str) -> None:
    """Whatever stands around it, a command inside code, a quote or a comment is none."""
    inside = words.replace("`", "").replace(">", "").replace("~", "").replace("-", "")
    hidden = "\n".join(f"{each}\n{line}" for each in inside.split("\n"))

    assert said(f"````\n{hidden}\n````") == ()
    assert said(f"<!--\n{hidden}\n-->") == ()
    assert said("\n".join(f"> {each}" for each in hidden.split("\n"))) == ()
    assert said("\n".join(f"    {each}" for each in hidden.split("\n") if each.strip())) == ()


@given(WORDS, COMMAND_LINES)
def test_words_before_a_command_end_the_commands(words: str, line: str) -> None:
    """A command below the first line of talk is talk."""
    assert said(f"well, {words}\n\n{line}") == ()
