"""Argo CD Applications, read and synced through a Kubernetes MCP server.

Speaks in the two tools `resources_get` and `resources_create_or_update`; the sessions themselves
are `bot.mcp_clients`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn, Protocol

import yaml
from pydantic import ValidationError

from bot.argo import API_VERSION, KIND, LiveApplication, read_application
from handlers.errors import TransientError, UserError
from handlers.events import Sha
from handlers.markdown import code
from handlers.ports import ApplicationStatus
from terraform.project import Application

SETTING = "LOCKGATE_KUBERNETES_MCP_URL"
INITIATOR = "lockgate"
# Argo CD takes an operation in hand, or ends one, within seconds to minutes.
BUSY_RETRY = timedelta(seconds=15)
ABSENT_KIND = re.compile(
    r"no matches for kind|could not find the requested resource", re.IGNORECASE
)
ABSENT = re.compile(r"\bnot found\b", re.IGNORECASE)
FORBIDDEN = re.compile(r"\bforbidden\b|\bunauthorized\b", re.IGNORECASE)
UNKNOWN_TOOL = re.compile(r"\b(unknown|disabled) tool\b|\btool .{0,100} not found\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool said, and whether it says that it failed."""

    text: str
    failed: bool


class Tools(Protocol):
    """The tools of an MCP server."""

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The tool's answer; raises TransientError where there is none."""


def connect(url: str) -> Tools:
    """The tools of the server at this address; nothing is sent yet."""
    from bot.mcp_clients.lazily import McpServers  # noqa: PLC0415 -- it imports this module
    from bot.mcp_clients.servers import kubernetes_server  # noqa: PLC0415 -- as above

    server = kubernetes_server(url, f"`{SETTING}`")
    return McpServers({server.name: server}).tools(server)


class KubernetesClusters:
    """The port `Clusters` over one MCP server; without an address every use is refused."""

    def __init__(self, url: str | None, connect: Callable[[str], Tools] = connect) -> None:
        self._url = url
        self._connect = connect
        self._tools: Tools | None = None

    def sync(self, application: Application, revision: Sha) -> None:
        """Ask for a sync to this revision, unless that is asked for or running already.

        Raises UserError where it can't be asked for, TransientError while another sync runs.
        """
        live = self._live(application)
        if live.several_sources:
            raise UserError(
                f"{_named(application)} has several sources, and Lockgate syncs Applications with "
                "one. Remove it from `.github/lockgate.yml`, or give it one source."
            )
        if live.asked is not None:
            if live.asked == revision:
                return
            raise TransientError("another sync of this Application is running", BUSY_RETRY)
        answer = self._call(
            "resources_create_or_update",
            {"resource": json.dumps(sync_request(application, revision, live), sort_keys=True)},
        )
        if answer.failed:
            _refuse(application, answer.text, verb="patch")

    def status(self, application: Application) -> ApplicationStatus:
        """What the cluster says now; raises UserError where there is no such Application."""
        return self._live(application).status()

    def _live(self, application: Application) -> LiveApplication:
        answer = self._call(
            "resources_get",
            {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "namespace": application.namespace,
                "name": application.name,
            },
        )
        if answer.failed:
            _refuse(application, answer.text, verb="get")
        try:
            return read_application(answer.text, application)
        except (yaml.YAMLError, ValidationError, ValueError, RecursionError) as exc:
            raise TransientError(
                "the Kubernetes MCP server answered with something that is no Application"
            ) from exc

    def _call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        if self._url is None:
            raise UserError(
                "This Lockgate has no cluster: its operator sets "
                f"`{SETTING}` to the address of a Kubernetes MCP server. Then say `/sync`."
            )
        if self._tools is None:
            self._tools = self._connect(self._url)
        return self._tools.call(tool, arguments)


def sync_request(
    application: Application, revision: Sha, live: LiveApplication
) -> dict[str, object]:
    """The part of the Application that asks Argo CD for a sync, for a server-side apply.

    Options and retries come from the Application's own policy, as Argo CD's server copies them;
    nothing is pruned.
    """
    sync: dict[str, object] = {"revision": revision}
    if live.sync_options:
        sync["syncOptions"] = list(live.sync_options)
    operation: dict[str, object] = {"initiatedBy": {"username": INITIATOR}, "sync": sync}
    if live.retry is not None:
        operation["retry"] = live.retry
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"namespace": application.namespace, "name": application.name},
        "operation": operation,
    }


def _named(application: Application) -> str:
    return f"The Argo CD Application {code(f'{application.namespace}/{application.name}')}"


def _refuse(application: Application, text: str, *, verb: str) -> NoReturn:
    """Raise what a tool's failure means; its own words may hold internals and are not shown."""
    if UNKNOWN_TOOL.search(text):
        raise UserError(
            f"The Kubernetes MCP server at `{SETTING}` lacks `resources_get` or "
            "`resources_create_or_update`. Its operator enables them. Then say `/sync`."
        )
    if FORBIDDEN.search(text):
        raise UserError(
            f"{_named(application)}: the Kubernetes MCP server may not {verb} it. Give its account "
            f"`get` and `patch` on `applications.argoproj.io` there. Then say `/sync`."
        )
    if ABSENT_KIND.search(text):
        raise UserError(
            f"{_named(application)}: the cluster knows no Argo CD Applications. Install Argo CD, "
            f"or point `{SETTING}` at the right cluster. Then say `/sync`."
        )
    if ABSENT.search(text):
        raise UserError(
            f"{_named(application)} does not exist. Create it, or mend its name in "
            "`.github/lockgate.yml`. Then say `/sync`."
        )
    raise TransientError(f"the Kubernetes MCP server could not {verb} the Application")
