"""The command grammar: from the text of a comment to commands and mistakes; pure and total."""

import difflib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token

from terraform.arguments import PLAIN, PlanArguments, plan_arguments
from terraform.errors import UnsafeArgumentError
from terraform.safe_text import typed

NAME = re.compile(r"^[A-Za-z0-9][\w.-]{0,89}$", re.ASCII)
# A comment holds 65,536 characters; nobody types more commands than this in one.
MOST_COMMANDS = 10
# Emphasis, links and the like stay off: an argument such as `a*b*` keeps its stars.
MARKDOWN = MarkdownIt("zero").enable(["fence", "code", "blockquote", "html_block", "backticks"])
MARKDOWN.enable("html_inline")
MARKDOWN.options["html"] = True


COMMENT = re.compile(r"(<!--((?!-->).)*-->\s*)+", re.DOTALL)


class Name(StrEnum):
    """Every command there is, whether this version can carry it out or not."""

    HELP = "help"
    CONFIG = "config"
    PLAN = "plan"
    TEST = "test"
    ALLOW = "allow"
    APPROVE = "approve"
    APPLY = "apply"
    UNLOCK = "unlock"
    CANCEL = "cancel"
    COST = "cost"
    POLICY = "policy"
    WAIVE = "waive"
    IMPORT = "import"
    STATE = "state"
    SYNC = "sync"
    DRIFT = "drift"
    DRAFT = "draft"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its options, then `terraform` (what came after `--`) and the other `words`."""

    name: Name
    project: str | None = None
    directory: str | None = None
    workspace: str | None = None
    terraform: PlanArguments = PLAIN
    # The id of a lock on Terraform's state; empty where it is left to be found, None without it.
    state_lock: str | None = None
    words: tuple[str, ...] = ()
    prune: bool = False


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that meant to be a command and is not: `line` as typed, `reason` in one sentence."""

    line: str
    reason: str


Parsed: TypeAlias = Command | Mistake

OPTIONS = {"-p": "project", "--project": "project", "-d": "directory", "--directory": "directory"}
OPTIONS |= {"-w": "workspace", "--workspace": "workspace"}
PRUNE = "--prune"
TAKES: dict[Name, frozenset[str]] = {
    Name.PLAN: frozenset({"project", "directory", "workspace"}),
    Name.TEST: frozenset({"project"}),
    Name.ALLOW: frozenset({"project"}),
    Name.APPROVE: frozenset({"project"}),
    Name.APPLY: frozenset({"project"}),
    Name.UNLOCK: frozenset({"project"}),
    Name.DRIFT: frozenset({"project"}),
    Name.CONFIG: frozenset({"project"}),
    Name.IMPORT: frozenset({"project"}),
    Name.STATE: frozenset({"project"}),
}
# `/unlock --state` is about Terraform's own lock.
STATE = "--state"
LOCK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", re.ASCII)
TAKES_WORDS = frozenset({Name.WAIVE, Name.IMPORT, Name.STATE, Name.ASK})
TAKES_COMMIT = frozenset({Name.ALLOW})
# The whole id: two commits that share its beginning are quickly made.
COMMIT = re.compile(r"[0-9a-f]{40}")


def parse(body: str, *, bot_name: str) -> tuple[Parsed, ...]:
    """The commands at the top of a comment, in order.

    Code, quotes and HTML comments are passed over; then every leading line that starts with `/` or
    with `@bot_name` counts, up to the first line that does not. No command gives an empty tuple.
    """
    parsed: list[Parsed] = []
    for line in _plain_lines(body):
        words = _addressed(line, bot_name)
        if words is None:
            break
        if len(parsed) == MOST_COMMANDS:
            parsed.append(Mistake(line, f"A comment takes {MOST_COMMANDS} commands at most."))
            break
        parsed.append(_command(line, words))
    return tuple(parsed)


def _plain_lines(body: str) -> Iterator[str]:
    """The non-empty lines of top-level paragraphs, inline code and HTML replaced by a NUL."""
    quoted = 0
    for token in MARKDOWN.parse(body.replace("\x00", "\ufffd")):
        if token.type == "html_block" and not COMMENT.fullmatch(token.content.strip()):
            # What stands in the page's markup is not the top of a comment.
            return
        quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type != "inline" or quoted:
            continue
        text = "".join(map(_plain, token.children or ()))
        yield from (line.strip() for line in text.split("\n") if line.strip())


def _plain(token: Token) -> str:
    if token.type == "text":
        return token.content
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    # A comment inside a paragraph is invisible on GitHub; anything else stands where it stood.
    return "" if token.content.startswith("<!--") else "\x00"


