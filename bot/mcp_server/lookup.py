"""Which deployment is meant: by its id, or by the issue or pull request that people speak of."""

from typing import Annotated

from pydantic import Field

from bot.api.models import THREAD, Deployment, Id, Page
from bot.api.problems import not_found
from bot.mcp_server import errors
from bot.mcp_server.api_client import Api, at

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
    query = {"repository": f"{owner}/{name}", "number": number, "limit": "1"}
    page = await api.get(at("deployments"), Page[Deployment], **query)
    if page.items:
        return page.items[0].id
    missing = not_found(f"{owner}/{name}#{number} is no deployment that this key reaches.")
    raise errors.refused(missing.body())
