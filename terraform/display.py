"""Two values as the lines of a diff: what changed, what forces a replacement, the rest counted."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

from terraform.plan import Change, Json
from terraform.redact import Redactor
from terraform.safe_text import MAX_LINE_CHARACTERS, quoted, safe
from terraform.shown import UNKNOWN, RedactedText, Word, shown_value

FORCES = " # forces replacement"
# Matching is quadratic at worst; longer lists and texts are shown as all old, then all new.
MAX_MATCHED = 400
MAX_INLINE_CHARACTERS = 80
# Of a long text, this much is shown before and after what differs.
AROUND = 60
# Fewer unknown attributes than this of a new resource are shown one by one.
MIN_FOLDED = 3
_MISSING = object()
Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a diff: `sign` is `+`, `-`, `!` (changed) or a space."""

    sign: str
    depth: int
    text: str


def attribute_lines(change: Change, redactor: Redactor) -> Iterator[Line]:
    """The changed attributes of one resource, the unchanged ones only counted."""
    # What is sensitive on either side is hidden on both: the other side often has the same value.
    marks = (change.before_sensitive, change.after_sensitive)
    before = shown_value(change.before, marks, False, redactor)  # noqa: FBT003 - a tree of marks
    after = shown_value(change.after, marks, change.unknown, redactor)
    writer = _Writer(frozenset(change.replace_paths), redactor)
    if change.before is None and isinstance(after, dict):
        yield from writer.created(after)
    elif isinstance(before, dict) and isinstance(after, dict):
        yield from writer.members(before, after, 1, ())
    elif isinstance(before, dict):
        yield from writer.members(before, {}, 1, ())
    elif before is not None or after is not None:
        yield from writer.changed("value = ", before, after, 1, ())


def value_lines(name: str, before: Json, after: Json, redactor: Redactor) -> Iterator[Line]:
    """A value such as an output's, which has no marks of its own."""
    shown = [
        value if isinstance(value, Word) else shown_value(value, (), False, redactor)  # noqa: FBT003 - marks
        for value in (before, after)
    ]
    yield from _Writer(frozenset(), redactor).changed(safe(name), shown[0], shown[1], 0, ())


