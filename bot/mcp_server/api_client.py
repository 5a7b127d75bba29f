"""One caller's calls of the API: answers come back as the API's models, all else as MCPError."""

from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from bot.api.problems import MEDIA_TYPE, Problem
from bot.mcp_server import errors

T = TypeVar("T", bound=BaseModel)
OK = range(200, 300)
ERRORS = range(400, 600)


class Api:
    """Calls over a client that knows the API's address and sends the caller's key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, answer: type[T], **query: str) -> T:
        """What is there; raises MCPError."""
        return await self._ask(self._client.build_request("GET", path, params=query), answer)

    async def post(self, path: str, body: BaseModel, answer: type[T], **headers: str) -> T:
        """What is answered to this; raises MCPError."""
        request = self._client.build_request(
            "POST",
            path,
            content=body.model_dump_json(),
            headers={"content-type": "application/json", **headers},
        )
        return await self._ask(request, answer)

    async def _ask(self, request: httpx.Request, answer: type[T]) -> T:
        try:
            response = await self._client.send(request)
        except httpx.HTTPError as exc:
            raise errors.unreachable() from exc
        if response.status_code in ERRORS:
            raise _refusal(response)
        try:
            if response.status_code not in OK:
                raise errors.unreadable_answer()
            return answer.model_validate_json(response.content)
        except ValidationError as exc:
            raise errors.unreadable_answer() from exc


def at(*parts: str) -> str:
    """A path of the API; each part is one segment, whatever is in it."""
    return "/".join(quote(part, safe="") for part in parts)


def _refusal(response: httpx.Response) -> Exception:
    """The problem where it is one of ours; what a proxy says may be about the inside."""
    content_type = response.headers.get("content-type", "").partition(";")[0]
    if content_type != MEDIA_TYPE:
        return errors.failed(response.status_code)
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return errors.failed(response.status_code)
    if not problem.type.startswith(errors.OURS):
        return errors.failed(response.status_code)
    return errors.refused(problem, response.headers.get("retry-after"))
