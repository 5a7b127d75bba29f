"""The settings file is never written over and reads alike everywhere; the listener is wary."""

import subprocess
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from dotenv import dotenv_values
from pydantic import HttpUrl, SecretStr, ValidationError

from bot.app_manifest import ManifestError, read_manifest
from bot.settings import read
from bot.setup_github.errors import SetupError
from bot.setup_github.exchange import RegisteredApp
from bot.setup_github.flow import Wanted, register
from bot.setup_github.listener import Listener
from bot.setup_github.page import to_github
from bot.setup_github.settings_file import AlreadySetUpError, settings_file

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE+/ab=\nabc\n-----END RSA PRIVATE KEY-----\n"
SETTINGS = {
    "LOCKGATE_APP_ID": "1007",
    "LOCKGATE_WEBHOOK_SECRET": "0123456789abcdef",
    "LOCKGATE_PRIVATE_KEY": PEM,
    "LOCKGATE_PUBLIC_URL": "https://lockgate.example",
}
APP: dict[str, Any] = {
    "id": 1007,
    "name": "lockgate-acme",
    "html_url": "https://github.com/apps/lockgate-acme",
    "pem": PEM,
    "webhook_secret": "0123456789abcdef",
}
NOBODY: Mapping[str, str] = {}
NO_SETTINGS = read({}, for_github=False)


def wanted(tmp_path: Path, **changes: Any) -> Wanted:
    """What a person asks for, with the file in a folder of the test."""
    plain: dict[str, Any] = {
        "organization": "acme",
        "url": "https://lockgate.example",
        "name": "",
        "port": 0,
    }
    return Wanted(**(plain | {"file": tmp_path / ".env", "limit": timedelta(seconds=30)} | changes))


