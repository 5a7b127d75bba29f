"""Every shipped rule can be looked up: what it asks for, and what to do about a finding."""

from policy.rego import is_test, shipped_policies
from policy.rule_texts import rule_texts


def test_every_rule_has_words_and_a_remedy() -> None:
    """And an id of its own."""
    rules = rule_texts()

    assert len({rule.rule for rule in rules}) == len(rules)
    assert all(rule.text and rule.remedy for rule in rules)
    assert {rule.severity for rule in rules} == {"block", "warn", "note"}
    assert {rule.source for rule in rules} == {"rego", "static-gate", "checkov"}


def test_each_policy_in_rego_is_among_them() -> None:
    """Its first comment is what it asks for."""
    policies = [path for path in shipped_policies() if not is_test(path) and "lib/" not in path]
    told = {rule.rule: rule for rule in rule_texts() if rule.source == "rego"}

    assert sorted(told) == sorted(path.removesuffix(".rego") for path in policies)
    assert told["public_exposure"].text.startswith("Nothing is opened to everyone")
    assert told["wildcard_iam"].severity == "block"
    assert told["required_tags"].severity == "warn"


def test_a_checkov_rule_has_its_name_and_its_guideline() -> None:
    """Offline, Checkov itself gives neither weight nor guideline."""
    rule = next(rule for rule in rule_texts() if rule.rule == "CKV_AWS_18")

    assert rule.text == "Ensure the S3 bucket has access logging enabled"
    assert rule.guideline.endswith("s3-13-enable-logging")
