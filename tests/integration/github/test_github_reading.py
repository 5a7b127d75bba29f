"""What GitHub says of people, pull requests and checks; unknown where it does not say."""

import httpx
import pytest

from bot.github import GitHubClient
from bot.repositories import UNREADABLE, Repositories
from handlers.errors import UserError
from handlers.events import RepoName, Sha
from handlers.ports import Answer, OtherCheck, Permission
from hub.model import Protection, RequiredCheck
from tests.integration.github.github_world import REPO, GitHubWorld, KeyPair


@pytest.fixture
def repositories(world: GitHubWorld) -> Repositories:
    """The port over the hub."""
    return Repositories(world.client, app_id=world.app_id)


def _answering(keys: KeyPair, answers: dict[str, httpx.Response]) -> Repositories:
    """The port over fixed answers, for what the hub lacks: custom roles, forks, refusals."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/installation"):
            return httpx.Response(200, json={"id": 3})
        if path.endswith("/access_tokens"):
            token = {"token": "ghs_x", "expires_at": "2099-01-01T00:00:00Z"}
            return httpx.Response(201, json=token)
        return answers.get(path, httpx.Response(404, json={"message": "Not Found"}))

    client = GitHubClient(
        api_url="https://github.invalid",
        app_id=1,
        private_key=keys.private,
        transport=httpx.MockTransport(answer),
    )
    return Repositories(client, app_id=1)


def test_a_pull_request_is_read_as_it_is_now(
    world: GitHubWorld, repositories: Repositories
) -> None:
    """The base commit is the tip of the base branch, not where the pull request began."""
    number = world.pull()
    base = world.commit("main", {"README.md": "newer"})

    pr = repositories.pull_request(REPO, number)

    assert (pr.number, pr.author, pr.head_ref, pr.base_ref) == (number, "alice", "feature", "main")
    assert pr.base_sha == base
    assert pr.open
    assert not pr.from_fork
    assert repositories.pull_request_of(REPO, "feature") == number
    assert repositories.pull_request_of(REPO, "other") is None
    assert repositories.default_branch(REPO) == ("main", base)


def test_a_branch_with_a_hash_in_its_name_is_its_own(
    world: GitHubWorld, repositories: Repositories
) -> None:
    """`main#2` is not `main`: neither its tip nor its protection."""
    sha = world.commit("main#2", {"a.tf": ""})
    hub, acme = world.server.hub, world.acme
    world.commit("feature", {"b.tf": ""})
    opened = hub.pulls.open_pull(
        acme.repo, by=acme.developer, title="T", body="", head="feature", base="main#2"
    )
    hub.repositories.protect(acme.repo, "main#2", Protection((RequiredCheck("ci"),)))

    pr = repositories.pull_request(REPO, opened.issue.number)

    assert pr.base_sha == sha
    names = [check.name for check in repositories.other_checks(REPO, pr.head_sha, pr.base_ref)]
    assert names == ["ci"]


def test_what_is_not_there_is_said_to_the_person(repositories: Repositories) -> None:
    """A wrong number is the person's to mend."""
    with pytest.raises(UserError, match="There is no pull request #99"):
        repositories.pull_request(REPO, 99)
    with pytest.raises(UserError, match="There is no issue #99"):
        repositories.issue(REPO, 99)


def test_an_issue_is_read(world: GitHubWorld, repositories: Repositories) -> None:
    """Title, words, author and labels."""
    issue = repositories.issue(REPO, world.issue())

    assert (issue.title, issue.body, issue.author) == ("A bucket", "Please.", "alice")
    assert issue.open
    assert issue.labels == ()


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        pytest.param("alice", Permission.WRITE, id="writer"),
        pytest.param("bob", Permission.ADMIN, id="admin"),
        pytest.param("nobody-of-this-name", Permission.NONE, id="no such person"),
    ],
)
def test_permission_is_githubs_role(
    repositories: Repositories, login: str, expected: Permission
) -> None:
    """A person has the role that GitHub names; a stranger has none."""
    assert expected == repositories.permission(REPO, login)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            httpx.Response(200, json={"role_name": "deployer", "permission": "write"}),
            Permission.WRITE,
            id="a custom role counts as what it is built on",
        ),
        pytest.param(
            httpx.Response(200, json={"role_name": "deployer", "permission": "owner"}),
            Permission.UNKNOWN,
            id="a new word of GitHub's",
        ),
        pytest.param(httpx.Response(403, json={"message": "No"}), Permission.UNKNOWN, id="refused"),
        pytest.param(httpx.Response(404, json={"message": "No"}), Permission.NONE, id="a stranger"),
        pytest.param(
            httpx.Response(200, json={"role_name": "maintain", "permission": "write"}),
            Permission.MAINTAIN,
            id="the finer of both names",
        ),
    ],
)
def test_a_permission_that_is_not_known_is_none(
    keys: KeyPair, answer: httpx.Response, expected: Permission
) -> None:
    """Custom roles fall back to GitHub's own; what nobody knows is unknown."""
    path = "/repos/acme/infra/collaborators/carol/permission"

    known = _answering(keys, {path: answer}).permission(RepoName("acme/infra"), "carol")

    assert expected == known


