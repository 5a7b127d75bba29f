"""Argo CD Applications, read and synced through `argocd-mcp`, which speaks to Argo CD's own API.

Speaks in the two tools `get_application` and `sync_application` of version 0.9. They hand on what
Argo CD answered whatever its status was, so that an answer may be Argo CD's own refusal.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import IntEnum
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.argo import KIND, Asked, LiveApplication
from bot.cluster_objects import Answer, Tools
from bot.cluster_yaml import LONGEST_TEXT
from handlers.errors import BusyError, TransientError, UserError
from handlers.markdown import code, plain
from handlers.ports import ApplicationStatus, Wanted
from terraform.project import Application

# Argo CD ends an operation within seconds to minutes.
BUSY_RETRY = timedelta(seconds=15)
LONGEST_REASON = 300
SENSELESS = "the Argo CD MCP server answered with something that is no Application"
# What `argocd-mcp` says where it was started without an address or a token.
UNCONFIGURED = "Missing required ArgoCD"
# Argo CD's own words; its status codes do not tell these apart.
BUSY = "another operation is already in progress"
AUTOMATED = "auto-sync currently set to"
WINDOW = "sync window"


class _Code(IntEnum):
    """The codes of gRPC that Argo CD's API refuses with."""

    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    PERMISSION_DENIED = 7
    FAILED_PRECONDITION = 9
    UNAUTHENTICATED = 16


class _Refusal(BaseModel):
    """Argo CD's answer where it gives no Application."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    code: int
    message: str


class ArgoCdApplications:
    """The port `Clusters` for Applications, over an `argocd-mcp` server."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def sync(self, application: Application, wanted: Wanted) -> None:
        """Ask for a sync to this revision, unless that is asked for or running already.

        Options and retries are those of the Application's own policy, which Argo CD adds. Raises
        UserError where it can't be asked for, TransientError while another sync runs.
        """
        live = self._live(application)
        if live.several_sources:
            raise UserError(
                f"{_named(application)} has several sources, and Lockgate syncs Applications with "
                "one. Remove it from `.github/lockgate.yml`, or give it one source."
            )
        match live.asks(wanted):
            case Asked.THIS:
                return
            case Asked.ANOTHER:
                raise BusyError("another sync of this Application is running", BUSY_RETRY)
            case Asked.NOTHING:
                asked = {
                    "revision": wanted.revision,
                    "prune": wanted.prune,
                    "dryRun": wanted.dry_run,
                }
                self._ask(application, "sync_application", asked)

    def status(self, application: Application, wanted: Wanted) -> ApplicationStatus:  # noqa: ARG002 -- its revision says enough
        """What Argo CD says now; raises UserError where there is no such Application."""
        return self._live(application).status()

    def _live(self, application: Application) -> LiveApplication:
        body = self._ask(application, "get_application", {})
        try:
            # Argo CD's API leaves the kind out; it is given where something else was read.
            live = LiveApplication.model_validate({"kind": KIND} | body)
        except ValidationError as exc:
            raise TransientError(SENSELESS) from exc
        if not live.named(application):
            raise TransientError(SENSELESS)
        return live

    def _ask(
        self, application: Application, tool: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        named = {
            "applicationName": application.name,
            "applicationNamespace": application.namespace,
        }
        answer = self._tools.call(tool, named | dict(arguments))
        if answer.failed:
            _failed(answer)
        body = _parsed(answer)
        refusal = _refusal(body)
        if refusal is not None:
            _refuse(application, refusal)
        return body


def _parsed(answer: Answer) -> dict[str, Any]:
    if len(answer.text) > LONGEST_TEXT:
        raise TransientError(SENSELESS)
    try:
        body = json.loads(answer.text)
    except (ValueError, RecursionError) as exc:
        raise TransientError(SENSELESS) from exc
    if not isinstance(body, dict):
        raise TransientError(SENSELESS)
    return body


def _refusal(body: Mapping[str, Any]) -> _Refusal | None:
    if "metadata" in body:
        return None
    try:
        return _Refusal.model_validate(body)
    except ValidationError as exc:
        raise TransientError(SENSELESS) from exc


def _failed(answer: Answer) -> NoReturn:
    """Raise what the tool's own failure means; its words may hold internals and are not shown."""
    if answer.text.startswith(UNCONFIGURED):
        raise UserError(
            "The Argo CD MCP server lacks the address or the token of Argo CD. Its operator sets "
            "`ARGOCD_BASE_URL` and `ARGOCD_API_TOKEN`. Then say `/sync`."
        )
    if answer.text.startswith("unknown tool"):
        raise UserError(
            "Lockgate may not call `get_application` or `sync_application` of the Argo CD MCP "
            "server. Its operator adds them to `tools`. Then say `/sync`."
        )
    raise TransientError("the Argo CD MCP server can't reach Argo CD")


def _refuse(application: Application, refusal: _Refusal) -> NoReturn:
    """Raise what Argo CD's refusal means."""
    name, said = _named(application), plain(refusal.message)[:LONGEST_REASON]
    match refusal.code:
        case _Code.UNAUTHENTICATED:
            raise UserError(
                "Argo CD does not accept the token of the Argo CD MCP server. Its operator gives "
                "it a new one. Then say `/sync`."
            )
        case _Code.FAILED_PRECONDITION if BUSY in refusal.message:
            raise BusyError("another sync of this Application is running", BUSY_RETRY)
        case _Code.FAILED_PRECONDITION if AUTOMATED in refusal.message:
            raise UserError(
                f"{name} syncs automatically, and Argo CD's API then refuses a pinned revision. "
                "Turn `automated` off in its sync policy, or have Lockgate use a Kubernetes MCP "
                "server. Then say `/sync`."
            )
        case _Code.PERMISSION_DENIED if WINDOW in refusal.message:
            raise UserError(f"{name} is outside of its sync window. Say `/sync` when it is open.")
        case _Code.PERMISSION_DENIED | _Code.NOT_FOUND:
            # Argo CD does not tell these apart, so that names can't be probed.
            raise UserError(
                f"{name} does not exist, or Argo CD's account may not reach it. Create it, mend "
                "its name in `.github/lockgate.yml`, or give the account `applications, get` and "
                "`applications, sync`. Then say `/sync`."
            )
        case _Code.FAILED_PRECONDITION | _Code.INVALID_ARGUMENT:
            raise UserError(f"{name}: Argo CD refuses the sync: {said}. Then say `/sync`.")
        case _:
            raise TransientError("Argo CD could not answer")


def _named(application: Application) -> str:
    return f"The Argo CD Application {code(f'{application.namespace}/{application.name}')}"
