"""What is said of drift: in the issue, the check, and the pull request that puts values back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from handlers.markdown import code, cut, plain, table
from terraform import drift_text
from terraform.drift import attributes
from terraform.plan import Act, Change
from terraform.redact import Redactor

DIFF_BYTES = 40_000
MOST_LISTED = 50
RECORD = "lockgate-drift.txt"
REFUSED = (
    "**Not looked.** This code could run programs or reach out while it is planned, so it was not "
    "compared with the world."
)


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at a project found, at a commit and a time; nothing is no drift."""

    project: str
    sha: str
    at: datetime
    changes: tuple[Change, ...]

    @property
    def count(self) -> str:
        """How many resources differ, in words."""
        many = len(self.changes)
        return f"{many} resource{'' if many == 1 else 's'}"


def issue_title(found: Found) -> str:
    """The title of the project's one issue."""
    if not found.changes:
        return f"No drift in {found.project}"
    return f"Drift in {found.project}: {found.count}"


def check_title(found: Found) -> str:
    """The title of the check on the commit that was compared."""
    return f"{found.count} drifted" if found.changes else "Nothing drifted"


def issue_body(found: Found, redactor: Redactor, *, every_hours: int) -> str:
    """What differs and what to do; the same in the check."""
    again = f"Lockgate looks every {every_hours} hours." if every_hours else "`/drift` looks again."
    seen = f"Looked at {found.at:%Y-%m-%d %H:%M} UTC, commit `{found.sha[:12]}`."
    if not found.changes:
        return (
            f"**{plain(found.project)}** is as its Terraform says. {seen} {again}\n\n"
            "What the code leaves to the provider, or to `drift.ignore`, may differ."
        )
    head = (
        f"**{found.count} of {plain(found.project)} changed outside Terraform.** The next apply "
        f"puts the code's values back. {seen}"
    )
    advice = (
        "To keep what is there, write it into the code. To put the code's values back, plan and "
        "apply the project. To let an attribute differ, name it in `drift.ignore`. "
        f"{again} This issue closes itself when nothing differs."
    )
    listed = table(("resource", "what differs"), _lines(found))
    diff = drift_text.drift_text(found.changes, redactor, limit_bytes=DIFF_BYTES)
    return cut(f"{head}\n\n{listed}\n\n{diff}\n\n{advice}")


def _lines(found: Found) -> Iterator[tuple[str, str]]:
    for change in found.changes[:MOST_LISTED]:
        yield code(change.address), plain(_differs(change))
    if len(found.changes) > MOST_LISTED:
        yield f"{len(found.changes) - MOST_LISTED} more", ""


def _differs(change: Change) -> str:
    return "it is gone" if change.act is Act.DELETE else ", ".join(attributes(change))


def record_path(directory: str) -> str:
    """The file that a pull request of ours adds: it must lie in the project to be planned."""
    return RECORD if directory == "." else f"{directory}/{RECORD}"


def record(found: Found) -> str:
    """What differed, without values: the same drift on the same commit gives the same bytes."""
    return f"{_listed(found)}\nFound on {found.sha}.\n"


def same_record(text: str, found: Found) -> bool:
    """Whether a record tells of the same drift, on whatever commit."""
    return text.rpartition("\nFound on ")[0] == _listed(found)


def _listed(found: Found) -> str:
    lines = [f"{change.address}: {_differs(change)}" for change in found.changes]
    return "\n".join(["Changed outside Terraform, and put back by an apply:", "", *lines]) + "\n"


def proposal_title(found: Found) -> str:
    """The title of the pull request, and of its commit."""
    return f"Put back what drifted in {found.project}"


def proposal_body(found: Found) -> str:
    """Why the pull request is there, and what its apply does."""
    return cut(
        f"{found.count} of **{plain(found.project)}** changed outside Terraform. "
        "The code stays as it is; this records what was found, so that the project is planned. "
        "Its plan shows what an apply puts back, and goes through the gate as any other.\n\n"
        + table(("resource", "what differs"), _lines(found))
        + "\n\nTo keep what is there instead, close this and write it into the code."
    )


def withdrawn(found: Found) -> str:
    """Said where a pull request of ours has nothing to put back any more."""
    return f"Nothing of **{plain(found.project)}** differs any more, so this is not needed."
