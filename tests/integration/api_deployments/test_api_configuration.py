"""The configuration that holds, read from the default branch of a real repository of the hub."""

from typing import Any

import pytest

from bot.settings import Settings
from hub.seed import Acme
from hub.server import HubServer
from tests.integration.api_deployments.api_clients import Client


@pytest.fixture
def settings(github_settings: Settings) -> Settings:
    """With a GitHub, and secrets in many places."""
    return github_settings


def resolved(client: Client, **params: str) -> dict[str, dict[str, Any]]:
    """The values by key."""
    answer = client("read").get(
        "/config/resolve", params={"repository": "acme/infrastructure", **params}
    )
    assert answer.status_code == 200, answer.text
    return {value["key"]: value for value in answer.json()["values"]}


def test_each_value_has_where_it_came_from(client: Client) -> None:
    """The file with its line, a setting with its name, or a default."""
    values = resolved(client)

    assert values["budget_usd_per_month"] == {
        "key": "budget_usd_per_month",
        "value": "200",
        "source": "repository",
        "where": ".github/lockgate.yml:10",
    }
    assert values["approvers.count"]["source"] == "default"
    assert values["projects[0].approvers.teams"]["value"] == ["network"]
    assert values["projects[0].approvers.teams"]["where"] == ".github/lockgate.yml:14"
    assert values["projects[1].approvers.teams"]["value"] == ["platform"]
    assert values["approvers.teams"]["value"] == ["platform"]
    assert values["drafts.directory"]["value"] == "infra"
    assert "hashicorp/aws" in values["allowed_providers"]["value"]
    assert values["settings.plan_concurrency"] == {
        "key": "settings.plan_concurrency",
        "value": 5,
        "source": "setting",
        "where": "LOCKGATE_PLAN_CONCURRENCY",
    }
    assert values["settings.apply_concurrency"]["source"] == "default"


def test_no_secret_is_shown(client: Client) -> None:
    """Not even one inside an address."""
    values = resolved(client)

    assert "hunter2" not in str(values)
    assert "PRIVATE KEY" not in str(values)
    assert values["settings.sealing_keys"]["value"] == ["********"]
    assert values["settings.database_url"]["value"] == "********"


@pytest.mark.parametrize("environment", ["network", "production", "production-eu"])
def test_an_environment_is_a_project_or_a_workspace(client: Client, environment: str) -> None:
    """Only its projects are left; what holds for all stays."""
    values = resolved(client, environment=environment)

    names = [value["value"] for key, value in values.items() if key.endswith("].name")]
    assert names == ["network"]
    assert "approvers.count" in values


def test_an_unknown_environment_is_refused_with_those_there_are(client: Client) -> None:
    """So that a typo is not an empty answer."""
    answer = client("read").get(
        "/config/resolve",
        params={"repository": "acme/infrastructure", "environment": "staging"},
    )

    assert answer.status_code == 422
    assert "data, default, network, production, production-eu" in answer.json()["detail"]


def test_a_file_that_is_wrong_is_told_with_its_lines(
    client: Client, hub: HubServer, acme: Acme
) -> None:
    """Every problem at once, as the check tells them."""
    hub.hub.repositories.commit_files(
        acme.repo,
        "main",
        {".github/lockgate.yml": b"version: 1\naprovers: {}\nbudget_usd_per_month: much\n"},
        by=acme.platform_engineer,
        message="Break it",
    )

    answer = client("read").get("/config/resolve", params={"repository": "acme/infrastructure"})

    assert answer.status_code == 409
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == [".github/lockgate.yml:2", ".github/lockgate.yml:3"]


def test_a_repository_without_the_app_is_not_there(client: Client) -> None:
    """As one that the key does not reach."""
    there = client("read").get("/config/resolve", params={"repository": "acme/nothing"})
    reached = client("read").get("/config/resolve", params={"repository": "other/x"})

    assert (there.status_code, reached.status_code) == (404, 404)
    assert there.json()["detail"] == reached.json()["detail"]
