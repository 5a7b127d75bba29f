"""A span for each message of a client, inside the trace that it came with.

Today's clients send the trace context in a message's `_meta`; others, and what stands before us,
as headers of the HTTP request. Stands in for the SDK's own spans, which keep what exceptions say.
"""

import re
from collections.abc import Mapping
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult
from opentelemetry import context, propagate
from opentelemetry.trace import get_current_span

from bot.telemetry import trace

# A client may name what it likes; what is no name of a method or a tool is not kept.
NAME = re.compile(r"[a-z_/]{1,40}")
OTHER = "other"
TOOL_CALL = "tools/call"


async def in_trace(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware of the server, in place of the SDK's."""
    method, tool = _named(ctx.method), _tool(ctx)
    attributes = {"mcp.method.name": method} | ({"gen_ai.tool.name": tool} if tool else {})
    token = context.attach(_origin(ctx))
    try:
        name = f"{method} {tool}".rstrip()
        with trace.span(name, kind="server", attributes=attributes) as span:
            result = await _answered(ctx, call_next, span)
            match result:
                case CallToolResult(is_error=True) | {"isError": True}:
                    span.failed("the tool says that it failed")
                case _:
                    pass
            return result
    finally:
        context.detach(token)


async def _answered(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext, span: trace.Span
) -> HandlerResult:
    try:
        return await call_next(ctx)
    except MCPError as exc:
        span.note({"rpc.response.status_code": str(exc.error.code)})
        raise


def _origin(ctx: ServerRequestContext[Any, Any]) -> context.Context:
    """The context that the message came with, else what goes on here, else its HTTP request's."""
    if (told := _told(ctx.meta)) is not None:
        return told
    here = context.get_current()
    if ctx.request is None or get_current_span(here).get_span_context().is_valid:
        return here
    return _told(ctx.request.headers) or here


def _told(carrier: Mapping[str, Any] | None) -> context.Context | None:
    """The context in a carrier; None where there is none, or nobody can read it."""
    try:
        found = propagate.extract(carrier or {}, context.Context())
    except (TypeError, ValueError):
        return None
    return found if get_current_span(found).get_span_context().is_valid else None


def _tool(ctx: ServerRequestContext[Any, Any]) -> str:
    if ctx.method != TOOL_CALL:
        return ""
    return _named((ctx.params or {}).get("name"))


def _named(value: object) -> str:
    return value if isinstance(value, str) and NAME.fullmatch(value) else OTHER