class _Writer:
    """Turns two shown values into lines; `forcing` are the paths that force a replacement."""

    def __init__(self, forcing: frozenset[Path], redactor: Redactor) -> None:
        self._forcing = forcing
        self._redactor = redactor

    def created(self, after: dict[str, Json]) -> Iterator[Line]:
        """A new resource's attributes, those known only later on one line when they are many."""
        unknown = [name for name, value in after.items() if value == Word(UNKNOWN)]
        folded = unknown if len(unknown) > MIN_FOLDED else []
        for name, value in after.items():
            if value is not None and name not in folded:
                yield from self.whole("+", _key(name), value, 1, (name,))
        if folded:
            yield Line("+", 1, safe(f"{UNKNOWN}: {', '.join(folded)}"))

    def members(
        self, before: dict[str, Json], after: dict[str, Json], depth: int, path: Path
    ) -> Iterator[Line]:
        """The members of two objects: the changed ones, then how many are not."""
        same = 0
        for name in sorted({*before, *after}):
            old, new = before.get(name), after.get(name)
            if old == new and type(old) is type(new):
                same += old is not None
            else:
                yield from self.changed(_key(name), old, new, depth, (*path, name))
        if same:
            yield Line(" ", depth, f"# {same} unchanged not shown")

    def changed(self, name: str, old: Json, new: Json, depth: int, path: Path) -> Iterator[Line]:
        """One value that changed."""
        if old is None:
            yield from self.whole("+", name, new, depth, path)
        elif new is None:
            yield from self.whole("-", name, old, depth, path)
        elif isinstance(old, dict) and isinstance(new, dict):
            yield Line("!", depth, f"{name}{{{self._note(path)}")
            yield from self.members(old, new, depth + 1, path)
            yield Line("!", depth, "}")
        elif isinstance(old, list) and isinstance(new, list):
            yield Line("!", depth, f"{name}[{self._note(path)}")
            yield from self._items(old, new, depth + 1, path)
            yield Line("!", depth, "]")
        elif isinstance(old, str) and isinstance(new, str):
            yield from self._texts(name, old, new, depth, path)
        elif isinstance(old, dict | list) or isinstance(new, dict | list):
            yield from self.whole("-", name, old, depth, path)
            yield from self.whole("+", name, new, depth, path)
        else:
            yield Line("!", depth, f"{name}{_atom(old)} -> {_atom(new)}{self._note(path)}")

    def whole(self, sign: str, name: str, value: Json, depth: int, path: Path) -> Iterator[Line]:
        """One value with everything inside it, on one side only."""
        if isinstance(value, str):
            yield from self._whole_text(sign, name, value, depth, path)
        elif isinstance(value, dict) and value:
            yield Line(sign, depth, f"{name}{{{self._note(path)}")
            for key, item in value.items():
                if item is not None:
                    yield from self.whole(sign, _key(key), item, depth + 1, (*path, key))
            yield Line(sign, depth, "}")
        elif isinstance(value, list) and value:
            if (short := _inline(value)) and path not in self._forcing:
                yield Line(sign, depth, f"{name}{short}")
                return
            yield Line(sign, depth, f"{name}[{self._note(path)}")
            for index, item in enumerate(value):
                yield from self.whole(sign, "", item, depth + 1, (*path, index))
            yield Line(sign, depth, "]")
        else:
            yield Line(sign, depth, f"{name}{_atom(value)}{self._note(path)}")

    def _whole_text(
        self, sign: str, name: str, value: str, depth: int, path: Path
    ) -> Iterator[Line]:
        inner = self._json_inside(value)
        if inner is not _MISSING:
            yield Line(sign, depth, f"{name}jsonencode({self._note(path)}")
            yield from self.whole(sign, "", inner, depth + 1, path)
            yield Line(sign, depth, ")")
        elif "\n" in value:
            yield Line(sign, depth, f"{name}<<-TEXT{self._note(path)}")
            yield from (Line(sign, depth + 1, safe(line)) for line in _text_lines(value))
            yield Line(sign, depth, "TEXT")
        else:
            yield Line(sign, depth, f"{name}{_atom(value)}{self._note(path)}")

    def _items(self, old: list[Json], new: list[Json], depth: int, path: Path) -> Iterator[Line]:
        same = 0
        for tag, i, i_end, j, j_end in _matched(
            [_frozen(v) for v in old], [_frozen(v) for v in new]
        ):
            if tag == "equal":
                same += i_end - i
            elif i_end - i == j_end - j:
                for a, b in zip(range(i, i_end), range(j, j_end), strict=True):
                    yield from self.changed("", old[a], new[b], depth, (*path, b))
            else:
                for a in range(i, i_end):
                    yield from self.whole("-", "", old[a], depth, (*path, a))
                for b in range(j, j_end):
                    yield from self.whole("+", "", new[b], depth, (*path, b))
        if same:
            yield Line(" ", depth, f"# {same} unchanged not shown")

    def _texts(self, name: str, old: str, new: str, depth: int, path: Path) -> Iterator[Line]:
        before, after = self._json_inside(old), self._json_inside(new)
        if before is not _MISSING and after is not _MISSING:
            if before == after:
                yield Line("!", depth, f"{name}jsonencode(...) # spacing or hidden parts differ")
                return
            yield Line("!", depth, f"{name}jsonencode({self._note(path)}")
            yield from self.changed("", before, after, depth + 1, path)
            yield Line("!", depth, ")")
        elif "\n" in old and "\n" in new:
            yield Line("!", depth, f"{name}<<-TEXT{self._note(path)}")
            yield from _text_diff(_text_lines(old), _text_lines(new), depth + 1)
            yield Line("!", depth, "TEXT")
        elif "\n" in old or "\n" in new:
            yield from self.whole("-", name, old, depth, path)
            yield from self.whole("+", name, new, depth, path)
        else:
            before, after = _excerpts(old, new)
            yield Line("!", depth, f"{name}{_atom(before)} -> {_atom(after)}{self._note(path)}")

    def _json_inside(self, value: Json) -> Json:
        """The object or list that a text holds as JSON, else _MISSING."""
        if not isinstance(value, str) or value[:1] not in {"{", "["}:
            return _MISSING
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return _MISSING
        # Escapes in the text may have hidden a secret from the first look.
        return shown_value(inner, (), False, self._redactor)  # noqa: FBT003 - a tree of marks

    def _note(self, path: Path) -> str:
        return FORCES if path in self._forcing else ""


