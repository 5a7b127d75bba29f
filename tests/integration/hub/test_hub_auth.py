"""App authentication, narrowed and expiring tokens, and what a caller may not do."""

from typing import Any

import jwt
import pytest

from tests.integration.hub.conftest import World


def test_an_app_knows_itself_and_its_installations(world: World) -> None:
    """A signed JWT opens the app's own routes."""
    installed = world.acme.installation.id

    assert world.app("GET", "/app").json()["slug"] == "lockgate"
    assert [one["id"] for one in world.app("GET", "/app/installations").json()] == [installed]
    assert world.app("GET", f"/app/installations/{installed}").json()["app_slug"] == "lockgate"
    on_repository = world.app("GET", f"{world.repo_path}/installation").json()
    assert on_repository["id"] == installed


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"iat": 9_999_999_999}, id="issued in the future"),
        pytest.param({"exp": 9_999_999_999}, id="longer than ten minutes"),
        pytest.param({"iss": "none"}, id="no app"),
    ],
)
def test_a_bad_jwt_is_refused(world: World, claims: dict[str, Any]) -> None:
    """A JWT outside GitHub's rules is 401."""
    assert world.call(world.app_jwt(**claims), "GET", "/app").status_code == 401


def test_a_jwt_by_another_key_is_refused(world: World) -> None:
    """HMAC with the public key is not a signature by the private one."""
    now = int(world.clock().timestamp())
    claims = {"iat": now, "exp": now + 60, "iss": str(world.acme.app.id)}
    forged = jwt.encode(claims, "k" * 32, algorithm="HS256")

    assert world.call(forged, "GET", "/app").status_code == 401


def test_a_token_lives_an_hour(world: World) -> None:
    """An installation token works until its hour is over, then is 401."""
    path = f"/app/installations/{world.acme.installation.id}/access_tokens"
    made = world.app("POST", path).json()

    before = world.call(made["token"], "GET", world.repo_path)
    world.clock.advance(hours=1)
    after = world.call(made["token"], "GET", world.repo_path)

    assert made["token"].startswith("ghs_")
    assert [before.status_code, after.status_code] == [200, 401]


def test_a_token_is_narrowed(world: World) -> None:
    """A token narrowed to reading issues cannot write them or leave its repository."""
    hub = world.server.hub
    hub.repositories.add_repository("acme/other", {"a": "b"}, roles={}, private=True)
    path = f"/app/installations/{world.acme.installation.id}/access_tokens"
    body = {"repositories": ["infrastructure"], "permissions": {"issues": "read"}}
    made = world.app("POST", path, json=body).json()

    issues = f"{world.repo_path}/issues"
    read = world.call(made["token"], "GET", issues)
    write = world.call(made["token"], "POST", issues, json={"title": "A"})
    elsewhere = world.call(made["token"], "GET", "/repos/acme/other/issues")

    assert [read.status_code, write.status_code, elsewhere.status_code] == [200, 403, 404]
    assert made["repository_selection"] == "selected"
    beyond = world.app("POST", path, json={"permissions": {"actions": "write"}})
    assert beyond.status_code == 422
    repositories = world.bot("GET", "/installation/repositories").json()
    assert repositories["total_count"] == 2


def test_private_repositories_do_not_exist_for_strangers(world: World) -> None:
    """A stranger gets 404, as does nobody at all; a wrong token gets 401."""
    world.acme.repo.private = True

    assert world.person("mallory", "GET", world.repo_path).status_code == 404
    assert world.call("", "GET", world.repo_path).status_code == 404
    assert world.call("ghs_wrong", "GET", world.repo_path).status_code == 401
    assert world.person("alice", "GET", world.repo_path).status_code == 200


def test_the_rate_limit_is_told(world: World) -> None:
    """Each answer says how much of the hour's budget is left."""
    token = world.token_of("alice")
    first = world.call(token, "GET", world.repo_path)
    second = world.call(token, "GET", world.repo_path)

    left = [int(one.headers["x-ratelimit-remaining"]) for one in (first, second)]
    assert left == [4999, 4998]
    assert world.call(token, "GET", "/rate_limit").json()["rate"]["used"] == 2
