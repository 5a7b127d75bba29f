"""What a sync run keeps of what it saw: for its check, for `/sync --prune`, and for a revert."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from handlers.ports import ApplicationStatus, Resource
from handlers.runs import Run
from handlers.sync_verdict import Verdict


@dataclass(frozen=True, slots=True)
class SyncResult:
    """`before` is the health before anything was asked for, `rehearsed` what the dry run said.

    `asked` says that the sync was asked for, so that a run that is tried again only follows it.
    `verdict` says how it ended where it did not arrive; `late` that its time was up.
    """

    before: str = ""
    asked: bool = False
    rehearsed: tuple[Resource, ...] = ()
    last: ApplicationStatus | None = None
    verdict: Verdict | None = None
    late: bool = False
    reached_at: str = ""

    @property
    def kept(self) -> tuple[Resource, ...]:
        """What git no longer has and was left in the cluster."""
        shown = self.last.resources if self.last and not self.last.dry_run else ()
        return tuple(each for each in shown or self.rehearsed if each.to_prune)

    def document(self) -> Mapping[str, Any]:
        """The result as JSON."""
        found: dict[str, Any] = RESULTS.dump_python(self, mode="json")
        return found


RESULTS = TypeAdapter(SyncResult)


def result_of(run: Run) -> SyncResult:
    """What a run kept, nothing before it began."""
    return RESULTS.validate_python(run.result) if run.result else SyncResult()