def _matched(old: list[str], new: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    start, end = _same_ends(old, new)
    middle, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if start:
        yield "equal", 0, start, 0, start
    if max(len(middle), len(middle_new)) > MAX_MATCHED:
        yield "replace", start, len(old) - end, start, len(new) - end
    else:
        matcher = SequenceMatcher(None, middle, middle_new, autojunk=False)
        for tag, i, i_end, j, j_end in matcher.get_opcodes():
            yield tag, start + i, start + i_end, start + j, start + j_end
    if end:
        yield "equal", len(old) - end, len(old), len(new) - end, len(new)


def _same_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many parts are the same at the start, and how many of the rest at the end."""
    most = min(len(old), len(new))
    start = next((i for i in range(most) if old[i] != new[i]), most)
    most -= start
    return start, next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)


def _excerpts(old: str, new: str) -> tuple[str, str]:
    """Two long texts of one line, cut to what differs and some letters around it."""
    if max(len(old), len(new)) <= MAX_LINE_CHARACTERS:
        return old, new
    start, end = _same_ends(old, new)
    start, end = max(0, start - AROUND), max(0, end - AROUND)
    return _excerpt(old, start, end), _excerpt(new, start, end)


def _excerpt(text: str, start: int, end: int) -> str:
    before = f"({start} characters) ..." if start else ""
    after = f"... ({end} characters)" if end else ""
    return f"{before}{text[start : len(text) - end]}{after}"


def _text_diff(old: list[str], new: list[str], depth: int) -> Iterator[Line]:
    for tag, i, i_end, j, j_end in _matched(old, new):
        if tag == "equal":
            yield from _context(old[i:i_end], depth)
            continue
        yield from (Line("-", depth, safe(line)) for line in old[i:i_end])
        yield from (Line("+", depth, safe(line)) for line in new[j:j_end])


def _context(lines: list[str], depth: int) -> Iterator[Line]:
    """Unchanged lines: all of a few, else two at each end."""
    if len(lines) <= 5:  # noqa: PLR2004 - leaving out a single line would save nothing
        yield from (Line(" ", depth, safe(line)) for line in lines)
        return
    yield from (Line(" ", depth, safe(line)) for line in lines[:2])
    yield Line(" ", depth, f"# {len(lines) - 4} unchanged lines not shown")
    yield from (Line(" ", depth, safe(line)) for line in lines[-2:])


def _text_lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _frozen(value: Json) -> str:
    """A text that is the same for the same value, hidden parts included."""
    if isinstance(value, dict):
        return repr({key: _frozen(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return repr([_frozen(inner) for inner in value])
    return value.identity if isinstance(value, RedactedText) else repr(value)


def _inline(value: Json) -> str:
    """A short list of plain values on one line; empty when it is anything else."""
    if not isinstance(value, list) or any(isinstance(item, dict | list) for item in value):
        return ""
    if sum(len(item) if isinstance(item, str) else 8 for item in value) > MAX_INLINE_CHARACTERS:
        return ""
    return f"[{', '.join(map(_atom, value))}]"


def _key(name: str) -> str:
    return f"{name if name.isidentifier() and name.isascii() else quoted(name)} = "


def _atom(value: Json) -> str:
    if isinstance(value, Word):
        return value.text
    return quoted(value) if isinstance(value, str) else json.dumps(value)