def test_settings_read_alike_in_a_shell_and_in_compose(tmp_path: Path) -> None:
    """The key's lines survive both readers, and the processes start with them."""
    path = tmp_path / ".env"
    with settings_file(path, NOBODY) as file:
        file.keep(SETTINGS)

    shell = subprocess.run(
        ["/bin/sh", "-ec", 'set -a; . "$0"; exec env -0', str(path)],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    sourced = dict(line.split("=", 1) for line in shell.stdout.split("\0") if "=" in line)
    assert sourced | SETTINGS == sourced
    assert dotenv_values(path) == SETTINGS
    assert read(sourced).private_key_pem() == PEM
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_second_run_says_that_the_app_is_set_up(tmp_path: Path) -> None:
    """The file and the environment are both looked at, and the file stays as it is."""
    path = tmp_path / ".env"
    path.write_text("LOCKGATE_APP_ID=77\n")

    with pytest.raises(AlreadySetUpError, match="App 77"), settings_file(path, NOBODY):
        pass
    environ = {"LOCKGATE_APP_ID": "78"}
    with (
        pytest.raises(AlreadySetUpError, match="78 in the environment"),
        settings_file(tmp_path / "other", environ),
    ):
        pass
    assert path.read_text() == "LOCKGATE_APP_ID=77\n"


@pytest.mark.parametrize("content", [b"OTHER=1\n", b"", b"\xff\xfe"])
def test_a_file_of_others_is_refused(tmp_path: Path, content: bytes) -> None:
    """It is kept, and the message says how to go on."""
    path = tmp_path / ".env"
    path.write_bytes(content)

    with pytest.raises(SetupError, match="--file"), settings_file(path, NOBODY):
        pass

    assert path.read_bytes() == content


def test_a_file_made_meanwhile_is_kept_and_so_are_the_keys(tmp_path: Path) -> None:
    """GitHub gives the keys out once: they go to a file of another name."""
    path = tmp_path / ".env"

    with settings_file(path, NOBODY) as file:
        path.write_text("mine\n")
        with pytest.raises(SetupError, match="new-app"):
            file.keep(SETTINGS)

    assert path.read_text() == "mine\n"
    assert dotenv_values(tmp_path / ".env.new-app") == SETTINGS


def test_a_folder_that_is_not_there_is_known_before_github_is_asked(tmp_path: Path) -> None:
    """Nobody is sent to GitHub for keys that can't be kept."""
    shown: list[str] = []

    with pytest.raises(SetupError, match="name another file"):
        register(
            wanted(tmp_path, file=tmp_path / "none" / ".env"), NO_SETTINGS, NOBODY, shown.append
        )
    assert shown == []


@pytest.mark.parametrize(
    ("environ", "changes", "words"),
    [
        pytest.param({}, {"url": ""}, "LOCKGATE_PUBLIC_URL", id="no address"),
        pytest.param({}, {"url": "https://a.example/x?y"}, "--url is an address", id="a page"),
        pytest.param({}, {"organization": "a/b"}, "--organization", id="no organisation"),
        pytest.param(
            {"LOCKGATE_GITHUB_URL": "https://ghes.example"}, {}, "belong together", id="half GHES"
        ),
    ],
)
def test_wrong_wishes_are_refused_before_anything_begins(
    tmp_path: Path, environ: Mapping[str, str], changes: dict[str, str], words: str
) -> None:
    """The message names the option or the setting; no file is left."""
    with pytest.raises(SetupError, match=words):
        register(wanted(tmp_path, **changes), read(environ, for_github=False), environ, print)

    assert list(tmp_path.iterdir()) == []


def test_nobody_coming_back_ends_in_time_and_leaves_nothing(tmp_path: Path) -> None:
    """The message says to run it again."""
    with pytest.raises(SetupError, match="Nobody came back"):
        register(wanted(tmp_path, limit=timedelta(seconds=0)), NO_SETTINGS, NOBODY, lambda _: None)

    assert list(tmp_path.iterdir()) == []


def test_the_listener_takes_its_own_answer_once(tmp_path: Path) -> None:
    """A wrong state, a missing code, another host and a second answer change nothing."""
    app = RegisteredApp.model_validate(APP)
    taken: list[str] = []

    def take(code: str) -> RegisteredApp:
        taken.append(code)
        return app

    with Listener() as listener, httpx.Client(trust_env=False, timeout=20) as browser:
        end: list[RegisteredApp] = []
        page = to_github({"name": "lockgate"}, "https://github.com/settings/apps/new?state=x")

        def wait() -> None:
            end.append(listener.wait(page, take, timedelta(seconds=30)))

        thread = Thread(target=wait)
        thread.start()
        back, state = listener.callback, listener.state
        answers = [
            browser.get(back, params={"code": "c", "state": "wrong"}),
            browser.get(back, params={"code": "c"}),
            browser.get(back, params={"state": state}),
            browser.get(back, params={"code": "../x", "state": state}),
            browser.get(back.replace("/callback", "/")),
            browser.get(back, headers={"host": "rebound.example"}),
            browser.get(listener.address),
        ]
        assert taken == []
        last = browser.get(back, params={"code": "good", "state": state})
        thread.join()

    assert [answer.status_code for answer in answers] == [403, 403, 403, 403, 404, 421, 200]
    assert (last.status_code, taken, end) == (HTTPStatus.OK, ["good"], [app])
    assert state not in answers[0].text
    assert "https://github.com/apps/lockgate-acme/installations/new" in last.text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"pem": "'; rm -rf /; '"}, id="a key that is none"),
        pytest.param({"webhook_secret": "0123456789'abcdef"}, id="a quote"),
        pytest.param({"webhook_secret": None}, id="no secret"),
    ],
)
def test_what_a_settings_file_could_not_hold_is_refused(change: dict[str, str | None]) -> None:
    """A shell reads the file: nothing in it may end a quote. The message shows no value."""
    with pytest.raises(ValidationError) as refused:
        RegisteredApp.model_validate(APP | change)

    assert "rm -rf" not in str(refused.value)


def test_the_manifest_asks_for_what_app_yml_lists(tmp_path: Path) -> None:
    """The address of the webhook and the way back are filled in."""
    manifest = read_manifest()

    made = manifest.registration(
        name="x", url="https://lockgate.example", redirect_url="http://127.0.0.1:1/callback"
    )

    assert made["hook_attributes"] == {"url": "https://lockgate.example/webhook", "active": True}
    assert made["default_permissions"] == manifest.default_permissions
    assert "pull_request" in manifest.default_events
    with pytest.raises(ManifestError, match=r"app\.yml"):
        read_manifest(tmp_path / "app.yml")


def test_secrets_do_not_show() -> None:
    """Neither the key nor the webhook secret is in any text form."""
    app = RegisteredApp.model_validate(APP)

    assert "MIIE" not in repr(app)
    assert APP["webhook_secret"] not in str(app)
    assert app.pem == SecretStr(PEM)
    assert app.html_url == HttpUrl(APP["html_url"])
