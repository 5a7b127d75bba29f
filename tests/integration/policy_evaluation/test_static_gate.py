"""The static gate over checkouts on disk, read with the real HCL reader."""

from pathlib import Path

import pytest

from policy.findings import Finding, PolicyResult, Severity, Verdict
from policy.static_blocks import Allowed
from policy.static_gate import inspect

PLAIN = 'resource "aws_sqs_queue" "q" {\n  name = "q"\n}\n'


def checkout(tree: Path, files: dict[str, str]) -> Path:
    """A tree with a plain project in `live` and the files given."""
    for path, text in {"live/main.tf": PLAIN, **files}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    return tree


def judged(tree: Path, files: dict[str, str]) -> PolicyResult:
    """What the gate says of a tree with these files besides the plain project."""
    return inspect(checkout(tree, files), directory="live", allowed=Allowed())


def blocking(result: PolicyResult) -> list[Finding]:
    """The findings that stop the plan."""
    return [finding for finding in result.findings if finding.severity is Severity.BLOCK]


def test_a_plain_project_passes(tmp_path: Path) -> None:
    """Nothing is found where nothing is wrong."""
    result = judged(tmp_path, {"live/.terraform.lock.hcl": "", "README.md": "# hello"})

    assert result == PolicyResult(findings=(), passed=1)


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        pytest.param('\ndata "external" "x" {\n}', "refused-data-source", 2, id="external"),
        pytest.param('data "http" "x" {\n}', "refused-data-source", 1, id="http"),
        pytest.param('data "local_file" "x" {\n}', "refused-data-source", 1, id="local-file"),
        pytest.param(
            'data "terraform_remote_state" "x" {\n}', "refused-data-source", 1, id="remote-state"
        ),
        pytest.param(
            'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "id"\n'
            "  }\n}",
            "provisioner",
            2,
            id="provisioner",
        ),
        pytest.param(
            'resource "aws_instance" "x" {\n  connection {\n    host = "h"\n  }\n}',
            "connection",
            2,
            id="connection",
        ),
        pytest.param('resource "evil_thing" "x" {\n}', "unknown-provider", 1, id="type"),
        pytest.param(
            'resource "aws_thing" "x" {\n  provider = evil.west\n}',
            "unknown-provider",
            1,
            id="argument",
        ),
        pytest.param(
            'terraform {\n  required_providers {\n    aws = {\n      source = "evil/aws"\n'
            "    }\n  }\n}",
            "unknown-provider",
            1,
            id="source",
        ),
        pytest.param(
            'output "x" {\n  value = provider::evil::run("id")\n}',
            "unknown-provider",
            1,
            id="function",
        ),
        pytest.param('ephemeral "evil_x" "x" {\n}', "unknown-provider", 1, id="ephemeral"),
        pytest.param(
            'module "m" {\n  source = "git::https://example.com/m.git"\n}',
            "module-source",
            1,
            id="remote-module",
        ),
        pytest.param(
            'module "m" {\n  source = "../../elsewhere"\n}', "module-source", 1, id="module-outside"
        ),
        pytest.param(
            'terraform {\n  backend "http" {\n    address = "https://x"\n  }\n}',
            "backend",
            2,
            id="backend",
        ),
        pytest.param(
            'locals {\n  a = 1\n  b = file("/proc/self/environ")\n}', "read-outside", 3, id="file"
        ),
        pytest.param("locals {\n  b = [\n}", "unreadable", 3, id="broken"),
    ],
)
def test_dangerous_configuration_blocks(tmp_path: Path, text: str, rule: str, line: int) -> None:
    """Each way to run code or reach out is refused on its line, with a remedy."""
    result = judged(tmp_path, {"live/added.tf": text})

    found = next(finding for finding in blocking(result) if finding.rule == rule)
    assert found.place is not None
    assert ("live/added.tf", line) == (found.place.path, found.place.start_line)
    assert found.remedy


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        pytest.param("live/.terraform/environment", "working-folder", id="environment"),
        pytest.param("terraform.d/plugins/x", "plugin-folder", id="plugins"),
        pytest.param("live/terraform-provider-aws_v9", "plugin-folder", id="provider"),
        pytest.param("live/terraform.tfstate", "committed-state", id="state"),
        pytest.param("live/terraform.tfstate.backup", "committed-state", id="backup"),
        pytest.param("live/.terraformrc", "cli-configuration", id="rc"),
        pytest.param("terraform.rc", "cli-configuration", id="windows-rc"),
    ],
)
def test_files_that_steer_terraform_block(tmp_path: Path, path: str, rule: str) -> None:
    """What Terraform would load by itself may not be committed."""
    assert rule in {finding.rule for finding in blocking(judged(tmp_path, {path: ""}))}


