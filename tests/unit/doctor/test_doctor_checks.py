"""What each check makes of what it sees: permissions, deliveries, clocks, files."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app_manifest import AppManifest
from bot.compose import now
from bot.doctor import machine, services, stores, tools
from bot.doctor.checks import checks
from bot.doctor.clocks import apart, skew
from bot.doctor.examining import examine
from bot.doctor.github import key, lacking, surplus
from bot.doctor.results import Result, State
from bot.doctor.webhook import came
from bot.sealing import new_key
from bot.settings import Settings, read

WANTED = AppManifest(
    name="lockgate",
    public=False,
    default_permissions={"checks": "write", "contents": "write", "members": "read"},
    default_events=("issues",),
)
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
HOOK, PAGE = "https://lockgate.example/webhook", "https://github.com/settings/apps/lockgate"


def settings(**given: object) -> Settings:
    """Settings as the environment gives them."""
    environ = {f"LOCKGATE_{name.upper()}": str(value) for name, value in given.items()}
    return read(environ, for_github=False)


def delivery(guid: str, status: int) -> Mapping[str, Any]:
    """One attempt as GitHub lists it."""
    delivered_at = (AT - timedelta(minutes=7)).isoformat()
    return {"guid": guid, "status_code": status, "status": "words", "delivered_at": delivered_at}


@pytest.mark.parametrize(
    ("granted", "missing", "extra"),
    [
        pytest.param(
            {"checks": "write", "contents": "write", "members": "read", "metadata": "read"},
            [],
            [],
            id="exact",
        ),
        pytest.param(
            {"checks": "read", "contents": "admin"},
            ["checks: write", "members: read"],
            ["contents: admin"],
            id="too low, missing, too high",
        ),
        pytest.param(
            {**WANTED.default_permissions, "workflows": "write"},
            [],
            ["workflows: write"],
            id="surplus",
        ),
    ],
)
def test_permissions_are_compared_both_ways(
    granted: Mapping[str, str], missing: list[str], extra: list[str]
) -> None:
    """What is missing and what nobody needs are both named."""
    assert (lacking(WANTED, granted), surplus(WANTED, granted)) == (missing, extra)


@pytest.mark.parametrize(
    ("deliveries", "state", "words"),
    [
        pytest.param([delivery("a", 202)], State.OK, "7 min ago", id="arrived"),
        pytest.param(
            [delivery("b", 202), delivery("a", 503)],
            State.WARNING,
            "1 of the last 2",
            id="one lost",
        ),
        pytest.param([delivery("a", 202), delivery("a", 503)], State.OK, "", id="sent again"),
        pytest.param([delivery("a", 502), delivery("b", 202)], State.FAILED, "502", id="away"),
        pytest.param([delivery("a", 401)], State.FAILED, "signature", id="another secret"),
    ],
)
def test_deliveries_tell_whether_the_webhook_is_reached(
    deliveries: list[Mapping[str, Any]], state: State, words: str
) -> None:
    """The newest decides; one that arrived later counts as arrived."""
    result = came(HOOK, deliveries, PAGE, at=AT)

    assert (result.state, words in result.said) == (state, True)


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        pytest.param(0, State.OK, "Within 1 s", id="same"),
        pytest.param(-30, State.OK, "Within 30 s", id="bearable"),
        pytest.param(31, State.FAILED, "31 s behind that of GitHub", id="ours is behind"),
        pytest.param(-3600, State.FAILED, "3600 s ahead of that of GitHub", id="ours is ahead"),
    ],
)
def test_clocks_far_apart_fail(seconds: int, state: State, words: str) -> None:
    """The sentence says which way and how far."""
    result = apart("clock", timedelta(seconds=seconds), of="GitHub")

    assert result.state is state
    assert words in result.said


def test_a_slow_answer_is_no_skew() -> None:
    """Their time is compared with the middle of the request."""
    at = now()

    assert skew(at, at - timedelta(seconds=5), at + timedelta(seconds=5)) == timedelta(0)


def only(found: list[Result]) -> Result:
    """The one result."""
    (one,) = found
    return one


def test_keys_for_terraform_are_read_and_kept_from_others(tmp_path: Path) -> None:
    """A file that is empty fails, one that others may read is pointed out; values never show."""
    plan, apply = tmp_path / "plan.env", tmp_path / "apply.env"
    plan.write_text("AWS_ACCESS_KEY_ID=AKIAEXAMPLE\n")
    plan.chmod(0o644)
    apply.write_text("# nothing\n")

    first, second = machine.cloud_keys(
        settings(plan_environment_file=plan, apply_environment_file=apply)
    )

    assert (first.state, first.mend) == (State.FAILED, f"chmod 600 {plan}")
    assert second.state is State.FAILED
    plan.chmod(0o640)
    first, second = machine.cloud_keys(settings(plan_environment_file=plan))
    assert (first.state, first.mend) == (State.WARNING, f"chmod 600 {plan}")
    plan.chmod(0o600)
    first, second = machine.cloud_keys(settings(plan_environment_file=plan))
    assert (first.state, first.said) == (State.OK, "1 variables.")
    assert second.state is State.OFF


def test_keys_of_environments_are_looked_at_too(tmp_path: Path) -> None:
    """Each file of each environment has a result of its own."""
    (tmp_path / "prod").mkdir()
    apply = tmp_path / "prod" / "apply.env"
    apply.write_text("AWS_ROLE_ARN=arn\n")
    apply.chmod(0o600)

    found = list(machine.cloud_keys(settings(credentials_folder=tmp_path)))[2:]

    assert [(one.name, one.state) for one in found] == [("Apply keys of prod", State.OK)]


def test_the_data_folder_is_looked_at_before_it_is_made(tmp_path: Path) -> None:
    """A folder that can't be made fails; one that will be made is fine and is not made."""
    blocked = tmp_path / "file"
    blocked.write_text("")

    well = only(list(machine.data_folder(settings(data_folder=tmp_path / "new" / "folder"))))
    ill = only(list(machine.data_folder(settings(data_folder=blocked / "below"))))

    assert well.state in {State.OK, State.WARNING}
    assert not (tmp_path / "new").exists()
    assert (ill.state, "LOCKGATE_DATA_FOLDER" in ill.mend) == (State.FAILED, True)