def test_membership_of_a_team(world: GitHubWorld, repositories: Repositories) -> None:
    """Members yes, others and members of missing teams no, a refusal unknown."""
    assert repositories.member(REPO, "platform", "bob") is Answer.YES
    assert repositories.member(REPO, "platform", "alice") is Answer.NO
    assert repositories.member(REPO, "no-such-team", "bob") is Answer.NO

    world.fail("status", status=403, path="/teams/")

    assert repositories.member(REPO, "platform", "bob") is Answer.UNKNOWN


def test_an_invited_member_is_none_yet(keys: KeyPair) -> None:
    """Who has not accepted is not in the team."""
    pending = httpx.Response(200, json={"state": "pending", "role": "member"})
    path = "/orgs/acme/teams/platform/memberships/carol"

    port = _answering(keys, {path: pending})

    assert port.member(RepoName("acme/infra"), "platform", "carol") is Answer.NO


def test_required_checks_are_asked_of_the_protection(
    world: GitHubWorld, repositories: Repositories
) -> None:
    """Ours is left out, a missing one is unknown, and others' reports are read."""
    hub, acme = world.server.hub, world.acme
    required = (RequiredCheck("lockgate", world.app_id), RequiredCheck("ci"), RequiredCheck("lint"))
    hub.repositories.protect(acme.repo, "main", Protection(required))
    for context, state in (("ci", "success"), ("docs", "failure"), ("slow", "pending")):
        hub.checks.set_status(
            acme.repo, world.main, by=acme.developer, state=state, context=context
        )

    found = repositories.other_checks(REPO, world.main, "main")

    assert found == (
        OtherCheck("ci", required=True, passed=Answer.YES),
        OtherCheck("docs", required=False, passed=Answer.NO),
        OtherCheck("lint", required=True, passed=Answer.UNKNOWN),
        OtherCheck("slow", required=False, passed=Answer.UNKNOWN),
    )


def test_more_statuses_than_a_page_are_read(world: GitHubWorld, repositories: Repositories) -> None:
    """The hundred-and-first status counts like the first."""
    hub, acme = world.server.hub, world.acme
    for index in range(120):
        hub.checks.set_status(
            acme.repo, world.main, by=acme.developer, state="success", context=f"c{index}"
        )

    assert len(repositories.other_checks(REPO, world.main, "main")) == 120


def test_a_required_check_counts_only_from_its_app(keys: KeyPair) -> None:
    """Another app's check of the same name, or a status, does not stand in; the worst counts."""
    repo, sha = "/repos/acme/infra", Sha("c" * 40)
    checks = [{"context": "ci", "app_id": 5}, {"context": "any", "app_id": None}]
    runs = [("ci", 6, "success"), ("any", 6, "failure"), ("any", 7, "success")]
    answers = {
        f"{repo}/branches/main/protection": {"required_status_checks": {"checks": checks}},
        f"{repo}/commits/{sha}/status": {"statuses": [{"context": "ci", "state": "success"}]},
        f"{repo}/commits/{sha}/check-runs": {
            "check_runs": [
                {"name": name, "app": {"id": app}, "status": "completed", "conclusion": conclusion}
                for name, app, conclusion in runs
            ]
        },
    }
    port = _answering(
        keys, {path: httpx.Response(200, json=each) for path, each in answers.items()}
    )

    found = {
        each.name: each.passed for each in port.other_checks(RepoName("acme/infra"), sha, "main")
    }

    assert found == {"ci": Answer.UNKNOWN, "any": Answer.NO}


def test_protection_that_may_not_be_read_is_unknown(
    world: GitHubWorld, repositories: Repositories
) -> None:
    """What was not evaluated is not a pass, and the row says what to grant."""
    world.fail("status", status=403, path="/protection$")

    found = repositories.other_checks(REPO, world.main, "main")

    assert found == (OtherCheck(UNREADABLE, required=True, passed=Answer.UNKNOWN),)


@pytest.mark.parametrize(
    ("head_repo", "from_fork"),
    [
        pytest.param({"full_name": "acme/infra"}, False, id="own branch"),
        pytest.param({"full_name": "mallory/infra"}, True, id="fork"),
        pytest.param(None, True, id="deleted fork"),
    ],
)
def test_forks_are_told_even_when_they_are_gone(
    keys: KeyPair,
    head_repo: dict[str, str] | None,
    from_fork: bool,  # noqa: FBT001 -- a table
) -> None:
    """A fork stays a fork; mergeable null is unknown; a deleted author is the ghost."""
    sha = "c" * 40
    pull = {
        "title": "T",
        "user": None,
        "state": "open",
        "head": {"ref": "x", "sha": sha, "repo": head_repo},
        "base": {"ref": "main"},
        "mergeable": None,
    }
    ref = {"object": {"sha": sha}}
    port = _answering(
        keys,
        {
            "/repos/acme/infra/pulls/1": httpx.Response(200, json=pull),
            "/repos/acme/infra/git/ref/heads/main": httpx.Response(200, json=ref),
        },
    )

    pr = port.pull_request(RepoName("acme/infra"), 1)

    assert pr.from_fork is from_fork
    assert pr.mergeable is Answer.UNKNOWN
    assert pr.author == "ghost"
