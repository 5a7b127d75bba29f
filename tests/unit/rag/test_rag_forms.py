"""Issue forms: what is generated, what a body gives back."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rag.catalogue import Module, read_catalogue
from rag.forms import FOLDER, FormError, generate, read_form, write_forms

ROOT = Path(__file__).parents[3]
CATALOGUE = read_catalogue(ROOT / "catalogue")
BODY = """### Module

s3-bucket

### Bucket name

audit-logs

### Versioning

None

### Retention in days

_No response_

### Region

Frankfurt
"""


def test_the_generated_forms_are_current() -> None:
    """What is committed is what the catalogue gives: run `lockgate forms` after changing a card."""
    for path, text in generate(CATALOGUE).items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, path
    committed = {f"{FOLDER}/{path.name}" for path in (ROOT / FOLDER).iterdir()}
    assert committed == set(generate(CATALOGUE))


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_form_obeys_github(name: str) -> None:
    """The rules GitHub refuses a form for: ids, labels, options, at least one input."""
    form = yaml.safe_load(generate(CATALOGUE)[f"{FOLDER}/{name}.yml"])

    inputs = [element for element in form["body"] if element["type"] != "markdown"]
    labels = [element["attributes"]["label"] for element in inputs]
    ids = [element["id"] for element in inputs]
    assert inputs
    assert len(set(labels)) == len(labels)
    assert len(set(ids)) == len(ids)
    assert all(id_.replace("-", "").replace("_", "").isalnum() for id_ in ids)
    for element in inputs:
        options = element["attributes"].get("options", ["x"])
        assert options
        assert len({str(option) for option in options}) == len(options)
        assert all(not isinstance(option, bool) for option in options)
        assert "None" not in options


def test_a_body_gives_its_answers() -> None:
    """Answered fields come back by variable; empty ones do not."""
    filled = read_form(BODY, CATALOGUE)

    assert filled is not None
    assert filled.module == "s3-bucket"
    assert {name: answer.text for name, answer in filled.answers.items()} == {"name": "audit-logs"}
    assert filled.region == "Frankfurt"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda body: body.replace("\n", "\r\n"), id="crlf"),
        pytest.param(lambda body: "<!-- ### Module\n\nvpc -->\n" + body, id="comment"),
        pytest.param(lambda body: body + "\n```\n### Bucket name\n\nother\n```\n", id="fence"),
        pytest.param(lambda body: body.replace("audit-logs", "`audit-logs`"), id="ticks"),
        pytest.param(lambda body: body + "\n### My own heading\n\nx\n" + "y" * 60_000, id="long"),
    ],
)
def test_an_edited_body_keeps_its_answers(edit: object) -> None:
    """Line ends, comments, fences and headings that are not the form's change nothing."""
    assert callable(edit)

    filled = read_form(edit(BODY), CATALOGUE)

    assert filled is not None
    assert filled.answers["name"].text == "audit-logs"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (BODY + "\n### Bucket name\n\nother\n", "twice"),
        (BODY + "\n### Module\n\nvpc\n", "twice"),
        (BODY.replace("s3-bucket", "mainframe"), "no module"),
    ],
)
def test_an_unreadable_form_is_refused(body: str, said: str) -> None:
    """What cannot have come from the form is not guessed at."""
    with pytest.raises(FormError, match=said):
        read_form(body, CATALOGUE)


def test_checkboxes_are_yes_or_no(tmp_path: Path) -> None:
    """A checked box is true, an unchecked one false."""
    card = CATALOGUE["s3-bucket"].card
    fields = tuple(
        field.model_copy(update={"kind": "checkbox", "options": ()})
        if field.variable == "versioning"
        else field
        for field in card.form
    )
    module = CATALOGUE["s3-bucket"]
    boxed = Module(
        card.model_copy(update={"form": fields}),
        module.variables,
        module.outputs,
        module.files,
        module.version,
    )
    catalogue = {"s3-bucket": boxed}

    checked = read_form(BODY.replace("None", "- [X] Versioning"), catalogue)
    unchecked = read_form(BODY.replace("None", "- [ ] Versioning"), catalogue)

    assert checked is not None
    assert unchecked is not None
    assert checked.answers["versioning"].text == "true"
    assert unchecked.answers["versioning"].text == "false"
    assert "checkboxes" in generate(catalogue)[f"{FOLDER}/s3-bucket.yml"]


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    """The second run finds every file current."""
    first = write_forms(CATALOGUE, tmp_path)

    assert len(first) == len(CATALOGUE) + 1
    assert write_forms(CATALOGUE, tmp_path) == ()


@given(st.text(max_size=200))
def test_no_body_breaks_the_reader(text: str) -> None:
    """Any body is a form, free text, or a FormError."""
    try:
        read_form(f"### Module\n\ns3-bucket\n\n### Bucket name\n\n{text}", CATALOGUE)
        read_form(text, CATALOGUE)
    except FormError:
        return