def _addressed(line: str, bot_name: str) -> str | None:
    """What is said to us in this line, or None where it is not a command."""
    # `/etc/passwd` is a path, `/aplly` a mistake, `/lgtm` another bot's.
    slash = re.match(r"^/(?P<word>[A-Za-z]+)(\s|$)", line)
    if slash and _near(slash["word"]):
        return line[1:]
    mention = re.match(
        rf"^@{re.escape(bot_name)}(\[bot\])?[\s:,]+/?(?P<rest>\S.*)$", line, re.IGNORECASE
    )
    return mention["rest"] if mention else None


def _command(line: str, text: str) -> Parsed:
    asked = text.split(maxsplit=1)[0].lower() == Name.ASK
    try:
        # A question has apostrophes.
        first, *rest = text.split() if asked else shlex.split(text)
    except ValueError:
        return Mistake(line, "A quotation mark is not closed.")
    try:
        name = Name(first.lower())
    except ValueError:
        return Mistake(line, _did_you_mean(first))
    if name is Name.UNLOCK and STATE in rest:
        return _state_lock(line, rest)
    return _options(line, name, rest)


def _near(word: str) -> str:
    """The command a word is or almost is, or nothing."""
    near = difflib.get_close_matches(word.lower(), [name.value for name in Name], n=1, cutoff=0.6)
    return near[0] if near else ""


def _did_you_mean(word: str) -> str:
    near = _near(word)
    if near:
        return f"There is no such command. Did you mean `/{near}`?"
    return "There is no such command. `/help` lists them."


def _options(line: str, name: Name, rest: list[str]) -> Parsed:
    values: dict[str, str] = {}
    words: list[str] = []
    terraform: tuple[str, ...] = ()
    prune = name is Name.SYNC and PRUNE in rest
    arguments = iter([word for word in rest if word != PRUNE] if prune else rest)
    for word in arguments:
        if word == "--":
            terraform = tuple(arguments)
            break
        # A question may hold anything; an address and an id never begin with a dash.
        if not word.startswith("-") or (name in TAKES_WORDS and name not in TAKES):
            words.append(word)
            continue
        flag, _, value = word.partition("=")
        option = OPTIONS.get(flag)
        if option is None or option not in TAKES.get(name, frozenset()):
            return Mistake(line, f"`/{name}` has no option `{typed(flag)}`. {_usage(name)}")
        if option in values:
            return Mistake(line, f"`{flag}` is given twice.")
        value = value or next(arguments, "")
        reason = _refused(option, value)
        if reason:
            return Mistake(line, reason)
        values[option] = str(PurePosixPath(value)) if option == "directory" else value
    if reason := _refused_words(name, words):
        return Mistake(line, reason)
    if terraform and name is not Name.PLAN:
        return Mistake(line, f"`/{name}` takes no Terraform arguments.")
    try:
        special = plan_arguments(terraform)
    except UnsafeArgumentError as exc:
        return Mistake(line, str(exc))
    return Command(name, terraform=special, words=tuple(words), prune=prune, **values)


def _state_lock(line: str, rest: list[str]) -> Parsed:
    """`/unlock --state`, which comes last, alone or before the id of one lock."""
    at = rest.index(STATE)
    command, lock = _options(line, Name.UNLOCK, rest[:at]), rest[at + 1 :]
    if isinstance(command, Mistake):
        return command
    if len(lock) > 1 or not all(map(LOCK_ID.fullmatch, lock)):
        return Mistake(line, "`--state` comes last, alone or with the id of one lock.")
    return replace(command, state_lock="".join(lock))


def _refused_words(name: Name, words: list[str]) -> str:
    """Why these words can't be meant, or nothing."""
    if name in TAKES_COMMIT:
        if len(words) == 1 and COMMIT.fullmatch(words[0]):
            return ""
        return f"`/{name}` takes the whole id of one commit, 40 characters long."
    if words and name not in TAKES_WORDS:
        return f"`/{name}` does not take `{typed(words[0])}`. {_usage(name)}"
    return ""


def _usage(name: Name) -> str:
    if name is Name.SYNC:
        return f"It takes `{PRUNE}`."
    options = [f"`{flag}`" for flag, option in OPTIONS.items() if option in TAKES.get(name, ())]
    return f"It takes {', '.join(options)}." if options else "It takes no options."


def _refused(option: str, value: str) -> str:
    """Why this value can't be meant, or nothing."""
    if not value:
        return f"The {option} is missing."
    if option == "directory":
        path = PurePosixPath(value)
        inside = not path.is_absolute() and ".." not in path.parts and "\\" not in value
        return "" if inside and value.isprintable() else "The directory is outside the repository."
    if not NAME.fullmatch(value):
        return (
            f"`{typed(value)}` is not a {option} name: letters, digits, `_`, `.` and `-`, "
            "up to 90, starting with a letter or digit."
        )
    return ""
