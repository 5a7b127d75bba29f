"""The summary check `lockgate`, which branch protection requires: green only when all is done."""

from collections.abc import Sequence

from handlers import cost_text
from handlers.actions import Annotation, Conclusion, SetCheck
from handlers.errors import UserError
from handlers.events import RepoName, Sha
from handlers.markdown import code, cut, table
from handlers.project_check import counted
from handlers.standing import Stage, Standing
from policy.findings import Verdict
from terraform.arguments import PLAIN

NAME = "lockgate"
BUSY = frozenset({Stage.QUEUED, Stage.PLANNING, Stage.WAITING, Stage.APPLYING})
FAILED = frozenset({Stage.PLAN_FAILED, Stage.STOPPED, Stage.ENDED, Stage.APPLY_FAILED})


def summary_check(
    repo: RepoName,
    number: int,
    head_sha: Sha,
    standings: Sequence[Standing],
    unplanned: Sequence[str] = (),
) -> SetCheck:
    """The one check over all projects of a commit; `unplanned` are touched and have no run yet.

    With no project it is green: nothing here is Terraform's.
    """
    title, conclusion = _verdict(standings, unplanned)
    return SetCheck(
        repo=repo,
        number=number,
        head_sha=head_sha,
        name=NAME,
        status="completed" if conclusion else "in_progress",
        conclusion=conclusion,
        title=title,
        summary=cut(_summary(standings, unplanned, NEXT.get(title, FOLLOWS))),
    )


def broken_check(repo: RepoName, number: int, head_sha: Sha, error: UserError) -> SetCheck:
    """The summary where nothing could be planned at all: what stands in the way, on its lines."""
    annotations = tuple(
        Annotation(
            path=finding.place.path,
            start_line=finding.place.start_line,
            end_line=finding.place.end_line,
            level="failure",
            title=finding.rule,
            message=finding.message,
        )
        for finding in error.findings
        if finding.place
    )
    return SetCheck(
        repo=repo,
        number=number,
        head_sha=head_sha,
        name=NAME,
        status="completed",
        conclusion="failure",
        title="Nothing can be planned yet",
        summary=cut(error.markdown),
        annotations=annotations,
    )


FOLLOWS = "This page follows along by itself."
UNPLANNED = "Not everything is planned yet"
MENDING = "Something needs mending"
APPLIED = "Everything is applied"
WAITING = "Waiting for approval"
REVIEW = "Planned for review, from a fork"
APPROVED = "Approved, not applied yet"
DUE = "Approved: the merge applies it"
NO_CHANGES = "No changes"
SPECIAL = "A plan without arguments has to follow"
NEXT = {
    UNPLANNED: "Next: `/plan` plans what is missing.",
    MENDING: "Next: the check of each project that is not done says what to mend.",
    APPLIED: "Nothing is left to do: this can be merged.",
    NO_CHANGES: "Nothing is left to do: this can be merged.",
    REVIEW: "It can't be applied from here: a maintainer pushes the commit to a branch of this "
    "repository and opens a pull request from there.",
    WAITING: "Next: someone who is not the author says `/approve`.",
    APPROVED: "Next: `/apply`.",
    DUE: "Next: the merge. It applies exactly these plans; where one fails, an issue says so.",
    SPECIAL: "Next: `/plan` shows what the special plan left.",
}


def _verdict(
    standings: Sequence[Standing], unplanned: Sequence[str]
) -> tuple[str, Conclusion | None]:
    if unplanned:
        return UNPLANNED, "action_required"
    if not standings:
        return "No Terraform project is touched", "success"
    stages = {standing.stage for standing in standings}
    if stages & BUSY:
        busy = [standing for standing in standings if standing.stage in BUSY]
        more = f" and {len(busy) - 1} more" if len(busy) > 1 else ""
        return f"{busy[0].project}: {busy[0].stage}{more}", None
    if stages & FAILED or any(_blocked(standing) for standing in standings):
        return MENDING, "failure"
    if all(standing.settled or standing.due for standing in standings):
        return _ready(standings), "success"
    if any(standing.plan and standing.plan.plan.review_only for standing in standings):
        return REVIEW, "action_required"
    if Stage.PLANNED in stages:
        return WAITING, "action_required"
    if Stage.APPROVED in stages:
        return APPROVED, "action_required"
    if any(standing.arguments != PLAIN for standing in standings):
        return SPECIAL, "action_required"
    waiting = [standing for standing in standings if standing.waits.projects]
    return f"{waiting[0].project}: waiting for {', '.join(waiting[0].waits.projects)}", None


def _ready(standings: Sequence[Standing]) -> str:
    """The title where the merge is all that is left."""
    if any(standing.due for standing in standings):
        return DUE
    applied = any(standing.stage is Stage.APPLIED for standing in standings)
    return APPLIED if applied else NO_CHANGES


def _blocked(standing: Standing) -> bool:
    if standing.plan is None or standing.stage.settled:
        return False
    return standing.plan.plan.policy.verdict in {Verdict.BLOCK, Verdict.UNKNOWN}


def _summary(standings: Sequence[Standing], unplanned: Sequence[str], then: str) -> str:
    if not standings and not unplanned:
        return "This pull request changes no Terraform project. Nothing to plan, nothing to apply."
    head = ("project", "stage", "plan", "cost")
    lines = [_line(standing) for standing in standings]
    lines += [(code(project), "not planned yet", "", "") for project in unplanned]
    text = table(head, lines)
    return f"{then}\n\n{text}\n\nThe check of each project has its plan, findings and cost."


def _line(standing: Standing) -> tuple[str, str, str, str]:
    waits = ", ".join(map(code, standing.waits.projects))
    waiting = f", waiting for {waits}" if waits else ""
    if standing.plan is None:
        return code(standing.project), f"{standing.stage}{waiting}", "", ""
    plan = standing.plan.plan
    cost = cost_text.change(plan.cost)
    special = ", special" if standing.arguments != PLAIN else ""
    return code(standing.project), f"{standing.stage}{special}{waiting}", counted(plan.counts), cost
