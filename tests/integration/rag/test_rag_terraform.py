"""Drafts before the real Terraform: formatted as it formats, planned as the request says."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag import hcl
from rag.acceptance import Verdict, check
from rag.catalogue import Module
from rag.draft import draft
from rag.placement import Placement
from rag.reading import understand
from rag.request import Request

Run = Callable[..., str]
PROVIDER = """provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"""
TEXTS = (
    "a private bucket for audit logs in Frankfurt, keep 90 days, not versioned",
    "queue for orders, FIFO, visibility timeout 2 minutes, keep messages 4 days, 3 attempts",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.from_regex(r"[a-z][a-z_]{0,12}", fullmatch=True)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Put each file at its path under `folder`."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), min_size=4, max_size=16))
def test_written_terraform_is_formatted(
    tmp_path: Path, run_terraform: Run, bodies: list[dict[str, object]]
) -> None:
    """`terraform fmt -check` has nothing to change, whatever the values hold."""
    blocks = [hcl.block("locals", [], body) for body in bodies]
    (tmp_path / "main.tf").write_text("\n".join(blocks), encoding="utf-8")

    run_terraform(tmp_path, "fmt", "-check", "-diff")


def test_a_draft_plans_as_the_request_says(
    tmp_path: Path, run_terraform: Run, shipped: dict[str, Module]
) -> None:
    """Two drafts in one repository are formatted, planned, and meet their acceptance."""
    repository = {"infra/main.tf": PROVIDER}
    drafts = []
    for issue, text in enumerate(TEXTS, start=1):
        request = understand("", text, shipped, lambda _: ())
        assert isinstance(request, Request), request
        made = draft(request, shipped, Placement(), issue=issue, existing=repository)
        repository |= made.files
        drafts.append(made)
    write(tmp_path, repository)
    infra = tmp_path / "infra"

    run_terraform(tmp_path, "fmt", "-check", "-diff", "-recursive", "infra")
    run_terraform(infra, "init", "-input=false")
    run_terraform(infra, "plan", "-input=false", "-out=plan")
    document = json.loads(run_terraform(infra, "show", "-json", "plan"))

    for made in drafts:
        results = check(made.acceptance, document)
        assert {result.verdict for result in results} == {Verdict.MET}, results
