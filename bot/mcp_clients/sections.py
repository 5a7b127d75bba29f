"""The shape of the MCP servers file, version 1, as pydantic models.

Each field's description says what is allowed; messages, the JSON Schema and the document use it.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

from bot.mcp_clients.servers import CONNECT_TIMEOUT_SECONDS, IDLE_SECONDS, TIMEOUT_SECONDS, Kind

ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,199}$")]
ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]{1,128}$")]
# What a header or an argument vector can't hold.
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00\r\n]*$", max_length=16_384)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _ServerSection(_Section):
    kind: Kind = Field(
        Kind.OTHER,
        description="what Lockgate uses it for: kubernetes, argocd or other. At most one of each "
        "of the first two",
    )
    tools: tuple[ToolName, ...] | None = Field(
        None,
        min_length=1,
        description="the tools that Lockgate's own code may call; left out, those it uses of a "
        "server of this kind",
    )
    model_tools: tuple[ToolName, ...] = Field(
        (),
        description="the tools that a language model may be offered. Only those that the server "
        "annotates as read-only and not destructive ever are",
    )
    connect_timeout_seconds: float = Field(
        CONNECT_TIMEOUT_SECONDS,
        gt=0,
        le=60,
        description="how long opening a session may take, above 0 and up to 60",
    )
    timeout_seconds: float = Field(
        TIMEOUT_SECONDS,
        gt=0,
        le=600,
        description="how long one call may take, above 0 and up to 600",
    )
    idle_seconds: float = Field(
        IDLE_SECONDS,
        gt=0,
        le=86_400,
        description="after how long without a call a session is closed, above 0 and up to 86400",
    )


class HttpSection(_ServerSection):
    """A server behind streamable HTTP."""

    transport: Literal["http"] = Field(description="http: the server listens at `url`")
    url: HttpUrl = Field(
        description="the server's endpoint, http:// or https://, without user or password"
    )
    headers: dict[HeaderName, Line] = Field(
        default_factory=dict,
        description="headers sent with every request; secrets as ${NAME}, read from the "
        "environment",
    )


class StdioSection(_ServerSection):
    """A server that Lockgate starts and speaks to over its standard input and output."""

    transport: Literal["stdio"] = Field(description="stdio: Lockgate starts `command`")
    command: Annotated[Line, Field(min_length=1)] = Field(
        description="the program, a path or a name on PATH; no shell is involved"
    )
    args: tuple[Line, ...] = Field(
        (),
        description="its arguments, one each; no secrets, since every user of the machine sees "
        "them",
    )
    env: dict[VariableName, Line] = Field(
        default_factory=dict,
        description="its environment variables beside PATH, HOME and the like; secrets as "
        "${NAME}, read from Lockgate's environment",
    )
    folder: Annotated[Line, Field(min_length=1)] | None = Field(
        None, description="the folder it runs in; left out, Lockgate's own"
    )


ServerSection: TypeAlias = Annotated[HttpSection | StdioSection, Field(discriminator="transport")]


class ServersFile(_Section):
    """The whole file."""

    version: Literal[1] = Field(description="1")
    servers: dict[ServerName, ServerSection] = Field(
        description="each server under a name of its own: small letters, digits, - and _"
    )
