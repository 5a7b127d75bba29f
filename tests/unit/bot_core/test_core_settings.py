"""The settings: complete complaints, no secret in any text, documentation that is current."""

from pathlib import Path

import pytest

from bot.configuration_table import document
from bot.sealing import new_key
from bot.settings import SettingsError, read

PEM = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"
GOOD = {
    "LOCKGATE_APP_ID": "7",
    "LOCKGATE_PRIVATE_KEY": PEM,
    "LOCKGATE_WEBHOOK_SECRET": "a secret of some length",
}


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    """What stops the start."""
    with pytest.raises(SettingsError) as refused:
        read(environ)
    return refused.value.problems


def test_everything_missing_is_listed_at_once() -> None:
    """One start shows the whole list."""
    found = "\n".join(problems({}))

    for name in ("APP_ID", "WEBHOOK_SECRET", "PRIVATE_KEY_FILE"):
        assert f"LOCKGATE_{name}" in found


def test_a_misspelt_setting_is_refused_with_the_nearest_name() -> None:
    """A typo does not silently leave the default in place."""
    assert problems(GOOD | {"LOCKGATE_REDIS_ULR": "redis://x"}) == (
        "LOCKGATE_REDIS_ULR is not a setting; did you mean LOCKGATE_REDIS_URL?",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("APP_ID", "seven", id="not a number"),
        pytest.param("WEBHOOK_SECRET", "short", id="short secret"),
        pytest.param("PRIVATE_KEY", "abc", id="not a key"),
        pytest.param("DATABASE_URL", "mysql://x", id="another database"),
        pytest.param("REDIS_URL", "http://x", id="not redis"),
        pytest.param("SANDBOX", "off", id="sandbox off without the words"),
        pytest.param("PORT", "70000", id="no such port"),
        pytest.param("APPLY_CONCURRENCY", "0", id="nobody applies"),
        pytest.param("SEALING_KEYS", "abc", id="not a sealing key"),
        pytest.param("PLAN_ENVIRONMENT_FILE", "no/such/file", id="no such file"),
        pytest.param("PRIVATE_KEY_FILE", "no/such/file", id="two keys"),
    ],
)
def test_a_value_that_can_not_be_right_names_its_setting(name: str, value: str) -> None:
    """The operator reads which variable to mend, and never reads a secret."""
    found = "\n".join(problems(GOOD | {f"LOCKGATE_{name}": value}))

    assert f"LOCKGATE_{name}" in found


def test_the_defaults_are_the_embedded_ones() -> None:
    """Nothing but the App itself has to be set."""
    settings = read(GOOD)

    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.sandbox == "on"
    assert settings.private_key_pem() == PEM


def test_commands_that_never_speak_to_github_need_no_app() -> None:
    """A migration runs with the database's address alone."""
    url = "postgresql://lockgate:secret@db/lockgate"

    settings = read({"LOCKGATE_DATABASE_URL": url}, for_github=False)

    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == url


def test_no_secret_stands_in_any_text_of_the_settings() -> None:
    """Settings may be logged."""
    keys = f"{new_key()}, {new_key()}"
    url = "postgresql://lockgate:hidden-word@db/lockgate"
    settings = read(GOOD | {"LOCKGATE_SEALING_KEYS": keys, "LOCKGATE_DATABASE_URL": url})

    shown = f"{settings!r} {settings} {settings.model_dump_json()}"

    for secret in (PEM, "a secret of some length", "hidden-word", *keys.split(", ")):
        assert secret not in shown


def test_variables_of_the_tests_are_left_alone_and_a_setting_that_looks_like_one_is_read() -> None:
    """`LOCKGATE_TEST_...` is the tests' own, but for the concurrency of the queue `test`."""
    own = {"LOCKGATE_TEST_NEO4J_URL": "bolt://x", "LOCKGATE_TEST_CONCURRENCY": "5"}

    assert read(GOOD | own).test_concurrency == 5


def test_the_documentation_is_current() -> None:
    """After changing a setting, run `python -m bot.configuration_table`."""
    assert Path("docs/configuration.md").read_text(encoding="utf-8") == document()
