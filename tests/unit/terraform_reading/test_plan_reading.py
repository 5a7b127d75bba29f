"""Recorded plans are read as Terraform meant them; anything else is refused by place."""

from collections.abc import Callable
from typing import Any

import pytest

from terraform.plan import Act, Change, Counts, Plan
from terraform.read_plan import PlanFormatError, parse_plan, read_plan
from terraform.risk import RiskKind, by_risk, risks

Read = Callable[[str], Plan]
Documents = Callable[[str], dict[str, Any]]


def _change(plan: Plan, address: str) -> Change:
    return next(change for change in plan.changes if change.address == address)


@pytest.mark.parametrize(
    ("address", "act"),
    [
        pytest.param("terraform_data.created", Act.CREATE, id="create"),
        pytest.param("terraform_data.updated", Act.UPDATE, id="update"),
        pytest.param("terraform_data.deleted", Act.DELETE, id="delete"),
        pytest.param("terraform_data.replaced", Act.REPLACE, id="replace"),
        pytest.param("terraform_data.new_name", Act.MOVE, id="move"),
        pytest.param("terraform_data.new_and_updated", Act.UPDATE, id="move and update"),
        pytest.param("terraform_data.imported", Act.IMPORT, id="import"),
        pytest.param("terraform_data.forgotten", Act.FORGET, id="forget"),
        pytest.param("data.terraform_remote_state.late", Act.READ, id="read"),
        pytest.param('terraform_data.keyed["quo\\"te"]', Act.UPDATE, id="quote in a key"),
        pytest.param('terraform_data.keyed["dot.ted[0]"]', Act.UPDATE, id="dots in a key"),
        pytest.param('terraform_data.keyed["ünï-日本"]', Act.UPDATE, id="letters in a key"),
        pytest.param(
            'module.outer["eu.west"].module.inner[0].terraform_data.leaf', Act.CREATE, id="module"
        ),
    ],
)
def test_every_act_is_read(plan: Read, address: str, act: Act) -> None:
    """Each thing Terraform can do to a resource has its own act."""
    assert act == _change(plan("lifecycle"), address).act


def test_changes_keep_their_particulars(plan: Read) -> None:
    """Order of replacement, paths, reasons, earlier names and import ids survive."""
    lifecycle = plan("lifecycle")

    assert _change(lifecycle, "terraform_data.created_first").create_before_destroy
    replaced = _change(lifecycle, "terraform_data.replaced")
    assert not replaced.create_before_destroy
    assert replaced.replace_paths == (("triggers_replace",),)
    assert replaced.reason == "replace_because_cannot_update"
    moved = _change(lifecycle, "terraform_data.new_and_updated")
    assert moved.previous_address == "terraform_data.old_and_updated"
    assert _change(lifecycle, "terraform_data.imported").import_id == "9c8f2f0e"
    leaf = _change(lifecycle, 'module.outer["us"].module.inner[0].terraform_data.leaf')
    assert leaf.module == 'module.outer["us"].module.inner[0]'
    assert [c.address for c in lifecycle.changes] == sorted(c.address for c in lifecycle.changes)


def test_counts_are_terraforms(plan: Read) -> None:
    """The numbers are those of Terraform's own summary line."""
    expected = Counts(add=5, change=7, destroy=4, replace=2, imported=1, moved=2, forget=1)

    assert expected == plan("lifecycle").counts


def test_outputs_alone_make_a_plan(plan: Read) -> None:
    """A plan of outputs only is not empty, and a sensitive output has no values."""
    outputs = plan("outputs_only")

    assert not outputs.changes
    assert not outputs.empty
    hidden = next(output for output in outputs.outputs if output.name == "hidden")
    assert (hidden.sensitive, hidden.before, hidden.after) == (True, None, None)


def test_nothing_to_do_is_empty(plan: Read) -> None:
    """A plan without changes says so."""
    assert plan("nothing").empty


def test_failed_checks_are_read(plan: Read) -> None:
    """A failed check block comes with its message."""
    (check,) = plan("checks").checks

    assert (check.address, check.status) == ("check.encrypted", "fail")
    assert check.problems == ("The address must use HTTPS.",)


