"""A conversation in the order it happened: words, reviews, commits, and how it ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from hub.git import Commit
from hub.model import CheckRun, Comment, Issue, Repository, Review, User
from hub.pages.states import REVIEWS, State, commit_state
from hub.protection import latest_runs
from hub.pulls import PullRequest
from hub.state import Hub

EMOJI = {
    "+1": ("👍", "thumbs up"),
    "-1": ("👎", "thumbs down"),
    "laugh": ("😄", "laugh"),
    "confused": ("😕", "confused"),
    "heart": ("❤️", "heart"),
    "hooray": ("🎉", "hooray"),
    "rocket": ("🚀", "rocket"),
    "eyes": ("👀", "eyes"),
}


@dataclass(frozen=True, slots=True)
class Reactions:
    """One kind of reaction with the people who gave it."""

    emoji: str
    name: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `anchor` is its place in the page.

    `id` is the hub's number for what was said, which only ever grows; 0 for the rest.
    """

    kind: Literal["comment", "review", "commit", "closed", "merged"]
    at: datetime
    who: User | None
    anchor: str
    body: str = ""
    edited: bool = False
    reactions: tuple[Reactions, ...] = ()
    state: State | None = None
    commit: Commit | None = None
    runs: tuple[CheckRun, ...] = field(default=())
    id: int = 0


def of_issue(hub: Hub, repo: Repository, issue: Issue) -> list[Entry]:
    """Return what was said in an issue, and its end."""
    entries = [_comment(said) for said in hub.issues.comments(repo, issue.number)]
    if issue.state == "closed" and issue.closed_at:
        entries.append(Entry("closed", issue.closed_at, issue.closed_by, "closed"))
    return _ordered(entries)


def of_pull(hub: Hub, pr: PullRequest, commits: Iterable[Commit]) -> list[Entry]:
    """Return what was said, reviewed and pushed in a pull request, and its end."""
    entries = [_comment(said) for said in hub.issues.comments(pr.repo, pr.issue.number)]
    entries += [_review(review) for review in pr.pull.reviews]
    entries += [_commit(pr.repo, made) for made in commits]
    if pr.pull.merged_at:
        entries.append(Entry("merged", pr.pull.merged_at, pr.pull.merged_by, "merged"))
    elif pr.issue.state == "closed" and pr.issue.closed_at:
        entries.append(Entry("closed", pr.issue.closed_at, pr.issue.closed_by, "closed"))
    return _ordered(entries)


LAST = {"closed": 2, "merged": 2, "commit": 0}


def _ordered(entries: list[Entry]) -> list[Entry]:
    """Order by time; within a second commits, then words as they came, then the end."""
    return sorted(entries, key=lambda entry: (entry.at, LAST.get(entry.kind, 1), entry.id))


def _comment(said: Comment) -> Entry:
    return Entry(
        "comment",
        said.created_at,
        said.user,
        f"issuecomment-{said.id}",
        said.body,
        edited=said.updated_at != said.created_at,
        reactions=_reactions(said),
        id=said.id,
    )


def _reactions(said: Comment) -> tuple[Reactions, ...]:
    given: dict[str, list[str]] = {}
    for reaction in said.reactions:
        given.setdefault(reaction.content, []).append(reaction.user.login)
    return tuple(Reactions(*EMOJI[kind], tuple(people)) for kind, people in given.items())


def _review(review: Review) -> Entry:
    return Entry(
        "review",
        review.submitted_at,
        review.user,
        f"pullrequestreview-{review.id}",
        review.body,
        state=REVIEWS[review.state],
        id=review.id,
    )


def _commit(repo: Repository, made: Commit) -> Entry:
    runs = tuple(latest_runs(repo.runs.values(), made.sha).values())
    moment = datetime.fromisoformat(made.committer.date).astimezone(UTC)
    return Entry(
        "commit", moment, None, f"commit-{made.sha[:7]}", state=commit_state(runs), commit=made
    )
