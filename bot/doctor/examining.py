"""Makes all checks at once, each within its time limit."""

import queue
import threading
import time
from collections.abc import Iterable

import structlog

from bot.doctor.results import Check, Examined, Result, unknown

log = structlog.get_logger(__name__)
Answers = queue.Queue[tuple[Result, ...]]


def examine(checks: Iterable[Check]) -> tuple[Examined, ...]:
    """The results of every check, in the order of the checks.

    A check that hangs is left behind in its thread, which does not keep the process alive.
    """
    started = time.monotonic()
    running = [(check, _begin(check)) for check in checks]
    return tuple(
        Examined(check.group, result)
        for check, answers in running
        for result in _answer(check, answers, started)
    )


def _begin(check: Check) -> Answers:
    answers: Answers = queue.Queue(1)
    threading.Thread(
        target=_make, args=(check, answers), name=f"doctor {check.name}", daemon=True
    ).start()
    return answers


def _make(check: Check, answers: Answers) -> None:
    try:
        answers.put(tuple(check.run()))
    except Exception as exc:
        # Whatever breaks a check, it was not made; the others go on.
        log.debug("a check broke", check=check.name, exc_info=exc)
        mend = "Run it again with LOCKGATE_LOG_LEVEL=DEBUG; it may be a bug."
        answers.put((unknown(check.name, f"The check broke off: {type(exc).__name__}.", mend),))


def _answer(check: Check, answers: Answers, started: float) -> tuple[Result, ...]:
    left = started + check.limit_seconds - time.monotonic()
    try:
        found = answers.get(timeout=max(0.0, left))
    except queue.Empty:
        said = f"No answer within {check.limit_seconds:.0f} s."
        return (unknown(check.name, said, "Look why it hangs, and run this again."),)
    return found or (unknown(check.name, "The check said nothing.", "It may be a bug."),)
