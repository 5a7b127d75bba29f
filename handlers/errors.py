"""The failures that handlers tell apart; everything else is a bug."""

from datetime import timedelta

from policy.findings import Finding


class UserError(Exception):
    """Something its author can mend: `markdown` is posted and says what to do next.

    `findings` are shown beside it, on their lines where they have a place.
    """

    def __init__(self, markdown: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(markdown)
        self.markdown = markdown
        self.findings = findings


class Postponed(Exception):  # noqa: N818 -- a wish of a run, not a failure
    """A run goes on after `delay` and holds no worker until then; `why` shows as its progress."""

    def __init__(self, delay: timedelta, why: str) -> None:
        super().__init__(why)
        self.delay = delay
        self.why = why


class TransientError(Exception):
    """Something outside failed in a way that passes: try again, not before `retry_after`."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BusyError(TransientError):
    """Something outside is at work for someone else, and will be done with it: wait for that."""
