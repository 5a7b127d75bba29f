"""The API's door, models and problems over a world in memory, for the tools to call."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from limits.storage import MemoryStorage

from bot.api import models
from bot.api.access import Caller, Scope, needs
from bot.api.app import api_app
from bot.api.problems import not_found
from bot.api.rate_limit import RateLimiter

NOW = datetime(2026, 11, 1, tzinfo=UTC)
READER = "lgk_reader"
WRITER = "lgk_writer"
APPROVER_ONLY = "lgk_approver"
SCOPES: dict[str, Sequence[Scope]] = {
    READER: [Scope.READ],
    WRITER: list(Scope),
    APPROVER_ONLY: [Scope.APPROVE],
}
Read = Annotated[Caller, Depends(needs(Scope.READ))]
Draft = Annotated[Caller, Depends(needs(Scope.DRAFT))]
Approve = Annotated[Caller, Depends(needs(Scope.APPROVE))]
Apply = Annotated[Caller, Depends(needs(Scope.APPLY))]
Key = Annotated[str, Header(alias="Idempotency-Key")]

HIT = models.SearchHit(id="s3-bucket", title="S3 bucket", excerpt="A private bucket.", score=1.5)
OTHER = models.SearchHit(id="s3-bucket-logs", title="Logs", excerpt="Another.", score=1.2)
PART = models.SearchHit(id="s3-bucket/variables/name", title="name", excerpt="A name.", score=1)
RULE = models.SearchHit(id="committed-state/*.tfstate", title="No state", excerpt="...", score=1)
POLICY = models.PolicyOutcome(
    verdict="block",
    findings=(
        models.PolicyFinding(
            rule="tagged",
            source="rego",
            severity="warn",
            address="a.b",
            message="No owner.",
            remedy="Tag it.",
            path=None,
            line=None,
        ),
        models.PolicyFinding(
            rule="no_public_bucket",
            source="rego",
            severity="block",
            address="aws_s3_bucket.b",
            message="It is public.",
            remedy="Block public access.",
            path="main.tf",
            line=3,
        ),
    ),
    passed=12,
    unevaluated=(),
)
PLAN = models.ProjectPlan(
    id="p1",
    project="network",
    directory="network",
    workspace="default",
    state="current",
    head_sha="a" * 40,
    base_sha="b" * 40,
    counts=models.Counts(add=1, change=0, destroy=0, replace=0, imported=0, moved=0, forget=0),
    empty=False,
    risks=("A bucket becomes public.",),
    policy=POLICY,
    cost=models.CostOutcome(
        before=Decimal("1.10"), after=Decimal("3.30"), difference=Decimal("2.20"), unknown=("a.b",)
    ),
    approvals=(),
    text="```diff\n+ bucket\n```",
    created_at=NOW,
)


class World:
    """What there is, and every request that came."""

    def __init__(self) -> None:
        self.state = "planned"
        # How many more readings of a command or a status find it at work.
        self.busy = 0
        self.answer = models.CommandState.DONE
        self.requests: list[Request] = []
        self.bodies: list[models.Model] = []
        self.keys: dict[str, str] = {}
        self.app = _app(self)

    def trace_parents(self) -> set[str]:
        """The trace contexts that requests came with."""
        return {request.headers.get("traceparent", "") for request in self.requests}

    def deployment(self) -> models.Deployment:
        """The one deployment."""
        return models.Deployment(
            id="d1",
            repository="acme/infra",
            state=self.state,
            issue=3,
            pull_request=7,
            url="https://github.example/acme/infra/pull/7",
            created_at=NOW,
            changed_at=NOW,
        )

    def status(self) -> models.DeploymentStatus:
        """How far it is; a run is on as long as the world is busy."""
        busy, self.busy = self.busy > 0, max(0, self.busy - 1)
        run = models.RunStatus(
            id="r1",
            kind="apply",
            project="network",
            state="running" if busy else "done",
            progress="3 of 8 resources" if busy else "",
            created_at=NOW,
            finished_at=None,
        )
        event = models.DeploymentEvent(id=1, at=NOW, milestone="planned", actor="al", detail={})
        return models.DeploymentStatus(deployment=self.deployment(), events=(event,), runs=(run,))

    def command(self, kind: str = "approve") -> models.Command:
        """The one command; it ends when the world is busy no more."""
        busy, self.busy = self.busy > 0, max(0, self.busy - 1)
        return models.Command.model_validate(
            {
                "id": "c1",
                "kind": kind,
                "state": models.CommandState.RUNNING if busy else self.answer,
                "deployment_id": "d1",
                "answer": "" if busy else "So it is.",
                "created_at": NOW,
            }
        )


def _app(world: World) -> FastAPI:
    def authenticate(key: str) -> Caller | None:
        if key not in SCOPES:
            return None
        return Caller(key, key, "alice", frozenset(SCOPES[key]), ("acme/*",))

    def note(request: Request) -> None:
        world.requests.append(request)

    limiter = RateLimiter(MemoryStorage(), per_key=10_000, per_address=10_000)
    routers = [_knowledge(), _deployments(world), _commands(world)]
    noted = APIRouter(dependencies=[Depends(note)])
    for router in routers:
        noted.include_router(router)
    return api_app(authenticate=authenticate, limiter=limiter, routers=[noted])


def _knowledge() -> APIRouter:
    routes = APIRouter()

    @routes.get("/collections")
    def collections(_: Read) -> models.Page[models.Collection]:
        found = models.Collection(id="modules", title="Modules", description="", documents=2)
        return models.Page(items=(found,))

    @routes.post("/collections/{collection_id}/searches")
    def searches(collection_id: models.Id, search: models.Search, _: Read) -> models.SearchResult:
        hits = {"modules": (HIT, OTHER, PART), "policies": (RULE,)}
        if collection_id not in hits:
            raise not_found("There is no such collection.")
        return models.SearchResult(query=search.query, hits=hits[collection_id][: search.limit])

    @routes.post("/chats/{chat_id}/search")
    def chat(chat_id: str, search: models.Search, _: Read) -> models.SearchResult:
        hit = HIT.model_copy(update={"id": f"{chat_id}-1"})
        return models.SearchResult(query=search.query, hits=(hit,))

    @routes.post("/web/search")
    def web_search(search: models.Search, _: Read) -> models.SearchResult:
        hit = HIT.model_copy(update={"url": "https://docs.example/s3"})
        return models.SearchResult(query=search.query, hits=(hit,))

    @routes.post("/web/read")
    def web_read(page: models.ReadPage, _: Read) -> models.WebPage:
        return models.WebPage(url=str(page.url), title="S3", text="Buckets.", truncated=False)

    return routes


def _deployments(world: World) -> APIRouter:
    routes = APIRouter()

    @routes.get("/deployments")
    def deployments(
        _: Read, repository: str = "", number: int | None = None, limit: int = 20
    ) -> models.Page[models.Deployment]:
        assert limit
        there = repository in {"", "acme/infra"} and number in {None, 3, 7}
        return models.Page(items=(world.deployment(),) if there else ())

    @routes.get("/deployments/{deployment_id}/plan")
    def plan(deployment_id: models.Id, _: Read) -> models.DeploymentPlan:
        _insist(deployment_id)
        return models.DeploymentPlan(deployment_id="d1", plans=(PLAN,))

    @routes.get("/deployments/{deployment_id}/status")
    def status(deployment_id: models.Id, _: Read) -> models.DeploymentStatus:
        _insist(deployment_id)
        return world.status()

    return routes


def _commands(world: World) -> APIRouter:
    routes = APIRouter()

    def give(kind: str, body: models.Model, key: str) -> models.Command:
        world.bodies.append(body)
        world.keys[key] = kind
        return world.command(kind)

    @routes.post("/deployments", status_code=202)
    def create(new: models.NewDeployment, _: Draft, key: Key) -> models.Command:
        return give("request", new, key)

    @routes.post("/deployments/{deployment_id}/approve", status_code=202)
    def approve(
        deployment_id: models.Id, choice: models.ProjectChoice, _: Approve, key: Key
    ) -> models.Command:
        _insist(deployment_id)
        return give("approve", choice, key)

    @routes.post("/deployments/{deployment_id}/apply", status_code=202)
    def apply(
        deployment_id: models.Id, choice: models.ProjectChoice, _: Apply, key: Key
    ) -> models.Command:
        _insist(deployment_id)
        return give("apply", choice, key)

    @routes.get("/commands/{command_id}")
    def command(command_id: models.Id, _: Read) -> models.Command:
        return world.command()

    return routes


def _insist(deployment_id: str) -> None:
    if deployment_id != "d1":
        raise not_found("There is no such deployment, or the key does not reach its repository.")
