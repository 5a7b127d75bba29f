"""Drafts: the files, the names, the citations; and that hostile text stays text."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag import hcl
from rag.acceptance import load
from rag.answers import answer
from rag.catalogue import parse_hcl, read_catalogue
from rag.draft import Draft, draft
from rag.forms import FOLDER
from rag.placement import Placement, PlacementError
from rag.reading import understand
from rag.request import (
    Ambiguous,
    Argument,
    FromWords,
    Invalid,
    Missing,
    OutsideCatalogue,
    Refused,
    Request,
    Unclear,
)

CATALOGUE = read_catalogue(Path(__file__).parents[3] / "catalogue")
PROVIDER = """provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true

  default_tags {
    tags = { team = "platform" }
  }
}
"""


def requested(text: str) -> Request:
    """The request in `text`."""
    outcome = understand("", text, CATALOGUE, lambda _: ())
    assert isinstance(outcome, Request), outcome
    return outcome


def drafted(text: str, existing: dict[str, str] | None = None) -> Draft:
    """The draft of `text` in a repository holding `existing`."""
    return draft(requested(text), CATALOGUE, Placement(), issue=7, existing=existing or {})


TEXT = "bucket for audit logs in eu-west-1, keep 90 days"


def test_a_draft_in_an_empty_repository_stands_alone() -> None:
    """The module, the call and the provider come along."""
    made = drafted(TEXT)

    assert made.branch == "lockgate/issue-7"
    assert made.directory == "infra"
    assert {path for path in made.files if path.startswith("infra/")} == {
        "infra/providers.tf",
        "infra/s3-bucket-audit-logs.tf",
    }
    assert "modules/s3-bucket/main.tf" in made.files
    call = parse_hcl(made.files["infra/s3-bucket-audit-logs.tf"], "x")
    assert call["module"] == [
        {
            "audit_logs": {
                "source": "../modules/s3-bucket",
                "name": "audit-logs",
                "retention_days": 90,
            }
        }
    ]


def test_the_same_issue_gives_the_same_bytes() -> None:
    """Nothing depends on time, order or chance."""
    assert drafted(TEXT) == drafted(TEXT)


def test_an_edited_issue_changes_only_its_file() -> None:
    """Another retention touches the call alone."""
    first, second = drafted(TEXT), drafted(TEXT.replace("90", "30"))

    changed = {path for path in first.files if first.files[path] != second.files[path]}
    assert changed == {"infra/s3-bucket-audit-logs.tf"}
    assert first.files.keys() == second.files.keys()


def test_names_never_clash() -> None:
    """A taken module or output name is passed over, in the file name too."""
    taken = {"infra/main.tf": 'module "audit_logs" {\n  source = "x"\n}\n' + PROVIDER}
    by_output = {"infra/main.tf": 'output "audit_logs_arn" {\n  value = 1\n}\n' + PROVIDER}

    assert "infra/s3-bucket-audit-logs-2.tf" in drafted(TEXT, taken).files
    assert "infra/s3-bucket-audit-logs-2.tf" in drafted(TEXT, by_output).files


def test_the_region_of_the_directory_is_used() -> None:
    """No provider is added when the directory's own fits."""
    made = drafted(TEXT, {"infra/main.tf": PROVIDER})

    assert [path for path in made.files if path.startswith("infra/")] == [
        "infra/s3-bucket-audit-logs.tf"
    ]


def test_another_region_gets_the_same_provider_under_an_alias() -> None:
    """The alias keeps the settings of the default provider, and the next draft uses it."""
    text = TEXT.replace("eu-west-1", "Frankfurt")
    made = drafted(text, {"infra/main.tf": PROVIDER})
    alias = made.files["infra/provider-eu-central-1.tf"]
    again = drafted(text, {"infra/main.tf": PROVIDER, "infra/provider-eu-central-1.tf": alias})

    body = parse_hcl(alias, "x")["provider"][0]["aws"]
    assert (body["region"], body["alias"]) == ("eu-central-1", "eu_central_1")
    assert body["skip_credentials_validation"] is True
    assert "default_tags" in body
    call = "infra/s3-bucket-audit-logs.tf"
    assert "aws = aws.eu_central_1" in made.files[call]
    assert again.files[call] == made.files[call]
    assert "infra/provider-eu-central-1.tf" not in again.files


