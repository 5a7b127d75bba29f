"""Names of GitHub's operations for spans: the shape of a path, without what people name."""

from collections.abc import Iterator
from itertools import groupby
from urllib.parse import urlsplit

# What stands in the paths of GitHub's REST API that are asked for here; a new one shows as `{}`.
WORDS = frozenset(
    {
        *("access_tokens", "app", "attempts", "branches", "check-runs", "check-suites"),
        *("collaborators", "comments", "commits", "compare", "config", "contents", "deliveries"),
        *("deployments", "files", "git", "heads", "hook", "installation", "installations"),
        *("issues", "labels", "memberships", "merge", "orgs", "permission", "protection"),
        *("pulls", "rate_limit", "reactions", "ref", "refs", "repos", "repositories", "reviews"),
        *("rules", "status", "statuses", "teams", "trees", "users"),
    }
)
PLACEHOLDER = "{}"


def operation(method: str, url: str) -> str:
    """`GET /repos/{}/pulls/{}` for a path or a whole address; few, whatever repositories hold."""
    return f"{method} /{'/'.join(_shape(urlsplit(url).path))}"


def _shape(path: str) -> Iterator[str]:
    segments = [segment for segment in path.split("/") if segment]
    # GitHub Enterprise Server has its API below `/api/v3`.
    if segments[:2] == ["api", "v3"]:
        segments = segments[2:]
    for known, group in groupby(segments, key=WORDS.__contains__):
        yield from group if known else (PLACEHOLDER,)
