"""Check runs, buttons, statuses and deployments over REST."""

from typing import Any

import pytest

from tests.integration.hub.conftest import World

ANNOTATION = {
    "path": "live/main.tf",
    "start_line": 1,
    "end_line": 1,
    "annotation_level": "warning",
    "message": "open to the world",
}
BUTTON = {"label": "Apply", "description": "Apply this plan", "identifier": "apply"}


def head(world: World) -> str:
    """Return the commit of main."""
    sha = world.bot("GET", f"{world.repo_path}/git/ref/heads/main").json()["object"]["sha"]
    return str(sha)


def start(world: World, **fields: Any) -> Any:
    """Start a check run on main and return the response."""
    body = {"name": "lockgate", "head_sha": head(world)} | fields
    return world.bot("POST", f"{world.repo_path}/check-runs", json=body)


def test_a_check_run_goes_from_queued_to_done(world: World) -> None:
    """Updates append annotations, and completion is told once."""
    run = start(world, external_id="run-1", status="in_progress").json()
    path = f"{world.repo_path}/check-runs/{run['id']}"
    output = {"title": "Plan", "summary": "1 to add", "annotations": [ANNOTATION]}

    world.bot("PATCH", path, json={"output": output})
    done = {"status": "completed", "conclusion": "success", "output": output, "actions": [BUTTON]}
    world.bot("PATCH", path, json=done)

    shown = world.bot("GET", path).json()
    assert [shown["status"], shown["conclusion"]] == ["completed", "success"]
    assert shown["output"]["annotations_count"] == 2
    assert len(world.bot("GET", f"{path}/annotations").json()) == 2
    assert [name for name in world.deliveries() if name.startswith("check")] == [
        "check_run.created",
        "check_run.completed",
        "check_suite.completed",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"output": {"title": "t", "summary": "é" * 32768}}, id="summary bytes"),
        pytest.param({"output": {"title": "t", "summary": "s", "text": "x" * 65536}}, id="text"),
        pytest.param(
            {"output": {"title": "t", "summary": "s", "annotations": [ANNOTATION] * 51}},
            id="51 annotations",
        ),
        pytest.param({"actions": [BUTTON] * 4}, id="four buttons"),
        pytest.param({"actions": [BUTTON | {"label": "x" * 21}]}, id="long label"),
        pytest.param({"status": "completed"}, id="completed without conclusion"),
        pytest.param({"head_sha": "0" * 40}, id="unknown commit"),
    ],
)
def test_github_limits_are_kept(world: World, fields: dict[str, Any]) -> None:
    """What is over a limit is refused with 422."""
    assert start(world, **fields).status_code == 422


def test_a_click_reaches_the_app(world: World) -> None:
    """A button press and a re-run arrive as requested_action and rerequested."""
    run_id = start(world, status="completed", conclusion="neutral", actions=[BUTTON]).json()["id"]
    hub, repo = world.server.hub, world.acme.repo
    run = hub.checks.run(repo, run_id)

    hub.checks.click_button(repo, run, "apply", by=world.acme.platform_engineer)
    hub.checks.rerequest_suite(repo, run.suite, by=world.acme.platform_engineer)
    again = world.bot("POST", f"{world.repo_path}/check-runs/{run_id}/rerequest")

    clicked = world.last("check_run.requested_action")
    assert clicked["requested_action"] == {"identifier": "apply"}
    assert clicked["sender"]["login"] == "bob"
    assert again.status_code == 201
    assert {"check_run.rerequested", "check_suite.rerequested"} <= set(world.deliveries())


def test_only_the_latest_run_of_a_name_is_listed(world: World) -> None:
    """A newer run of a name replaces the older unless all are asked for."""
    old = start(world, status="completed", conclusion="failure").json()
    new = start(world, status="completed", conclusion="success").json()
    path = f"{world.repo_path}/commits/main/check-runs"
    own = {"app_id": world.acme.app.id, "check_name": "lockgate"}

    latest = world.bot("GET", path, params=own).json()
    every = world.bot("GET", path, params={"filter": "all"}).json()
    suites = world.bot("GET", f"{world.repo_path}/commits/main/check-suites").json()

    assert [run["id"] for run in latest["check_runs"]] == [new["id"]]
    assert {run["id"] for run in every["check_runs"]} == {old["id"], new["id"]}
    assert suites["check_suites"][0]["conclusion"] == "success"
    suite_path = f"{world.repo_path}/check-suites/{suites['check_suites'][0]['id']}"
    assert world.bot("GET", suite_path).json()["latest_check_runs_count"] == 2


def test_people_cannot_write_checks(world: World) -> None:
    """Only an app writes check runs."""
    body = {"name": "lockgate", "head_sha": head(world)}

    answer = world.person("bob", "POST", f"{world.repo_path}/check-runs", json=body)

    assert answer.status_code == 403


def test_statuses_combine_to_the_worst(world: World) -> None:
    """The combined status is red when one context is."""
    path = f"{world.repo_path}/statuses/{head(world)}"
    world.bot("POST", path, json={"state": "success", "context": "a"})
    world.bot("POST", path, json={"state": "failure", "context": "b"})

    combined = world.bot("GET", f"{world.repo_path}/commits/main/status").json()

    assert combined["state"] == "failure"
    assert combined["total_count"] == 2


def test_a_deployment_reports_its_statuses(world: World) -> None:
    """A deployment without required contexts is made and its statuses are kept."""
    start(world, status="completed", conclusion="failure")
    path = f"{world.repo_path}/deployments"
    body = {"ref": "main", "environment": "production", "auto_merge": False}

    refused = world.bot("POST", path, json=body)
    made = world.bot("POST", path, json=body | {"required_contexts": []}).json()
    statuses = f"{path}/{made['id']}/statuses"
    world.bot("POST", statuses, json={"state": "in_progress"})
    world.bot("POST", statuses, json={"state": "success", "description": "Healthy"})

    assert refused.status_code == 409
    assert [one["state"] for one in world.bot("GET", statuses).json()] == ["success", "in_progress"]
    assert world.bot("GET", f"{path}/{made['id']}").json()["sha"] == head(world)
    assert len(world.bot("GET", path, params={"environment": "production"}).json()) == 1
    assert {"deployment.created", "deployment_status.created"} <= set(world.deliveries())
