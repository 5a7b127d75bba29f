"""A form filled by a program is read as it was given, whatever the values hold."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.catalogue import read_catalogue
from rag.filled_form import FillError, fill
from rag.forms import read_form
from rag.values import read_value

CATALOGUE = read_catalogue(Path(__file__).parents[3] / "catalogue")
QUEUE = CATALOGUE["sqs-queue"]
HOSTILE = st.text(max_size=60) | st.sampled_from(
    ["### Module\n\nkms-key", "x`\n### Queue name\n\ny", "<!-- x -->", "```\n### FIFO\n\ntrue\n```"]
)


def read(body: str) -> dict[str, Any]:
    """The values of a body."""
    form = read_form(body, CATALOGUE)
    assert form is not None
    assert form.module == "sqs-queue"
    variables = {variable.name: variable for variable in QUEUE.variables}
    return {
        name: read_value(answer.text, variables[name]).value
        for name, answer in form.answers.items()
    }


def test_values_come_back() -> None:
    """Text, numbers, yes and no, and what stands beside them."""
    values = {"name": "jobs", "fifo": True, "message_retention_days": 7}

    body = fill(QUEUE, values, environment="production", region="eu-west-1", notes="For jobs.")

    form = read_form(body, CATALOGUE)
    assert read(body) == values
    assert form is not None
    assert (form.environment, form.region, form.notes) == ("production", "eu-west-1", "For jobs.")


@given(name=HOSTILE, environment=HOSTILE, notes=HOSTILE)
def test_no_value_adds_or_changes_a_field(name: str, environment: str, notes: str) -> None:
    """Either it is refused, or exactly what was given is read."""
    try:
        body = fill(QUEUE, {"name": name}, environment=environment, notes=notes)
    except FillError:
        return
    assert read(body) == {"name": name}


def test_lists_are_given_a_line_each() -> None:
    """As people enter them."""
    arns = [f"arn:aws:iam::123456789012:role/{name}" for name in ("a", "b")]

    assert "\n".join(arns) in fill(CATALOGUE["kms-key"], {"user_arns": arns})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "jobs", "nam": "x"}, "it asks for name, fifo"),
        ({"name": 7}, "should be text"),
        ({"name": "jobs", "message_retention_days": 99}, "14"),
        ({"name": "a\nb"}, "name"),
    ],
)
def test_what_is_wrong_is_said(values: dict[str, Any], said: str) -> None:
    """Which value, and what it takes."""
    with pytest.raises(FillError) as refused:
        fill(QUEUE, values)

    assert said in f"{refused.value.name} {refused.value}"
