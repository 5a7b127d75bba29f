"""Every example is planned without a cloud, and Checkov finds nothing that is not excused."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
CHECKOV = REPOSITORY / ".tools" / "checkov" / "bin" / "checkov"
MODULES = sorted(card.parent.name for card in REPOSITORY.glob("catalogue/*/module.yml"))
SHORTEST_REASON = 20


@pytest.fixture(scope="module")
def plan(
    catalogue: Path,
    terraform: Callable[..., str],
    provider_override: Callable[[str | None], str],
) -> dict[str, Any]:
    """One plan over all examples, each called from one root, with no service to reach."""
    root = catalogue.parent
    calls = {}
    for module in MODULES:
        # A called module takes its provider from the root, or eleven would be started.
        (catalogue / module / "examples" / "basic" / "providers.tf").unlink()
        calls[module] = {"source": f"./catalogue/{module}/examples/basic"}
    shutil.copy(catalogue / "vpc" / "versions.tf", root)
    (root / "main.tf.json").write_text(json.dumps({"module": calls}))
    (root / "provider.tf.json").write_text(provider_override(None))
    terraform(root, "init", "-input=false", "-no-color")
    terraform(root, "plan", "-input=false", "-no-color", "-out=plan")
    read: dict[str, Any] = json.loads(terraform(root, "show", "-json", "plan"))
    return read


@pytest.fixture(scope="module")
def plan_report(plan: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Checkov's results for the plan."""
    folder = tmp_path_factory.mktemp("plan")
    plan["planned_values"] = _without_empty_lists(plan["planned_values"])
    for change in plan["resource_changes"]:
        change["change"]["after"] = _without_empty_lists(change["change"]["after"])
    (folder / "plan.json").write_text(json.dumps(plan))
    return _checkov("-f", "plan.json", "--framework", "terraform_plan", folder=folder)


@pytest.fixture(scope="module")
def code_report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Checkov's results for the HCL of the modules and their examples."""
    folder = tmp_path_factory.mktemp("code")
    for file in (REPOSITORY / "catalogue").rglob("*.tf"):
        copy = folder / file.relative_to(REPOSITORY / "catalogue")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return _checkov("-d", ".", "--framework", "terraform", folder=folder)


def test_the_code_has_no_unexcused_finding(code_report: dict[str, Any]) -> None:
    """Every finding in the HCL is fixed, or excused beside the resource with a reason."""
    excuses = [found["check_result"]["suppress_comment"] for found in code_report["skipped_checks"]]

    assert not list(map(_said, code_report["failed_checks"]))
    assert min(map(len, excuses)) >= SHORTEST_REASON


@pytest.mark.parametrize("module", MODULES)
def test_the_plan_of_an_example_has_no_unexcused_finding(
    module: str,
    plan: dict[str, Any],
    plan_report: dict[str, Any],
    code_report: dict[str, Any],
) -> None:
    """What Checkov sees only in a plan is clean too; excuses are those of the HCL."""
    prefix = f"module.{module}."
    excused = {
        (found["check_id"], _tail(found["resource"]))
        for found in code_report["skipped_checks"]
        if found["file_path"].startswith(f"/{module}/")
    }
    failed = [f for f in plan_report["failed_checks"] if f["resource"].startswith(prefix)]
    passed = [f for f in plan_report["passed_checks"] if f["resource"].startswith(prefix)]

    unexcused = [f for f in failed if (f["check_id"], _tail(f["resource"])) not in excused]

    assert any(change["address"].startswith(prefix) for change in plan["resource_changes"])
    assert passed
    assert not list(map(_said, unexcused))


def _checkov(*arguments: str, folder: Path) -> dict[str, Any]:
    """Run Checkov in `folder` with an empty home; a scan that did not happen fails the test."""
    if not CHECKOV.exists():
        pytest.fail(f"Checkov is not in {CHECKOV.relative_to(REPOSITORY)}", pytrace=False)
    home = folder.parent / f"{folder.name}-home"
    home.mkdir()
    done = subprocess.run(
        [CHECKOV, *arguments, "--output", "json", "--skip-download"],
        cwd=folder,
        env={"HOME": str(home), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
        results: dict[str, Any] = report["results"]
    except (ValueError, KeyError):
        pytest.fail(f"Checkov gave no report:\n{done.stdout}{done.stderr}", pytrace=False)
    assert not results["parsing_errors"]
    return results


def _without_empty_lists(value: Any) -> Any:
    """Drop empty blocks, which Checkov would take for present ones."""
    if isinstance(value, dict):
        return {key: _without_empty_lists(item) for key, item in value.items() if item != []}
    if isinstance(value, list):
        return [_without_empty_lists(item) for item in value]
    return value


def _tail(address: str) -> str:
    """Give an address's resource type and name, without modules and instance key."""
    return ".".join(address.partition("[")[0].split(".")[-2:])


def _said(found: dict[str, Any]) -> str:
    return f"{found['check_id']} {found['resource']}: {found['check_name']}"