def test_machines_that_would_each_make_a_key_are_pointed_out() -> None:
    """With a database of many machines the sealing key has to be set."""
    url = "postgresql://db/lockgate"
    keyless = settings(database_url=url)
    keyed = settings(database_url=url, sealing_keys=new_key())

    assert [one.state for one in machine.settings_shape(keyless)] == [State.WARNING]
    assert [one.state for one in machine.settings_shape(keyed)] == [State.OK]


def test_an_embedded_database_is_not_made_to_be_looked_at(tmp_path: Path) -> None:
    """The first start makes it."""
    result = only(list(stores.database(settings(data_folder=tmp_path / "data"))))

    assert result.state is State.OK
    assert not (tmp_path / "data").exists()


def test_stores_that_are_away_say_so_without_their_passwords() -> None:
    """Each names its setting."""
    away = settings(
        database_url="postgresql://me:hunter22@127.0.0.1:1/x",
        redis_url="redis://:hunter22@127.0.0.1:1/0",
    )

    found = [*stores.database(away), *stores.queue(away)]

    assert [one.state for one in found] == [State.FAILED, State.FAILED]
    assert "LOCKGATE_DATABASE_URL" in found[0].mend
    assert "LOCKGATE_REDIS_URL" in found[1].mend
    assert "hunter22" not in "".join(one.said + one.mend for one in found)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        pytest.param("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", "PEM", id="no"),
    ],
)
def test_a_key_that_is_none_is_told(pem: str, words: str) -> None:
    """Before GitHub is asked, and without showing it."""
    result = only(list(key(settings(private_key=pem))))

    assert (result.state, words in result.said) == (State.FAILED, True)
    assert "abc" not in result.said


def test_tools_that_are_not_there_say_how_to_install_them(tmp_path: Path) -> None:
    """Terraform, Checkov, OPA, the catalogue and a mirror: each fails or stays unknown."""
    program = tmp_path / "nothing"
    program.write_text("")
    wrong = settings(
        terraform=tmp_path / "none",
        checkov=program,
        opa_bindings=tmp_path,
        catalogue_folder=tmp_path,
        provider_mirror=tmp_path / "none",
    )

    found = [
        only(list(check(wrong)))
        for check in (tools.engine, tools.checkov, tools.opa, tools.catalogue, tools.providers)
    ]

    assert not {one.state for one in found} & {State.OK, State.WARNING, State.OFF}
    assert all(one.mend for one in found)
    empty = only(list(tools.providers(settings(provider_mirror=tmp_path))))
    assert "holds no provider" in empty.said


def test_drafting_needs_no_language_model() -> None:
    """Whoever looks for one is told that none is wanted."""
    found = list(tools.catalogue(settings()))

    assert [(one.name, one.state) for one in found] == [
        ("Catalogue", State.OK),
        ("Language model", State.OFF),
    ]


def test_no_sandbox_is_pointed_out() -> None:
    """The operator's own word is a warning, not a pass in silence."""
    result = only(list(tools.sandbox(settings(sandbox="off-i-accept-the-risk"))))

    assert result.state is State.WARNING


def test_services_are_off_until_they_are_configured(tmp_path: Path) -> None:
    """Those that are configured and away fail; a broken file of servers names the line."""
    broken = tmp_path / "servers.yml"
    broken.write_text("version: 1\nservers: nothing\n")
    away = settings(
        kubernetes_mcp_url="http://127.0.0.1:1/mcp",
        web_search_url="http://127.0.0.1:1",
        otlp_endpoint="http://127.0.0.1:1",
    )
    none = settings()

    quiet = [
        *services.mcp_servers(none, {}),
        *services.web(none),
        *services.telemetry(none),
    ]
    loud = [*services.mcp_servers(away, {}), *services.web(away), *services.telemetry(away)]
    unread = only(list(services.mcp_servers(settings(mcp_servers_file=broken), {})))

    assert {one.state for one in quiet} == {State.OFF}
    assert [one.state for one in loud] == [
        State.FAILED,
        State.FAILED,
        State.OFF,
        State.FAILED,
    ]
    assert unread.state is State.FAILED


def test_settings_that_are_missing_leave_the_rest_looked_at() -> None:
    """Without an App the machine is examined all the same; what is not looked at is named."""
    named = {check.name for check in checks({})}
    garbled = examine(checks({"LOCKGATE_PORT": "many"}))

    assert {"Settings", "App", "Database", "Checkov", "Sandbox"} <= named
    states = [one.result.state for one in garbled]
    assert states[-1] is State.UNKNOWN
    assert set(states[:-1]) == {State.FAILED}
