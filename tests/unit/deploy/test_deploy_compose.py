"""deploy/: the services fit together, open nothing to the world, and name only what is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bot.__main__ import app
from bot.database import migrations
from bot.sealing import new_key
from bot.settings import read

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # it is a group
WANTED = {
    "web",
    "worker",
    "postgres",
    "redis",
    "neo4j",
    "collector",
    "tempo",
    "loki",
    "prometheus",
    "grafana",
}
OURS = ("web", "worker")
DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")


def load(path: str) -> Any:
    """A YAML file below deploy/."""
    return yaml.safe_load((DEPLOY / path).read_text(encoding="utf-8"))


COMPOSE = load("compose.yaml")
SERVICES: dict[str, Any] = COMPOSE["services"]
COLLECTOR = load("collector/config.yaml")


def address(url: str) -> tuple[str, int]:
    """Service and port of an address inside."""
    match = re.fullmatch(r"\w+://(?:[^@/]*@)?(\w+):(\d+)(?:/.*)?", url)
    assert match, url
    return match[1], int(match[2])


def listening() -> set[tuple[str, int]]:
    """Where each service listens, as its own configuration says or as its image does."""
    receivers, exporters = COLLECTOR["receivers"], COLLECTOR["exporters"]
    tempo = load("tempo/config.yaml")
    otlp = tempo["distributor"]["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    return {
        ("postgres", 5432),
        ("redis", 6379),
        ("prometheus", 9090),
        ("collector", port(receivers["otlp"]["protocols"]["http"]["endpoint"])),
        ("collector", port(receivers["fluentforward"]["endpoint"])),
        ("collector", port(exporters["prometheus"]["endpoint"])),
        ("tempo", tempo["server"]["http_listen_port"]),
        ("tempo", port(otlp)),
        ("loki", load("loki/config.yaml")["server"]["http_listen_port"]),
    }


def port(endpoint: str) -> int:
    """The port of what listens on every address."""
    host, _, number = endpoint.partition(":")
    assert host == "0.0.0.0"  # noqa: S104 -- inside a container that publishes nothing by itself
    return int(number)


def test_every_part_is_there() -> None:
    """Stores, telemetry and Lockgate itself; each image has a version."""
    images = {name: service["image"] for name, service in SERVICES.items()}

    assert set(SERVICES) == WANTED
    assert {name for name, image in images.items() if image.endswith(":latest")} == set()
    assert all(":" in image for image in images.values())


def test_nothing_is_open_to_the_world() -> None:
    """Published ports are on loopback; stores are on a network that leads nowhere."""
    published = [str(each) for service in SERVICES.values() for each in service.get("ports", ())]

    assert [each for each in published if not each.startswith("127.0.0.1:")] == []
    assert COMPOSE["networks"]["stores"] == {"internal": True}
    for name in ("postgres", "redis", "neo4j"):
        assert SERVICES[name]["networks"] == ["stores"], name
    assert not any("privileged" in service for service in SERVICES.values())
    assert "docker.sock" not in (DEPLOY / "compose.yaml").read_text()


def test_what_is_mounted_and_named_exists() -> None:
    """Files of ours are there; volumes, networks and dependencies are declared."""
    for name, service in SERVICES.items():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            known = (DEPLOY / source).exists() if source.startswith(".") else None
            assert known or source in COMPOSE["volumes"], (name, source)
        assert set(service.get("networks", ())) <= set(COMPOSE["networks"]), name
        assert set(service.get("depends_on", ())) <= set(SERVICES), name
    assert (DEPLOY / SERVICES["web"]["build"]["context"] / "Dockerfile").exists()


@pytest.mark.parametrize("name", OURS)
def test_lockgate_starts_with_these_settings(name: str) -> None:
    """With what `lockgate setup github` writes, the settings are complete and known."""
    service = SERVICES[name]
    written = {
        "LOCKGATE_APP_ID": "1",
        "LOCKGATE_WEBHOOK_SECRET": "0123456789abcdef",
        "LOCKGATE_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----",
        "LOCKGATE_SEALING_KEYS": new_key(),
        "LOCKGATE_PUBLIC_URL": "https://lockgate.example",
    }
    given = {key: DEFAULT.sub(r"\1", str(value)) for key, value in service["environment"].items()}

    settings = read(written | given)

    assert service["command"][0] in COMMANDS
    assert settings.database_url is not None
    assert settings.redis_url is not None
    urls = (
        settings.database_url.get_secret_value(),
        settings.redis_url.get_secret_value(),
        str(settings.otlp_endpoint),
    )
    assert {address(url) for url in urls} <= listening()
    assert service["env_file"] == ["../.env"]


def test_the_stores_are_as_lockgate_needs_them() -> None:
    """The database's name and user fit the address, and Redis forgets nothing."""
    postgres = SERVICES["postgres"]["environment"]

    assert (postgres["POSTGRES_USER"], postgres["POSTGRES_DB"]) == ("lockgate", "lockgate")
    assert "noeviction" in SERVICES["redis"]["command"]
    assert migrations(), "the processes bring the database to their version at their start"


def test_the_collector_sends_on_what_it_takes() -> None:
    """Pipelines use what is declared, all that is declared is used, and every end listens."""
    pipelines = COLLECTOR["service"]["pipelines"]
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines.values() for name in pipeline[kind]}
        assert used == set(COLLECTOR[kind]), kind
    targets = {
        address(exporter["endpoint"])
        for name, exporter in COLLECTOR["exporters"].items()
        if name.startswith("otlphttp")
    }

    assert set(pipelines) == {"traces", "metrics", "logs"}
    assert targets <= listening()
    for pipeline in pipelines.values():
        assert pipeline["processors"][0] == "memory_limiter"
        assert pipeline["processors"][-1] == "batch"


def test_logs_go_where_the_collector_listens() -> None:
    """The daemon's address is a published port of the collector's fluentd receiver."""
    taken = port(COLLECTOR["receivers"]["fluentforward"]["endpoint"])

    assert f"127.0.0.1:{taken}:{taken}" in SERVICES["collector"]["ports"]
    for name in OURS:
        options = SERVICES[name]["logging"]["options"]
        assert options["fluentd-address"] == f"127.0.0.1:{taken}"
        assert options["fluentd-async"] == "true", "a collector that is away must stop nobody"


def test_prometheus_asks_the_collector() -> None:
    """And keeps the names that the processes gave themselves."""
    (scrape,) = load("prometheus/prometheus.yaml")["scrape_configs"]

    (target,) = scrape["static_configs"][0]["targets"]
    assert address(f"http://{target}") in listening()
    assert scrape["honor_labels"] is True


def test_grafana_asks_those_that_listen() -> None:
    """Each source has an address inside and is referred to by an id that exists."""
    text = (DEPLOY / "grafana/provisioning/datasources/lockgate.yaml").read_text()
    sources = yaml.safe_load(text)["datasources"]
    uids = {source["uid"] for source in sources}

    assert uids == {"prometheus", "tempo", "loki"}
    assert {address(source["url"]) for source in sources} <= listening()
    assert set(re.findall(r"datasourceUid: (\w+)", text)) <= uids
    (provider,) = load("grafana/provisioning/dashboards/lockgate.yaml")["providers"]
    mounted = f"./grafana/dashboards:{provider['options']['path']}:ro"
    assert mounted in SERVICES["grafana"]["volumes"]
