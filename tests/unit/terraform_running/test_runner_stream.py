"""Terraform's machine-readable lines become diagnostics, progress and outcomes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraform.redact import Redactor
from terraform.results import Output, Phase, Progress, ResourceOutcome
from terraform.stream import MOST_DIAGNOSTICS, Stream, repository_file


def line(kind: str, **fields: Any) -> bytes:
    """Write one event."""
    return json.dumps({"type": kind, "@message": "words", **fields}).encode()


def hook(address: str, action: str, **fields: Any) -> dict[str, Any]:
    """Write the part of an event that names a resource."""
    return {"resource": {"addr": address}, "action": action, **fields}


def test_outcomes_of_an_apply() -> None:
    """A replacement is a delete and a create; what only began stays started."""
    seen: list[Progress] = []
    stream = Stream("live", Redactor(), seen.append, total=2)

    stream.feed(line("apply_start", hook=hook("a.b", "delete")))
    stream.feed(line("apply_complete", hook=hook("a.b", "delete", elapsed_seconds=3)))
    stream.feed(line("apply_start", hook=hook("a.b", "create")))

    assert stream.resources == (
        ResourceOutcome("a.b", "delete", Phase.COMPLETE, 3.0),
        ResourceOutcome("a.b", "create", Phase.STARTED),
    )
    assert (seen[-1].done, seen[-1].total, seen[-1].address) == (1, 2, "a.b")


def test_outputs_without_sensitive_values() -> None:
    """A sensitive output has no value even when Terraform gives one."""
    stream = Stream("live", Redactor(["hidden-secret"]))
    outputs = {
        "open": {"sensitive": False, "value": "a hidden-secret"},
        "closed": {"sensitive": True, "value": "x"},
    }

    stream.feed(line("outputs", outputs=outputs))

    assert stream.outputs == (
        Output("closed", None, sensitive=True),
        Output("open", "a (sensitive value)", sensitive=False),
    )


def test_diagnostics_are_few_and_different() -> None:
    """A message said twice is kept once, and a flood of them is cut."""
    stream = Stream("live", Redactor())
    for number in (*range(MOST_DIAGNOSTICS + 50), 0):
        said = {"severity": "error", "summary": f"{number}"}
        stream.feed(line("diagnostic", diagnostic=said))

    assert len(stream.diagnostics) == MOST_DIAGNOSTICS


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_line_is_survived(noise: bytes) -> None:
    """What a provider prints between Terraform's lines does not stop the reading."""
    stream = Stream("live", Redactor())

    stream.feed(noise)

    assert stream.resources == ()


@pytest.mark.parametrize(
    ("directory", "filename", "expected"),
    [
        ("live", "main.tf", "live/main.tf"),
        (".", "main.tf", "main.tf"),
        ("live/eu", "../../modules/x/main.tf", "modules/x/main.tf"),
        ("live", "../../etc/passwd", ""),
        ("live", "/etc/passwd", ""),
        ("live", "<value for var.x>", ""),
        ("live", "", ""),
    ],
)
def test_places_are_in_the_repository(directory: str, filename: str, expected: str) -> None:
    """A file is named from the repository's root, or not at all."""
    assert repository_file(directory, filename) == expected
