"""The checks of a pull request, projected whole from where its projects stand.

Checks are never edited step by step: whatever happened, the same projection is made again.
"""

from collections.abc import Iterator, Mapping

from handlers.actions import Action
from handlers.events import RepoName, Sha
from handlers.ports import Ports
from handlers.project_check import project_check
from handlers.standing import standings
from handlers.summary_check import summary_check
from policy.gate import Row


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
        yield project_check(repo, number, head_sha, standing, rows)
    yield summary_check(repo, number, head_sha, all_of_them)
