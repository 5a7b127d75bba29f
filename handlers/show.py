"""The checks of a pull request, projected whole from where its projects stand.

Checks are never edited step by step: whatever happened, the same projection is made again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from handlers import messages
from handlers.actions import Action, SetCheck
from handlers.errors import UserError
from handlers.events import RepoName, Sha
from handlers.gate_facts import gate
from handlers.markdown import code, cut
from handlers.markdown import gate as rendered
from handlers.ports import Ports
from handlers.project_check import project_check
from handlers.selection import configured, selected
from handlers.standing import Standing, standings
from handlers.summary_check import broken_check, summary_check
from policy.gate import Row, opens


def show(
    repo: RepoName,
    number: int,
    head_sha: Sha,
    ports: Ports,
    *,
    refused: Mapping[str, tuple[Row, ...]] | None = None,
) -> Iterator[Action]:
    """The check of every project of this commit, and the summary over them.

    `refused` holds the gate's rows of projects whose apply was just refused.
    """
    all_of_them = standings(repo, number, head_sha, ports)
    for standing in all_of_them:
        rows = (refused or {}).get(standing.project, ())
        yield _linked(project_check(repo, number, head_sha, standing, rows), standing, ports)
    summary = summary_check(repo, number, head_sha, all_of_them)
    if summary.conclusion == "success":
        # Green opens the merge, so what has a run is compared with what the commit touches.
        summary = _proven(summary, all_of_them, ports)
    if summary.conclusion == "success":
        summary = _open_to_merge(summary, all_of_them, ports)
    yield summary


def _linked(check: SetCheck, standing: Standing, ports: Ports) -> SetCheck:
    """The check with the way to the whole plan, of which it may show only the ends."""
    url = ports.plan_url(standing.plan.id) if standing.plan else ""
    if not url:
        return check
    return replace(check, details_url=url, text=f"{check.text}\n\n[The whole plan]({url})")


def _proven(green: SetCheck, all_of_them: Sequence[Standing], ports: Ports) -> SetCheck:
    """The green summary, or another where the commit touches what was never planned."""
    place = (green.repo, green.number, green.head_sha)
    try:
        pr = ports.repositories.pull_request(green.repo, green.number)
        selection = selected(replace(pr, head_sha=green.head_sha), ports)
    except UserError as exc:
        return broken_check(*place, exc)
    known = {standing.project for standing in all_of_them}
    unplanned = [each.name for each in selection.projects if each.name not in known]
    if unplanned:
        return summary_check(*place, all_of_them, unplanned)
    if selection.removed:
        return replace(green, summary=f"{green.summary}\n\n{messages.removed(selection.removed)}")
    return green


def _open_to_merge(green: SetCheck, all_of_them: Sequence[Standing], ports: Ports) -> SetCheck:
    """The green summary, or another where the merge could not apply what it has to."""
    due = [standing for standing in all_of_them if standing.due]
    if not due:
        return green
    pr = ports.repositories.pull_request(green.repo, green.number)
    configuration = configured(ports.sources.tree(pr.repo, pr.base_sha), where="the base branch")
    for standing in due:
        assert standing.plan is not None, "only a plan is due"  # noqa: S101 -- for the types
        rows = gate(standing.plan, pr, configuration, pr.author, ports, by_merge=True)
        if pr.open and not opens(rows):
            said = f"The merge could not apply {code(standing.project)} as it stands:"
            return replace(
                green,
                conclusion="action_required",
                title="Approved, but the merge could not apply it",
                summary=cut(f"{said}\n\n{rendered(rows)}\n\n{green.summary}"),
            )
    return green
