"""Argo CD Applications, read and synced through a Kubernetes MCP server."""

from collections.abc import Callable
from datetime import timedelta

import yaml
from pydantic import ValidationError

from bot.argo import API_VERSION, KIND, Asked, LiveApplication, read_application
from bot.cluster_objects import ClusterObjects, ObjectRef, Tools, connect
from handlers.errors import BusyError, TransientError, UserError
from handlers.ports import ApplicationStatus, Wanted
from terraform.project import Application

INITIATOR = "lockgate"
# Argo CD takes an operation in hand, or ends one, within seconds to minutes.
BUSY_RETRY = timedelta(seconds=15)


class KubernetesClusters:
    """The port `Clusters` for Applications, over one MCP server.

    Without an address every use is refused.
    """

    def __init__(self, url: str | None, connect: Callable[[str], Tools] = connect) -> None:
        self._objects = ClusterObjects(url, connect)

    def sync(self, application: Application, wanted: Wanted) -> None:
        """Ask for a sync to this revision, unless that is asked for or running already.

        Raises UserError where it can't be asked for, TransientError while another sync runs.
        """
        live = self._live(application)
        if live.several_sources:
            raise UserError(
                f"{_ref(application).title} has several sources, and Lockgate syncs Applications "
                "with one. Remove it from `.github/lockgate.yml`, or give it one source."
            )
        match live.asks(wanted):
            case Asked.THIS:
                return
            case Asked.ANOTHER:
                raise BusyError("another sync of this Application is running", BUSY_RETRY)
            case Asked.NOTHING:
                self._objects.apply(_ref(application), {"operation": operation(wanted, live)})

    def status(self, application: Application, wanted: Wanted) -> ApplicationStatus:  # noqa: ARG002 -- its revision says enough
        """What the cluster says now; raises UserError where there is no such Application."""
        return self._live(application).status()

    def _live(self, application: Application) -> LiveApplication:
        text = self._objects.read(_ref(application))
        try:
            return read_application(text, application)
        except (yaml.YAMLError, ValidationError, ValueError, RecursionError) as exc:
            raise TransientError(
                "the Kubernetes MCP server answered with something that is no Application"
            ) from exc


def operation(wanted: Wanted, live: LiveApplication) -> dict[str, object]:
    """What asks Argo CD for a sync.

    Options and retries come from the Application's own policy, as Argo CD's server copies them.
    """
    sync: dict[str, object] = {"revision": wanted.revision}
    if live.sync_options:
        sync["syncOptions"] = list(live.sync_options)
    if wanted.dry_run:
        sync["dryRun"] = True
    if wanted.prune:
        sync["prune"] = True
    asked: dict[str, object] = {"initiatedBy": {"username": INITIATOR}, "sync": sync}
    if live.retry is not None:
        asked["retry"] = live.retry
    return asked


def _ref(application: Application) -> ObjectRef:
    return ObjectRef(
        api_version=API_VERSION,
        kind=KIND,
        namespace=application.namespace,
        name=application.name,
        owner="Argo CD",
        resource="applications.argoproj.io",
    )
