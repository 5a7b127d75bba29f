"""The client of the App against a hub that behaves, and one that does not."""

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.github import GitHubClient, GitHubError, in_path
from handlers.errors import TransientError
from handlers.events import RepoName
from tests.integration.github.github_world import REPO, GitHubWorld, KeyPair

TOKENS = "/access_tokens"


def test_one_token_serves_until_shortly_before_it_expires(world: GitHubWorld) -> None:
    """A token is kept for most of its hour and renewed while it still works."""
    first = world.client.token(REPO)
    world.clock.advance(minutes=54)
    same = world.client.token(REPO)

    world.clock.advance(minutes=2)
    second = world.client.token(REPO)

    assert first == same
    assert first != second
    assert len(world.recorder.asked("POST", TOKENS)) == 2


def test_a_revoked_token_is_renewed_once(world: GitHubWorld) -> None:
    """A call with a token that GitHub forgot works, with one new token and one repetition."""
    world.server.hub.accounts.revoke(world.client.token(REPO))

    found = world.client.call(REPO, "GET", "")

    assert found["full_name"] == REPO
    assert len(world.recorder.asked("POST", TOKENS)) == 2


def test_a_401_to_the_app_itself_passes(world: GitHubWorld) -> None:
    """A good JWT is refused at times; the delivery is tried again and not lost."""
    world.fail("unauthorized", path="^/repos/.*/installation", times=1)

    with pytest.raises(TransientError, match="App's key"):
        world.client.call(REPO, "GET", "/issues")

    assert world.client.call(REPO, "GET", "/issues") == []


def test_a_401_that_stays_is_the_answer(world: GitHubWorld) -> None:
    """GitHub refusing a fresh token too is not asked for ever."""
    world.fail("unauthorized", path="^/repos/.*/issues", times=5)

    with pytest.raises(GitHubError, match="401 Bad credentials"):
        world.client.call(REPO, "GET", "/issues")

    assert len(world.recorder.asked("GET", "/issues")) == 2


def test_an_app_installed_anew_is_found(world: GitHubWorld) -> None:
    """Removing and installing the App needs no restart."""
    hub, acme = world.server.hub, world.acme
    world.server.hub.accounts.revoke(world.client.token(REPO))
    del hub.core.installations[acme.installation.id]
    hub.accounts.install(acme.app, acme.organization, by=acme.platform_engineer)

    assert world.client.call(REPO, "GET", "")["full_name"] == REPO


def test_where_the_app_is_not_installed_nothing_is_known(world: GitHubWorld) -> None:
    """A repository out of reach is a refusal, not a retry."""
    with pytest.raises(GitHubError) as caught:
        world.client.call(RepoName("acme/elsewhere"), "GET", "")

    assert caught.value.status == 404


