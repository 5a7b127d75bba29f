"""Evaluate Rego policies on a plan (runs a program: a child process with the OPA engine).

Policies are given by the caller: the product's own and those of the operator or the base branch,
never those of the head under review. What could not be evaluated is named, never passed.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from policy.findings import Finding, PolicyResult, Severity

CHILD = Path(__file__).with_name("opa_child.py")
RULES = Path(__file__).with_name("rules")
TIMEOUT_SECONDS = 30.0
CPU_SECONDS = 30
MEMORY_BYTES = 2 * 1024**3
SOURCE = "rego"


class RegoError(Exception):
    """The engine gave no answer; the message says why, for a reader of the check."""


class Reported(BaseModel):
    """One member of a policy's `findings` set."""

    model_config = ConfigDict(extra="forbid")

    rule: str
    severity: Severity
    address: str
    message: str
    remedy: str = ""
    guideline: str = ""

    def finding(self) -> Finding:
        """The same as a value of the domain."""
        return Finding(source=SOURCE, **self.model_dump())


REPORTED = TypeAdapter(list[Reported])


@dataclass(frozen=True, slots=True)
class Rego:
    """The OPA engine in the folder `bindings`; `settings` become `data.settings` in policies."""

    bindings: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    timeout_seconds: float = TIMEOUT_SECONDS

    def evaluate(
        self, plan_document: Mapping[str, Any], policies: Mapping[str, str]
    ) -> PolicyResult:
        """Every finding of every policy package on the plan, in package order; never raises."""
        asked = {path: text for path, text in policies.items() if not is_test(path)}
        if not asked:
            return unevaluated("Rego: no policy was given")
        try:
            answer = self._ask(asked, plan=plan_document)
        except RegoError as error:
            return unevaluated(f"Rego: {error}")
        return result(answer.get("packages", {}))

    def failed_tests(self, policies: Mapping[str, str]) -> tuple[str, ...]:
        """The names of test rules that do not hold; raises RegoError when none could be run."""
        tests = self._ask(policies, plan=None).get("tests", {})
        if not tests:
            raise RegoError("no test rule was found")
        return tuple(name for name, held in sorted(tests.items()) if not held)

    def _ask(self, policies: Mapping[str, str], *, plan: Any) -> dict[str, Any]:
        request = {
            "bindings": str(self.bindings),
            "policies": dict(policies),
            "input": plan,
            "data": {"settings": dict(self.settings)},
            "tests": plan is None,
            "cpu_seconds": CPU_SECONDS,
            "memory_bytes": MEMORY_BYTES,
        }
        answer = run_child(json.dumps(request), seconds=self.timeout_seconds)
        if "error" in answer:
            raise RegoError(str(answer["error"]))
        return answer


def run_child(request: str, *, seconds: float) -> dict[str, Any]:
    """The child's answer to one request; raises RegoError when there is none in time."""
    try:
        child = subprocess.run(
            [sys.executable, "-I", str(CHILD)],
            input=request.encode(),
            capture_output=True,
            env={},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RegoError(f"the engine did not answer within {seconds:.0f} s") from error
    if child.returncode != 0:
        raise RegoError(f"the engine ended with status {child.returncode}")
    try:
        answer = json.loads(child.stdout)
    except ValueError as error:
        raise RegoError("the engine gave no readable answer") from error
    return dict(answer)


def result(packages: Mapping[str, Mapping[str, Any]]) -> PolicyResult:
    """The answers of all packages as one result; a package without findings counts as passed."""
    found: list[Finding] = []
    problems: list[str] = []
    passed = 0
    for package, answer in packages.items():
        try:
            reported = REPORTED.validate_python(answer.get("findings"))
        except ValidationError as error:
            problems.append(f"Rego: {package}: {answer.get('error') or first_problem(error)}")
            continue
        passed += not reported
        found.extend(sorted((item.finding() for item in reported), key=order))
    return PolicyResult(tuple(found), passed, tuple(problems))


def first_problem(error: ValidationError) -> str:
    """Where and why a `findings` set has the wrong shape."""
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"findings {place}: {problem['msg']}".replace("  ", " ")


def order(finding: Finding) -> tuple[str, str, str]:
    """A stable order for a set."""
    return finding.address, finding.rule, finding.message


def unevaluated(reason: str) -> PolicyResult:
    """A result that says only why there is none."""
    return PolicyResult(findings=(), passed=0, unevaluated=(reason,))


def is_test(path: str) -> bool:
    """Whether a policy file holds tests of policies."""
    return path.endswith("_test.rego")


def shipped_policies() -> dict[str, str]:
    """The product's own policies and their tests, by path below `policy/rules`."""
    return {
        path.relative_to(RULES).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(RULES.rglob("*.rego"))
    }
