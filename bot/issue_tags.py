"""The hidden tag of an issue of ours, by which it is found again."""

from bot.github import GitHubClient
from handlers.events import RepoName

# An issue is looked for right after it was opened: it is among the newest.
MOST_LOOKED_AT = 300


def issue_mark(tag: str) -> str:
    """The end of the body of an issue with this tag."""
    return f"\n\n<!-- lockgate:issue:{tag} -->"


def tagged_issue(github: GitHubClient, repo: RepoName, tag: str, login: str) -> int | None:
    """The number of the issue that `login`, which is us, opened with this tag."""
    mark = issue_mark(tag)
    mine = github.pages(repo, "/issues", creator=login, state="all", sort="created")
    for _, issue in zip(range(MOST_LOOKED_AT), mine, strict=False):
        author = (issue["user"] or {}).get("login")
        if author == login and (issue.get("body") or "").endswith(mark):
            return int(issue["number"])
    return None
