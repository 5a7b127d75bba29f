"""deploy/ as the programs see it that will read it; they are skipped where they are not installed.

`promtool` comes with Prometheus (Debian: `prometheus`), `check-jsonschema` from PyPI knows the
Compose Specification. LOCKGATE_TEST_REQUIRE_DEPLOY_TOOLS=1 insists on both.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[3] / "deploy"
REQUIRED = "LOCKGATE_TEST_REQUIRE_DEPLOY_TOOLS"
# What Grafana puts in for its variables.
VARIABLES = {"$__rate_interval": "1m", "$__range": "6h"}


def run(name: str, *arguments: str) -> str:
    """What a program says that must succeed."""
    program = shutil.which(name)
    if program is None and not os.environ.get(REQUIRED):
        pytest.skip(f"no {name} on PATH; install it, or set {REQUIRED}=1 to insist")
    assert program, f"{REQUIRED} is set and no {name} is on PATH"
    ended = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_compose_is_written_as_its_specification_says() -> None:
    """Every key and value of deploy/compose.yaml."""
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml"))


def test_prometheus_takes_its_configuration() -> None:
    """As promtool reads it."""
    assert "SUCCESS" in run(
        "promtool", "check", "config", str(DEPLOY / "prometheus/prometheus.yaml")
    )


def test_prometheus_takes_every_query_of_the_dashboards(tmp_path: Path) -> None:
    """Each is put in a rule, which promtool parses."""
    rules: list[dict[str, str]] = []
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                if target["datasource"]["type"] != "prometheus":
                    continue
                query = target["expr"]
                for name, value in VARIABLES.items():
                    query = query.replace(name, value)
                rules.append({"record": f"asked:by_{path.stem}_{len(rules)}", "expr": query})
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))

    assert f"{len(rules)} rules found" in run("promtool", "check", "rules", str(file))
