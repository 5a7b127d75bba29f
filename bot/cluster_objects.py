"""Objects of a cluster, read and applied through a Kubernetes MCP server.

Speaks in the two tools `resources_get` and `resources_create_or_update`; the sessions themselves
are `bot.mcp_clients`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from handlers.errors import TransientError, UserError
from handlers.markdown import code

SETTING = "LOCKGATE_KUBERNETES_MCP_URL"
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


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object of the cluster: where it is, and how people call it.

    `owner` is the program that its kind comes with, `resource` what permissions are given on.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    owner: str
    resource: str

    @property
    def title(self) -> str:
        """How a sentence begins that speaks of it."""
        return f"The {self.owner} {self.kind} {code(f'{self.namespace}/{self.name}')}"

    @property
    def identity(self) -> dict[str, Any]:
        """The part of the object that says which one it is."""
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": {"namespace": self.namespace, "name": self.name},
        }


def connect(url: str) -> Tools:
    """The tools of the server at this address; nothing is sent yet."""
    from bot.mcp_clients.lazily import McpServers  # noqa: PLC0415 -- it imports this module
    from bot.mcp_clients.servers import kubernetes_server  # noqa: PLC0415 -- as above

    server = kubernetes_server(url, f"`{SETTING}`")
    return McpServers({server.name: server}).tools(server)


class ClusterObjects:
    """The objects behind one MCP server; without an address every use is refused."""

    def __init__(self, url: str | None, connect: Callable[[str], Tools] = connect) -> None:
        self._url = url
        self._connect = connect
        self._tools: Tools | None = None

    def read(self, ref: ObjectRef) -> str:
        """The object as YAML or JSON; raises UserError where there is none or it may not be."""
        answer = self._call(
            "resources_get",
            {
                "apiVersion": ref.api_version,
                "kind": ref.kind,
                "namespace": ref.namespace,
                "name": ref.name,
            },
        )
        if answer.failed:
            _refuse(ref, answer.text, verb="get")
        return answer.text

    def apply(self, ref: ObjectRef, part: Mapping[str, Any]) -> None:
        """Set a part of an object that there is (a server-side apply), and nothing else of it."""
        metadata = ref.identity["metadata"] | part.get("metadata", {})
        whole = ref.identity | dict(part) | {"metadata": metadata}
        answer = self._call(
            "resources_create_or_update", {"resource": json.dumps(whole, sort_keys=True)}
        )
        if answer.failed:
            _refuse(ref, answer.text, verb="patch")

    def _call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        if self._url is None:
            raise UserError(
                "This Lockgate has no cluster: its operator sets "
                f"`{SETTING}` to the address of a Kubernetes MCP server. Then say `/sync`."
            )
        if self._tools is None:
            self._tools = self._connect(self._url)
        return self._tools.call(tool, arguments)


def _refuse(ref: ObjectRef, text: str, *, verb: str) -> NoReturn:
    """Raise what a tool's failure means; its own words may hold internals and are not shown."""
    if UNKNOWN_TOOL.search(text):
        raise UserError(
            f"The Kubernetes MCP server at `{SETTING}` lacks `resources_get` or "
            "`resources_create_or_update`. Its operator enables them. Then say `/sync`."
        )
    if FORBIDDEN.search(text):
        raise UserError(
            f"{ref.title}: the Kubernetes MCP server may not {verb} it. Give its account "
            f"`get` and `patch` on `{ref.resource}` there. Then say `/sync`."
        )
    if ABSENT_KIND.search(text):
        raise UserError(
            f"{ref.title}: the cluster knows no {ref.owner} {ref.kind}s. Install {ref.owner}, "
            f"or point `{SETTING}` at the right cluster. Then say `/sync`."
        )
    if ABSENT.search(text):
        raise UserError(
            f"{ref.title} does not exist. Create it, or mend its name in "
            "`.github/lockgate.yml`. Then say `/sync`."
        )
    raise TransientError(f"the Kubernetes MCP server could not {verb} the {ref.kind}")
