"""Rego policies, evaluated by the real OPA engine on plans that Terraform made."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from policy.findings import PolicyResult, Severity, Verdict
from policy.rego import Rego, is_test, shipped_policies

PlanDocument = Callable[[str], dict[str, Any]]
EMPTY_PLAN: dict[str, Any] = {"resource_changes": []}


def evaluate(rego: Rego, policy: str) -> PolicyResult:
    """What one policy of a test says of an empty plan."""
    return rego.evaluate(EMPTY_PLAN, {"mine.rego": policy})


def test_every_shipped_policy_passes_its_own_tests(rego: Rego) -> None:
    """The product's rules hold what their tests say."""
    assert rego.failed_tests(shipped_policies()) == ()


def test_every_shipped_policy_has_tests() -> None:
    """No rule is shipped untested."""
    policies = shipped_policies()
    rules = [path for path in policies if not is_test(path) and not path.startswith("lib/")]

    assert [path for path in rules if path.replace(".rego", "_test.rego") not in policies] == []
    assert len(rules) == 5


def test_a_failing_test_is_named(rego: Rego) -> None:
    """A test rule that does not hold is reported by its full name."""
    tests = {"a_test.rego": "package lockgate.a_test\ntest_no if 1 == 2\ntest_yes if true"}

    assert rego.failed_tests(tests) == ("lockgate.a_test.test_no",)


@pytest.mark.parametrize(
    ("fixture", "expected"),
    [
        pytest.param(
            "exposed",
            {
                ("encryption_at_rest", "module.database.aws_db_instance.this"),
                ("public_exposure", "aws_s3_bucket_acl.logs"),
                ("public_exposure", "aws_s3_bucket_policy.logs"),
                ("public_exposure", "aws_security_group.door"),
                ("public_exposure", "module.database.aws_db_instance.this"),
                ("wildcard_iam", "aws_iam_policy.everything"),
            },
            id="exposed",
        ),
        pytest.param("private", set(), id="private"),
        pytest.param(
            "destroying",
            {
                ("data_store_deletion", "aws_dynamodb_table.renamed"),
                ("data_store_deletion", "aws_s3_bucket.forgotten"),
            },
            id="destroying",
        ),
    ],
)
def test_plans_are_judged(
    rego: Rego, plan_document: PlanDocument, fixture: str, expected: set[tuple[str, str]]
) -> None:
    """Each real plan gives exactly the blocking findings its configuration deserves."""
    result = rego.evaluate(plan_document(fixture), shipped_policies())

    blocking = {(f.rule, f.address) for f in result.findings if f.severity is Severity.BLOCK}
    assert expected == blocking
    assert result.unevaluated == ()


def test_missing_tags_warn(rego: Rego, plan_document: PlanDocument) -> None:
    """Tags are asked for, resource by resource, without stopping the apply."""
    result = rego.evaluate(plan_document("exposed"), shipped_policies())

    tagged = {f.address: f.severity for f in result.findings if f.rule == "required_tags"}
    assert tagged["aws_s3_bucket.logs"] is Severity.WARN
    assert "aws_s3_bucket_acl.logs" not in tagged


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        pytest.param({}, "`owner`, `environment`", id="default"),
        pytest.param({"required_tags": ["cost-centre"]}, "`cost-centre`", id="own"),
        pytest.param({"required_tags": []}, None, id="none"),
    ],
)
def test_the_repository_chooses_the_required_tags(
    rego: Rego, plan_document: PlanDocument, settings: dict[str, Any], missing: str | None
) -> None:
    """`required_tags` of the base branch's configuration replace the rule's own."""
    own = replace(rego, settings=settings)

    result = own.evaluate(plan_document("exposed"), shipped_policies())

    said = {f.message for f in result.findings if f.rule == "required_tags"}
    assert said == (set() if missing is None else {f"has no tag {missing}"})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        pytest.param("package lockgate.a\nfindings contains {", "mine.rego", id="syntax"),
        pytest.param(
            "package lockgate.a\nfindings contains nothing(1) if true", "do not compile", id="types"
        ),
        pytest.param(
            'package lockgate.a\nfindings contains http.send({"url": "x"}) if true',
            "mine.rego uses `http.send`",
            id="network",
        ),
        pytest.param(
            "package lockgate.a\nf(x) := x\n"
            'findings contains 1 if f(1) == 1 with f as http["send"]',
            "mine.rego uses `http.send`",
            id="network-by-another-name",
        ),
        pytest.param(
            'package lockgate.a\nfindings contains net.lookup_ip_addr("a.b") if true',
            "mine.rego uses `net.lookup_ip_addr`",
            id="names",
        ),
        pytest.param(
            "package lockgate.a\nfindings contains opa.runtime() if true",
            "mine.rego uses `opa.runtime`",
            id="environment",
        ),
        pytest.param("package lockgate.a\nother := 1", "lockgate.a", id="no-findings"),
        pytest.param("package lockgate.a\nfindings := 1", "lockgate.a", id="wrong-shape"),
        pytest.param(
            'package lockgate.a\nfindings contains {"rule": "r"} if true',
            "severity",
            id="missing-field",
        ),
        pytest.param(
            'package lockgate.a\nfindings contains x if x := to_number("a")',
            "lockgate.a",
            id="failing-builtin",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_no_pass(rego: Rego, policy: str, reason: str) -> None:
    """A policy that is broken, refused or gives nothing is unknown, with its name."""
    result = evaluate(rego, policy)

    assert result.verdict is Verdict.UNKNOWN
    assert reason in result.unevaluated[0]


def test_an_endless_policy_is_stopped(rego: Rego) -> None:
    """A policy that does not end is unknown after the time limit."""
    numbers = "numbers.range(1, 30000)"
    body = f"some x in {numbers}; some y in {numbers}; x + y < 0"
    policy = f"package lockgate.a\nfindings contains x if {{ {body} }}"
    quick = Rego(rego.bindings, timeout_seconds=2)

    result = evaluate(quick, policy)

    assert result.unevaluated == ("Rego: the engine did not answer within 2 s",)


def test_no_policy_at_all_is_no_pass(rego: Rego) -> None:
    """An empty set of policies is unknown."""
    assert rego.evaluate(EMPTY_PLAN, {}).verdict is Verdict.UNKNOWN


def test_a_missing_engine_is_no_pass(rego: Rego) -> None:
    """Without the engine the answer is unknown."""
    missing = Rego(rego.bindings / "nowhere")

    assert evaluate(missing, "package lockgate.a").verdict is Verdict.UNKNOWN
