"""Allow: a maintainer who read one commit lets what the static gate refused there be planned."""

from collections.abc import Iterator, Sequence

from handlers import messages
from handlers.actions import Action, Milestone, RecordAllowance, RecordEvent
from handlers.commands import Name
from handlers.configuration import Forks
from handlers.errors import UserError
from handlers.events import CommandGiven
from handlers.gate_facts import authors, eligible
from handlers.plan import pull_request_of, start
from handlers.ports import Answer, Permission, Ports, PullRequest
from handlers.project_rules import Approvers
from handlers.router import Router
from handlers.runs import Run, RunKind, RunState, located
from handlers.selection import configured, selected
from handlers.show import show
from policy.allowance import FORK, Allowance, allowable, fingerprint, refused
from policy.findings import Finding, PolicyResult

router = Router()
MAINTAINERS = frozenset({Permission.ADMIN, Permission.MAINTAIN})


@router.command(Name.ALLOW)
def allow_on_command(given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """Record the word on each thing that was refused in the commit named, and plan it."""
    pr = pull_request_of(given, ports)
    # A comment does not say which commit its author saw: only naming it does.
    if given.command.words != (pr.head_sha,):
        raise UserError(messages.other_commit(pr.head_sha))
    configuration = configured(ports.sources.tree(pr.repo, pr.base_sha), where="the base branch")
    if pr.from_fork and configuration.forks is Forks.NEVER:
        raise UserError(messages.FORK)
    runs = _refused_runs(pr, given.command.project, ports)
    named = [configuration.rules(located(run.request)).approvers for run in runs]
    if why_not := _why_not(pr, given.actor.login, named or [configuration.approvers], ports):
        raise UserError(why_not)
    yield from _words(pr, given, ports)
    yield from _planned(pr, given, ports)
    yield from show(pr.repo, pr.number, pr.head_sha, ports)


def _why_not(pr: PullRequest, login: str, named: Sequence[Approvers], ports: Ports) -> str:
    """Why this person's word would not count, or nothing; `named` may approve each project."""
    if login in authors(pr, ports):
        return "This change is your own. Someone else has to read and allow it."
    permission = ports.repositories.permission(pr.repo, login)
    if permission in MAINTAINERS:
        return ""
    # Where nobody is named, whoever may write may approve; that is not enough here.
    answers = {
        eligible(pr.repo, login, each, ports) if each.users or each.teams else Answer.NO
        for each in named
    }
    if answers == {Answer.YES}:
        return ""
    if Answer.NO not in answers:
        return "GitHub did not say whether you may allow this. Try again in a minute."
    return "`/allow` needs maintain permission on this repository, or a named approver."


def _words(pr: PullRequest, given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """What was refused, each with this word on it; raises UserError where there is nothing."""
    source, login = given.source, given.actor.login
    known = ports.allowances.of(pr.repo, pr.number, pr.head_sha)
    # The same comment may be delivered again, after the plans it led to have begun.
    again = source in {word.source for word in known}
    found = [
        (run.request.project, finding)
        for run in _refused_runs(pr, given.command.project, ports)
        for finding in refused(PolicyResult(run.findings, passed=0))
    ]
    never = sorted({finding.rule for _, finding in found if not allowable(finding)})
    if never:
        raise UserError(messages.never_allowed(never))
    subjects = [(project, fingerprint(finding), _said(finding)) for project, finding in found]
    if pr.from_fork and (again or FORK not in {word.subject for word in known}):
        subjects.insert(0, ("", FORK, "planning this commit of a fork"))
    if not subjects and not again:
        raise UserError(messages.NOTHING_TO_ALLOW)
    for project, subject, said in subjects:
        yield RecordAllowance(
            Allowance(pr.repo, pr.number, project, pr.head_sha, subject, login, source)
        )
        yield RecordEvent(
            repo=pr.repo,
            number=pr.number,
            milestone=Milestone.ALLOWED,
            actor=login,
            key=f"allowance {pr.head_sha} {project} {subject}",
            detail={"project": project, "head_sha": pr.head_sha, "allowed": said},
        )


def _refused_runs(pr: PullRequest, project: str | None, ports: Ports) -> list[Run]:
    """The newest plan runs of this commit that failed with findings."""
    return [
        run
        for run in ports.runs.of(pr.repo, pr.number, pr.head_sha)
        if run.request.kind is RunKind.PLAN
        and run.state is RunState.FAILED
        and project in {None, run.request.project}
        and refused(PolicyResult(run.findings, passed=0))
    ]


def _said(finding: Finding) -> str:
    place = f" ({finding.place.path}:{finding.place.start_line})" if finding.place else ""
    return f"{finding.rule}: {finding.message}{place}"


def _planned(pr: PullRequest, given: CommandGiven, ports: Ports) -> Iterator[Action]:
    """A plan of each project the word was about; of a fork that had none yet, of all."""
    waiting = {run.request.project for run in _refused_runs(pr, given.command.project, ports)}
    for project in selected(pr, ports).projects:
        runs = ports.runs.of(pr.repo, pr.number, pr.head_sha)
        planned = {run.request.project for run in runs if run.request.kind is RunKind.PLAN}
        if project.name in waiting or project.name not in planned:
            yield from start(pr, (project,), why=given.source, actor=given.actor.login)
