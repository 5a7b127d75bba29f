"""Query parameters that an operation does not have are refused, never passed over."""

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from bot.api.problems import FieldProblem, ProblemError


async def only_known_parameters(request: Request) -> None:
    """A dependency of the whole application; raises ProblemError for a misspelt parameter."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute), "it depends on this"  # noqa: S101 -- for the types
    fields = get_flat_params(route.dependant)
    known = {each.alias for each in fields if isinstance(each.field_info, params.Query)}
    unknown = sorted(set(request.query_params) - known)
    if not unknown:
        return
    has = f"it has {', '.join(sorted(known))}" if known else "it has none"
    problems = tuple(
        FieldProblem(pointer=f"/query/{name}", detail=f"is no parameter of this operation; {has}")
        for name in unknown
    )
    told = "; ".join(f"`{each.pointer}` {each.detail}" for each in problems)
    raise ProblemError(422, "invalid", "The request is not valid", f"{told}.", problems)
