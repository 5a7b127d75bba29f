"""What happened on GitHub, in our own words: one frozen value per kind of event."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, TypeAlias

from handlers.commands import Command

RepoName = NewType("RepoName", str)
"""A repository as `owner/name`."""
Sha = NewType("Sha", str)
"""A full commit SHA, 40 lower-case hex digits."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a login, and whether GitHub calls it a bot."""

    login: str
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class PullRequestChanged:
    """A pull request was opened, reopened, made ready, retargeted, or got a new head."""

    repo: RepoName
    number: int
    head_sha: Sha
    actor: Actor


@dataclass(frozen=True, slots=True)
class PullRequestClosed:
    """A pull request was closed; `merged_sha` is the commit it became on the base branch."""

    repo: RepoName
    number: int
    head_sha: Sha
    head_ref: str
    merged_sha: Sha | None
    actor: Actor


@dataclass(frozen=True, slots=True)
class CommentWritten:
    """A comment was created on an issue or a pull request."""

    repo: RepoName
    number: int
    on_pull_request: bool
    comment_id: int
    actor: Actor
    body: str


@dataclass(frozen=True, slots=True)
class CommandGiven:
    """One command of a comment or a program; `source` says which, and no other has the same."""

    repo: RepoName
    number: int
    on_pull_request: bool
    source: str
    actor: Actor
    command: Command


@dataclass(frozen=True, slots=True)
class ReviewApproved:
    """A review approved one commit of a pull request."""

    repo: RepoName
    number: int
    review_id: int
    commit_sha: Sha
    actor: Actor


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """A button of one of our check runs was pressed; `identifier` says which."""

    repo: RepoName
    number: int
    head_sha: Sha
    check_name: str
    identifier: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class RerunRequested:
    """Someone asked for one check (`check_name`) or the whole suite (None) again."""

    repo: RepoName
    number: int
    head_sha: Sha
    check_name: str | None
    actor: Actor


class Source(StrEnum):
    """What a result of CI came as."""

    CHECK = "check"
    STATUS = "status"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True)
class CheckReported:
    """A check run, commit status or workflow run on a commit has ended, whoever made it.

    `id` tells a result from the one of another try; `app` is the maker's slug where it is known.
    """

    repo: RepoName
    sha: Sha
    source: Source
    id: str
    name: str
    app: str
    conclusion: str
    url: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class IssueWritten:
    """An issue was opened, reopened or its title or body edited."""

    repo: RepoName
    number: int
    actor: Actor


@dataclass(frozen=True, slots=True)
class IssueClosed:
    """An issue was closed."""

    repo: RepoName
    number: int
    actor: Actor


@dataclass(frozen=True, slots=True)
class DefaultBranchMoved:
    """The default branch of a repository has a new tip."""

    repo: RepoName
    sha: Sha
    actor: Actor


@dataclass(frozen=True, slots=True)
class InfrastructureRequested:
    """A program asked for infrastructure, for `actor`; `title` and `body` make the issue."""

    repo: RepoName
    command_id: str
    actor: Actor
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class ProgramCommanded:
    """A program gave a command about a pull request, for `actor`, who read these `plans`."""

    repo: RepoName
    number: int
    command_id: str
    actor: Actor
    command: Command
    plans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RepositoriesGone:
    """Repositories were deleted, or the App was removed from them; `why` says which, in words."""

    repos: tuple[RepoName, ...]
    why: str


Event: TypeAlias = (
    PullRequestChanged
    | PullRequestClosed
    | CommentWritten
    | CommandGiven
    | ReviewApproved
    | ButtonPressed
    | RerunRequested
    | CheckReported
    | IssueWritten
    | IssueClosed
    | DefaultBranchMoved
    | InfrastructureRequested
    | ProgramCommanded
    | RepositoriesGone
)