def test_long_tokens_are_used_whole(world: GitHubWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of a thousand characters authenticates like any other."""
    accounts = world.server.hub.accounts
    make = accounts.installation_token

    def long_one(*arguments: Any, **options: Any) -> Any:
        token = make(*arguments, **options)
        long = replace(token, value=f"ghs_{'A1_-' * 250}")
        accounts.tokens[long.value] = long
        return long

    # The hub is a real service here; only the length of what it gives out is changed.
    monkeypatch.setattr(accounts, "installation_token", long_one)

    assert world.client.call(REPO, "GET", "")["full_name"] == REPO
    assert len(world.client.token(REPO)) == 1004


def test_a_read_is_asked_again_after_a_server_error(world: GitHubWorld) -> None:
    """Two errors in a row do not show."""
    world.fail("status", path="/issues$", status=502, times=2)

    assert world.client.call(REPO, "GET", "/issues") == []


def test_a_read_that_keeps_failing_is_left_for_later(world: GitHubWorld) -> None:
    """Three errors in a row end in a failure that passes."""
    world.fail("status", path="/issues$", status=503, times=3)

    with pytest.raises(TransientError, match="GitHub answered 503"):
        world.client.call(REPO, "GET", "/issues")

    assert len(world.recorder.asked("GET", "/issues")) == 3


@pytest.mark.parametrize("kind", ["status", "lost_answer"])
def test_a_write_is_sent_once(world: GitHubWorld, kind: str) -> None:
    """What may have been done is not done again blindly."""
    world.fail(kind, method="POST", path="/issues$", status=502)

    with pytest.raises(TransientError):
        world.client.call(REPO, "POST", "/issues", json={"title": "One"})

    assert len(world.recorder.asked("POST", "/issues")) == 1


@pytest.mark.parametrize(
    ("rule", "wait"),
    [
        pytest.param({"kind": "secondary_limit", "retry_after": 7}, 7, id="says how long"),
        pytest.param({"kind": "secondary_limit"}, 60, id="says nothing"),
        pytest.param({"kind": "status", "status": 429}, 60, id="429"),
        pytest.param({"kind": "status", "status": 429, "retry_after": 3}, 3, id="429 that says"),
    ],
)
def test_a_limit_is_waited_for_elsewhere(
    world: GitHubWorld, rule: dict[str, object], wait: int
) -> None:
    """A limit never sleeps in the worker: it says how long to wait, and asks only once."""
    world.fail(str(rule.pop("kind")), path="/issues$", **rule)

    with pytest.raises(TransientError, match="rate limit") as caught:
        world.client.call(REPO, "GET", "/issues")

    assert caught.value.retry_after == timedelta(seconds=wait)
    assert len(world.recorder.asked("GET", "/issues")) == 1


def test_the_hourly_limit_is_waited_for_until_its_reset(world: GitHubWorld) -> None:
    """The primary limit names the moment it ends."""
    world.fail("primary_limit", path="/issues$", retry_after=1800)

    with pytest.raises(TransientError) as caught:
        world.client.call(REPO, "GET", "/issues")

    assert caught.value.retry_after is not None
    assert abs(caught.value.retry_after - timedelta(minutes=30)) < timedelta(seconds=30)


def test_no_answer_in_time_is_a_failure_that_passes(world: GitHubWorld) -> None:
    """A GitHub that hangs holds no worker for long."""
    impatient = world.new_client(seconds=0.3)
    impatient.token(REPO)
    world.fail("timeout", method="POST", path="/issues$", seconds=1.5)

    with pytest.raises(TransientError, match="did not answer"):
        impatient.call(REPO, "POST", "/issues", json={"title": "One"})


def test_nobody_there_is_a_failure_that_passes(world: GitHubWorld) -> None:
    """GitHub away is told apart from GitHub refusing."""
    world.server.stop()

    with pytest.raises(TransientError, match="did not answer"):
        world.new_client().call(REPO, "POST", "/issues", json={"title": "One"})


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("GET", "/issues/99", None, 404, id="not there"),
        pytest.param("POST", "/issues", {"title": ""}, 422, id="not valid"),
        pytest.param(
            "POST", "/check-runs", {"name": "x", "head_sha": "0" * 40}, 422, id="no commit"
        ),
    ],
)
def test_a_refusal_keeps_githubs_words(
    world: GitHubWorld, method: str, path: str, body: dict[str, str] | None, status: int
) -> None:
    """Status and reason arrive, and the request is not repeated."""
    options = {} if body is None else {"json": body}

    with pytest.raises(GitHubError) as caught:
        world.client.call(REPO, method, path, **options)

    assert caught.value.status == status
    assert caught.value.message
    assert len(world.recorder.asked(method, path)) == 1


def test_a_conflict_is_a_refusal(world: GitHubWorld) -> None:
    """A merge whose head moved is refused with 409."""
    number = world.pull()

    with pytest.raises(GitHubError) as caught:
        world.client.call(REPO, "PUT", f"/pulls/{number}/merge", json={"sha": "0" * 40})

    assert caught.value.status == 409


def test_every_page_of_a_list_is_read(world: GitHubWorld) -> None:
    """A list of three pages arrives whole and in order."""
    number = world.issue()
    issues, repo = world.server.hub.issues, world.acme.repo
    issue = issues.get(repo, number)
    for index in range(205):
        issues.comment(repo, issue, by=world.acme.developer, body=str(index))

    found = [each["body"] for each in world.client.pages(REPO, f"/issues/{number}/comments")]

    assert found == [str(index) for index in range(205)]
    assert len(world.recorder.asked("GET", "/comments")) == 3


def test_no_name_leads_out_of_its_repository() -> None:
    """Dots alone are a name, not a way up; with other characters they stay as they are."""
    assert in_path("main/../.././a..b/.github") == "main/%2E%2E/%2E%2E/%2E/a..b/.github"


def test_names_in_paths_are_quoted(world: GitHubWorld) -> None:
    """`#`, `%` and `?` of a branch end neither the path nor the branch."""
    world.commit("release#1/50%", {"a": "b"})

    found = world.client.call(REPO, "GET", f"/git/ref/heads/{in_path('release#1/50%')}")

    assert found["ref"] == "refs/heads/release#1/50%"


def test_many_threads_share_one_client(world: GitHubWorld) -> None:
    """Eight threads ask for one token and get their own answers."""
    numbers = [world.issue() for _ in range(8)]
    start = threading.Barrier(8)

    def ask(number: int) -> list[int]:
        start.wait()
        path = f"/issues/{number}"
        return [world.client.call(REPO, "GET", path)["number"] for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, numbers))

    assert answers == [[number] * 5 for number in numbers]
    assert len(world.recorder.asked("POST", TOKENS)) == 1


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"kind": "status", "status": 500}, id="500"),
        pytest.param({"kind": "unauthorized"}, id="401"),
        pytest.param({"kind": "secondary_limit"}, id="limit"),
        pytest.param({"kind": "lost_answer"}, id="lost"),
        pytest.param({"kind": "status", "status": 422}, id="422"),
    ],
)
def test_no_failure_shows_a_secret(
    world: GitHubWorld, keys: KeyPair, rule: dict[str, object]
) -> None:
    """Whatever goes wrong, neither token nor key is in the error or what led to it."""
    token = world.client.token(REPO)
    world.fail(str(rule.pop("kind")), path="/issues$", times=9, **rule)

    with pytest.raises((GitHubError, TransientError)) as caught:
        world.client.call(REPO, "POST", "/issues", json={"title": "One"})

    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    key_line = keys.private.splitlines()[1]
    for secret in (token, world.client.token(REPO), key_line, "ghs_", "Bearer"):
        assert secret not in said


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"<html>unicorn</html>", "an answer that is not JSON", id="HTML"),
        pytest.param(b'["a"]', "an answer without a message", id="a list"),
        pytest.param(b'{"message": "No", "errors": "really"}', "No really", id="errors as text"),
        pytest.param(b'{"message": "No", "errors": ["a", {"code": "b"}]}', "No a; b", id="mixed"),
        pytest.param(b'{"message": "%s"}' % (b"x" * 9999), "x" * 500, id="endless"),
    ],
)
def test_odd_refusals_have_a_message_all_the_same(keys: KeyPair, body: bytes, message: str) -> None:
    """Proxies answer with what they like; the error stays short and readable."""
    transport = httpx.MockTransport(lambda _: httpx.Response(403, content=body))
    client = GitHubClient(
        api_url="https://github.invalid", app_id=1, private_key=keys.private, transport=transport
    )

    with pytest.raises(GitHubError) as caught:
        client.app("GET", "/app")

    assert caught.value.message == message


def test_a_renamed_repository_is_followed(keys: KeyPair) -> None:
    """GitHub redirects the old name; the call gets its answer."""

    def renamed(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/repos/acme/old/installation":
            return httpx.Response(301, headers={"location": "/repositories/5/installation"})
        return httpx.Response(200, json={"id": 3, "path": request.url.path})

    client = GitHubClient(
        api_url="https://github.invalid",
        app_id=1,
        private_key=keys.private,
        transport=httpx.MockTransport(renamed),
    )

    assert (
        client.app("GET", "/repos/acme/old/installation")["path"] == "/repositories/5/installation"
    )
