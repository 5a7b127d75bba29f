"""The whole story, with cloud and cluster, as a person starts it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.queue import QUEUE_OF
from demo.lockgate import ROOT
from handlers.runs import RunKind
from terraform.secret_formats import known_formats
from tests.integration.telemetry.otlp_receiver import OtlpReceiver

# Each run, the event whose webhook led to it, and what is done inside it, with what leads there.
STORY = (
    ("generate", "issues", ("drafting.verify",)),
    ("generate", "issues", ("GitHub POST /repos/{}/pulls",)),
    ("plan", "pull_request", ("policy.before_plan", "sources.check_out_merged")),
    ("plan", "pull_request", ("terraform plan",)),
    ("plan", "pull_request", ("policy.of_plan",)),
    ("plan", "pull_request", ("GitHub PATCH /repos/{}/check-runs/{}", "PATCH")),
    ("apply", "issue_comment", ("terraform apply",)),
    ("sync", "pull_request", ("tools/call resources_create_or_update",)),
    ("sync", "pull_request", ("tools/call resources_get",)),
    ("sync", "pull_request", ("GitHub POST /repos/{}/deployments/{}/statuses", "POST")),
    ("sync", "pull_request", ("INSERT",)),
)


def test_the_story_ends_well() -> None:
    """`python -m demo --once` goes from an issue to a healthy cluster and ends with 0."""
    # Not below pytest's own folder: PostgreSQL's user can't go there where we are root.
    with tempfile.TemporaryDirectory(prefix="lockgate-demo-") as folder:
        Path(folder).chmod(0o755)
        command = (sys.executable, "-m", "demo", "--once", "--folder", f"{folder}/data")
        with OtlpReceiver() as receiver:
            played = subprocess.run(
                command,
                cwd=ROOT,
                env=os.environ | {"LOCKGATE_OTLP_ENDPOINT": receiver.url},
                capture_output=True,
                text=True,
                timeout=550,
                check=False,
            )

    assert played.returncode == 0, played.stdout[-4000:] + played.stderr[-2000:]
    for kind, event, inside in STORY:
        begun = receiver.find(f"run {kind}")[0]
        service = f"lockgate-{QUEUE_OF[RunKind(kind)]}"
        way = ["lockgate-web: POST /webhook", f"lockgate-events: process {event}"]
        way += [f"{service}: {name}" for name in (f"run {kind}", *inside)]
        found = [span for span in receiver.find(inside[-1]) if span.trace_id == begun.trace_id]
        assert way in [receiver.path_to(span) for span in found]
    runs = [span for span in receiver.spans if span.name.startswith("run ")]
    # The change was recorded when it was asked for: one deployment, whatever process works on it.
    assert len({span.attributes["lockgate.deployment"] for span in runs}) == 1
    assert not [span for span in receiver.spans if any(known_formats(str(span.attributes)))]
    assert {"lockgate.run.duration", "lockgate.queue.depth"} <= receiver.metrics