def test_a_vendored_module_is_left_alone() -> None:
    """A repository's own copy is never overwritten; that it differs is said."""
    own = {"modules/s3-bucket/main.tf": "# ours\n", "infra/main.tf": PROVIDER}

    made = drafted(TEXT, own)

    assert not any(path.startswith("modules/") for path in made.files)
    assert any("differs from the catalogue" in entry for entry in made.assumptions)


def test_environments_choose_the_directory() -> None:
    """A known environment has its place, an unknown one is refused by name."""
    placement = Placement(environments={"production": "live/prod"})
    known = requested("bucket for audit logs in production")
    unknown = requested("bucket for audit logs in staging")

    made = draft(known, CATALOGUE, placement, issue=1, existing={})

    assert "live/prod/s3-bucket-audit-logs.tf" in made.files
    assert '"../../modules/s3-bucket"' in made.files["live/prod/s3-bucket-audit-logs.tf"]
    with pytest.raises(PlacementError, match="staging"):
        draft(unknown, CATALOGUE, placement, issue=1, existing={})


def test_broken_terraform_is_named() -> None:
    """A file that cannot be read ends the draft with its path."""
    with pytest.raises(PlacementError, match=r"infra/main\.tf"):
        drafted(TEXT, {"infra/main.tf": "module {"})


def test_every_value_is_cited() -> None:
    """The description has a row for each variable, the source, the region and their quotes."""
    made = drafted(TEXT)

    names = {entry.variable for entry in made.citations}
    assert names == {variable.name for variable in CATALOGUE["s3-bucket"].variables} | {
        "source",
        "region",
    }
    assert "| `retention_days` | `90` | words of the issue | `keep 90 days` |" in made.body
    assert "Closes #7" in made.body


def test_the_description_carries_its_acceptance() -> None:
    """What is written as JSON reads back as the same value."""
    made = drafted(TEXT)

    written = made.body.split("```json\n")[1].split("\n```")[0]
    assert load(written) == made.acceptance
    values = {(entry.variable, entry.equals) for entry in made.acceptance.expectations}
    assert {("name", "audit-logs"), ("retention_days", 90)} <= values


HOSTILE = st.text(
    alphabet=st.sampled_from("@#<>&|`*_[]()!\\\n\r\t~:/.-ab1 $%{}\u202e\u200b\x00"), max_size=60
)


def rendered(text: str) -> str:
    """The HTML of Markdown as a forge would build it, tables and bare links included."""
    return str(MarkdownIt("gfm-like", {"html": True}).render(text))


@given(HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    """Whatever is quoted makes no link, image, mention, HTML or broken row."""
    request = requested(TEXT)
    argument = Argument("name", text, FromWords(text, 0, len(text)), text)
    hostile = replace(request, arguments=(argument,), not_followed=(text,))

    body = draft(hostile, CATALOGUE, Placement(), issue=7, existing={}).body
    table = next(part for part in body.split("\n\n") if part.startswith("| Block"))
    html = rendered(body.split("## Acceptance")[0])

    assert len({row.count("|") for row in table.split("\n")}) == 1
    assert "<a " not in html
    assert "<img" not in html
    assert html.count("<table>") == 1


@given(HOSTILE)
def test_answers_are_as_safe(text: str) -> None:
    """The comment that asks quotes without effect."""
    outcome = Unclear(
        "s3-bucket",
        missing=(Missing("name", "Bucket name", "d", "Bucket name: x"),),
        invalid=(Invalid("Versioning", text, "should be yes or no"),),
        refused=(Refused("public access", text, "ask a maintainer"),),
    )

    html = rendered(answer(outcome, CATALOGUE))

    assert "<a " not in html
    assert "<img" not in html


def test_answers_are_short_and_complete() -> None:
    """Outside and ambiguous requests name the modules and the next step."""
    outside = answer(OutsideCatalogue(("dynamodb-table",)), CATALOGUE)
    ambiguous = answer(Ambiguous(("s3-bucket", "sqs-queue")), CATALOGUE)

    assert f"`{FOLDER}/dynamodb-table.yml`" in outside
    assert "no module for this" in outside
    assert "SQS" in ambiguous
    assert max(len(outside), len(ambiguous)) < 1000


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON_LIKE)
def test_no_value_escapes_its_string(value: object) -> None:
    """A template mark, quote or newline inside a value is never live Terraform."""
    written = hcl.value(value)

    assert "${" not in written.replace("$${", "")
    assert "%{" not in written.replace("%%{", "")
