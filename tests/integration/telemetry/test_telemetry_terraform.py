"""Terraform in its sandbox sends spans where it is asked to and can; elsewhere it just works."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.settings import Settings, read
from bot.telemetry import trace
from bot.telemetry.terraform import terraform_tracing
from terraform.engine import Engine, library_engine
from terraform.engines import Engines
from terraform.mirror import cli_configuration
from terraform.project import Network
from terraform.provider_cache import ProviderCache
from terraform.runner import Request, Runner, WorkArea
from terraform.sandbox import find_sandbox
from tests.integration.telemetry.otlp_receiver import OtlpReceiver
from tests.kept_spans import kept_spans, traceparent_of

PROJECT = 'resource "terraform_data" "first" { input = "hello" }\n'


def engines() -> list[Engine]:
    """Each that this machine has."""
    found = (Engines().choose(), library_engine())
    return list({each.name: each for each in found if each is not None}.values())


def told(**settings: str) -> Settings:
    """Settings of a process."""
    given = {f"LOCKGATE_{name.upper()}": value for name, value in settings.items()}
    return read(given, for_github=False)


@pytest.fixture(params=engines(), ids=lambda engine: engine.name)
def planning(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Runner, Request]:
    """A runner on each engine in turn, and a project to plan."""
    checkout = tmp_path / "checkout"
    (checkout / "live").mkdir(parents=True)
    (checkout / "live" / "main.tf").write_text(PROJECT)
    cache = ProviderCache(tmp_path / "cache")
    runner = Runner(request.param, find_sandbox(), cli_configuration(None), cache)
    return runner, Request(WorkArea(checkout, "live", tmp_path / "data"))


@pytest.mark.parametrize("network", [Network.OPEN, Network.NONE])
def test_terraform_sends_spans_that_name_our_trace(
    planning: tuple[Runner, Request], network: Network
) -> None:
    """With an open network; behind a closed one they are lost, and nobody waits for them."""
    runner, request = planning
    with OtlpReceiver() as receiver, kept_spans() as spans:
        tracing = terraform_tracing(told(otlp_endpoint=receiver.url, trace_terraform="on"))
        with trace.span("terraform plan"):
            planned = runner.plan(replace(request, tracing=tracing(), network=network))

    assert planned.document["resource_changes"]
    sent = [span for span in receiver.spans if span.name.startswith("terraform plan")]
    assert len(sent) == (1 if network is Network.OPEN else 0)
    for span in sent:
        ours = traceparent_of(spans.of("terraform plan"))[3:35]
        assert ours in {span.trace_id, span.resource["lockgate.trace_id"]}


def test_every_command_gets_the_context() -> None:
    """And where to send spans only where Terraform is asked to; the receiver's key never."""
    settings: Mapping[str, str] = {
        "otlp_endpoint": "http://collector:4318/",
        "otlp_headers": "authorization=secret",
    }
    with kept_spans() as spans:
        quiet = terraform_tracing(told(**settings))
        asked = terraform_tracing(told(**settings, trace_terraform="on"))
        assert quiet() == asked() == {}
        with trace.span("terraform plan"):
            given, asked_for = quiet(), asked()

    parent = traceparent_of(spans.of("terraform plan"))
    assert given == {"TRACEPARENT": parent}
    assert asked_for == {
        "TRACEPARENT": parent,
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
        "OTEL_RESOURCE_ATTRIBUTES": f"lockgate.trace_id={parent[3:35]}",
    }
