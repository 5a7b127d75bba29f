"""Drift as a fenced Markdown diff: what the state says against what is there, secrets hidden."""

from collections.abc import Iterable, Iterator

from terraform.display import attribute_lines
from terraform.plan import Act, Change
from terraform.redact import Redactor
from terraform.safe_text import MAX_BACKTICKS, safe

FENCE = "`" * (MAX_BACKTICKS + 1)
WORDS = {Act.DELETE: "is gone", Act.UPDATE: "was changed"}


def drift_text(changes: Iterable[Change], redactor: Redactor, *, limit_bytes: int) -> str:
    """The changes within a number of bytes of UTF-8; how many did not fit is said."""
    room = limit_bytes - 2 * len(FENCE) - 100
    kept: list[str] = []
    blocks = [list(_lines(change, redactor)) for change in changes]
    for shown, lines in enumerate(blocks):
        room -= sum(len(line.encode()) + 1 for line in lines)
        if room < 0:
            kept.append(f"# ... {len(blocks) - shown} more resources are left out here to fit ...")
            break
        kept.extend([*lines, ""])
    return "\n".join([f"{FENCE}diff", *kept, FENCE])


def _lines(change: Change, redactor: Redactor) -> Iterator[str]:
    sign = "-" if change.act is Act.DELETE else "!"
    said = f"{change.address} {WORDS.get(change.act, 'differs')}"
    yield f"{sign} {safe(redactor.redact_text(said))}"
    if change.act is not Act.DELETE:
        for line in attribute_lines(change, redactor):
            yield f"{line.sign} {'    ' * line.depth}{line.text}".rstrip()
