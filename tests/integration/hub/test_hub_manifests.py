"""Apps made from a manifest: the code is good once, for an hour, and what it gives works."""

from typing import Any

import jwt
import pytest

from hub.errors import ApiError
from tests.integration.hub.conftest import MANIFEST, World

ASKED: dict[str, Any] = MANIFEST | {
    "name": "Lockgate Two",
    "redirect_url": "http://127.0.0.1:1/back",
    "hook_attributes": {"url": "https://lockgate.example/webhook", "active": True},
}


def register(world: World, manifest: dict[str, Any], login: str = "bob") -> str:
    """Confirm a manifest as a person, as the page does."""
    hub = world.server.hub
    return hub.manifests.register(manifest, owner=world.acme.organization, by=hub.core.user(login))


def test_a_code_gives_keys_that_work(world: World) -> None:
    """The exchange needs no token; its key opens the App's routes, its secret signs webhooks."""
    code = register(world, ASKED)

    made = world.call("", "POST", f"/app-manifests/{code}/conversions")

    assert made.status_code == 201
    keys = made.json()
    now = int(world.clock().timestamp())
    claims = {"iat": now - 60, "exp": now + 300, "iss": str(keys["id"])}
    token = jwt.encode(claims, keys["pem"], algorithm="RS256")
    assert world.call(token, "GET", "/app").json()["slug"] == "lockgate-two"
    assert world.call(token, "GET", "/app/hook/config").json() == {
        "content_type": "json",
        "insecure_ssl": "0",
        "secret": "********",
        "url": "https://lockgate.example/webhook",
    }
    assert len(keys["webhook_secret"]) >= 16


def test_a_code_is_good_once_and_for_an_hour(world: World) -> None:
    """A second exchange, a late one and an unknown code are 404."""
    used, late = register(world, ASKED), register(world, ASKED | {"name": "Three"})
    world.call("", "POST", f"/app-manifests/{used}/conversions")
    world.clock.advance(hours=1, seconds=1)

    for code in (used, late, "unknown"):
        assert world.call("", "POST", f"/app-manifests/{code}/conversions").status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"name": " "}, "Name can't be blank", id="no name"),
        pytest.param({"name": "lockgate"}, "Name is already taken", id="taken name"),
        pytest.param({"redirect_url": "nowhere"}, "Redirect url must be a URL", id="redirect"),
        pytest.param({"hook_attributes": {}}, "Hook url must be a URL", id="hook"),
        pytest.param({"default_permissions": []}, "must be an object", id="permissions"),
        pytest.param({"default_permissions": {"checks": "own"}}, "not included", id="level"),
    ],
)
def test_a_manifest_is_checked(world: World, change: dict[str, Any], words: str) -> None:
    """What GitHub would refuse is refused with 422."""
    with pytest.raises(ApiError, match=words) as refused:
        register(world, ASKED | change)

    assert refused.value.status == 422


def test_only_owners_register_for_an_organisation(world: World) -> None:
    """A developer of acme is refused with 403."""
    with pytest.raises(ApiError, match="Only owners of acme") as refused:
        register(world, ASKED, login="alice")

    assert refused.value.status == 403