def test_terraforms_own_local_state_is_no_part_of_the_code(tmp_path: Path) -> None:
    """What an apply left there is passed over by name; what somebody committed is not."""
    folder, state = tmp_path / "tree", "live/terraform.tfstate"
    committed = judged(folder, {state: "{}"})

    left = inspect(folder, directory="live", allowed=Allowed(), written=(state,))

    assert [finding.rule for finding in committed.findings] == ["committed-state"]
    assert left == PolicyResult(findings=(), passed=1)


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        pytest.param("live/main_override.tf", "", "override-file", id="override"),
        pytest.param("live/x.auto.tfvars", "", "automatic-values", id="automatic"),
        pytest.param("live/x.tf.json", "{}", "json-configuration", id="json"),
    ],
)
def test_easily_overlooked_files_are_noted(tmp_path: Path, path: str, text: str, rule: str) -> None:
    """Files that change values silently are said, not refused."""
    result = judged(tmp_path, {path: text})

    assert [(rule, Severity.NOTE)] == [(f.rule, f.severity) for f in result.findings]


def test_json_configuration_is_judged_too(tmp_path: Path) -> None:
    """What HCL may not say, JSON may not say either."""
    result = judged(tmp_path, {"live/x.tf.json": '{"data": {"external": {"x": {"program": []}}}}'})

    assert "refused-data-source" in {finding.rule for finding in blocking(result)}


def test_local_modules_are_followed(tmp_path: Path) -> None:
    """A module called from a module is judged as the project itself."""
    result = judged(
        tmp_path,
        {
            "live/modules.tf": 'module "a" {\n  source = "../modules/a"\n}\n',
            "modules/a/main.tf": 'module "b" {\n  source = "../b"\n}\n',
            "modules/b/main.tf": 'data "http" "x" {\n  url = "https://x"\n}\n',
            "modules/unused/main.tf": 'data "http" "x" {\n  url = "https://x"\n}\n',
        },
    )

    places = {f.place.path for f in blocking(result) if f.place and f.rule == "refused-data-source"}
    assert places == {"modules/b/main.tf"}


def test_links_that_leave_the_tree_block(tmp_path: Path) -> None:
    """A link out of the checkout is refused; one inside it is fine."""
    tree = checkout(tmp_path / "tree", {})
    (tree / "inside").symlink_to("live/main.tf")
    (tree / "live" / "outside").symlink_to("/etc")

    result = inspect(tree, directory="live", allowed=Allowed())

    assert [(f.rule, f.address) for f in result.findings] == [("link-leaves-tree", "live/outside")]


def test_unreadable_and_huge_files_block(tmp_path: Path) -> None:
    """What the gate does not read may not be planned."""
    tree = checkout(tmp_path, {"live/huge.tf": "# x\n" * 300_000})
    (tree / "live" / "binary.tf").write_bytes(b"\xff\xfe")

    result = inspect(tree, directory="live", allowed=Allowed())

    assert {"huge-file", "unreadable"} == {finding.rule for finding in blocking(result)}


def test_an_empty_project_blocks(tmp_path: Path) -> None:
    """A directory without configuration is not a clean one."""
    result = inspect(checkout(tmp_path, {}), directory="elsewhere", allowed=Allowed())

    assert [finding.rule for finding in result.findings] == ["no-configuration"]


def test_operators_can_allow_more(tmp_path: Path) -> None:
    """Providers, module prefixes and backends on the operator's lists pass."""
    text = (
        'terraform {\n  backend "gcs" {\n    bucket = "b"\n  }\n}\n'
        'module "m" {\n  source = "git::https://git.example.com/m.git?ref=v1"\n}\n'
        'resource "random_id" "x" {\n  byte_length = 2\n}\n'
    )
    allowed = Allowed(
        providers=frozenset({"hashicorp/aws", "hashicorp/random"}),
        modules=("git::https://git.example.com/",),
        backends=frozenset({"gcs"}),
    )

    result = inspect(checkout(tmp_path, {"live/x.tf": text}), directory="live", allowed=allowed)

    assert result.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("head", "rules"),
    [
        pytest.param('backend "s3" {\n    key = "a"\n  }', [], id="same"),
        pytest.param('backend "s3" {\n    key = "b"\n  }', ["backend-change"], id="other-key"),
        pytest.param("", ["backend-change"], id="removed"),
    ],
)
def test_a_changed_backend_blocks(tmp_path: Path, head: str, rules: list[str]) -> None:
    """The state stays where the base branch has it."""
    before = 'terraform {\n  backend "s3" {\n    key = "a"\n  }\n}\n'
    base = checkout(tmp_path / "base", {"live/backend.tf": before})
    tree = checkout(tmp_path / "head", {"live/backend.tf": f"terraform {{\n  {head}\n}}\n"})

    result = inspect(tree, directory="live", allowed=Allowed(), base=base)

    assert rules == [finding.rule for finding in blocking(result)]


@pytest.mark.parametrize(
    ("head", "rules"),
    [
        pytest.param("one", [], id="same"),
        pytest.param("two", ["lock-file-change"], id="changed"),
        pytest.param(None, ["lock-file-change"], id="removed"),
    ],
)
def test_changed_provider_locks_are_said(
    tmp_path: Path, head: str | None, rules: list[str]
) -> None:
    """Which programs run as providers is compared with the base branch."""
    lock = "live/.terraform.lock.hcl"
    base = checkout(tmp_path / "base", {lock: "one"})
    tree = checkout(tmp_path / "head", {lock: head} if head else {})

    result = inspect(tree, directory="live", allowed=Allowed(), base=base)

    assert [(rule, Severity.WARN) for rule in rules] == [
        (f.rule, f.severity) for f in result.findings
    ]
