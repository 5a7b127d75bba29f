"""The API against its own description: whatever is sent, the answer is one that it describes."""

from collections import Counter
from contextlib import suppress
from typing import Any

import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from bot.api_keys import ApiKeys
from bot.compose import now
from bot.database import Database
from bot.deployments import Deployments
from bot.settings import Settings
from handlers.actions import Milestone, RecordEvent
from tests.stored_plans import REPO

# What a module takes, or where a cursor came from, is more than a description can say.
BEYOND = [positive_data_acceptance]
# Searching threads and the web takes a GitHub with threads, and services: other tests have them.
WORKING = {
    "GET /collections",
    "GET /commands/{command_id}",
    "GET /config/resolve",
    "GET /deployments",
    "GET /deployments/{deployment_id}/plan",
    "GET /deployments/{deployment_id}/status",
    "POST /deployments",
    "POST /deployments/{deployment_id}/apply",
    "POST /deployments/{deployment_id}/approve",
}
BAD, INVALID = 400, 422
# Either a module with its own variables or words: no schema says what the first takes.
IN_WORDS: dict[str, Any] = {"module": None, "template": "A private bucket.", "variables": {}}
EXAMPLES = hypothesis.settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)


@pytest.fixture
def settings(github_settings: Settings) -> Settings:
    """With a GitHub, so that nothing is missing, and without a limit that a quick machine meets."""
    many = {"api_requests_per_minute": 10**6, "api_address_requests_per_minute": 10**6}
    return github_settings.model_copy(update=many)


@pytest.fixture
def key(database: Database) -> str:
    """A key that may do everything."""
    scopes = ["read", "draft", "approve", "apply"]
    return ApiKeys(database).create(
        "any", person="alice", scopes=scopes, repositories=["*"], lifetime=None
    )


@pytest.fixture
def known(database: Database, app: FastAPI, key: str) -> dict[str, str]:
    """A path's parts that lead to something that is there."""
    event = RecordEvent(REPO, 7, Milestone.PLANNED, actor="alice", key="p")
    deployment_id = Deployments(database, now).record(event)
    given = TestClient(app).post(
        f"/deployments/{deployment_id}/approve", json={}, headers={"Authorization": f"Bearer {key}"}
    )
    return {
        "deployment_id": deployment_id,
        "command_id": given.json()["id"],
        "collection_id": "modules",
    }


def test_every_answer_is_described(app: FastAPI, key: str, known: dict[str, str]) -> None:
    """Sound and unsound requests alike; never a 5xx, never an answer of another shape."""
    described = schemathesis.openapi.from_asgi("/openapi.json", app)
    described.raw_schema["servers"] = [{"url": "/"}]
    # Without a key every answer is 401, which other tests see.
    described.config.generation.update(with_security_parameters=False)
    answers: Counter[tuple[str, int]] = Counter()
    for found in described.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        answers.update((operation.label, status) for status in _ask(operation, key, known))

    assert {label for label, status in answers if status < BAD} >= WORKING
    assert {label for label, status in answers if status == INVALID} >= WORKING - {
        "GET /collections"
    }


def _ask(operation: Any, key: str, known: dict[str, str]) -> list[int]:
    headers, statuses = {"Authorization": f"Bearer {key}"}, []

    def ask(case: Any) -> None:
        answer = case.call_and_validate(headers=headers, excluded_checks=BEYOND)
        statuses.append(answer.status_code)

    @EXAMPLES
    @given(case=operation.as_strategy(GenerationMode.POSITIVE), there=st.booleans())
    def sound(case: Any, *, there: bool) -> None:
        for name in case.path_parameters or ():
            if there and name in known:
                case.path_parameters[name] = known[name]
        if there and "repository" in (case.query or {}):
            case.query["repository"] = "acme/infrastructure"
        if there and operation.label == "POST /deployments":
            case.body = {**case.body, **IN_WORDS}
        ask(case)

    @EXAMPLES
    @given(case=operation.as_strategy(GenerationMode.NEGATIVE))
    def unsound(case: Any) -> None:
        ask(case)

    sound()
    # What takes nothing can't be asked wrongly.
    with suppress(hypothesis.errors.Unsatisfiable):
        unsound()
    return statuses
