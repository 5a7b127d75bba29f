"""A plan as a fenced Markdown diff within a byte limit: riskiest first, secrets hidden."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from terraform.display import Line, attribute_lines, value_lines
from terraform.plan import Act, Change, OutputChange, Plan
from terraform.redact import HIDDEN, Redactor
from terraform.risk import by_risk
from terraform.safe_text import safe
from terraform.shown import UNKNOWN, Word

# Room for the fences, the line about what is left out, and one line of each end.
MINIMUM_BYTES = 512
_HEAD_SHARE = 0.8
_NOTE_BYTES = 200
_SIGNS = {
    Act.CREATE: "+",
    Act.UPDATE: "!",
    Act.REPLACE: "!",
    Act.DELETE: "-",
    Act.READ: "#",
    Act.MOVE: "#",
    Act.IMPORT: "#",
    Act.FORGET: "-",
    Act.NO_OP: "#",
}
_WORDS = {
    Act.CREATE: "will be created",
    Act.UPDATE: "will be updated in place",
    Act.DELETE: "will be destroyed",
    Act.READ: "will be read during apply",
    Act.MOVE: "stays as it is",
    Act.IMPORT: "stays as it is",
    Act.FORGET: "will be forgotten (not destroyed, but managed no longer)",
    Act.NO_OP: "stays as it is",
}
# Why, in the words of the person who reads it; the plan's own words are Terraform's.
_REASONS = {
    "replace_because_tainted": "it is tainted",
    "replace_because_cannot_update": "it can't be changed in place",
    "replace_by_request": "-replace asks for it",
    "replace_by_triggers": "replace_triggered_by asks for it",
    "delete_because_no_resource_config": "it is no longer in the code",
    "delete_because_wrong_repetition": "count or for_each was added or taken away",
    "delete_because_count_index": "count no longer reaches it",
    "delete_because_each_key": "for_each no longer has its key",
    "delete_because_no_module": "its module is no longer in the code",
    "delete_because_no_move_target": "it was moved to what is not in the code",
    "read_because_config_unknown": "its arguments are known after apply",
    "read_because_dependency_pending": "what it depends on changes first",
    "instance_count_unknown": "how many there are is known after apply",
    "resource_config_unknown": "its arguments are known after apply",
    "provider_config_unknown": "its provider's configuration is known after apply",
    "absent_prereq": "what it depends on does not exist yet",
    "deferred_prereq": "what it depends on is put off",
}
_CHECKS = {
    "fail": ("!", "fails"),
    "error": ("!", "could not be checked"),
    "unknown": ("#", "is checked by the apply"),
}
_LONGEST_BACKTICKS = re.compile("`+")


@dataclass(slots=True)
class _Block:
    """One heading and its lines, made once, and only when they are asked for."""

    make: Callable[[], Iterator[str]]
    made: list[str] | None = None

    def lines(self) -> list[str]:
        """Every line."""
        if self.made is None:
            self.made = list(self.make())
        return self.made


def render(plan: Plan, *, limit_bytes: int, redactor: Redactor | None = None) -> str:
    """The plan as a fenced `diff` of at most `limit_bytes` bytes of UTF-8.

    Whatever does not fit is left out in the middle, and one line says how much. Without a
    redactor, one made from the plan hides what the plan marks. Raises ValueError for a limit
    below MINIMUM_BYTES.
    """
    return renderings(plan, (limit_bytes,), redactor=redactor)[0]


def renderings(
    plan: Plan, limits_bytes: Sequence[int], *, redactor: Redactor | None = None
) -> tuple[str, ...]:
    """The plan as `render` gives it within each limit; no line is made twice."""
    blocks = list(_blocks(plan, redactor or Redactor.of(plan)))
    return tuple(_fenced(blocks, limit_bytes) for limit_bytes in limits_bytes)


def _fenced(blocks: list[_Block], limit_bytes: int) -> str:
    if limit_bytes < MINIMUM_BYTES:
        raise ValueError(f"limit_bytes is {limit_bytes}; at least {MINIMUM_BYTES} are needed")
    # The longest fence is one longer than the longest run of backticks that `safe` lets through.
    body = "\n".join(_within(blocks, limit_bytes - 32))
    fence = "`" * max(3, 1 + max(map(len, _LONGEST_BACKTICKS.findall(body)), default=0))
    return f"{fence}diff\n{body}\n{fence}"


def _blocks(plan: Plan, redactor: Redactor) -> Iterator[_Block]:
    for change in by_risk(plan):
        yield _Block(partial(_change_lines, change, redactor))
    for change in plan.deferred:
        yield _Block(partial(_change_lines, change, redactor, ", put off to a later plan"))
    for address in plan.invocations:
        yield _Block(partial(_invocation_lines, address, redactor))
    for output in plan.outputs:
        yield _Block(partial(_output_lines, output, redactor))
    if plan.empty:
        yield _Block(lambda: iter(("# No changes.",)))
    for change in _relevant_drift(plan):
        yield _Block(partial(_drift_lines, change, redactor))
    if any(check.status in _CHECKS for check in plan.checks):
        yield _Block(partial(_check_lines, plan, redactor))


def _relevant_drift(plan: Plan) -> Iterator[Change]:
    """All drift of a plan without changes, else what may have led to them."""
    changed = {change.address for change in plan.changes}
    named = {each.get("resource") for each in plan.document.get("relevant_attributes") or ()}
    for change in plan.drift:
        if plan.empty or change.address in changed or change.address in named:
            yield change


def _change_lines(change: Change, redactor: Redactor, note: str = "") -> Iterator[str]:
    words = f"{change.address} {_what(change)}{note}{_why(change)}"
    yield _line(_SIGNS[change.act], redactor.redact_text(words))
    for part in attribute_lines(change, redactor):
        yield _laid_out(part)


def _what(change: Change) -> str:
    if change.act is Act.REPLACE:
        order = "created, then destroyed" if change.create_before_destroy else "destroyed first"
        what = f"must be replaced ({order})"
    else:
        what = _WORDS[change.act]
    if change.previous_address:
        what += f", moved from {change.previous_address}"
    if change.import_id:
        what += f", imported from {change.import_id}"
    return what


def _why(change: Change) -> str:
    reason = _REASONS.get(change.reason, change.reason.replace("_", " "))
    return f": {reason}" if reason else ""


def _drift_lines(change: Change, redactor: Redactor) -> Iterator[str]:
    did = "deleted" if change.act is Act.DELETE else "changed"
    words = f"{change.address} was {did} outside of Terraform"
    yield _line(_SIGNS[change.act], redactor.redact_text(words))
    if change.act is not Act.DELETE:
        for part in attribute_lines(change, redactor):
            yield _laid_out(part)


def _check_lines(plan: Plan, redactor: Redactor) -> Iterator[str]:
    for check in plan.checks:
        if check.status in _CHECKS:
            sign, said = _CHECKS[check.status]
            words = ": ".join((f"{check.address} {said}", "; ".join(check.problems) or "")).rstrip(
                ": "
            )
            yield _line(sign, redactor.redact_text(words))


def _invocation_lines(address: str, redactor: Redactor) -> Iterator[str]:
    yield _line("!", redactor.redact_text(f"{address} will be run by the apply"))


def _output_lines(output: OutputChange, redactor: Redactor) -> Iterator[str]:
    before, after = output.before, output.after
    if output.sensitive:
        before = None if output.act is Act.CREATE else Word(HIDDEN, "before")
        after = None if output.act is Act.DELETE else Word(HIDDEN, "after")
    elif output.unknown:
        after = Word(UNKNOWN)
    name = redactor.redact_text(f"output {output.name} = ")
    for part in value_lines(name, before, after, redactor):
        yield _laid_out(part)


def _laid_out(part: Line) -> str:
    return f"{part.sign} {'    ' * part.depth}{part.text}".rstrip()


def _line(sign: str, text: str) -> str:
    return f"{sign} {safe(text)}"


def _within(blocks: list[_Block], limit: int) -> list[str]:
    """All lines when they fit, else a head, a note of what is left out, and a tail."""
    whole = _fitting((line for block in blocks for line in (*block.lines(), "")), limit)
    if whole is not None:
        return whole[:-1]
    head_room = int((limit - _NOTE_BYTES) * _HEAD_SHARE)
    tail_room = limit - _NOTE_BYTES - head_room
    head, opened, cut = _head(blocks, head_room)
    tail, closed = _tail(blocks[opened:], tail_room)
    left_out = len(blocks) - opened - closed
    return [*head, _left_out(cut, left_out), *tail]


def _fitting(lines: Iterable[str], limit: int) -> list[str] | None:
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > limit:
            return None
        kept.append(line)
    return kept


def _head(blocks: list[_Block], room: int) -> tuple[list[str], int, int]:
    """Lines that fit, how many blocks were opened, and how many lines of the last are missing."""
    kept: list[str] = []
    for index, block in enumerate(blocks):
        lines = block.lines()
        for position, line in enumerate(lines):
            room -= len(line.encode()) + 1
            if room < 0:
                opened = index + 1 if position else index
                return kept, opened, len(lines) - position if position else 0
            kept.append(line)
        kept.append("")
        room -= 1
    return kept, len(blocks), 0


def _tail(blocks: list[_Block], room: int) -> tuple[list[str], int]:
    """Whole blocks from the end that fit, and how many they are."""
    kept: list[list[str]] = []
    for block in reversed(blocks):
        lines = ["", *block.lines()]
        room -= sum(len(line.encode()) + 1 for line in lines)
        if room < 0:
            break
        kept.append(lines)
    return [line for lines in reversed(kept) for line in lines], len(kept)


def _left_out(lines: int, blocks: int) -> str:
    parts = []
    if lines:
        parts.append(f"{lines} more lines of the change above")
    if blocks:
        parts.append(f"{blocks} whole changes of resources and outputs")
    return f"# ... left out here to fit: {' and '.join(parts)} ..."
