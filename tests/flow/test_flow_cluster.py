"""After the merge: Flux and Argo CD in order, what the CI of others says, and the way back."""

import uuid
from typing import Any

from hub.core import Event
from hub.pulls import PullRequest
from tests.flow.world import FILES, Make, Place

CONFIGURATION = """\
version: 1
projects:
  - name: live
    directory: live
    applications:
      - {kind: Kustomization, namespace: flux-system, name: apps, watch_minutes: 0}
      - {namespace: argocd, name: web, watch_minutes: 5}
"""
APPS, WEB = "lockgate / sync Kustomization flux-system/apps", "lockgate / sync web"
MILESTONES = """
    SELECT milestone, detail FROM deployment_events
    JOIN deployments ON deployments.id = deployment_id WHERE repo = %s ORDER BY at, seq
"""
STATE = "SELECT state FROM deployments WHERE repo = %s"


def merged(place: Place) -> tuple[PullRequest, str]:
    """A change that was planned, approved, applied and merged."""
    pr = place.propose()
    place.planned(pr)
    place.approved(pr)
    place.say(pr, "/apply")
    place.applied(pr)
    return pr, place.merge(pr)


def history(place: Place) -> list[tuple[str, dict[str, Any]]]:
    """The deployment's history."""
    return [(row[0], row[1]) for row in place.stack.rows(MILESTONES, place.repository.full_name)]


def ended(place: Place, sha: str, name: str, conclusion: str) -> str:
    """The summary of a check on the merge commit once it has ended like this."""

    def found() -> str | None:
        check = place.check(sha, name)
        return check.summary if check is not None and check.conclusion == conclusion else None

    return place.wait(found, f"{name} is {conclusion}")


def test_a_degradation_after_the_merge_is_taken_back_by_a_pull_request(make: Make) -> None:
    """Both follow the merge in order; the evidence comes with a revert that is planned as any."""
    place = make({**FILES, ".github/lockgate.yml": CONFIGURATION})
    cluster = place.stack.cluster
    pr, sha = merged(place)
    place.wait(lambda: place.title(sha, WEB).startswith("Waits for"), "the second one waits")
    cluster.push(sha)
    ended(place, sha, APPS, "success")
    ended(place, sha, WEB, "success")
    ill = {"status": "Degraded", "message": "the probe of web failed"}
    cluster.change("argocd", "web", {"status": {"health": ill}})

    said = ended(place, sha, WEB, "failure")

    number = pr.issue.number
    revert = next(
        each
        for each in place.stack.hub.pulls.all(place.repository)
        if each.pull.head_ref == f"lockgate/revert-{number}"
    )
    assert f"#{revert.issue.number} would take #{number} back" in said
    assert "the probe of web failed" in (revert.issue.body or "")
    assert [name for name, _ in history(place)][-1] in {"degraded", "planned"}
    assert cluster.rehearsals()[-1] == cluster.syncs()[-1] == sha
    assert place.completed(revert).conclusion == "success"


def test_what_the_ci_of_others_says_is_part_of_the_history(make: Make) -> None:
    """Check runs, statuses and workflow runs, each once, and none of them is the state."""
    place = make(FILES)
    pr = place.propose()
    place.planned(pr)
    hub, alice, sha = place.stack.hub, place.stack.hub.core.user("alice"), pr.pull.head_sha
    ci = hub.accounts.register_app(
        {"name": f"ci-{uuid.uuid4().hex[:8]}", "default_permissions": {"checks": "write"}},
        owner=place.repository.owner,
        public_key_pem="",
        webhook_secret="none",
    )
    done = {"status": "completed", "conclusion": "failure"}
    hub.checks.create_run(place.repository, ci, name="lint", sha=sha, fields=done)
    hub.checks.set_status(place.repository, sha, by=alice, state="success", context="ci/jenkins")
    run = {"id": 77, "run_attempt": 1, "name": "CI", "head_sha": sha, "conclusion": "success"}
    workflow = Event("workflow_run", "completed", alice, {"workflow_run": run}, place.repository)
    for _ in range(2):
        hub.core.emit(workflow)

    place.settled()

    told = [detail for name, detail in history(place) if name == "checked"]
    assert [(each["source"], each["name"], each["conclusion"]) for each in told] == [
        ("check", "lint", "failure"),
        ("status", "ci/jenkins", "success"),
        ("workflow", "CI", "success"),
    ]
    assert place.stack.rows(STATE, place.repository.full_name) == [("planned",)]
