"""Deployments and the statuses they go through."""

from hub.core import Core, Event, locked
from hub.errors import ApiError, invalid, not_found
from hub.model import Deployment, DeploymentStatus, Json, Repository, User
from hub.payloads import checks as shapes
from hub.protection import PASSING, latest_runs

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
DESCRIPTION_CHARACTERS_MAX = 140


class Deployments:
    """What was deployed where, and how it went."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def get(self, repo: Repository, deployment_id: int) -> Deployment:
        """Return a deployment by id; raise 404 for an unknown one."""
        found = repo.deployments.get(deployment_id)
        if found is None:
            raise not_found()
        return found

    @locked
    def create(self, repo: Repository, *, by: User, ref: str, fields: Json) -> Deployment:
        """Deploy a ref; without `required_contexts: []` every check must have passed (409)."""
        sha = self.core.git(repo).resolve(ref)
        if sha is None:
            raise ApiError(422, f"No ref found for: {ref}")
        self._check_contexts(repo, sha, fields.get("required_contexts"))
        made = Deployment(
            id=self.core.next_id(),
            sha=sha,
            ref=ref,
            task=fields.get("task") or "deploy",
            environment=fields.get("environment") or "production",
            payload=fields.get("payload") or {},
            description=_description(fields.get("description")),
            creator=by,
            created_at=self.core.clock(),
            transient=bool(fields.get("transient_environment")),
            production=bool(fields.get("production_environment")),
        )
        repo.deployments[made.id] = made
        shape = shapes.deployment(self.core, repo, made)
        body: Json = {"deployment": shape, "workflow": None, "workflow_run": None}
        self.core.emit(Event("deployment", "created", by, body, repo))
        return made

    @locked
    def set_status(
        self, repo: Repository, made: Deployment, *, by: User, state: str, fields: Json
    ) -> DeploymentStatus:
        """Report how a deployment goes."""
        if state not in STATES:
            raise invalid("DeploymentStatus", "state", "state is not included in the list")
        given = DeploymentStatus(
            id=self.core.next_id(),
            state=state,
            description=_description(fields.get("description")) or "",
            environment=fields.get("environment") or made.environment,
            log_url=fields.get("log_url") or fields.get("target_url") or "",
            environment_url=fields.get("environment_url") or "",
            creator=by,
            created_at=self.core.clock(),
        )
        made.statuses.append(given)
        body: Json = {
            "deployment_status": shapes.deployment_status(self.core, repo, made, given),
            "deployment": shapes.deployment(self.core, repo, made),
            "check_run": None,
            "workflow": None,
            "workflow_run": None,
        }
        self.core.emit(Event("deployment_status", "created", by, body, repo))
        return given

    def _check_contexts(self, repo: Repository, sha: str, contexts: list[str] | None) -> None:
        """Refuse with 409 unless the named checks, or all of them when none is named, passed."""
        runs = latest_runs(repo.runs.values(), sha).values()
        passed = {run.name for run in runs if run.conclusion in PASSING}
        wanted = {run.name for run in runs} if contexts is None else set(contexts)
        if wanted - passed:
            raise ApiError(409, f"Conflict: Commit status checks failed for {sha}.")


def _description(text: str | None) -> str | None:
    if text is not None and len(text) > DESCRIPTION_CHARACTERS_MAX:
        limit = DESCRIPTION_CHARACTERS_MAX
        raise invalid("Deployment", "description", f"description is over {limit} characters")
    return text
