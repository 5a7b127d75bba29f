"""Takes secrets out of texts and values: those a plan marks, those a run was given, known formats.

A marked value is hidden where it is marked, and wherever else it appears when it is long and varied
enough that hiding it cannot blank out ordinary words. A text is read in every way in which a secret
could stand in it: as it is, without escapes, without line breaks, out of base64 and hex.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import chain
from typing import TypeVar

from ahocorasick_rs import AhoCorasick, MatchKind

from terraform.encodings import base64_cores, continued, decoded_runs, is_wrapped, joined, readings
from terraform.marked import marked_texts
from terraform.plan import Json, Plan
from terraform.secret_formats import (
    Span,
    is_ordinary_name,
    is_reference,
    is_secret_name,
    known_formats,
    random_strings,
)

T = TypeVar("T")
HIDDEN = "(sensitive value)"
# Shorter or plainer values ("true", "admin", "00000000") stand in too many harmless places.
MIN_LENGTH = 6
MIN_LENGTH_ONE_KIND = 8
MIN_DISTINCT = 4
# Escapes inside base64 inside escapes: deeper than people nest what they write.
LAYERS = 3
# A longer secret is told by its start; the whole is then compared.
_START = 64
_BASE64_START = 16
# Names and short values come thousands of times in one plan.
_REMEMBERED_LENGTH = 64
_REMEMBERED = 50_000
# Names whose values are settings of the run, never secrets.
_HARMLESS = re.compile(
    r"(PATH|HOME|LANG|LC_\w+|TERM|TMPDIR|TMP|TEMP|USER|LOGNAME|SHELL|PWD|TZ|NO_COLOR|\w+_REGION"
    r"|AWS_PROFILE|AWS_ENDPOINT_URL\w*|AWS_ROLE_ARN|AWS_S3_USE_PATH_STYLE|AWS_EC2_METADATA_DISABLED"
    r"|(?i:https?|all|no)_(?i:proxy)|OTEL_(?!\w*HEADERS)\w+|TRACEPARENT|TRACESTATE"
    r"|CHECKPOINT_DISABLE|TF_(CLI_CONFIG_FILE|DATA_DIR|IN_AUTOMATION|INPUT|WORKSPACE"
    r"|LOG|LOG_PATH|PLUGIN_CACHE_DIR|CLI_ARGS\w*))"
)


class Redactor:
    """Holds what must not be shown; cheap to ask, built once a run."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        worthy = {secret for secret in secrets if _is_worth_hiding(secret)}
        self._exact = frozenset(map(_storable, worthy))
        self._spaced = any(" " in secret for secret in worthy)
        # Forms by their start, the longest first.
        starts: dict[str, list[str]] = {}
        for secret in worthy:
            form = _storable(secret)
            starts.setdefault(form[:_START], []).append(form)
            for core in base64_cores(secret.encode(errors="surrogatepass")):
                if len(core) >= MIN_LENGTH_ONE_KIND:
                    starts.setdefault(core[:_BASE64_START], []).append(core)
        self._forms = [sorted(forms, key=len, reverse=True) for forms in starts.values()]
        self._starts = AhoCorasick(list(starts), matchkind=MatchKind.Standard)
        self._seen: dict[tuple[str, bool], str] = {}

    @classmethod
    def of(
        cls,
        plan: Plan | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
    ) -> "Redactor":
        """A redactor of what a plan marks as sensitive and of the environment given to its run."""
        given = (v for k, v in (environment or {}).items() if not _HARMLESS.fullmatch(k))
        marked = marked_texts(plan.document) if plan else ()
        return cls(chain(given, secrets, marked))

    def and_of(self, document: Mapping[str, Json]) -> "Redactor":
        """A redactor that hides what this one does and what a plan's document marks."""
        return Redactor(chain(self._exact, marked_texts(document)))

    def redact_text(self, text: str, *, name: str = "") -> str:
        """The text with every secret replaced by `(sensitive value)`, and fit to be stored.

        PostgreSQL keeps no NUL and no half of a character, so those are replaced too. `name` is
        that of the setting whose value this is: a digest or an id may be random.
        """
        text = _storable(text)
        if len(text) < MIN_LENGTH:
            return text
        odd = not is_ordinary_name(name)
        if len(text) > _REMEMBERED_LENGTH:
            return self._redacted(text, odd=odd)
        known = self._seen.get((text, odd))
        if known is None:
            known = self._redacted(text, odd=odd)
            if len(self._seen) < _REMEMBERED:
                self._seen[text, odd] = known
        return known

    def redact_json(self, value: Json, sensitive: Json = None, *, name: str = "") -> Json:
        """The value with marked parts hidden whole and every other text and name redacted."""
        if sensitive is True or self.hides(value, name):
            return HIDDEN
        if isinstance(value, str):
            return self.redact_text(value, name=name)
        if isinstance(value, Mapping):
            return {
                self.redact_text(key): self.redact_json(inner, mark_at(sensitive, key), name=key)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [
                self.redact_json(v, mark_at(sensitive, i), name=name) for i, v in enumerate(value)
            ]
        return value

    def redact_value(self, value: T) -> T:
        """The same value with every text in it redacted, however deep in dataclasses and tuples."""
        if type(value) is str:
            return self.redact_text(value)  # type: ignore[return-value,arg-type]  # T is str here
        if isinstance(value, tuple):
            return tuple(map(self.redact_value, value))  # type: ignore[return-value]  # T is a tuple
        if is_dataclass(value) and not isinstance(value, type):
            inner = {field.name: getattr(value, field.name) for field in fields(value)}
            return replace(value, **{k: self.redact_value(v) for k, v in inner.items()})
        return value

    def hides(self, value: Json, name: str) -> bool:
        """True for a number that is a secret, and a text under a name that only secrets have."""
        if isinstance(value, str):
            return is_secret_name(name) and bool(value) and not is_reference(value)
        return _number_text(value) in self._exact

    def _redacted(self, text: str, *, odd: bool) -> str:
        spans = sorted(self._spans(text, LAYERS, odd=odd))
        if not spans:
            return text
        parts: list[str] = []
        done = 0
        for start, end in spans:
            if start >= done:
                # A secret that goes on where one ended is part of it.
                parts.extend((text[done:start], HIDDEN) if start > done or not done else ())
            done = max(done, end)
        return "".join((*parts, text[done:]))

    def _spans(self, text: str, layers: int, *, odd: bool) -> Iterator[Span]:
        """Where secrets stand, in any order; they may overlap."""
        text = _storable(text)
        yield from self._known(text)
        yield from known_formats(text)
        if odd:
            yield from random_strings(text)
        if not layers:
            return
        for reading in readings(text):
            if found := tuple(self._spans(reading.text, layers - 1, odd=odd)):
                yield from reading.origins(found)
        if "\n" in text:
            yield from self._spans_over_lines(text, layers - 1, odd=odd)
        yield from self._encoded_spans(text, layers - 1, odd=odd)

    def _spans_over_lines(self, text: str, layers: int, *, odd: bool) -> Iterator[Span]:
        """Words that are joined may look like a format, or random: only what is known counts."""
        wrapped = is_wrapped(text)
        ways = [joined(text, " ")] if self._spaced else []
        ways += [joined(text, "")] if self._exact or wrapped else []
        ways += [continued(text)] if "\\\n" in text else []
        for reading in ways:
            found = [*self._known(reading.text)]
            if wrapped:
                found.extend(self._encoded_spans(reading.text, layers, odd=odd))
            yield from reading.origins(found)

    def _encoded_spans(self, text: str, layers: int, *, odd: bool) -> Iterator[Span]:
        for run, decoded in decoded_runs(text):
            if any(self._spans(decoded, layers, odd=odd)):
                yield run

    def _known(self, text: str) -> Iterator[Span]:
        for index, start, _ in self._starts.find_matches_as_indexes(text, overlapping=True):
            for form in self._forms[index]:
                if text.startswith(form, start):
                    yield start, start + len(form)
                    break


def hide_formats(text: str) -> str:
    """The text without secrets of a known format; random strings stay, as links may hold some."""
    return BY_FORM.redact_text(text, name="id")


def mark_at(marks: Json, step: str | int) -> Json:
    """The marks below one name or index; a marked whole marks all its parts."""
    if marks is True:
        return True
    if isinstance(marks, dict):
        return marks.get(step, False)
    if isinstance(marks, list) and isinstance(step, int) and step < len(marks):
        return marks[step]
    return False


def _number_text(value: Json) -> str:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _storable(text: str) -> str:
    """The text, as long as it was, without NUL and without what UTF-8 can't write."""
    text = text.replace("\0", "\ufffd")
    return text if text.isascii() else text.encode(errors="replace").decode()


def _is_worth_hiding(secret: str) -> bool:
    if len(set(secret)) < MIN_DISTINCT or secret in HIDDEN:
        return False
    one_kind = secret.isalpha() or secret.isdigit()
    return len(secret) >= (MIN_LENGTH_ONE_KIND if one_kind else MIN_LENGTH)


# Knows no run's secrets: tells them by their form alone.
BY_FORM = Redactor()
