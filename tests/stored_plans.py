"""A plan with something in each of its parts, as the tests of stores and doors keep it."""

import hashlib
from decimal import Decimal

from handlers.events import RepoName
from policy.findings import Finding, PolicyResult, Severity
from policy.receipt import Facts, NewPlan
from terraform.cost import Cost, CostLine, Pricing
from terraform.place import Place
from terraform.plan import Counts

REPO = RepoName("acme/infra")
FILE = b"the plan file \x00\xff"
FINDING = Finding("rule", "rego", Severity.WARN, "a.b", "is odd", place=Place("main.tf", 1, 3))
LINE = CostLine("a.b", "a", Pricing.FIXED, None, Decimal("12.40"), basis="2026-10")
FACTS = Facts(
    repo=REPO,
    number=7,
    project="network",
    head_sha="a" * 40,
    base_sha="b" * 40,
    plan_digest=hashlib.sha256(FILE).hexdigest(),
    lock_digest="c",
    policy_digest="d",
    cost_digest="e",
)
PLAN = NewPlan(
    id="plan-1",
    facts=FACTS,
    directory="network",
    workspace="default",
    counts=Counts(add=1),
    empty=False,
    policy=PolicyResult((FINDING,), passed=3),
    cost=Cost((LINE,), Decimal(0), Decimal("12.40"), "2026-10-01"),
    risks=("deletes nothing",),
    rendered="```diff\n+ a\n```",
    network="none",
)
