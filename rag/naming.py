"""A name for what is asked: the one given, or one made from the words and said to be so."""

import re
from collections.abc import Iterator

from rag.catalogue import Module
from rag.prose import sentences
from rag.quantities import DURATION, REGION_CODE
from rag.request import Argument, FromWords
from rag.values import problem

NAME = "name"
GIVEN = re.compile(
    r"\b(?:called|named|name it|call it|with (?:the )?name|name is|name should be)\s*[:=]?\s*"
    r"[`\"'“]?(?P<name>[A-Za-z0-9][\w./-]*[A-Za-z0-9])",
    re.IGNORECASE,
)
PURPOSE = re.compile(
    r"\bfor\s+(?:(?:the|our|my|a|an|some|all|new|this|storing|keeping|holding)\s+)*"
    r"(?P<words>[A-Za-z0-9][A-Za-z0-9_-]*(?:[ ][A-Za-z0-9][A-Za-z0-9_-]*){0,5})",
    re.IGNORECASE,
)
STOP_WORDS = """
    in on at with which that who so and or to from of keep kept using via by be is are
    as per please should must will can where when we i it they because since until about
    only also for has have having without not through
"""
STOP = frozenset(STOP_WORDS.split())
EMPTY_WORDS = """
    now me us it this them example instance testing test dev development prod production
    staging stage sandbox qa environment account each every at least most more than
    later
"""
EMPTY = frozenset(EMPTY_WORDS.split())
PLAIN_WORDS = """
    a an the new private public small big large simple secure encrypted versioned
    standard fifo our my some another one aws amazon please need needs want wants would
    like create provision set up we i get give add me us for to have required request of
    could you can team also with and in managed dedicated separate own single empty
    fresh tiny just
"""
PLAIN = frozenset(PLAIN_WORDS.split())
LONGEST_NAME = 40
MOST_WORDS = 4


def find_name(text: str, module: Module) -> Argument | None:
    """The name in `text` for one of `module`; None when the words give none that fits."""
    variable = module.variable(NAME)
    if variable is None:
        return None
    for start, end, name, assumption in _candidates(text, module):
        if not problem(variable, name):
            citation = FromWords(text[start:end], start, end)
            return Argument(NAME, name, citation, assumption)
    return None


def slug(text: str) -> str:
    """Lower-case words with hyphens between them, at most 40 characters."""
    joined = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if len(joined) <= LONGEST_NAME:
        return joined
    return joined[: LONGEST_NAME + 1].rsplit("-", 1)[0][:LONGEST_NAME].strip("-")


def _candidates(text: str, module: Module) -> Iterator[tuple[int, int, str, str]]:
    for match in GIVEN.finditer(text):
        given = match["name"]
        yield match.start("name"), match.end("name"), given, ""
        yield *match.span("name"), slug(given), f"the name is {given!r} in lower case with hyphens"
    for match in PURPOSE.finditer(text):
        words = _leading(match["words"])
        end = match.start("words") + len(words)
        if words:
            yield match.start("words"), end, slug(words), f"the name is made from “{words}”"
    yield from _before_alias(text, module)


def _leading(phrase: str) -> str:
    """The words of `phrase` up to the first that does not belong to a name."""
    if DURATION.match(phrase) or REGION_CODE.match(phrase):
        return ""
    words = phrase.split(" ")
    stop = next((i for i, word in enumerate(words) if word.lower() in STOP), len(words))
    kept = words[: min(stop, MOST_WORDS)]
    return "" if not kept or kept[0].lower() in EMPTY else " ".join(kept)


def _before_alias(text: str, module: Module) -> Iterator[tuple[int, int, str, str]]:
    """What stands before the module's own word: "audit-log bucket" is called audit-log."""
    aliases = sorted(module.card.aliases, key=len, reverse=True)
    either = "|".join(re.escape(alias) for alias in aliases)
    if not either:
        return
    pattern = re.compile(rf"((?:[\w-]+ ){{1,5}})(?:{either})\b", re.IGNORECASE)
    own = frozenset(word for alias in aliases for word in alias.lower().split())
    for sentence in sentences(text):
        for match in pattern.finditer(sentence.text):
            words = _trailing(match[1], own)
            if words:
                end = sentence.start + match.end(1) - 1
                yield end - len(words), end, slug(words), f"the name is made from “{words}”"


def _trailing(phrase: str, own: frozenset[str]) -> str:
    words = phrase.split()
    kept: list[str] = []
    for word in reversed(words):
        if word.lower() in PLAIN | STOP | EMPTY | own:
            break
        kept.insert(0, word)
    return " ".join(kept)
