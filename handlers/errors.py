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


class TransientError(Exception):
    """Something outside failed in a way that passes: try again, not before `retry_after`."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
