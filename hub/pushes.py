"""The push event: what apps are told when a branch moves."""

from hub.core import Core, Event, RefChange
from hub.git import Commit
from hub.model import ZERO_SHA, Json
from hub.payloads import commits

# GitHub lists at most 2,048 commits in a push event.
COMMITS_MAX = 2048


class Pushes:
    """Turns moved refs into push events."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def announce(self, change: RefChange) -> None:
        """Emit `push` for a branch or tag that moved, appeared or went away."""
        created, deleted = change.before == ZERO_SHA, change.after == ZERO_SHA
        made = [] if deleted else self._commits(change)
        listed = [self._pushed(change, commit) for commit in made]
        git = self.core.git(change.repo)
        rewound = not (created or deleted) and not git.is_ancestor(change.before, change.after)
        page = f"{self.core.url}/{change.repo.full_name}"
        email = f"{change.pusher.login}@users.noreply.github.com"
        body: Json = {
            "ref": change.ref,
            "before": change.before,
            "after": change.after,
            "created": created,
            "deleted": deleted,
            "forced": rewound,
            "base_ref": None,
            "compare": f"{page}/compare/{change.before[:12]}...{change.after[:12]}",
            "commits": listed,
            "head_commit": None if deleted else self._pushed(change, git.commit(change.after)),
            "pusher": {"name": change.pusher.login, "email": email},
        }
        self.core.emit(Event("push", None, change.pusher, body, change.repo))

    def _commits(self, change: RefChange) -> list[Commit]:
        git = self.core.git(change.repo)
        if change.before == ZERO_SHA:
            others = [f"^{sha}" for sha in git.branches().values() if sha != change.after]
        else:
            others = [f"^{change.before}"]
        selection = ("--reverse", f"--max-count={COMMITS_MAX}", change.after, *others)
        return git.commits(selection)

    def _pushed(self, change: RefChange, commit: Commit) -> Json:
        git = self.core.git(change.repo)
        files = git.changes(commit.parents[0], commit.sha) if commit.parents else []
        return commits.pushed_commit(self.core, change.repo, commit, files)
