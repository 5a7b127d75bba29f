"""Other ways to read a text: without its escapes, without its line breaks, out of base64 or hex.

A reading knows which part of the text each of its own parts came from.
"""

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote, unquote_plus

from terraform.secret_formats import Span

# What JSON, HCL and Go's encoder write with a backslash.
_ESCAPES = re.compile(
    r"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\x[0-9a-fA-F]{2}|\\.)",
    re.DOTALL,
)
_PLAIN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_PERCENT_AND_PLUS = re.compile(r"(?:%[0-9a-fA-F]{2})+|\+")
# A break with the indentation, and the bar Terraform draws before each line of a message.
_BREAKS = re.compile(r"\r?\n[\s│|╷╵]*")
_CONTINUATIONS = re.compile(r"\\\n\s*")
_WRAPPED = re.compile(r"[A-Za-z0-9+/_-]{16}\s*\n[\s│|╷╵]*[A-Za-z0-9+/_-]{2}")
# What is shorter holds no secret of a known format.
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
# How text begins in base64: the first of each four letters stands for an ASCII letter's upper bits.
_TEXT_START = re.compile(r"(?:[CDI-Za-f][A-Za-z0-9+/]{3}){3}")
_LONG = 200
_URL_SAFE = str.maketrans("-_", "+/", "=")
_QUAD = 4
_PRINTABLE = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
# Letters in base64 that begin elsewhere, and digests, give bytes that are no text.
_MOST_UNPRINTABLE = 0.1


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read in another way: `decode` was put in place of all that `pattern` finds."""

    text: str
    first: str
    pattern: re.Pattern[str]
    decode: Callable[[re.Match[str]], str]

    def origins(self, spans: Iterable[Span]) -> Iterator[Span]:
        """The parts of the first text that parts of this one were made of."""
        spans = tuple(spans)
        if not spans:
            return
        starts: list[int] = []
        parts: list[tuple[int, int, bool]] = []
        for start, begin, end, literal in self._parts():
            starts.append(start)
            parts.append((begin, end, literal))
        for first, last in spans:
            yield _place(starts, parts, first)[0], _place(starts, parts, last - 1)[1]

    def _parts(self) -> Iterator[tuple[int, int, int, bool]]:
        """Where each part begins, what it was in the first text, and whether letter for letter."""
        size = done = 0
        for found in self.pattern.finditer(self.first):
            begin, end = found.span()
            if begin > done:
                yield size, done, begin, True
                size += begin - done
            if decoded := self.decode(found):
                yield size, begin, end, False
                size += len(decoded)
            done = end
        yield size, done, len(self.first), True


def readings(text: str) -> Iterator[Reading]:
    """The other ways to read a text, without its escapes."""
    if "\\" in text:
        yield _reading(text, _ESCAPES, _unescaped)
    if "%" in text:
        yield _reading(text, _PERCENT, lambda found: unquote(found[0]))
        if "+" in text:
            yield _reading(text, _PERCENT_AND_PLUS, lambda found: unquote_plus(found[0]))


def joined(text: str, gap: str) -> Reading:
    """The text with its lines put together; words that stood apart may now be one."""
    return Reading(_BREAKS.sub(gap, text), text, _BREAKS, partial(_always, gap))


def continued(text: str) -> Reading:
    """The text with the lines put together that end in a backslash, as a shell reads them."""
    return Reading(_CONTINUATIONS.sub("", text), text, _CONTINUATIONS, partial(_always, ""))


def _reading(
    text: str, pattern: re.Pattern[str], decode: Callable[[re.Match[str]], str]
) -> Reading:
    return Reading(pattern.sub(decode, text), text, pattern, decode)


def _always(gap: str, _: re.Match[str]) -> str:
    return gap


def _place(starts: list[int], parts: list[tuple[int, int, bool]], position: int) -> Span:
    index = bisect_right(starts, position) - 1
    begin, end, literal = parts[index]
    if not literal:
        return begin, end
    place = begin + position - starts[index]
    return place, place + 1


def is_wrapped(text: str) -> bool:
    """True for a text in which a long word ends a line and another begins the next."""
    return _WRAPPED.search(text) is not None


def decoded_runs(text: str) -> Iterator[tuple[Span, str]]:
    """Each run of base64 or hex in a text, with the text that it holds."""
    for run in _ENCODED.finditer(text):
        for decoded in _decoded(run[0]):
            text = decoded.decode(errors="replace")
            if "\ufffd" not in text or _is_mostly_printable(decoded):
                yield run.span(), text


def _is_mostly_printable(decoded: bytes) -> bool:
    return len(decoded.translate(None, _PRINTABLE)) <= _MOST_UNPRINTABLE * len(decoded)


def base64_cores(secret: bytes) -> Iterator[str]:
    """The letters that a secret gives inside base64, whatever stands before and after it."""
    for offset in range(3):
        first = (offset * 8 + 5) // 6
        last = (offset + len(secret)) * 8 // 6
        core = base64.b64encode(bytes(offset) + secret).decode()[first:last]
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _unescaped(found: re.Match[str]) -> str:
    escape = found[0]
    kind = escape[1:2]
    if kind not in {"u", "U", "x"} or len(escape) == len("\\u"):
        return _PLAIN_ESCAPES.get(kind, kind)
    codes = [int(code, 16) for code in re.split(r"\\[uUx]", escape)[1:]]
    text = "".join(chr(min(code, 0x10FFFF)) for code in codes)
    # Two halves of one character beyond the first 65,536.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decoded(run: str) -> Iterator[bytes]:
    if _HEX.fullmatch(run):
        for offset in range(2):
            yield bytes.fromhex(run[offset : offset + (len(run) - offset) // 2 * 2])
    elif not (run.islower() or run.isupper()):
        letters = run.translate(_URL_SAFE)
        for offset in range(_QUAD):
            if len(letters) > _LONG or _TEXT_START.match(letters, offset):
                yield _from_base64(letters[offset:])


def _from_base64(letters: str) -> bytes:
    # One letter over holds less than a byte.
    kept = letters if len(letters) % _QUAD != 1 else letters[:-1]
    return binascii.a2b_base64(kept + "=" * (-len(kept) % _QUAD))
