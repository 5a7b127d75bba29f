"""A function as a tool: told so that an assistant picks rightly, strict about its arguments."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import ToolAnnotations
from pydantic import ValidationError

READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
READS_THE_WEB = READS.model_copy(update={"open_world_hint": True})
ASKS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
)
# Clients ask a person before they call what is destructive: an approval lets a plan destroy.
APPROVES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)
APPLIES = APPROVES.model_copy(update={"idempotent_hint": False})


class StrictTool(Tool):
    """A tool that says in our words which argument is wrong, for an assistant to mend its call."""

    async def run(
        self,
        arguments: dict[str, Any],
        context: Context[Any, Any],
        convert_result: bool = False,  # noqa: FBT001, FBT002 -- as the SDK has it
    ) -> Any:
        """Run it; raises ToolError for arguments that it does not take."""
        try:
            self.fn_metadata.validate_arguments(arguments)
        except ValidationError as exc:
            takes = ", ".join(self.parameters["properties"]) or "none"
            raise ToolError(f"{self.name}: {_wrong(exc)}. Arguments: {takes}.") from exc
        return await super().run(arguments, context, convert_result)


def tool(function: Callable[..., Awaitable[Any]], title: str, annotations: ToolAnnotations) -> Tool:
    """The tool of this function; its docstring is the description."""
    made = StrictTool.from_function(
        function,
        title=title,
        description=inspect.getdoc(function),
        annotations=annotations,
        structured_output=True,
    )
    # A misspelt `project`, passed over, would approve or apply all of them.
    arguments = made.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    made.parameters = arguments.model_json_schema(by_alias=True)
    return made


def _wrong(error: ValidationError) -> str:
    return "; ".join(
        f"`{'/'.join(map(str, each['loc']))}`: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)
    )
