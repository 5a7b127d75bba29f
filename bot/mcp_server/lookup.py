"""Which deployment is meant: by its id, or by the issue or pull request that people speak of."""

from typing import Annotated

from pydantic import Field

from bot.api.models import Deployment, Id, Page
from bot.api.problems import not_found
from bot.mcp_server import errors
from bot.mcp_server.api_client import Api, at

THREAD = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}:[A-Za-z0-9._-]{1,100}:[1-9][0-9]{0,8}"
PAGE = "100"
# Ten pages: who means an older change has its id.
MOST_PAGES = 10
ThreadId = Annotated[
    str,
    Field(
        pattern=f"^{THREAD}$",
        description="The thread of an issue or pull request: `owner:name:number`.",
        examples=["acme:infrastructure:42"],
    ),
]
DeploymentId = Annotated[
    str,
    Field(
        pattern=rf"^([A-Za-z0-9_-]{{1,64}}|{THREAD})$",
        description="A deployment's id, or its issue or pull request as `owner:name:number`.",
        examples=["acme:infrastructure:42"],
    ),
]


async def deployment_meant(api: Api, meant: str) -> Id:
    """The deployment's id; raises MCPError, as for an id that is not there."""
    owner, _, rest = meant.partition(":")
    name, _, number = rest.partition(":")
    if not number:
        return meant
    query = {"repository": f"{owner}/{name}", "limit": PAGE}
    for _ in range(MOST_PAGES):
        page = await api.get(at("deployments"), Page[Deployment], **query)
        for each in page.items:
            if int(number) in {each.issue, each.pull_request}:
                return each.id
        if page.next_cursor is None:
            break
        query["cursor"] = page.next_cursor
    missing = not_found(f"{owner}/{name}#{number} is no deployment that this key reaches.")
    raise errors.refused(missing.body())
