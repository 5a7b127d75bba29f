"""The style sheet and the script: two files, served as they are."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

TYPES = {"style.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}


def routes() -> list[BaseRoute]:
    """Return one route for each file."""
    return [_route(name, kind) for name, kind in TYPES.items()]


def _route(name: str, kind: str) -> Route:
    content = files("hub.pages").joinpath("static", name).read_bytes()

    async def serve(_request: Request) -> Response:
        headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
        return Response(content, media_type=kind, headers=headers)

    return Route(f"/_pages/{name}", serve)
