"""The way back: a pull request that takes a merged change out again, prepared and never merged."""

from collections.abc import Generator

from handlers.actions import Action, ProposeChange
from handlers.errors import UserError
from handlers.events import RepoName, Sha
from handlers.markdown import cut
from handlers.ports import Ports

Prepared = Generator[Action, None, str]


def revert_branch(number: int) -> str:
    """The branch of the pull request that takes this one back."""
    return f"lockgate/revert-{number}"


def prepare_revert(
    repo: RepoName, number: int, merged_sha: Sha, why: str, ports: Ports
) -> Prepared:
    """Open the pull request that takes a merged one back; a sentence that names it.

    One that is open already is left as it is. Where the change can't be taken out by itself the
    sentence says so.
    """
    branch = revert_branch(number)
    found = ports.repositories.pull_request_of(repo, branch)
    if found is not None:
        return f"#{found} would take #{number} back."
    pr = ports.repositories.pull_request(repo, number)
    try:
        files = ports.sources.reverted(repo, merged_sha, pr.head_sha, pr.base_sha)
    except UserError as exc:
        return f"#{number} can't be taken back by itself: {exc.markdown}"
    if not files:
        return f"The base branch no longer holds #{number}."
    yield ProposeChange(
        repo=repo,
        branch=branch,
        base_ref=pr.base_ref,
        base_sha=pr.base_sha,
        files=files,
        commit_message=f"Revert #{number}\n\nThis takes back {merged_sha}.",
        title=f"Revert #{number}: {pr.title}"[:250],
        body=_body(number, merged_sha, why),
    )
    made = ports.repositories.pull_request_of(repo, branch)
    named = f"#{made}" if made is not None else f"The branch `{branch}`"
    return f"{named} would take #{number} back; nobody has merged it."


def _body(number: int, merged_sha: Sha, why: str) -> str:
    return cut(
        f"This takes #{number} back, which was merged as {merged_sha}. It was only prepared; "
        f"nothing is undone yet.\n\n{why}\n\n"
        "Plan, review, approve, apply and merge it as any other change: it undoes the "
        "infrastructure too. Close it where it is not needed."
    )
