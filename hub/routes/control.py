"""The hub's own levers, which GitHub has not: rules to misbehave by."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from hub.faults import FaultRule
from hub.routes.access import HubRouter
from hub.state import Hub

router = HubRouter(prefix="/_hub")


@dataclass(frozen=True, slots=True)
class AsOperator:
    """A request by whoever runs the hub; it listens on loopback only."""

    request: Request
    hub: Hub


def as_operator(request: Request) -> AsOperator:
    """Return the dependency of the hub's own routes."""
    return AsOperator(request, request.app.state.hub)


Operator = Annotated[AsOperator, Depends(as_operator)]


@router.get("/faults")
def list_faults(at: Operator) -> Response:
    """List the rules in force."""
    return JSONResponse([rule.model_dump() for rule in at.hub.faults.rules])


@router.post("/faults")
def add_fault(at: Operator, rule: FaultRule) -> Response:
    """Put a rule in force."""
    at.hub.faults.add(rule)
    return JSONResponse(rule.model_dump(), 201)


@router.delete("/faults")
def clear_faults(at: Operator) -> Response:
    """Behave again."""
    at.hub.faults.clear()
    return Response(status_code=204)
