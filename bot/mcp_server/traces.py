"""Joins a call to the trace its HTTP request came with, where nothing else did.

Today's clients send the trace context in a message's `_meta`, which the SDK reads; others, and what
stands before us, send it as headers.
"""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from opentelemetry import context, propagate, trace


async def join_trace(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware of the server, outside the one that makes the SDK's spans."""
    request = ctx.request
    if request is None or trace.get_current_span().get_span_context().is_valid:
        return await call_next(ctx)
    token = context.attach(propagate.extract(request.headers))
    try:
        return await call_next(ctx)
    finally:
        context.detach(token)
