"""The hub's memory: every service, wired once. It forgets everything when the process ends."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from hub.auth import Accounts
from hub.checks import Checks
from hub.core import Core, RefChange, utc_now
from hub.deployments import Deployments
from hub.faults import Faults
from hub.issues import Issues
from hub.manifests import Manifests
from hub.pulls import Pulls
from hub.pushes import Pushes
from hub.repositories import Repositories
from hub.webhooks import Webhooks


class Hub:
    """A GitHub in memory; `root` is the folder for the bare git repositories."""

    def __init__(self, root: Path, url: str, clock: Callable[[], datetime] = utc_now) -> None:
        self.core = Core(root=root, url=url.rstrip("/"), clock=clock)
        self.faults = Faults()
        self.repositories = Repositories(self.core)
        self.accounts = Accounts(self.core, self.repositories)
        self.issues = Issues(self.core, self.repositories)
        self.pulls = Pulls(self.core, self.issues, self.repositories)
        self.checks = Checks(self.core)
        self.deployments = Deployments(self.core)
        self.pushes = Pushes(self.core)
        self.webhooks = Webhooks(self.core, self.faults)
        self.manifests = Manifests(self.core, self.accounts, self.webhooks)
        self.core.event_listeners.append(self.webhooks.publish)
        self.core.push_listeners.append(self._pushed)

    def _pushed(self, change: RefChange) -> None:
        """Move the pull requests first, so that suites and events show where they are now."""
        self.pushes.announce(change)
        self.pulls.follow_push(change)
        self.checks.request_suites(change)