def test_drift_and_deferred_changes_are_kept_apart(document: Documents) -> None:
    """What changed outside Terraform and what is put off are no changes of this plan."""
    recorded = document("lifecycle")
    entry = recorded["resource_changes"].pop(1)
    recorded["resource_drift"] = [entry]
    recorded["deferred_changes"] = [{"reason": "provider_config_unknown", "resource_change": entry}]
    recorded["action_invocations"] = [{"address": "action.aws_lambda_invoke.warm"}]

    plan = read_plan(recorded)

    assert [entry["address"]] == [change.address for change in plan.drift]
    assert [entry["address"]] == [change.address for change in plan.deferred]
    assert entry["address"] not in [change.address for change in plan.changes]
    assert plan.invocations == ("action.aws_lambda_invoke.warm",)


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        pytest.param([], "the document", id="list"),
        pytest.param({}, "format_version", id="no version"),
        pytest.param({"format_version": "2.0"}, "format_version", id="unknown version"),
        pytest.param({"format_version": 1.2}, "format_version", id="number"),
        pytest.param({"format_version": "1.2"}, "the document.terraform_version", id="no engine"),
        pytest.param({"resource_changes": {}}, "resource_changes", id="no list"),
        pytest.param({"resource_changes": [7]}, "resource_changes[0]", id="no object"),
        pytest.param(
            {"resource_changes": [{"address": "a.b"}]},
            "resource_changes[0].change",
            id="no change",
        ),
        pytest.param(
            {"resource_changes": [{"change": {"actions": ["explode"]}}]},
            "resource_changes[0].change.actions",
            id="unknown action",
        ),
        pytest.param(
            {"resource_changes": [{"change": {"actions": [["a"]]}}]},
            "resource_changes[0].change.actions",
            id="nested actions",
        ),
        pytest.param(
            {"output_changes": {"x": {"actions": []}}}, "output_changes.x.actions", id="output"
        ),
        pytest.param({"checks": [{}]}, "checks[0].address", id="check"),
        pytest.param({"action_invocations": [{}]}, "action_invocations[0].address", id="action"),
    ],
)
def test_a_malformed_plan_is_refused_by_place(broken: Any, where: str) -> None:
    """The error says which part of the document is not as Terraform writes it."""
    if isinstance(broken, dict) and broken and "format_version" not in broken:
        broken = {"format_version": "1.2", "terraform_version": "1.11.4", **broken}

    with pytest.raises(PlanFormatError) as caught:
        read_plan(broken)

    assert where == caught.value.where


@pytest.mark.parametrize("text", ["", "{", b"\xff\xfe\xfd", "[" * 100_000, "null"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    """Text that Terraform never wrote is the same kind of error."""
    with pytest.raises(PlanFormatError) as caught:
        parse_plan(text)

    assert caught.value.where == "the document"


def test_values_nested_without_end_are_refused(document: Documents) -> None:
    """No hostile depth reaches the code that walks a plan."""
    recorded = document("nothing")
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    recorded["resource_changes"][0]["change"]["after"] = {"input": deep}

    with pytest.raises(PlanFormatError, match="nested deeper"):
        read_plan(recorded)


def test_risks_of_a_new_stack(plan: Read) -> None:
    """Exposure is named before access, access before data stores."""
    found = [(risk.kind, risk.address) for risk in risks(plan("aws_create"))]

    assert found == [
        (RiskKind.EXPOSURE, "aws_s3_bucket_policy.logs"),
        (RiskKind.EXPOSURE, "aws_security_group.web"),
        (RiskKind.ACCESS, "aws_iam_role.worker"),
        (RiskKind.ACCESS, "aws_s3_bucket_policy.logs"),
        (RiskKind.DATA_STORE, "aws_db_instance.main"),
        (RiskKind.DATA_STORE, "aws_s3_bucket.logs"),
    ]


def test_a_lost_data_store_comes_first(document: Documents) -> None:
    """Destroying a database is the first thing a reviewer sees."""
    recorded = document("aws_create")
    for entry in recorded["resource_changes"]:
        if entry["type"] in {"aws_db_instance", "aws_iam_role"}:
            entry["change"]["actions"] = ["delete"]

    plan = read_plan(recorded)

    assert risks(plan)[0].kind is RiskKind.DATA_STORE_LOSS
    assert [c.type for c in by_risk(plan)][:2] == ["aws_db_instance", "aws_iam_role"]
