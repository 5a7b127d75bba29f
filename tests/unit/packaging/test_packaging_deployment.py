"""The image and the deployment: what they name is there, and what they install is pinned."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from bot.__main__ import app
from bot.settings import PREFIX, Settings
from bot.supervisor import STOP_TIMEOUT_SECONDS
from bot.web import web_app

ROOT = Path(__file__).parents[3]
FLY = tomllib.loads((ROOT / "fly.toml").read_text(encoding="utf-8"))
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # it is a group


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, each with its arguments on one line."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    joined = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    parts = [line.partition(" ") for line in joined if line.strip()]
    return [(name, arguments.strip()) for name, _, arguments in parts]


def arguments(name: str) -> list[str]:
    """The arguments of every instruction of this name."""
    return [rest for found, rest in instructions() if found == name]


def settings_named(text: str) -> set[str]:
    """The settings that a text names."""
    return set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", text))


def known_settings() -> set[str]:
    """Every setting there is."""
    return {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def test_everything_the_image_copies_is_there() -> None:
    """No COPY names a file of the repository that does not exist or is kept from the builder."""
    ours = [words for words in map(shlex.split, arguments("COPY")) if "--from=" not in words[0]]
    sources = {source for words in ours for source in words[:-1]}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if f"!{source.split('/')[0]}" not in ignored] == []


def test_the_image_has_every_package_that_the_processes_import() -> None:
    """A package of ours that the bot can import is copied."""
    copied = {words.split()[0] for words in arguments("COPY")}

    assert {"terraform", "policy", "rag", "handlers", "bot"} <= copied


def test_the_image_has_every_file_beside_the_packages_that_they_read() -> None:
    """Such as the App's manifest, which the doctor compares the App with."""
    beside = re.compile(r'Path\(__file__\)\.parents\[1\] / "([^"]+)"')
    copied = {word for words in arguments("COPY") for word in words.split()}
    read = {
        name
        for package in ("bot", "handlers", "rag", "policy", "terraform")
        for path in (ROOT / package).glob("*.py")
        for name in beside.findall(path.read_text(encoding="utf-8"))
    }

    assert "app.yml" in read
    assert {name for name in read if not any(word.startswith(name) for word in copied)} == set()


def test_the_image_installs_by_hash_alone() -> None:
    """Every installation asks for digests, and every requirements file has them."""
    installs = [
        part
        for run in arguments("RUN")
        for part in run.split("&&")
        if re.search(r"\bpip install\b", part)
    ]
    files = [name for part in installs for name in re.findall(r"-r (\S+)", part)]

    assert [part for part in installs if "--require-hashes" not in part] == []
    assert {"requirements/app.txt", "requirements/checkov.txt", "requirements/opa.txt"} <= set(
        files
    )
    assert [name for name in files if "--hash=sha256:" not in (ROOT / name).read_text()] == []


def test_the_image_does_not_run_as_root() -> None:
    """The last USER is a number other than 0, so that a platform can tell."""
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", arguments("USER")[-1])


def test_the_image_starts_what_there_is() -> None:
    """Entry point, default command and health check name the command line and a real route."""
    entry, command = json.loads(arguments("ENTRYPOINT")[-1]), json.loads(arguments("CMD")[-1])
    health = json.loads(arguments("HEALTHCHECK")[-1].partition(" CMD ")[2])
    routes = web_app(secret=b"", put=lambda _: pytest.fail("not asked"), dependencies={}).routes

    assert entry == ["python", "-m", "bot"]
    assert set(command) <= COMMANDS
    assert "/healthz" in {getattr(route, "path", "") for route in routes}
    assert "/healthz" in health[2]
    compile(health[2], "Dockerfile", "exec")


def test_the_image_names_known_settings_and_no_secret() -> None:
    """A misspelled setting would stop the start, and a secret would stay in the image."""
    named = settings_named((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    secret = re.compile("KEY|SECRET|TOKEN|DATABASE|REDIS|PASSWORD")

    assert named <= known_settings()
    assert [name for name in named if secret.search(name)] == []


def test_fly_runs_commands_that_exist() -> None:
    """Each process and the release command are commands of the command line."""
    commands = [*FLY["processes"].values(), FLY["deploy"]["release_command"]]

    assert {shlex.split(command)[0] for command in commands} <= COMMANDS
    assert FLY["deploy"]["release_command"] == "migrate"


def test_fly_refers_to_its_own_process_groups() -> None:
    """Mounts, machines and the service belong to groups that are defined."""
    groups = set(FLY["processes"])
    parts = [FLY["http_service"], *FLY["mounts"], *FLY["vm"]]

    assert {group for part in parts for group in part["processes"]} == groups


def test_fly_agrees_with_the_image() -> None:
    """Port, data folder, health route, settings and the time to stop are the same in both."""
    environment = " ".join(arguments("ENV"))

    assert f"{PREFIX}PORT={FLY['http_service']['internal_port']}" in environment
    assert f"{PREFIX}DATA_FOLDER={FLY['mounts'][0]['destination']}" in environment
    assert FLY["http_service"]["checks"][0]["path"] == "/healthz"
    assert settings_named((ROOT / "fly.toml").read_text(encoding="utf-8")) <= known_settings()
    assert FLY["kill_timeout"] > STOP_TIMEOUT_SECONDS


def test_workflows_pin_actions_and_ask_for_little() -> None:
    """Actions are pinned by commit; nothing may write."""
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        for job in workflow["jobs"].values():
            uses = [step["uses"] for step in job["steps"] if "uses" in step]

            assert set(job["permissions"].values()) <= {"read"}
            assert [use for use in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use)] == []
        assert workflow["permissions"] == {}
