"""Issue forms: reading them, what is missing, and the body they make."""

import pytest

from hub.pages.issue_forms import body_of, missing, read_form

FORM = read_form(
    "bucket.yml",
    """
name: Bucket
title: 'Bucket: '
labels: [infrastructure]
body:
- type: markdown
  attributes: {value: Hello}
- type: input
  id: name
  attributes: {label: Bucket name}
  validations: {required: true}
- type: dropdown
  id: zones
  attributes: {label: Zones, options: [a, b, 3], multiple: true}
- type: textarea
  attributes: {label: Policy, render: json}
- type: checkboxes
  id: promises
  attributes:
    label: Promises
    options:
    - {label: Read it, required: true}
    - {label: Personal data}
""",
)


def test_the_body_is_in_githubs_format() -> None:
    """Headings, blank lines, values; markdown elements leave nothing."""
    answers = {
        "name": ["acme-logs"],
        "zones": ["a", "3"],
        "field-3": ["{\r\n}"],
        "promises": ["Read it"],
    }

    assert body_of(FORM, answers) == (
        "### Bucket name\n\nacme-logs\n\n"
        "### Zones\n\na, 3\n\n"
        "### Policy\n\n```json\n{\n}\n```\n\n"
        "### Promises\n\n- [X] Read it\n- [ ] Personal data"
    )


def test_what_was_left_empty_is_no_response() -> None:
    """An empty field says so in GitHub's words."""
    body = body_of(FORM, {"name": ["  "]})

    assert body.startswith("### Bucket name\n\n_No response_\n\n### Zones\n\n_No response_\n\n")


def test_missing_answers_are_named() -> None:
    """Required fields and boxes are asked for, options are held to the list."""
    found = missing(FORM, {"zones": ["elsewhere"]})

    assert found == {
        "name": "Bucket name is needed.",
        "zones": "Choose one of the options of Zones.",
        "promises": "Tick “Read it” to go on.",
    }


def test_a_complete_answer_misses_nothing() -> None:
    """What GitHub would take is taken."""
    assert missing(FORM, {"name": ["x"], "promises": ["Read it"], "zones": ["b"]}) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("name: [", "not YAML", id="not yaml"),
        pytest.param("- a", "no mapping", id="a list"),
        pytest.param("name: A\nbody: []", "body", id="no fields"),
        pytest.param("name: A\nbody: [{type: upload}]", "body.0.type", id="unknown kind"),
        pytest.param(
            "name: A\nbody: [{type: checkboxes, attributes: {options: [a]}}]", "Box", id="bad box"
        ),
    ],
)
def test_a_broken_form_says_what_is_wrong(text: str, said: str) -> None:
    """One sentence, no stack trace."""
    with pytest.raises(ValueError, match=said):
        read_form("broken.yml", text)
